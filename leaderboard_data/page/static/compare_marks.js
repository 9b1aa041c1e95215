// Pictures of a comparison as SVG of our own: the bar of a difference with its interval, and the radar.
import { percent } from "./scores.js";

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, properties = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...children.flat(Infinity));
  return element;
}

// Half the axis that holds every difference and every interval's end: one scale for all rows. In points.
export function reach(differences) {
  const ends = differences.filter(Boolean).flatMap((d) => [d.difference, ...(d.interval95 ?? [])]);
  const most = Math.max(0.001, ...ends.map(Math.abs)) * 100;
  const step = 10 ** Math.floor(Math.log10(most));
  return Math.ceil(most / step) * step;
}

// A difference d = {difference, interval95, significant} (shares) on an axis from -most to most (points).
// `series`: the numbers of the two models' colours, the reference's first.
export function differenceBar(d, most, series) {
  const at = (share) => 50 + (Math.max(-most, Math.min(most, share * 100)) / most) * 50;
  const [from, to] = [at(0), at(d.difference)].sort((a, b) => a - b);
  const way = d.significant === false ? "even" : d.difference < 0 ? "less" : "more";
  const line = (x1, x2, y1, y2, name) => svg("line", { x1: `${x1}%`, x2: `${x2}%`, y1, y2, class: name });
  const whisker = d.interval95?.map(at);
  return svg(
    "svg",
    { class: "kel-diff", "aria-hidden": "true", "data-way": way, "data-tested": d.significant != null, "data-series": series[d.difference < 0 ? 1 : 0] },
    svg("rect", { x: `${from}%`, width: `${to - from}%`, y: 5, height: 12, class: "kel-diff-bar" }),
    line(50, 50, 0, 22, "kel-diff-zero"),
    ...(whisker
      ? [
          line(whisker[0], whisker[1], 11, 11, "kel-diff-whisker"),
          ...whisker.map((x) => line(x, x, 7, 15, "kel-diff-whisker")),
        ]
      : []),
  );
}

// `models`: names; `axes`: [{name, values: shares}], at least three. Each model's values are told in the label.
export function radar(models, axes) {
  const [width, height, radius] = [520, 380, 150];
  const point = (i, share) => {
    const angle = (2 * Math.PI * i) / axes.length - Math.PI / 2;
    const length = radius * Math.max(0, Math.min(1, share));
    return [width / 2 + length * Math.cos(angle), height / 2 + length * Math.sin(angle)];
  };
  const ring = (of) => axes.map((axis, i) => point(i, of(axis)).map((x) => x.toFixed(1)).join(",")).join(" ");
  const label = models
    .map((name, m) => `${name}: ${axes.map((axis) => `${axis.name} ${percent(axis.values[m] * 100)}`).join(", ")}`)
    .join(". ");
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "kel-radar", role: "img", "aria-label": label },
    [0.25, 0.5, 0.75, 1].map((share) => svg("polygon", { points: ring(() => share), class: "kel-radar-ring" })),
    axes.map((axis, i) => {
      const [x, y] = point(i, 1);
      const [tx, ty] = [width / 2 + (x - width / 2) * 1.12, height / 2 + (y - height / 2) * 1.12];
      const anchor = Math.abs(tx - width / 2) < 4 ? "middle" : tx > width / 2 ? "start" : "end";
      return [
        svg("line", { x1: width / 2, y1: height / 2, x2: x, y2: y, class: "kel-radar-ring" }),
        svg("text", { x: tx, y: ty + 4, "text-anchor": anchor }, axis.name),
      ];
    }),
    models.map((_, m) =>
      svg(
        "g",
        { "data-series": m + 1 },
        svg("polygon", { points: ring((axis) => axis.values[m]), class: "kel-radar-area" }),
        axes.map((axis, i) => {
          const [cx, cy] = point(i, axis.values[m]);
          return svg("circle", { cx, cy, r: 3.5 }, svg("title", {}, `${axis.name}: ${percent(axis.values[m] * 100)}`));
        }),
      ),
    ),
  );
}
