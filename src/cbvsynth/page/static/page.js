// The page: examinations come, are sorted, queued, shown. What is there is asked of the host, which keeps it.
import { $, ask, element, guarded, problem, say } from "./asking.js";
import * as measuring from "./measuring.js";
import * as viewer from "./viewer.js";

const STAGES = ["reading", "registering", "brain mask", "synthesis"];
const ACTIVE = ["queued", "running"];
const WORDS = { uploading: "files are coming", recognised: "to be looked through", queued: "waiting", running: "being made", done: "map is ready", failed: "no map", cancelled: "cancelled" };
let state = { studies: [], examples: [] };
let current = sessionStorage.getItem("current") ?? "";
let drawn = "";
let asking = 0;

async function update() {
  clearTimeout(asking);
  try {
    state = await (await ask("/api/state")).json();
    if ($("problem").textContent.startsWith("The page does not answer")) problem("");
    show();
  } catch (error) {
    problem(error.message);
  }
  const busy = state.studies.some((study) => ACTIVE.includes(study.state));
  asking = setTimeout(update, busy ? 700 : 5000);
}

function show() {
  $("keeping").textContent = `Everything is deleted ${hours(state.keep_hours)} after it came.`;
  $("none").hidden = state.studies.length > 0;
  showList();
  if ($("exam").options.length !== state.examples.length) $("exam").replaceChildren(...state.examples.map((name) => new Option(name, name)));
  $("example").hidden = state.examples.length === 0;
  const study = state.studies.find((one) => one.id === current);
  $("welcome").hidden = Boolean(study);
  $("study").hidden = !study;
  if (study) showStudy(study);
  else drawn = "";
}

const hours = (count) => (count < 1 ? `${Math.round(count * 60)} minutes` : `${Number(count.toFixed(1))} hours`);

function showList() {
  const focused = document.activeElement?.dataset?.study;
  $("list").replaceChildren(
    ...state.studies.map((study) => {
      const words = study.state === "running" ? study.stage || WORDS.running : WORDS[study.state];
      const button = element("button", { type: "button", className: study.state, ariaCurrent: String(study.id === current) }, `Examination ${study.number}`, element("small", {}, words));
      button.dataset.study = study.id;
      button.addEventListener("click", () => choose(study.id));
      return element("li", {}, button);
    }),
  );
  if (focused) document.querySelector(`[data-study="${focused}"]`)?.focus();
}

function choose(id) {
  current = id;
  sessionStorage.setItem("current", id);
  problem("");
  show();
  $("main").focus({ preventScroll: true });
}

function showStudy(study) {
  const key = JSON.stringify([study.id, study.state, study.stage, study.rows, study.regions.length, study.before, study.error, study.stopping]);
  if (key === drawn) return;
  drawn = key;
  $("study-title").textContent = `Examination ${study.number}`;
  const busy = ACTIVE.includes(study.state);
  $("start").hidden = !["recognised", "failed", "cancelled"].includes(study.state);
  $("start").textContent = study.state === "recognised" ? "Make the map" : "Try again";
  $("cancel").hidden = !busy;
  $("cancel").disabled = study.stopping;
  $("cancel").textContent = study.stopping ? "Ends after this stage" : "Cancel";
  $("failure").hidden = !study.error;
  $("failure").textContent = study.error;
  $("sorting").hidden = !["recognised", "failed", "cancelled"].includes(study.state);
  $("progress").hidden = !busy;
  $("result").hidden = study.state !== "done";
  showRows(study);
  $("notes").replaceChildren(...study.notes.map((note) => element("li", {}, note)));
  if (busy) showProgress(study);
  if (study.state === "done") showResult(study);
  else viewer.stopFlicker();
  say(`Examination ${study.number}: ${study.stage || WORDS[study.state]}`);
}

function showRows(study) {
  $("rows").replaceChildren(
    ...study.rows.map((row) => {
      const select = element("select", { ariaLabel: `${row.name} is taken as` }, $("roles").content.cloneNode(true));
      select.value = row.role;
      select.dataset.key = row.key;
      select.addEventListener("change", guarded(() => correct(study, row.key, select.value)));
      return element("tr", {}, element("th", { scope: "row", className: "name" }, row.name), element("td", { className: "left" }, select), element("td", { className: "why" }, whyOf(row)));
    }),
  );
}

function whyOf({ reason, scale, unit }) {
  const factor = scale === 1 ? "" : `; its stored values are taken times ${Number(scale.toPrecision(3))}`;
  return `${reason}${factor}${unit === "relative" ? "; relative, not compared with the map" : ""}`;
}

