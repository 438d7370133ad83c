// Contrast, by WCAG's formula, of every text and edge that is shown.
const channel = (value) => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const parse = (text) => { const found = text.match(/[\d.]+/g).map(Number); return found.length === 3 ? [...found, 1] : found; };
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const over = (top, below) => [0, 1, 2].map((k) => top[k] * top[3] + below[k] * (1 - top[3]));
const ground = (element) => {
  const layers = [];
  for (let one = element; one; one = one.parentElement) {
    const colour = parse(getComputedStyle(one).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const ratio = (first, second) => { const [a, b] = [light(first), light(second)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); };
const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getBoundingClientRect().width > 1;
const found = [];
for (const element of document.querySelectorAll("body *")) {
  if (!shown(element) || element.disabled || element.closest(".unseen, .skip, template")) continue;
  const style = getComputedStyle(element);
  const words = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join(" ").trim();
  const behind = ground(element);
  if (words || (element.matches("input, select") && element.value)) {
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    found.push({ kind: large ? "large" : "text", what: `${element.tagName} ${element.id} ${words.slice(0, 40)}`, ratio: ratio(over(parse(style.color), behind), behind) });
  }
  if (element.matches("button, select, input:not([type=range]):not([type=checkbox])")) {
    const outside = ground(element.parentElement);
    const edges = [over(parse(style.borderTopColor), outside), behind].map((colour) => ratio(colour, outside));
    found.push({ kind: "edge", what: `${element.tagName} ${element.id}`, ratio: Math.max(...edges) });
  }
}
return found;
