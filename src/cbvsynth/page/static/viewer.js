// The images of a finished examination: planes, window, map above, mask, flicker. Drawn by NiiVue.
import { $, say } from "./asking.js";
import { COLOUR_MAPS, drawBar, isDifference } from "./colours.js";
import { fillBoard } from "./compare.js";

const LABELS = { t1: "T1", t2: "T2", t1c: "T1C", flair: "T2-FLAIR", adc: "ADC", asl: "CBF (ASL)", cbv: "synthetic CBV", cbv_sd: "SD of synthetic CBV", real: "measured CBV", difference: "synthetic minus measured" };
const MAPS = ["cbv", "cbv_sd", "real", "difference"];
// How sure the map is has a scale of its own: a spread is a part of what it belongs to.
const SD_SHARE = 0.25;
const topOf = (layer) => Number($("top").value) * (layer === "cbv_sd" ? SD_SHARE : 1);
const BOARD = "checkerboard";
export const labelOf = (layer) => LABELS[layer] ?? layer;

export const shown = { study: null, nv: null, volumes: {}, base: "", over: "", board: false, timer: 0 };

let library;
let loading = Promise.resolve();
// The viewer is 2 MB: it comes when there is something to look at, not before the first paint.
function niivue() {
  library ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = "/static/niivue.js";
    script.onload = () => done(window.niivue);
    script.onerror = () => fail(new Error("The viewer did not come. Load the page again."));
    document.head.append(script);
  });
  return library;
}

async function screen() {
  if (shown.nv) return shown.nv;
  const { Niivue, SHOW_RENDER } = await niivue();
  const nv = new Niivue({
    isRadiologicalConvention: true, backColor: [0, 0, 0, 1], crosshairColor: [0.35, 0.75, 1, 1], crosshairWidth: 0.7, crosshairWidthUnit: "mm", crosshairGap: 6,
    isCornerOrientationText: false, showAllOrientationMarkers: true, dragAndDropEnabled: false, isColorbar: false,
    multiplanarShowRender: SHOW_RENDER?.NEVER ?? 0, loadingText: "", logLevel: "error", drawOpacity: 0.5,
    viewModeHotKey: "", clipPlaneHotKey: "", cycleClipPlaneHotKey: "", fontMinPx: 14, isSliceMM: true,
  });
  for (const [name, map] of Object.entries(COLOUR_MAPS)) nv.addColormap(name, map);
  nv.onLocationChange = readout;
  new ResizeObserver(() => requestAnimationFrame(sides)).observe($("gl"));
  await nv.attachTo("gl");
  if (!nv.gl) throw new Error("This browser draws no WebGL 2, which the viewer needs.");
  shown.nv = nv;
  return nv;
}

export async function open(study) {
  stopFlicker();
  const nv = await screen();
  if (shown.study?.id === study.id) return;
  const { layers, cbv_max: most } = study.result;
  const sequences = layers.filter((name) => ![...MAPS, "mask"].includes(name));
  const address = (name) => `/api/studies/${study.id}/view/${name}.nii`;
  Object.assign(shown, { study, volumes: {} });
  curtain(true);
  board(false);
  nv.closeDrawing();
  const images = [...[...sequences, ...layers.filter((name) => MAPS.includes(name)), "mask"].map((name) => [name, name]), [BOARD, sequences[0]]].map(
    ([name, from]) => ({ url: address(from), name: `${name}.nii`, colormap: "grey", opacity: 0 }),
  );
  // One examination after the other: the viewer would mix images of two that come at once.
  loading = loading.catch(() => {}).then(() => shown.study === study && nv.loadVolumes(images));
  await loading.catch((error) => {
    if (shown.study === study) shown.study = null; // to be tried again
    throw error;
  });
  if (shown.study !== study) return; // another examination was opened meanwhile
  shown.volumes = Object.fromEntries(nv.volumes.map((volume) => [volume.name.replace(".nii", ""), volume]));
  shown.base = sequences[0];
  shown.over = "cbv";
  fill($("base"), sequences, shown.base);
  fill($("other"), sequences.filter((name) => name !== shown.base), "");
  fill($("over"), [...layers.filter((name) => MAPS.includes(name)), "none"], "cbv");
  $("top").max = most;
  $("top").value = most / 2;
  $("low").value = 0;
  $("high").value = 100;
  $("outline").checked = false;
  const dims = shown.volumes.mask.dimsRAS;
  ["x", "y", "z"].forEach((axis, index) => {
    $(axis).max = dims[index + 1];
    $(axis).value = Math.round(dims[index + 1] / 2);
  });
  shown.volumes.mask.colormap = "cbvmask";
  windowMask();
  planes();
  refresh();
  move();
  curtain(false);
}

