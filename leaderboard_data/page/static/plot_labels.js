// Names beside the points of the Pareto front, placed so that none covers another name or another point of the front.
import { fill, h } from "./dom.js";

const LONGEST = 30; // characters of a name
const HEIGHT = 15; // of a line of 12 pixels
const GAP = 9; // from a point to its name
const WAYS = [[-1, -1], [1, 1], [-1, 1], [1, -1], [0, -1], [0, 1]]; // left above first: the front's empty side

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

// `points`: [{x, y, text}] in pixels of a plot of `width` and `height`; `measure`: a text's width in pixels. Returns
// [{number, left, top, right, bottom}] of those that found room, the ones that come first before others.
export function placeLabels(points, width, height, measure) {
  const dots = points.map(({ x, y }) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
  const placed = [];
  points.forEach(({ x, y, text }, number) => {
    if (x < 0 || y < 0 || x > width || y > height) return;
    const wide = measure(text);
    for (const [across, down] of WAYS) {
      const cx = x + across * (wide / 2 + GAP);
      const cy = y + down * (HEIGHT / 2 + (across ? 2 : GAP));
      const box = { left: cx - wide / 2 - 2, right: cx + wide / 2 + 2, top: cy - HEIGHT / 2, bottom: cy + HEIGHT / 2 };
      const inside = box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height;
      if (!inside || placed.some((other) => overlap(other, box)) || dots.some((dot, i) => i !== number && overlap(dot, box))) continue;
      placed.push({ number, ...box });
      return;
    }
  });
  return placed;
}

const short = (name) => {
  const own = name.split("/").at(-1);
  return own.length > LONGEST ? `${own.slice(0, LONGEST - 1)}…` : own;
};

// Write the names of `front` ([{entry, x, y}]) over a drawn plot, and again whenever it is drawn anew (other axes, another
// size). They are a layer of their own: for annotations, Plotly would draw all points a second time.
export function labelFront(target, front) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `12px ${getComputedStyle(target).fontFamily}`;
  const measure = (text) => pen.measureText(text).width;
  const layer = h("div", { class: "kel-front-names", "aria-hidden": "true" });
  const best = [...front].sort((a, b) => b.y - a.y);
  const write = () => {
    const { xaxis, yaxis } = target._fullLayout;
    const points = best.map(({ entry, x, y }) => ({ x: xaxis.d2p(x), y: yaxis.d2p(y), text: short(entry.name) }));
    const names = placeLabels(points, xaxis._length, yaxis._length, measure).map((box) => {
      const name = h("span", {}, points[box.number].text);
      name.style.left = `${xaxis._offset + (box.left + box.right) / 2}px`;
      name.style.top = `${yaxis._offset + (box.top + box.bottom) / 2}px`;
      return name;
    });
    fill(layer, names);
  };
  write();
  target.append(layer);
  target.on("plotly_afterplot", write);
}