// A role belongs to one image: what had it before is left out.
async function correct(study, key, role) {
  const roles = {};
  for (const row of study.rows) if (row.reason === "chosen by hand") roles[row.key] = row.role;
  for (const row of study.rows) if (role && row.role === role && row.key !== key) roles[row.key] = "";
  roles[key] = role;
  // A second choice, or the start, would go by what was chosen before this one is known.
  const locked = (on) => document.querySelectorAll("#rows select, #start").forEach((one) => { one.disabled = on; });
  locked(true);
  try {
    await ask(`/api/studies/${study.id}/recognise`, { method: "POST", json: { roles } });
  } finally {
    drawn = "";
    await update();
    locked(false);
    document.querySelector(`select[data-key="${CSS.escape(key)}"]`)?.focus();
  }
}

function showProgress(study) {
  $("waiting").textContent = study.state === "queued" ? (study.before ? `${study.before} before it.` : "It is next.") : "This page may be closed and opened again.";
  $("stages").replaceChildren(
    ...STAGES.map((stage) => {
      const over = stage in study.stages;
      const now = stage === study.stage;
      const words = over ? `${study.stages[stage].toFixed(1)} s` : now ? "now" : "";
      return element("li", { className: over ? "over" : now ? "now" : "" }, stage, element("small", {}, words));
    }),
  );
}

function showResult(study) {
  const { result } = study;
  const record = result.record;
  for (const one of document.querySelectorAll(".unit")) one.textContent = result.unit;
  measuring.showRegions(study);
  for (const [id, name] of [["get-map", "cbv.nii.gz"], ["get-sd", "cbv_sd.nii.gz"], ["get-record", "cbv.json"], ["get-picture", "cbv.png"], ["get-dicom", "cbv-dicom.zip"], ["get-regions", "regions.csv"]]) $(id).href = `/api/studies/${study.id}/results/${name}`;
  $("get-regions").hidden = study.regions.length === 0;
  const sure = result.layers.includes("cbv_sd");
  $("get-sd").hidden = !sure;
  const dicom = result.dicom ?? { file: "", text: "" };
  $("get-dicom").hidden = !dicom.file;
  $("dicom-note").textContent = dicom.file ? `DICOM: ${dicom.text}; a Parametric Map, MR-like slices and pictures. It names the patient, as the examination does.` : `No DICOM: ${dicom.text}.`;
  const left = Object.entries(record.InputsLeftOut).map(([name, why]) => `${viewer.labelOf(name)}: ${why}`);
  const facts = [
    ["Model", `${result.model}, version ${record.ModelVersion}${record.Fallback ? " — stands in for a better model" : ""}`],
    ["Why this one", record.WhyThisModel],
    ["SSIM of this model", result.ssim === null ? "not stated by who serves it; see the card below" : `${(100 * result.ssim).toFixed(1)} % (mean of its held-out examinations)`],
    ["Used", record.InputsUsed.map(viewer.labelOf).join(", ")],
    ["Not needed", record.InputsNotNeeded.map(viewer.labelOf).join(", ") || "–"],
    ["Left out", left.join("; ") || "–"],
    ["Brain mask", `${record.BrainMask}, ${result.brain_ml.toFixed(0)} mL`],
    ["Moved into place", record.Moved.map(viewer.labelOf).join(", ") || "nothing"],
    ["Lay apart from T1", Object.entries(record.DisplacementsMm).map(([name, mm]) => `${viewer.labelOf(name)} ${mm.toFixed(1)} mm`).join(", ") || "–"],
    ["How sure it is", sure ? "the map plus and minus 1.645 SD is a 90 % interval of each voxel, calibrated on held-out patients; choose the SD as the map above" : "this model does not say"],
    ["Mean of the brain", `${result.brain_mean.toFixed(2)} ${result.unit}`],
    ["Took", Object.entries(study.stages).map(([stage, seconds]) => `${stage} ${seconds.toFixed(1)} s`).join(", ")],
    ...compared(result),
  ];
  $("facts").replaceChildren(...facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
  $("warnings").replaceChildren(...record.Warnings.map((text) => element("li", {}, text)));
  $("card").replaceChildren(...result.card.flatMap(cardTable));
  guarded(() => viewer.open(study))();
}

function compared({ compared: found, unit }) {
  if (found.problem) return [["Measured CBV", found.problem]];
  if (!found.ssim) return [];
  return [["Measured CBV", found.how], ["Against measured CBV", `MAE ${found.mae.toFixed(2)}, bias ${found.bias.toFixed(2)} ${unit}; SSIM ${Object.entries(found.ssim).map(([name, value]) => `${name.replaceAll("_", " ")} ${(100 * value).toFixed(1)} %`).join(", ")}`]];
}

function cardTable([header, ...rows]) {
  const sides = header.some((cell) => cell.includes("wrong side"));
  const title = sides ? "Of the model's card: lesions on which side of the threshold" : header[0] === "all" ? "Of the model's card: all held-out examinations" : "Of the model's card: by diagnosis";
  const row = (cells, kind) => element("tr", {}, ...cells.map((cell, index) => element(index && kind === "td" ? "td" : "th", { scope: kind === "td" ? "row" : "col", className: index ? "" : "left" }, cell)));
  const table = element("table", {}, element("caption", {}, title), element("thead", {}, row(header, "th")), element("tbody", {}, ...rows.map((cells) => row(cells, "td"))));
  return [element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: title }, table)];
}

