// Plots. Plotly comes from its Python package and is fetched only when a plot is opened.
import { axisName, comparable, deviceChoice, isOfDevice } from "./costs.js";
import { bytesName, sizePlot } from "./curves.js";
import { compact, fill, h, plainTable } from "./dom.js";
import { matches, paretoFront, percent, searchWords, viewOf } from "./scores.js";
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
      legend: { orientation: "h", y: -0.2 },
      xaxis: { ...axis, ...layout.xaxis },
      yaxis: { ...axis, ...layout.yaxis },
      ...(layout.polar && {
        polar: { bgcolor: "rgba(0,0,0,0)", radialaxis: { ...axis, ...layout.polar.radialaxis }, angularaxis: axis },
      }),
    },
    { responsive: true, displaylogo: false, displayModeBar: false },
  );
  target.setAttribute("role", "img");
  target.setAttribute("aria-label", label);
}

// Okabe and Ito's palette, as leaderboard_data/page/figures.py has it: told apart with any colour vision.
const COLOURS = { measured: "#0072b2", published: "#d55e00", imported: "#009e73" };

// The rows that the filters leave, over the axis of the state: {points, missing}.
function pointsOf(board) {
  const { data, state } = board;
  const words = searchWords(state);
  const { columns, rows } = viewOf(data, board.listed(), "overall", state);
  const left = rows.filter((row) => matches(row.entry, state, words));
  const points = left.map(({ entry, values }) => ({ entry, x: comparable(board, entry, state.x), y: values.at(-1) }));
  const known = points.filter(({ x, y }) => x && y != null);
  return { left: left.map(({ entry }) => entry), points: known, missing: left.length - known.length, all: left.length, weighted: columns.at(-1).weighted };
}

// A Plotly figure: the points by origin, and the Pareto front. Plotly reads some HTML in texts, so names are escaped.
function scatter(board, { points, weighted }, muted) {
  const { DataTable, labels: t, state } = board;
  const front = paretoFront(points, state.x === "speed");
  const line = {
    type: "scatter",
    mode: "lines",
    name: t.front,
    x: front.map((p) => p.x),
    y: front.map((p) => p.y),
    line: { color: muted, width: 2, dash: "dot", shape: state.x === "speed" ? "vh" : "hv" },
    hoverinfo: "skip",
  };
  const dots = ORIGINS.map((origin) => {
    const own = points.filter(({ entry }) => entry.origin === origin);
    return {
      type: "scatter",
      mode: "markers",
      name: t.origin[origin],
      x: own.map((p) => p.x),
      y: own.map((p) => p.y),
      text: own.map((p) => DataTable.util.escapeHtml(p.entry.name)),
      customdata: own.map((p) => p.entry.model),
      hovertemplate: "%{text}<br>%{x:,}<br>%{y:.2f}<extra></extra>",
      marker: { size: 10, color: COLOURS[origin] },
    };
  });
  return {
    data: [line, ...dots.filter((trace) => trace.x.length)],
    layout: {
      xaxis: { title: { text: axisName(board, state.x) }, type: ["dimension", "cut"].includes(state.x) ? "linear" : "log" },
      yaxis: { title: { text: `Average${weighted ? "*" : ""} (%)` } },
    },
  };
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
  const muted = getComputedStyle(panel).getPropertyValue("--kel-muted").trim();
  const size = state.x === BYTES ? sizePlot(board, shown.left, muted) : null;
  const open = panel.querySelector("details")?.open;
  const focused = panel.querySelector("[name=kel-x]:focus");
  fill(
    panel,
    h("fieldset", { class: "kel-origins" }, h("legend", {}, t.axis), axes),
    h("p", { class: "kel-origins" }, size?.choice, isOfDevice(state.x) ? deviceChoice(board) : null),
    size ? size.notes.map((note) => h("p", {}, note)) : h("p", {}, t.plotHelp),
    plot,
    h("p", { class: "kel-note" }, t.missing(size ? size.missing : shown.missing)),
    h(
      "details",
      { open },
      h("summary", {}, t.plotTable),
      size
        ? plainTable(size.head, size.lines.map(sizeRow), "kel-sizes")
        : plainTable(["Model", axisName(board, state.x), "Average"], shown.points.map(row)),
    ),
  );
  if (focused) panel.querySelector("[name=kel-x]:checked").focus();
  try {
    await draw(plot, size ? size.figure : scatter(board, shown, muted), size ? size.label : t.plotLabel);
    plot.on("plotly_click", ({ points }) => points[0].customdata && board.openModel(points[0].customdata));
  } catch (error) {
    plot.textContent = `${t.failed} (${error.message})`;
  }
}
