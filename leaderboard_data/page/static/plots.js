// The plots. Plotly comes from its Python package and is fetched only when a plot is opened.
import { PLOT_TEXTS } from "./compare_words.js";
import { axisName, comparable, deviceChoice, isOfDevice } from "./costs.js";
import { bytesName, sizePlot } from "./curves.js";
import { columnTitle, compact, fill, h, plainTable, withValues } from "./dom.js";
import { nothingDrawn } from "./empty.js";
import { labelFront } from "./plot_labels.js";
import { matches, paretoFront, percent, searchWords, typeOf, viewOf } from "./scores.js";
import { AXES, BYTES, ORIGINS } from "./state.js";

const MOST_SVG = 1000; // points; more are drawn with WebGL
const MOST_WITHOUT = 2000; // points drawn where there is no WebGL

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
  const grid = style.getPropertyValue("--kel-line").trim() || "#999";
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

// A design token's colour, as the page has it now: Plotly reads no CSS variables.
const toneOf = (element) => (name) => getComputedStyle(element).getPropertyValue(`--kel-${name}`).trim();

let webgl;
const hasWebgl = () => (webgl ??= Boolean(document.createElement("canvas").getContext("webgl")));

const TONES = { encoder: "series-1", llm: "series-2", lexical: "series-3", sparse: "series-4", multi_vector: "series-4", unknown: "muted" };
const SYMBOLS = { measured: "circle", published: "diamond", imported: "square" };
const sizeOf = ({ dimension }) => 7 + 11 * Math.sqrt(Math.min(dimension ?? 0, 4096) / 4096);

// The rows that the filters leave, over the axis of the state: {points, missing}.
function pointsOf(board) {
  const { data, state } = board;
  const words = searchWords(state);
  const { columns, key, rows } = viewOf(data, board.listed(), "overall", state);
  const left = rows.filter((row) => matches(row.entry, state, words));
  const points = left.map(({ entry, values }) => ({ entry, x: comparable(board, entry, state.x), y: values[key] }));
  const known = points.filter(({ x, y }) => x && y != null);
  const average = `${columnTitle(board, columns[key].name)}${columns[key].weighted ? "*" : ""}`;
  return { left: left.map(({ entry }) => entry), points: known, missing: left.length - known.length, all: left.length, average };
}

// What the card at a point says. Plotly reads some HTML in texts, so whatever a result says is escaped.
function card(board, { entry, y }, average) {
  const { DataTable, labels: t, state } = board;
  const own = PLOT_TEXTS[state.lang];
  const interval = state.unseen ? null : entry.meanIntervals?.[board.data.suite.categories.length];
  const lines = [
    `${average}: ${percent(y)} %${interval && !average.endsWith("*") ? ` (${own.interval} ${interval.map(percent).join(" – ")})` : ""}`,
    `${t.extras.parameters}: ${entry.parameters == null ? own.unknown : compact(entry.parameters, state.lang)}`,
    `${t.extras.dimension}: ${entry.dimension ?? own.unknown}`,
    `${t.extras.license}: ${(entry.license ?? own.unknown).slice(0, 60)}`,
  ];
  const escape = DataTable.util.escapeHtml;
  return `<b>${escape(entry.name)}</b><br>${lines.map(escape).join("<br>")}`;
}

// What is drawn of the points: all of them, or without WebGL the front and the best; {drawn, gl}.
function drawable(points, front) {
  if (points.length <= MOST_SVG || hasWebgl()) return { drawn: points, gl: points.length > MOST_SVG };
  const best = [...points].sort((a, b) => b.y - a.y).slice(0, MOST_WITHOUT);
  return { drawn: [...new Set([...front, ...best])].slice(0, MOST_WITHOUT), gl: false };
}