// Nothing of the examination before is seen, and no value of it read, below the name of the one that is coming.
function curtain(down) {
  for (const id of ["gl", "bar", "sides"]) $(id).classList.toggle("hidden", down);
  if (down) $("readout").textContent = "The images are coming.";
}

function fill(select, names, chosen) {
  select.replaceChildren(...names.map((name) => new Option(labelOf(name), name, false, name === chosen)));
}

function windowMask() {
  Object.assign(shown.volumes.mask, { cal_min: 0, cal_max: 1 });
}

// Everything that the controls say, at once.
export function refresh() {
  const { nv, volumes, study } = shown;
  if (!nv || !volumes.mask) return;
  const top = Number($("top").value);
  for (const [name, volume] of Object.entries(volumes)) {
    volume.opacity = 0;
    if (name in study.result.windows) {
      volume.colormap = "grey";
      [volume.cal_min, volume.cal_max] = windowOf(name);
    } else if (MAPS.includes(name)) {
      volume.colormap = isDifference(name) ? "cbvdifference" : "cbv";
      volume.cal_min = isDifference(name) ? -top : 0;
      volume.cal_max = topOf(name);
    }
  }
  const base = shown.board ? BOARD : shown.base;
  if (shown.board) drawBoard();
  volumes[base].opacity = 1;
  if (shown.over in volumes) volumes[shown.over].opacity = Number($("opacity").value) / 100;
  volumes.mask.opacity = $("outline").checked ? 1 : 0;
  nv.setVolume(volumes[base], 0);
  nv.updateGLVolume();
  const unit = study.result.unit;
  $("top-out").textContent = `${top} ${unit}`;
  const context = $("bar").getContext("2d");
  context.clearRect(0, 0, 70, 260);
  if (shown.over in volumes) drawBar(context, 2, 4, 18, 252, shown.over, topOf(shown.over), "#fff");
  $("bar-note").textContent = shown.over in volumes ? unit : "";
  $("bar").setAttribute("aria-label", shown.over in volumes ? `Colours from 0 to ${topOf(shown.over)} ${unit}` : "no map is shown");
  nv.createOnLocationChange(); // what is read out is of what is shown
}

// Ends of the grey scale of an image, as the sliders say.
function windowOf(name) {
  const [low, high] = shown.study.result.windows[name];
  const at = (id) => low + ((high - low) * Number($(id).value)) / 100;
  return [at("low"), Math.max(at("low") + 1e-6, at("high"))];
}

function drawBoard() {
  const { volumes } = shown;
  const side = (name) => {
    const [low, high] = windowOf(name);
    return { volume: volumes[name], low, high };
  };
  Object.assign(volumes[BOARD], { colormap: "grey", cal_min: 0, cal_max: 1 }); // a colour map sets the window anew
  fillBoard(volumes[BOARD], side(shown.base), side($("other").value), Number($("square").value));
}

function board(on) {
  shown.board = on && Boolean($("other").value);
  $("board").setAttribute("aria-pressed", String(shown.board));
}

// Which way each plane is seen: what lies at its left and right edge, by NiiVue's number of the plane.
const SIDES = [["right", "left"], ["right", "left"], ["back", "front"]];

// Below each plane that is on the screen, for the planes lie beside or above each other, as there is room.
function sides() {
  const { nv } = shown;
  if (!nv) return; // it is being attached
  const scale = nv.canvas.width / nv.canvas.clientWidth;
  const ends = nv.screenSlices.filter(({ axCorSag }) => axCorSag in SIDES).flatMap(({ axCorSag, leftTopWidthHeight: [left, top, width, height] }) =>
    SIDES[axCorSag].map((side, end) => {
      const textContent = width / scale > 240 ? `Patient's ${side}` : side;
      const span = Object.assign(document.createElement("span"), { textContent, className: end ? "end" : "" });
      Object.assign(span.style, { left: `${left / scale}px`, width: `${width / scale}px`, top: `${(top + height) / scale}px` });
      return span;
    }),
  );
  $("sides").replaceChildren(...ends);
}

function planes() {
  const { nv } = shown;
  nv.setSliceType($("planes").value === "all" ? nv.sliceTypeMultiplanar : nv.sliceTypeAxial);
  requestAnimationFrame(sides);
}

function move() {
  const { nv, volumes } = shown;
  if (!nv || !volumes.mask) return;
  const dims = volumes.mask.dimsRAS;
  const at = ["x", "y", "z"].map((axis, index) => (Number($(axis).value) - 0.5) / dims[index + 1]);
  nv.scene.crosshairPos = at;
  nv.createOnLocationChange();
  nv.drawScene();
}

