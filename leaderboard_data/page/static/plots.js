// Plots. Plotly comes from its Python package and is fetched only when a plot is opened.
import { axisName, comparable, deviceChoice, isOfDevice } from "./costs.js";
import { bytesName, sizePlot } from "./curves.js";
import { compact, fill, h, plainTable } from "./dom.js";
import { nameFront } from "./plot_labels.js";
import { PLOTS_WORDS } from "./plots_words.js";
import { matches, paretoFront, percent, searchWords, typeOf, viewOf } from "./scores.js";
import { AXES, BYTES, ORIGINS } from "./state.js";

let plotly;
const load = () =>
  (plotly ??= new Promise((resolve, reject) =>
    document.head.append(
      h("script", {
        src: new URL("./plotly.min.js", import.meta.url).href,
        onload: () => resolve(window.Plotly),
        onerror: () => reject(new Error("plotly")),
      }),
    ),
  ));

async function draw(target, figure, label, height = 460) {
  const Plotly = await load();
  const style = getComputedStyle(target);
  const colour = style.getPropertyValue("--kel-text").trim() || style.color;
  const grid = style.getPropertyValue("--kel-line").trim() || colour;
  const axis = { gridcolor: grid, zerolinecolor: grid, automargin: true };
  const { layout } = figure;
  target.textContent = "";
  await Plotly.react(
    target,
    figure.data,
    {
      ...layout,
      height,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour, family: style.fontFamily },
      margin: { l: 50, r: 20, t: 20, b: 60 },
      legend: { orientation: "h", y: -0.2, ...layout.legend },
      xaxis: { ...axis, ...layout.xaxis },
      yaxis: { ...axis, ...layout.yaxis },
    },
    { responsive: true, displaylogo: false, displayModeBar: false },
  );
  target.setAttribute("role", "img");
  target.setAttribute("aria-label", label);
}

// A colour for each kind of model, a symbol for each origin.
const KINDS = { llm: "--kel-series-1", encoder: "--kel-series-3", lexical: "--kel-series-2", unknown: "--kel-edge" };
const SYMBOLS = { measured: "circle", published: "square", imported: "diamond" };
// From so many points on they are drawn by WebGL; below, as SVG, which is crisper and can be pointed at one by one.
export const MANY = 1500;

let able;
const hasWebgl = () => (able ??= Boolean(document.createElement("canvas").getContext("webgl")));

const LARGEST = 4096; // a dimension; the area of a marker grows with it
const sizeOf = ({ dimension }) => (dimension == null ? 8 : 7 + 13 * Math.sqrt(Math.min(dimension, LARGEST) / LARGEST));

// The rows that the filters leave, over the axis of the state: {points, missing}.
function pointsOf(board) {
  const { data, state } = board;
  const words = searchWords(state);
  const { columns, key, rows } = viewOf(data, board.listed(), "overall", state);
  const left = rows.filter((row) => matches(row.entry, state, words));
  const mean = columns[key];
  const interval = (entry) => (mean.weighted ? null : (entry.meanIntervals?.[mean.mean] ?? null));
  const points = left.map(({ entry, values }) => ({ entry, x: comparable(board, entry, state.x), y: values[key], interval: interval(entry) }));
  const known = points.filter(({ x, y }) => x && y != null);
  return { left: left.map(({ entry }) => entry), points: known, missing: left.length - known.length, all: left.length, weighted: mean.weighted };
}

// What stands on the card of a point. Plotly reads some HTML in texts, so whatever a result says is escaped.
function card(board, { entry, x, y, interval }, number) {
  const { DataTable, state } = board;
  const w = PLOTS_WORDS[state.lang];
  const escape = (text) => DataTable.util.escapeHtml(String(text).slice(0, 120));
  const line = (name, value) => `${name}: ${value == null ? w.unknown : escape(value)}`;
  const told = interval ? ` (${w.interval} ${interval.map(percent).join(" – ")})` : "";
  return [
    `<b>${escape(entry.name)}</b>`,
    `${w.average}: ${percent(y)}${told}`,
    line(w.parameters, entry.parameters == null ? null : compact(entry.parameters, state.lang)),
    line(w.dimension, entry.dimension == null ? null : number.format(entry.dimension)),
    line(w.license, entry.license),
    ...(["parameters", "dimension"].includes(state.x) ? [] : [`${escape(axisName(board, state.x))}: ${compact(x, state.lang)}`]),
  ].join("<br>");
}

// A Plotly figure: the points by kind and origin, and the Pareto front.
function scatter(board, { weighted }, points, front, colour) {
  const { labels: t, state } = board;
  const line = {
    type: "scatter",
    mode: "lines",
    name: t.front,
    x: front.map((p) => p.x),
    y: front.map((p) => p.y),
    line: { color: colour("--kel-front"), width: 2, dash: "dot", shape: state.x === "speed" ? "vh" : "hv" },
    hoverinfo: "skip",
  };
  const number = new Intl.NumberFormat(state.lang); // once: to make one for each of ten thousand points takes long
  const type = points.length > MANY ? "scattergl" : "scatter";
  const dots = Object.keys(KINDS).flatMap((kind) =>
    ORIGINS.map((origin) => {
      const own = points
        .filter(({ entry }) => entry.origin === origin && typeOf(entry) === kind)
        .sort((a, b) => sizeOf(b.entry) - sizeOf(a.entry)); // small ones lie above large ones
      return {
        type,
        mode: "markers",
        name: `${t.choices[kind]} · ${t.origin[origin]}`,
        x: own.map((p) => p.x),
        y: own.map((p) => p.y),
        text: own.map((p) => card(board, p, number)),
        customdata: own.map((p) => p.entry.model),
        hovertemplate: "%{text}<extra></extra>",
        marker: {
          size: own.map((p) => sizeOf(p.entry)),
          color: colour(KINDS[kind]),
          symbol: SYMBOLS[origin],
          opacity: type === "scattergl" ? 0.6 : 0.85,
          line: { width: 1, color: colour("--kel-page") },
        },
      };
    }),
  );
  return {
    data: [line, ...dots.filter((trace) => trace.x.length)],
    layout: {
      legend: { orientation: "h", y: -0.2, itemsizing: "constant" },
      hovermode: "closest",
      hoverlabel: { align: "left", bgcolor: colour("--kel-raised"), bordercolor: colour("--kel-edge"), font: { color: colour("--kel-text") } },
      xaxis: { title: { text: axisName(board, state.x) }, type: ["dimension", "cut"].includes(state.x) ? "linear" : "log" },
      yaxis: { title: { text: `${PLOTS_WORDS[state.lang].average}${weighted ? "*" : ""} (%)` } },
    },
  };
}

