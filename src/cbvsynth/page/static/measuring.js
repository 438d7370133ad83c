// Regions: drawn, a ball, or of a file; measured by the host, shown as a table.
import { $, ask, element, guarded, say } from "./asking.js";
import { shown } from "./viewer.js";

function pen(value, id) {
  const { nv } = shown;
  const on = $(id).getAttribute("aria-pressed") !== "true";
  for (const one of ["draw", "erase"]) $(one).setAttribute("aria-pressed", String(on && one === id));
  nv.setDrawingEnabled(on);
  if (!nv.drawBitmap) nv.createEmptyDrawing();
  nv.opts.penSize = Number($("pen").value);
  nv.setPenValue(value, false);
}

// For those who draw with no mouse, and for round lesions.
function addBall() {
  const { nv, volumes } = shown;
  if (!nv.drawBitmap) nv.createEmptyDrawing();
  const [, nx, ny, nz] = volumes.mask.dimsRAS;
  const sizes = volumes.mask.pixDimsRAS.slice(1, 4);
  const centre = ["x", "y", "z"].map((axis) => Number($(axis).value) - 1);
  const radius = Number($("ball").value) / 2;
  for (let z = 0; z < nz; z += 1)
    for (let y = 0; y < ny; y += 1)
      for (let x = 0; x < nx; x += 1) {
        const away = Math.hypot((x - centre[0]) * sizes[0], (y - centre[1]) * sizes[1], (z - centre[2]) * sizes[2]);
        if (away <= radius) nv.drawBitmap[x + nx * (y + ny * z)] = 1;
      }
  nv.refreshDrawing(true);
  nv.drawAddUndoBitmap?.();
  say("ball added");
}

// Of measured CBV, where there is any.
const READINGS = { low: "below", high: "above", undecided: "undecided" };
const MEASURED = ["real_mean", "real_95", "difference_mean"];

const interval = (one) => `${one.interval_low.toFixed(2)} to ${one.interval_high.toFixed(2)}`;

async function measure(body) {
  const { study } = shown;
  const name = $("region-name").value.trim() || "region";
  const answer = await ask(`/api/studies/${study.id}/regions`, {
    method: "POST", body, headers: { "X-Region-Name": encodeURIComponent(name) },
  });
  const region = await answer.json();
  await showMeasured();
  const sure = region.reading ? `, ${interval(region)}, ${READINGS[region.reading]} at ${region.threshold}` : "";
  say(`${region.name}: mean ${region.mean.toFixed(2)} ${study.result.unit}, ${region.volume_ml.toFixed(1)} mL${sure}`);
  document.dispatchEvent(new Event("changed"));
}

// What was measured, and its mirror image in another colour; host and screen have one order of voxels.
async function showMeasured() {
  const { nv, study } = shown;
  const content = await (await ask(`/api/studies/${study.id}/view/region.nii`)).arrayBuffer();
  const voxels = new Float32Array(content.slice(new DataView(content).getFloat32(108, true)));
  if (!nv.drawBitmap) nv.createEmptyDrawing();
  nv.drawBitmap.set(voxels);
  nv.refreshDrawing(true);
  nv.drawAddUndoBitmap?.();
}

async function measureDrawing() {
  const { nv } = shown;
  if (!nv.drawBitmap?.some((value) => value === 1)) throw new Error("Nothing is drawn yet. Draw on the brain, or add a ball.");
  nv.drawBitmap.forEach((value, place) => { if (value !== 1) nv.drawBitmap[place] = 0; });
  await measure(await nv.saveImage({ filename: "", isSaveDrawing: true }));
}

export function showRegions(study) {
  $("measured").hidden = study.regions.length === 0;
  const number = (value, digits) => (value === null ? "–" : value.toFixed(digits));
  const measured = study.result.layers.includes("real");
  for (const one of document.querySelectorAll("#measured .real")) one.hidden = !measured;
  const sure = study.regions.some((one) => one.reading);
  for (const one of document.querySelectorAll("#measured .sure")) one.hidden = !sure;
  $("threshold").textContent = study.regions.find((one) => one.reading)?.threshold ?? "";
  $("regions").replaceChildren(
    ...study.regions.map((one, index) => {
      const remove = element("button", { type: "button", ariaLabel: `Remove ${one.name}` }, "Remove");
      remove.addEventListener("click", guarded(async () => {
        await ask(`/api/studies/${study.id}/regions/${index}`, { method: "DELETE" });
        document.dispatchEvent(new Event("changed"));
      }));
      const cells = ["volume_ml", "mean", "percentile_95", "white_matter_mean", "ratio_mean", "ratio_95", "mirrored_mean", "ratio_mirrored"].map((name) => number(one[name], 2));
      if (sure) cells.push(...(one.reading ? [interval(one), READINGS[one.reading]] : ["–", "–"]));
      if (measured) cells.push(...MEASURED.map((name) => number(one[name], 2)));
      return element("tr", {}, element("th", { scope: "row" }, one.name), ...cells.map((cell) => element("td", {}, cell)), element("td", {}, remove));
    }),
  );
}

export function connect() {
  $("draw").addEventListener("click", guarded(async () => pen(1, "draw")));
  $("erase").addEventListener("click", guarded(async () => pen(0, "erase")));
  $("undo").addEventListener("click", guarded(async () => shown.nv.drawUndo()));
  $("clear").addEventListener("click", guarded(async () => {
    shown.nv.closeDrawing();
    for (const one of ["draw", "erase"]) $(one).setAttribute("aria-pressed", "false");
    shown.nv.setDrawingEnabled(false);
    shown.nv.drawScene();
  }));
  $("pen").addEventListener("input", () => { if (shown.nv) shown.nv.opts.penSize = Number($("pen").value); });
  $("add-ball").addEventListener("click", guarded(async () => addBall()));
  $("measure").addEventListener("click", guarded(measureDrawing));
  $("load").addEventListener("click", () => $("region-file").click());
  $("region-file").addEventListener("change", guarded(async () => {
    const [file] = $("region-file").files;
    if (file) await measure(file);
    $("region-file").value = "";
  }));
}
