// The comparison of two to four models: differences with intervals, a radar, what one finds and the other misses, facts.
import { differenceBar, radar, reach } from "./compare_marks.js";
import { COMPARE_TEXTS } from "./compare_words.js";
import { costName, costText } from "./costs.js";
import { ask, columnTitle, compact, copyText, fill, h, hubAddress, plainTable, withValues } from "./dom.js";
import { showTogether, signed } from "./hybrid.js";
import { modelSearch } from "./model_search.js";
import { percent, typeOf, viewOf } from "./scores.js";
import { MOST_COMPARED, address } from "./state.js";

const AGAIN = [1500, 3000, 6000]; // until the server has read a task's files
const COSTS = ["storage", "fits", "matryoshka", "syllable_tokens", "cut", "device", "speed", "suite_seconds", "peak"];
const textsOf = (board) => COMPARE_TEXTS[board.state.lang];
const shown = (share) => (share == null ? "–" : percent(share * 100));

export async function comparePage(board, panel) {
  const { labels, state } = board;
  const t = textsOf(board);
  const models = [...new Set(board.entries.map((e) => e.model))].filter((model) => !state.compare.includes(model));
  const add = (model) => {
    board.compareWith(model, true);
    panel.querySelector(".kel-finder input, .kel-chip button")?.focus();
  };
  const chip = (model, i) =>
    h(
      "li",
      { class: "kel-chip", "data-series": String(i + 1) },
      model,
      " ",
      h(
        "button",
        { type: "button", "aria-label": `${labels.remove}: ${model}`, onclick: () => board.compareWith(model, false) },
        "×",
      ),
    );
  const enough = state.compare.length > 1;
  const copy = h(
    "button",
    { type: "button", class: "kel-button kel-copy-compare", onclick: () => copyText(address(state).href, copy, labels.copied) },
    t.copy,
  );
  const body = h("div", { class: "kel-compared" }, enough && labels.loading);
  fill(
    panel,
    h("h2", { class: "kel-hidden" }, t.title),
    h("div", { class: "kel-compare-top" }, [
      state.compare.length < MOST_COMPARED && modelSearch(board, models, add, MOST_COMPARED),
      enough && copy,
    ]),
    state.compare.length > 0 && h("ul", { class: "kel-chips" }, state.compare.map(chip)),
    body,
  );
  if (!enough) return fill(body, emptyState(board, t));
  try {
    const compared = await ask(board, "compare", { models: state.compare.join(",") });
    if (!body.isConnected) return;
    const together = h("div", {});
    fill(
      body,
      differences(board, compared, t),
      h("div", { class: "kel-compare-two" }, [radarPart(board, compared, t), factsPart(board, compared, t)]),
      compared.models.length === 2 && findsPart(board, compared, t),
      together,
    );
    if (compared.models.length === 2) await showTogether(board, compared, together);
  } catch (error) {
    fill(body, h("p", { role: "alert" }, `${labels.failed} (${error.message})`));
  }
}

function emptyState(board, t) {
  const best = [...new Set(viewOf(board.data, board.listed(), "overall", board.state).rows.map(({ entry }) => entry.model))].slice(0, 2);
  const start = () => board.change({ compare: best }, { page: true });
  return h(
    "section",
    { class: "kel-empty" },
    h("h3", {}, t.empty[board.state.compare.length]),
    h("ul", {}, t.ways.map((way) => h("li", {}, way))),
    best.length === 2 && h("button", { type: "button", class: "kel-button kel-primary", onclick: start }, t.start),
    best.length === 2 && h("p", { class: "kel-note" }, best.join(", ")),
  );
}

// The averages, then each category with its tasks below it.
function ordered(board, rows) {
  const { suite } = board.data;
  const of = new Map(rows.map((row) => [row.id, row]));
  const tasks = (category) => suite.tasks.filter((task) => task.category === category.id).map(({ id }) => id);
  const ids = [...suite.averages.map(({ id }) => id), ...suite.categories.flatMap((c) => [c.id, ...tasks(c)])];
  return ids.map((id) => of.get(id)).filter(Boolean);
}

