// The pictures of the comparison as SVG: a bar for a difference with the whisker of its interval, and the radar.
const SIZE = 420;
const MIDDLE = SIZE / 2;
const RADIUS = 130;
const INNER = 0.12; // where the lowest score lies, so that a shape never collapses into a point

const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// How far the bars of a comparison reach to each side: the largest difference or end of an interval, as a fraction.
export function barScale(rows) {
  const ends = rows.flatMap(({ differences }) =>
    differences.filter(Boolean).flatMap((d) => [d.difference, ...(d.interval95 ?? [])]),
  );
  return ends.reduce((most, value) => Math.max(most, Math.abs(value)), 0.001);
}

// A difference from zero in the middle; `series`: the number of the higher model. The numbers stand beside it as text.
export function differenceBar({ difference, interval95, significant }, scale, series) {
  const at = (value) => 50 + (48 * value) / scale;
  const [from, to] = [Math.min(at(0), at(difference)), Math.max(at(0), at(difference))];
  const sure = significant == null ? "untested" : significant ? "yes" : "no";
  const line = (name, x1, x2, y1, y2) => svg("line", { class: name, x1, x2, y1, y2, "vector-effect": "non-scaling-stroke" });
  const whisker = interval95
    ? [
        line("kel-dwhisker", at(interval95[0]), at(interval95[1]), 8, 8),
        ...interval95.map((end) => line("kel-dwhisker", at(end), at(end), 5, 11)),
      ]
    : [];
  return svg(
    "svg",
    {
      class: "kel-dbar",
      viewBox: "0 0 100 16",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      "data-difference": difference,
      "data-interval": interval95 ? interval95.join(" ") : "",
      "data-sure": sure,
      "data-series": series,
    },
    svg("rect", { x: from, y: 3, width: to - from, height: 10, "vector-effect": "non-scaling-stroke" }),
    line("kel-dzero", 50, 50, 0, 16),
    ...whisker,
  );
}

// `axes`: [{name, low, high, scores: of each model, or null}]; `count`: how many models. A model's gap leaves its corner out.
export function radar(axes, count, label) {
  const place = (i, share) => {
    const angle = (2 * Math.PI * i) / axes.length - Math.PI / 2;
    return [MIDDLE + RADIUS * share * Math.cos(angle), MIDDLE + RADIUS * share * Math.sin(angle)];
  };
  const share = ({ low, high }, score) => INNER + (1 - INNER) * (high > low ? (score - low) / (high - low) : 1);
  const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const ring = (size) => svg("path", { class: "kel-grid", d: `${path(axes.map((_, i) => place(i, size)))}Z` });
  const name = ({ name: text }, i) => {
    const [x, y] = place(i, 1.12);
    const anchor = Math.abs(x - MIDDLE) < 10 ? "middle" : x > MIDDLE ? "start" : "end";
    return svg("text", { x, y: y + 4, "text-anchor": anchor }, text);
  };
  const shapes = Array.from({ length: count }, (_, model) => {
    const corners = axes.flatMap((axis, i) => (axis.scores[model] == null ? [] : [place(i, share(axis, axis.scores[model]))]));
    return svg(
      "g",
      { "data-series": model + 1 },
      svg("path", { class: "kel-shape", d: corners.length ? `${path(corners)}Z` : "" }),
      ...corners.map(([cx, cy]) => svg("circle", { class: "kel-corner", cx, cy, r: 3.5 })),
    );
  });
  return svg(
    "svg",
    { viewBox: `-90 40 ${SIZE + 180} ${SIZE - 80}`, role: "img", "aria-label": label },
    ...[INNER, 0.56, 1].map(ring),
    ...axes.map((_, i) => {
      const [x2, y2] = place(i, 1);
      return svg("line", { class: "kel-grid", x1: MIDDLE, y1: MIDDLE, x2, y2 });
    }),
    ...axes.map(name),
    ...shapes,
  );
}