// What is drawn of the points: all, or without WebGL only so many of the best, with the front.
export function drawable(points, front, webgl = hasWebgl) {
  if (points.length <= MANY || webgl()) return points;
  const best = [...points].sort((a, b) => b.y - a.y).slice(0, MANY - front.length);
  return [...new Set([...front, ...best])];
}

// The Pareto set as a table.
function frontTable(board, front, named) {
  const { state } = board;
  const w = PLOTS_WORDS[state.lang];
  const row = ({ entry, x, y, interval }) =>
    h("tr", {}, named(entry), [
      compact(x, state.lang),
      percent(y),
      interval ? interval.map(percent).join(" – ") : "–",
      entry.dimension?.toLocaleString(state.lang) ?? w.unknown,
      entry.license ?? w.unknown,
    ].map((cell) => h("td", {}, cell)));
  const [model, ...rest] = w.head;
  return [
    h("h3", {}, w.front),
    h("p", { class: "kel-note" }, w.frontHint(state.x === "speed")),
    plainTable([model, axisName(board, state.x), ...rest], front.map(row), "kel-pareto"),
  ];
}

export async function plotsPage(board, panel) {
  const { labels: t, state } = board;
  const plot = h("div", { class: "kel-plot" }, t.loading);
  const shown = pointsOf(board);
  board.showCount(shown.all);
  const axes = AXES.map((x) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio",
        name: "kel-x",
        value: x,
        checked: state.x === x,
        onchange: () => board.change({ x }, { filter: true }),
      }),
      ` ${x === BYTES ? bytesName(board) : axisName(board, x)}`,
    ),
  );
  const named = (entry) =>
    h(
      "th",
      { scope: "row" },
      h("button", { type: "button", class: "kel-link", onclick: () => board.openModel(entry.model) }, entry.name),
    );
  const sizeRow = ([entry, ...cells]) => h("tr", {}, named(entry), cells.map((cell) => h("td", {}, cell)));
  const row = ({ entry, x, y }) =>
    h(
      "tr",
      {},
      named(entry),
      h("td", {}, compact(x, state.lang)),
      h("td", {}, percent(y)),
    );
  const w = PLOTS_WORDS[state.lang];
  const style = getComputedStyle(panel);
  const colour = (token) => style.getPropertyValue(token).trim();
  const size = state.x === BYTES ? sizePlot(board, shown.left, colour) : null;
  const front = size ? [] : paretoFront(shown.points, state.x === "speed");
  const points = drawable(shown.points, front);
  // Ten thousand rows are made when somebody opens them.
  const whole = h("div", {});
  const list = () => {
    if (!whole.firstChild)
      fill(
        whole,
        size
          ? plainTable(size.head, size.lines.map(sizeRow), "kel-sizes")
          : plainTable([w.all, axisName(board, state.x), w.average], shown.points.map(row)),
      );
  };
  const open = panel.querySelector("details")?.open;
  const focused = panel.querySelector("[name=kel-x]:focus");
  const before = panel.querySelector(".js-plotly-plot");
  if (before) window.Plotly?.purge(before); // a browser has few WebGL contexts
  fill(
    panel,
    h("fieldset", { class: "kel-origins" }, h("legend", {}, t.axis), axes),
    h("p", { class: "kel-origins" }, size?.choice, isOfDevice(state.x) ? deviceChoice(board) : null),
    size ? size.notes.map((note) => h("p", {}, note)) : h("p", {}, w.help),
    points.length < shown.points.length && h("p", { class: "kel-note" }, w.limited(points.length, shown.points.length)),
    plot,
    h("p", { class: "kel-note" }, t.missing(size ? size.missing : shown.missing)),
    front.length ? frontTable(board, front, named) : null,
    h("details", { open, class: "kel-all" }, h("summary", { onclick: list }, t.plotTable), whole),
  );
  if (open) list();
  if (focused) panel.querySelector("[name=kel-x]:checked").focus();
  if (!size && !points.length) {
    plot.className = "kel-empty";
    plot.textContent = w.nothing;
    return;
  }
  try {
    await draw(plot, size ? size.figure : scatter(board, shown, points, front, colour), size ? size.label : t.plotLabel);
    plot.on("plotly_click", ({ points: [point] }) => point.customdata && board.openModel(point.customdata));
    if (size) return;
    const names = front.map(({ entry, x, y }) => ({ x, y, name: entry.name.split("/").at(-1), size: sizeOf(entry) }));
    names.sort((a, b) => b.y - a.y);
    nameFront(plot, names);
  } catch (error) {
    plot.textContent = `${t.failed} (${error.message})`;
  }
}
