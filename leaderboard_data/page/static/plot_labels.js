// Names beside points of a Plotly figure, placed so that none lies on another name or on a labelled point.
import { h } from "./dom.js";

const FONT = 12;
const GAP = 5;
const ROW = 17;
const LONGEST = 30;
// Where a name may stand, from the point: {x: -1 left of it, 0 centred, 1 right of it; y: rows up}.
const PLACES = [
  ...[0.9, -0.9].flatMap((y) => [1, -1].map((x) => ({ x, y }))), // beside the line, which often runs level
  { x: 0, y: 1.3 },
  { x: 0, y: -1.3 },
  ...[0, 2, -2, 3, -3].flatMap((y) => [1, -1].map((x) => ({ x, y }))),
];

const short = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
const overlaps = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

// `points`: [{x, y: pixels, name, size: pixels}], the ones that matter most first. Gives for each the middle of its name
// {x, y, text}, or null where there is no room within the box {width, height}: then the name is left out, never covered.
export function placeNames(points, { width, height }, measure) {
  const taken = points.map(({ x, y, size = 10 }) => ({ left: x - size / 2, right: x + size / 2, top: y - size / 2, bottom: y + size / 2 }));
  return points.map(({ x, y, name, size = 10 }) => {
    const text = short(name);
    const wide = measure(text);
    for (const place of PLACES) {
      const middle = { x: x + place.x * (size / 2 + GAP + wide / 2), y: y - place.y * ROW };
      const box = { left: middle.x - wide / 2 - 1, right: middle.x + wide / 2 + 1, top: middle.y - ROW / 2, bottom: middle.y + ROW / 2 };
      const inside = box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height;
      if (!inside || taken.some((other) => overlaps(box, other))) continue;
      taken.push(box);
      return { ...middle, text };
    }
    return null;
  });
}

function measurer(family) {
  const context = h("canvas").getContext("2d");
  context.font = `${FONT}px ${family}`;
  return (text) => context.measureText(text).width;
}

// Write the names over a drawn plot, and again whenever it is drawn anew (another size, another range). They are a layer
// of their own: Plotly would draw all points again for its annotations.
export function nameFront(plot, points) {
  const measure = measurer(getComputedStyle(plot).fontFamily);
  const layer = h("div", { class: "kel-plot-names", "aria-hidden": "true" });
  const write = () => {
    const { xaxis, yaxis } = plot._fullLayout;
    const places = points
      .map(({ x, y, ...rest }) => ({ ...rest, x: xaxis.d2p(x), y: yaxis.d2p(y) }))
      .filter(({ x, y }) => x >= 0 && y >= 0 && x <= xaxis._length && y <= yaxis._length);
    const names = placeNames(places, { width: xaxis._length, height: yaxis._length }, measure).filter(Boolean);
    const written = names.map(({ x, y, text }) => {
      const name = h("span", {}, text);
      name.style.left = `${xaxis._offset + x}px`;
      name.style.top = `${yaxis._offset + y}px`;
      return name;
    });
    layer.replaceChildren(...written);
  };
  write();
  plot.append(layer);
  plot.on("plotly_afterplot", write);
}
