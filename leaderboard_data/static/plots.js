// Plots and the comparison. Plotly comes from its Python package and is fetched only when a plot is opened.
import { compact, fill, getJson, h, hubAddress } from "./dom.js";
import { percent } from "./scores.js";
import { AXES, MOST_COMPARED } from "./state.js";

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
  const colour = style.getPropertyValue("--body-text-color").trim() || style.color;
  const grid = style.getPropertyValue("--border-color-primary").trim() || "#999";
  const axis = { gridcolor: grid, zerolinecolor: grid, automargin: true };
  const { layout } = figure;
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

export async function plotsPage(board, panel) {
  const { labels: t, state } = board;
  const plot = h("div", { class: "kel-plot" }, t.loading);
  const note = h("p", { class: "kel-note" });
  const rows = h("tbody");
  fill(
    panel,
    h(
      "fieldset",
      { class: "kel-origins" },
      h("legend", {}, t.axis),
      AXES.map((x) =>
        h(
          "label",
          {},
          h("input", {
            type: "radio",
            name: "kel-x",
            value: x,
            checked: state.x === x,
            onchange: () => {
              board.change({ x }, {});
              plotsPage(board, panel);
            },
          }),
          ` ${t.axes[x]}`,
        ),
      ),
    ),
    h("p", {}, t.plotHelp),
    plot,
    note,
    h(
      "details",
      {},
      h("summary", {}, t.plotTable),
      h(
        "div",
        { class: "kel-scroll" },
        h(
          "table",
          { class: "kel-plain" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["Model", t.axes[state.x], "Average"].map((x) => h("th", { scope: "col" }, x)),
            ),
          ),
          rows,
        ),
      ),
    ),
  );
  try {
    const figure = await getJson(`./api/scatter?x=${state.x}&origins=${state.origin.join(",")}&lang=${state.lang}`);
    plot.textContent = "";
    await draw(plot, figure, t.plotLabel);
    note.textContent = t.missing(figure.missing);
    plot.removeAllListeners?.("plotly_click");
    plot.on("plotly_click", ({ points }) => points[0].customdata && board.openModel(points[0].customdata));
    fill(
      rows,
      ...figure.data
        .filter((trace) => trace.customdata)
        .flatMap((trace) =>
          trace.customdata.map((model, i) =>
            h(
              "tr",
              {},
              h(
                "th",
                { scope: "row" },
                h("button", { type: "button", class: "kel-link", onclick: () => board.openModel(model) }, model),
              ),
              h("td", {}, compact(trace.x[i], state.lang)),
              h("td", {}, percent(trace.y[i])),
            ),
          ),
        ),
    );
  } catch (error) {
    plot.textContent = `${t.failed} (${error.message})`;
  }
}

export async function comparePage(board, panel) {
  const { labels: t, state } = board;
  const models = [...new Set(board.entries.map((e) => e.model))];
  const input = h("input", {
    list: "kel-models",
    class: "kel-search",
    "aria-label": t.addModel,
    placeholder: t.addModel,
    maxLength: 200,
    onchange: () => {
      const model = input.value.trim();
      if (models.includes(model)) board.compareWith(model, true);
    },
  });
  const options = h("datalist", { id: "kel-models" });
  input.addEventListener("input", () => {
    // not ten thousand options, only those that fit
    const text = input.value.toLowerCase();
    fill(
      options,
      ...models
        .filter((m) => m.toLowerCase().includes(text))
        .slice(0, 20)
        .map((value) => h("option", { value })),
    );
  });
  const chips = h(
    "p",
    { class: "kel-chips" },
    state.compare.map((model) =>
      h(
        "span",
        { class: "kel-chip" },
        model,
        " ",
        h(
          "button",
          { type: "button", "aria-label": `${t.remove}: ${model}`, onclick: () => board.compareWith(model, false) },
          "×",
        ),
      ),
    ),
  );
  fill(panel, h("p", {}, t.compareHelp), state.compare.length < MOST_COMPARED ? [input, options] : "", chips);
  if (state.compare.length < 2) return;
  const body = h("div", {}, t.loading);
  panel.append(body);
  try {
    const compared = await getJson(`./api/compare?models=${encodeURIComponent(state.compare.join(","))}`);
    const radar = h("div", { class: "kel-plot" }),
      bars = h("div", { class: "kel-plot" });
    fill(
      body,
      compareTable(compared, t),
      h("p", { class: "kel-note" }, t.legend),
      h("div", { class: "kel-plots" }, radar, bars),
    );
    const names = compared.models.map((m) => m.name).join(", ");
    await Promise.all([draw(radar, compared.figures.radar, names), draw(bars, compared.figures.bars, names)]);
  } catch (error) {
    body.textContent = `${t.failed} (${error.message})`;
  }
}

function compareTable({ models, rows, pairs }, t) {
  const shown = (value) => (value == null ? "–" : percent(value * 100));
  const signed = (value) => `${value > 0 ? "+" : ""}${percent(value * 100)}`;
  const difference = (d) => {
    if (!d) return h("td", {}, "–");
    const verdict = d.significant == null ? t.noTest : d.significant ? t.significant : t.notSignificant;
    return h(
      "td",
      { class: d.significant ? "kel-significant" : "" },
      signed(d.difference),
      h(
        "small",
        { class: "kel-verdict" },
        d.interval95 ? `${d.interval95.map(signed).join(" – ")} · ${verdict}` : verdict,
      ),
    );
  };
  return h(
    "div",
    { class: "kel-scroll" },
    h(
      "table",
      { class: "kel-plain kel-compare" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, ""),
          models.map((m) =>
            h(
              "th",
              { scope: "col" },
              h("a", { href: hubAddress(m.model), target: "_blank", rel: "noopener noreferrer" }, m.name),
              h("small", { class: "kel-verdict" }, t.origin[m.origin]),
            ),
          ),
          pairs.map(([a, b]) => h("th", { scope: "col" }, `${t.difference} ${a + 1} − ${b + 1}`)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) => {
          const best = Math.max(...row.scores.map((s) => s ?? -Infinity));
          return h(
            "tr",
            { class: row.kind === "task" ? "" : "kel-total" },
            h("th", { scope: "row" }, row.column),
            row.scores.map((s) => h("td", { class: s === best ? "kel-best" : "" }, shown(s))),
            row.differences.map(difference),
          );
        }),
      ),
    ),
  );
}