const turned = (d) => d && { ...d, difference: -d.difference, interval95: d.interval95 && [-d.interval95[1], -d.interval95[0]] };

function differences(board, { models, rows, pairs }, t) {
  const { labels } = board;
  const lines = ordered(board, rows);
  const place = h("div", {});
  const ofPair = (row, base, other) => {
    const i = pairs.findIndex(([a, b]) => (a === base && b === other) || (a === other && b === base));
    return pairs[i][0] === base ? row.differences[i] : turned(row.differences[i]);
  };
  const head = (model, i) =>
    h(
      "th",
      { scope: "col", "data-series": String(i + 1) },
      model.kind === "lexical"
        ? model.name
        : h("a", { href: hubAddress(model.model), target: "_blank", rel: "noopener noreferrer" }, model.name),
      h("small", { class: "kel-verdict" }, labels.origin[model.origin]),
    );
  const cell = (d, most, series) => {
    if (!d) return h("td", { class: "kel-diff-cell" }, "–");
    const verdict = d.significant == null ? t.noTest : d.significant ? t.told : t.notTold;
    const name = d.significant == null ? "" : d.significant ? "kel-significant" : "kel-even";
    return h(
      "td",
      { class: `kel-diff-cell ${name}` },
      differenceBar(d, most, series),
      h("span", { class: "kel-diff-number" }, signed(d.difference * 100)),
      h("small", { class: "kel-verdict" }, [
        d.interval95 && `${d.interval95.map((end) => signed(end * 100)).join(" – ")} · `,
        verdict,
      ]),
    );
  };
  const show = (base) => {
    const others = models.map((_, i) => i).filter((i) => i !== base);
    const most = reach(lines.flatMap((row) => others.map((other) => ofPair(row, base, other))));
    const line = (row) => {
      const best = Math.max(...row.scores.map((s) => s ?? -Infinity));
      return h(
        "tr",
        { class: row.kind === "task" ? "kel-one" : "kel-total", "data-row": row.id },
        h("th", { scope: "row" }, columnTitle(board, row.column)),
        row.scores.map((s) => h("td", { class: s === best ? "kel-best" : "" }, shown(s))),
        others.map((other) => cell(ofPair(row, base, other), most, [base + 1, other + 1])),
      );
    };
    const axis = (other) => h("th", { scope: "col", class: "kel-diff-head" }, `${models[base].name} − ${models[other].name}`, h("small", { class: "kel-verdict" }, `${t.unit}, ±${most.toLocaleString("en")}`));
    fill(place, plainTable(["", ...models.map(head), ...others.map(axis)], lines.map(line), "kel-compare"));
  };
  show(0);
  return h("section", {}, [
    h("h3", {}, t.differences),
    h("p", { class: "kel-note" }, t.help),
    models.length > 2 &&
      h(
        "label",
        {},
        `${t.against} `,
        h(
          "select",
          { name: "kel-base", onchange: (event) => show(Number(event.target.value)) },
          models.map(({ name }, i) => h("option", { value: String(i) }, name)),
        ),
      ),
    place,
  ]);
}

function radarPart(board, { models, rows }, t) {
  const categories = new Map(board.data.suite.categories.map((c) => [c.id, columnTitle(board, c.column)]));
  const axes = rows
    .filter((row) => row.kind === "category" && row.scores.every((score) => score != null))
    .map((row) => ({ name: categories.get(row.id) ?? columnTitle(board, row.column), values: row.scores }));
  const names = models.map(({ name }) => name);
  return h("section", { class: "kel-radar-part" }, [
    h("h3", {}, t.radar),
    axes.length < 3 ? h("p", { class: "kel-note" }, t.radarNone) : radar(names, axes),
    axes.length >= 3 && h("ul", { class: "kel-chips" }, names.map((name, i) => h("li", { class: "kel-key", "data-series": String(i + 1) }, name))),
  ]);
}