// Files of an examination, from a drop (folders walked through) or a choice: [path, file].
async function walk(entry, path = "") {
  if (entry.isFile) return [[path + entry.name, await new Promise((done, fail) => entry.file(done, fail))]];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const part = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (part.length === 0) return found;
    for (const one of part) found.push(...(await walk(one, `${path}${entry.name}/`)));
  }
}

async function send(files) {
  const wanted = files.filter(([path]) => !path.split("/").some((part) => part.startsWith(".")));
  if (wanted.length === 0) throw new Error("No file was given; expected the images of one examination.");
  const { id } = await (await ask("/api/studies", { method: "POST" })).json();
  try {
    for (const [index, [path, file]] of wanted.entries()) {
      say(`file ${index + 1} of ${wanted.length}`);
      $("keeping").textContent = `File ${index + 1} of ${wanted.length} is sent ...`;
      await ask(`/api/studies/${id}/files`, { method: "PUT", body: file, headers: { "X-File-Name": encodeURIComponent(path) } });
    }
    $("keeping").textContent = "The files are looked through ...";
    await ask(`/api/studies/${id}/recognise`, { method: "POST", json: {} });
  } catch (error) {
    await ask(`/api/studies/${id}`, { method: "DELETE" }).catch(() => {});
    throw error;
  }
  current = id;
  sessionStorage.setItem("current", id);
  await update();
  $("main").focus({ preventScroll: true });
}

function connectUploads() {
  for (const [button, input] of [["pick-folder", "folder"], ["pick-files", "files"]]) {
    $(button).addEventListener("click", () => $(input).click());
    $(input).addEventListener("change", guarded(async () => {
      const files = [...$(input).files].map((file) => [file.webkitRelativePath || file.name, file]);
      $(input).value = "";
      await send(files);
    }));
  }
  const drop = $("drop");
  for (const name of ["dragover", "dragenter"]) document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", guarded(async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = entries.length ? (await Promise.all(entries.map((entry) => walk(entry)))).flat() : [...event.dataTransfer.files].map((file) => [file.name, file]);
    await send(files);
  }));
  $("example").addEventListener("submit", guarded(async (event) => {
    event.preventDefault();
    const { id } = await (await ask("/api/studies", { method: "POST" })).json();
    try {
      await ask(`/api/studies/${id}/example`, { method: "POST", json: { examination: $("exam").value } });
      await ask(`/api/studies/${id}/recognise`, { method: "POST", json: {} });
    } catch (error) {
      await ask(`/api/studies/${id}`, { method: "DELETE" }).catch(() => {});
      throw error;
    }
    choose(id);
    await update();
  }));
}

function connectStudy() {
  const act = (id, what) => $(id).addEventListener("click", guarded(async () => { await what(); await update(); }));
  act("start", () => ask(`/api/studies/${current}/start`, { method: "POST" }));
  act("cancel", () => ask(`/api/studies/${current}/cancel`, { method: "POST" }));
  act("delete", async () => {
    await ask(`/api/studies/${current}`, { method: "DELETE" });
    current = "";
    sessionStorage.removeItem("current");
  });
  document.addEventListener("changed", update);
}

if ($("login")) {
  $("login").addEventListener("submit", guarded(async (event) => {
    event.preventDefault();
    await ask("/api/login", { method: "POST", json: { token: $("token").value } });
    location.reload();
  }));
} else {
  connectUploads();
  connectStudy();
  viewer.connect();
  measuring.connect();
  update();
}
