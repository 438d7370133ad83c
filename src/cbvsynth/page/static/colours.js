// Colours of the map and its bar: one list of nodes for both, so that they cannot differ.
// Nodes of matplotlib's inferno, which the printed pictures use.
const NODES = [
  [0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85],
  [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164],
];
const BLUE_RED = [
  [33, 102, 172], [103, 169, 207], [209, 229, 240], [247, 247, 247], [253, 219, 199], [239, 138, 98], [178, 24, 43],
];

// 0 is outside the brain, and seen through; everything above is as opaque as the visitor says.
const colourMap = (nodes, clear) => {
  const places = nodes.map((_, index) => Math.round((255 * index) / (nodes.length - 1)));
  const all = clear ? [[0, ...nodes[0]], [1, ...nodes[0]]] : [[0, ...nodes[0]]];
  nodes.slice(1).forEach((node, index) => all.push([places[index + 1], ...node]));
  return {
    I: all.map((one) => one[0]), R: all.map((one) => one[1]), G: all.map((one) => one[2]), B: all.map((one) => one[3]),
    A: all.map((_, index) => (clear && index === 0 ? 0 : 255)), min: 0, max: 0,
  };
};

export const COLOUR_MAPS = {
  cbv: colourMap(NODES, true),
  cbvdifference: colourMap(BLUE_RED, false),
  cbvmask: { I: [0, 128, 255], R: [0, 0, 0], G: [0, 255, 255], B: [0, 255, 255], A: [0, 0, 110], min: 0, max: 0 },
  grey: colourMap([[0, 0, 0], [255, 255, 255]], false),
};

export const isDifference = (layer) => layer === "difference";

export function drawBar(context, x, y, wide, high, layer, top, ink) {
  const nodes = isDifference(layer) ? BLUE_RED : NODES;
  const shade = context.createLinearGradient(0, y + high, 0, y);
  nodes.forEach(([r, g, b], index) => shade.addColorStop(index / (nodes.length - 1), `rgb(${r} ${g} ${b})`));
  context.fillStyle = shade;
  context.fillRect(x, y, wide, high);
  context.strokeStyle = ink;
  context.strokeRect(x + 0.5, y + 0.5, wide - 1, high - 1);
  context.fillStyle = ink;
  context.font = "13px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "middle";
  const low = isDifference(layer) ? -top : 0;
  for (let tick = 0; tick <= 4; tick += 1) {
    const value = low + ((top - low) * tick) / 4;
    const at = Math.min(y + high - 6, Math.max(y + 6, y + high - (high * tick) / 4));
    context.fillText(`${Number(value.toFixed(1))}${tick === 4 && !isDifference(layer) ? "+" : ""}`, x + wide + 5, at);
  }
}