function factsPart(board, { models }, t) {
  const { labels, state } = board;
  const entries = models.map(({ model, origin, precision }) => {
    const own = board.entries.filter((e) => e.model === model);
    return own.find((e) => e.origin === origin && e.precision === precision) ?? own[0];
  });
  const lines = [
    [t.kindName, (e) => t.kind[typeOf(e)]],
    [labels.extras.origin, (e) => labels.origin[e.origin]],
    [labels.extras.precision, (e) => e.precision],
    [labels.extras.parameters, (e) => (e.parameters == null ? null : compact(e.parameters, state.lang))],
    [labels.extras.dimension, (e) => e.dimension?.toLocaleString(state.lang)],
    [labels.extras.max_tokens, (e) => e.max_tokens?.toLocaleString(state.lang)],
    [labels.extras.license, (e) => e.license],
    ...COSTS.map((name) => [costName(board, name) ?? labels.extras[name], (e) => costText(board, e, name)]),
  ];
  const known = lines.map(([name, of]) => [name, entries.map((e) => e && of(e))]).filter(([, values]) => values.some((v) => v != null));
  const heads = models.map(({ model, name }) =>
    h("th", { scope: "col" }, h("button", { type: "button", class: "kel-link", onclick: () => board.openModel(model) }, name)),
  );
  return h("section", {}, [
    h("h3", {}, t.facts),
    plainTable(
      ["", ...heads],
      known.map(([name, values]) => h("tr", {}, h("th", { scope: "row" }, name), values.map((v) => h("td", {}, v ?? "–")))),
      "kel-compare-facts",
    ),
  ]);
}

// Tasks whose items both models have, each with a link to the explorer; their items are counted when asked for.
function findsPart(board, { models, rows }, t) {
  const stored = rows.filter((row) => row.kind === "task" && row.differences[0]?.interval95);
  const title = h("h3", {}, t.finds);
  if (!stored.length) return h("section", {}, title, h("p", { class: "kel-note" }, t.noFinds));
  const look = models.map((m) => m.model);
  const lines = stored.map((row) => {
    const href = address({ ...board.state, tab: "overall", model: "", task: row.id, look, compare: [] }).href;
    const cells = [0, 1, 2, 3].map(() => h("td", {}, ""));
    return { row, cells, line: h("tr", { "data-task": row.id }, h("th", { scope: "row" }, columnTitle(board, row.column), " ", h("a", { href }, t.items)), cells) };
  });
  const names = { first: models[0].name, second: models[1].name };
  const button = h("button", { type: "button", class: "kel-button", onclick: () => countAll() }, t.count);

  async function countAll() {
    button.disabled = true;
    for (const { row, cells } of lines) {
      if (!button.isConnected) return;
      cells[0].textContent = t.counting;
      const told = await counted(board, row.id, look);
      const texts = told
        ? [told.sign.first, told.sign.second, told.items - told.sign.first - told.sign.second, told.sign.p < 0.0001 ? "p < 0.0001" : `p = ${told.sign.p.toFixed(4)}`]
        : [t.later, "–", "–", "–"];
      cells.forEach((cell, i) => {
        cell.textContent = String(texts[i]);
      });
    }
    button.disabled = false;
  }

  return h("section", {}, [
    title,
    h("p", { class: "kel-note" }, t.findsHelp),
    plainTable(t.findsHead.map((text) => withValues(text, names)), lines.map(({ line }) => line), "kel-finds"),
    h("p", {}, button),
  ]);
}

async function counted(board, task, models) {
  for (const wait of [...AGAIN, null]) {
    const told = await ask(board, "items", { task, models: models.join(","), order: "first", page: 0 }).catch(() => null);
    if (!told || told.ready) return told;
    if (wait != null) await new Promise((done) => setTimeout(done, wait));
  }
  return null;
}