// A Plotly figure: the points by kind and origin, and the Pareto front.
function scatter(board, { average }, front, { drawn, gl }, tone) {
  const { labels: t, state } = board;
  const line = {
    type: "scatter",
    mode: "lines",
    name: t.front,
    x: front.map((p) => p.x),
    y: front.map((p) => p.y),
    line: { color: tone("front"), width: 2, dash: "dot", shape: state.x === "speed" ? "vh" : "hv" },
    hoverinfo: "skip",
  };
  const groups = Object.keys(TONES).flatMap((kind) => ORIGINS.map((origin) => [kind, origin]));
  const dots = groups.map(([kind, origin]) => {
    const own = drawn.filter(({ entry }) => entry.origin === origin && typeOf(entry) === kind);
    return {
      type: gl ? "scattergl" : "scatter",
      mode: "markers",
      name: `${t.choices[kind]} · ${t.origin[origin]}`,
      x: own.map((p) => p.x),
      y: own.map((p) => p.y),
      text: own.map((p) => card(board, p, average)),
      customdata: own.map((p) => p.entry.model),
      hovertemplate: `%{text}<br>${axisName(board, state.x)}: %{x:,}<extra></extra>`,
      marker: {
        size: own.map((p) => sizeOf(p.entry)),
        symbol: SYMBOLS[origin],
        color: tone(TONES[kind]),
        opacity: own.length > MOST_SVG ? 0.45 : 0.85,
        line: { width: gl ? 0 : 1, color: tone("page") },
      },
    };
  });
  return {
    data: [line, ...dots.filter((trace) => trace.x.length)],
    layout: {
      hoverlabel: { bgcolor: tone("raised"), bordercolor: tone("edge"), font: { color: tone("text") }, align: "left" },
      legend: { orientation: "h", y: -0.2, itemsizing: "constant" },
      xaxis: xAxis(board, drawn),
      yaxis: { title: { text: `${average} (%)` } },
    },
  };
}

// The axis with its name; a logarithmic one is marked at 1, 2 and 5 of each power of ten, in words as the tables write them.
function xAxis(board, points) {
  const { lang, x } = board.state;
  const title = { text: axisName(board, x) };
  if (["dimension", "cut"].includes(x)) return { title, type: "linear" };
  const [low, high] = [Math.min, Math.max].map((end) => end(...points.map((point) => point.x)));
  const powers = points.length ? Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, i) => 10 ** (Math.floor(Math.log10(low)) + i)) : [];
  const tickvals = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  return { title, type: "log", tickvals, ticktext: tickvals.map((value) => (value < 1 ? String(+value.toPrecision(1)) : compact(value, lang))) };
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
  const tone = toneOf(panel);
  const size = state.x === BYTES ? sizePlot(board, shown.left, tone) : null;
  const front = size ? [] : paretoFront(shown.points, state.x === "speed");
  const part = size ? null : drawable(shown.points, front);
  const own = PLOT_TEXTS[state.lang];
  const head = [own.model, axisName(board, state.x), shown.average];
  const focused = panel.querySelector("[name=kel-x]:focus");
  const every = h("details", { class: "kel-every" });
  const rest = h("div", {});
  const tell = () => fill(rest, size ? plainTable(size.head, size.lines.map(sizeRow), "kel-sizes") : plainTable(head, shown.points.map(row)));
  // its rows are made when they are first asked for: there can be ten thousand
  every.append(h("summary", { onclick: () => rest.childElementCount || tell() }, size ? t.plotTable : own.every), rest);
  if (panel.querySelector("details.kel-every")?.open) {
    tell();
    every.open = true;
  }
  const before = panel.querySelector(".js-plotly-plot");
  if (before) window.Plotly?.purge(before); // a browser has few WebGL contexts
  fill(
    panel,
    h("fieldset", { class: "kel-origins" }, h("legend", {}, t.axis), axes),
    h("p", { class: "kel-origins" }, size?.choice, isOfDevice(state.x) ? deviceChoice(board) : null),
    size ? size.notes.map((note) => h("p", {}, note)) : h("p", { class: "kel-note" }, own.help),
    plot,
    part && part.drawn.length < shown.points.length && h("p", { class: "kel-note", role: "status" }, withValues(own.fewer, { count: part.drawn.length })),
    h("p", { class: "kel-note" }, t.missing(size ? size.missing : shown.missing)),
    !size && [
      h("h3", {}, withValues(own.pareto, { count: front.length })),
      h("p", { class: "kel-note" }, state.x === "speed" ? own.paretoHelpMore : own.paretoHelp),
      plainTable(head, front.map(row), "kel-front-table"),
    ],
    every,
  );
  if (focused) panel.querySelector("[name=kel-x]:checked").focus();
  if (!shown.all) return void plot.replaceWith(nothingDrawn(board));
  try {
    const figure = size ? size.figure : scatter(board, shown, front, part, tone);
    await draw(plot, figure, size ? size.label : t.plotLabel, size ? 460 : 560);
    plot.on("plotly_click", ({ points }) => points[0].customdata && board.openModel(points[0].customdata));
    if (front.length) labelFront(plot, front);
    plot.dataset.drawn = part?.gl ? "webgl" : "svg";
  } catch (error) {
    plot.textContent = `${t.failed} (${error.message})`;
  }
}