function readout(place) {
  const { volumes, study } = shown;
  if (!study || !volumes.mask) return;
  const vox = place.vox.map(Math.round);
  const dims = volumes.mask.dimsRAS;
  ["x", "y", "z"].forEach((axis, index) => {
    $(axis).value = vox[index] + 1;
  });
  $("z-out").textContent = `${vox[2] + 1} of ${dims[3]}`;
  const value = (name) => volumes[name].getValue(...vox);
  const parts = [labelOf(shown.base), value(shown.base).toPrecision(4)];
  if (shown.board) parts.push(`and ${labelOf($("other").value)}`, value($("other").value).toPrecision(4));
  const maps = MAPS.filter((name) => name in volumes).map((name) => `${labelOf(name)} ${value(name).toFixed(2)} ${study.result.unit}`);
  const brain = value("mask") > 0 ? maps.join(", ") : "outside the brain";
  $("readout").textContent = `Slice ${vox[2] + 1} of ${dims[3]}: ${parts.join(" ")}, ${brain}`;
}

function swap() {
  const other = $("other").value;
  if (!other) return;
  board(false);
  const before = shown.base;
  shown.base = other;
  fill($("other"), Object.keys(shown.study.result.windows).filter((name) => name !== shown.base), before);
  $("base").value = shown.base;
  refresh();
  if (!shown.timer) say(`${labelOf(shown.base)} is shown`);
}

export function stopFlicker() {
  if (!shown.timer) return;
  clearInterval(shown.timer);
  shown.timer = 0;
  $("opacity").value = shown.opacity;
  refresh();
  $("flicker").setAttribute("aria-pressed", "false");
}

export function connect() {
  for (const id of ["opacity", "top", "low", "high", "outline"]) $(id).addEventListener("input", refresh);
  for (const axis of ["x", "y", "z"]) $(axis).addEventListener("input", move);
  $("planes").addEventListener("change", planes);
  $("base").addEventListener("change", () => {
    stopFlicker();
    shown.base = $("base").value;
    fill($("other"), Object.keys(shown.study.result.windows).filter((name) => name !== shown.base), "");
    refresh();
  });
  $("over").addEventListener("change", () => {
    shown.over = $("over").value;
    refresh();
  });
  $("swap").addEventListener("click", swap);
  $("flicker").addEventListener("click", () => {
    if (shown.timer) return stopFlicker();
    shown.opacity = $("opacity").value;
    $("opacity").value = 0;
    $("flicker").setAttribute("aria-pressed", "true");
    shown.timer = setInterval(swap, 600);
  });
  $("board").addEventListener("click", () => {
    stopFlicker();
    board(!shown.board);
    refresh();
    if (shown.board) say(`${labelOf(shown.base)} and ${labelOf($("other").value)} in squares`);
  });
  for (const id of ["other", "square"]) $(id).addEventListener("input", () => { if (shown.board) refresh(); });
  $("snapshot").addEventListener("click", snapshot);
}

// A text in lines that are as wide as may be.
function broken(context, text, wide) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (context.measureText(longer).width > wide && lines.at(-1)) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// What is on the screen, with what made it and the research note burnt in.
function snapshot() {
  const { nv, study } = shown;
  nv.drawScene();
  const { width, height } = nv.canvas;
  const scale = nv.canvas.width / nv.canvas.clientWidth;
  const bar = 110;
  const made = Object.assign(document.createElement("canvas"), { width: width / scale + bar });
  const context = made.getContext("2d");
  const font = "13px system-ui, sans-serif";
  context.font = font;
  const pair = shown.board ? `${labelOf(shown.base)} and ${labelOf($("other").value)} in squares` : labelOf(shown.base);
  const what = shown.over in shown.volumes ? `${labelOf(shown.over)} over ${pair}` : pair;
  const way = $("planes").value === "all" ? "Axial, coronal: patient's right is on the left; sagittal: the back is." : "Patient's right is on the left.";
  const texts = [`${what}. ${study.result.model}, version ${study.result.record.ModelVersion}.`, way, study.result.note];
  const lines = texts.flatMap((text) => broken(context, text, made.width - 16));
  made.height = height / scale + 14 + 24 * lines.length; // which empties the canvas and its settings
  context.fillStyle = "#000";
  context.fillRect(0, 0, made.width, made.height);
  context.drawImage(nv.canvas, 0, 0, width / scale, height / scale);
  if (shown.over in shown.volumes) drawBar(context, made.width - bar + 15, 20, 18, 220, shown.over, topOf(shown.over), "#fff");
  Object.assign(context, { fillStyle: "#fff", font, textAlign: "left" });
  if (shown.over in shown.volumes) context.fillText(study.result.unit, made.width - bar + 15, 256);
  lines.forEach((text, index) => context.fillText(text, 8, made.height - 18 - 24 * (lines.length - 1 - index)));
  made.toBlob((blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "synthetic-cbv-view.png" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
