// A model's settings as a small picture: the score over the bytes of a vector, on a logarithmic axis.
import { percent } from "./scores.js";

const WIDTH = 520;
const HEIGHT = 260;
const MARGIN = { left: 46, right: 14, top: 34, bottom: 40 };

const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// `points`: [{x: bytes, y: percent, name, precision, front: whether nothing smaller is better}]; `precisions`: their names.
// The same is in the table beside it, so it is one image for who does not see it.
export function sizeChart(points, axis, title, precisions) {
  const [xs, ys] = [points.map(({ x }) => Math.log2(x)), points.map(({ y }) => y)];
  const [x0, x1] = [Math.floor(Math.min(...xs)), Math.ceil(Math.max(...xs))];
  const pad = Math.max((Math.max(...ys) - Math.min(...ys)) * 0.08, 0.5);
  const [y0, y1] = [Math.min(...ys) - pad, Math.max(...ys) + pad];
  const px = (x) => MARGIN.left + ((Math.log2(x) - x0) / Math.max(1, x1 - x0)) * (WIDTH - MARGIN.left - MARGIN.right);
  const py = (y) => HEIGHT - MARGIN.bottom - ((y - y0) / (y1 - y0)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const step = Math.max(1, Math.ceil((x1 - x0) / 6));
  const powers = Array.from({ length: Math.floor((x1 - x0) / step) + 1 }, (_, i) => 2 ** (x0 + i * step));
  const levels = [0, 1, 2, 3].map((i) => y0 + pad / 2 + (i * (y1 - y0 - pad)) / 3);
  const front = points.filter((point) => point.front).sort((a, b) => a.x - b.x);
  const path = front.map(({ x, y }, i) => (i ? `H${px(x)}V${py(y)}` : `M${px(x)} ${py(y)}`)).join("");
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${axis}` },
    ...levels.flatMap((y) => [
      svg("line", { class: "kel-grid", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: py(y), y2: py(y) }),
      svg("text", { x: MARGIN.left - 6, y: py(y) + 4, "text-anchor": "end" }, percent(y)),
    ]),
    ...powers.map((x) => svg("text", { x: px(x), y: HEIGHT - 22, "text-anchor": "middle" }, x.toLocaleString())),
    svg("text", { x: (MARGIN.left + WIDTH) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, axis),
    svg("path", { class: "kel-path", d: path }),
    ...legend(points, precisions),
    ...points.map((point) =>
      svg(
        "circle",
        { class: `kel-dot${point.front ? " kel-on-front" : ""}`, "data-precision": point.precision, cx: px(point.x), cy: py(point.y), r: 5 },
        svg("title", {}, `${point.name}: ${percent(point.y)}`),
      ),
    ),
  );
}

function legend(points, precisions) {
  const there = Object.entries(precisions).filter(([precision]) => points.some((point) => point.precision === precision));
  const each = (WIDTH - MARGIN.left) / Math.max(there.length, 3);
  return there.flatMap(([precision, name], i) => [
    svg("circle", { class: "kel-dot", "data-precision": precision, cx: MARGIN.left + i * each, cy: 12, r: 5 }),
    svg("text", { x: MARGIN.left + i * each + 10, y: 16 }, name),
  ]);
}
