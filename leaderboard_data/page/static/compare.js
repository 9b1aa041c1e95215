// Two to four models side by side: facts, shape, differences with their intervals, items that only one finds, fusion.
import { barScale, differenceBar, radar } from "./compare_charts.js";
import { COMPARE_WORDS } from "./compare_words.js";
import { axisName, costName, costText, isOfDevice } from "./costs.js";
import { ask, compact, copyText, fill, h, hubAddress, plainTable } from "./dom.js";
import { showTogether } from "./hybrid.js";
import { percent, typeOf } from "./scores.js";
import { onPlainClick } from "./shell.js";
import { MOST_COMPARED, address } from "./state.js";
import { openTask } from "./task.js";

const COSTS = ["storage", "syllable_tokens", "cut", "speed", "suite_seconds", "peak"];
const shown = (value) => (value == null ? "–" : percent(value * 100));
const signed = (value) => `${value > 0 ? "+" : ""}${percent(value * 100)}`;

export async function comparePage(board, panel) {
  const { labels: t, state } = board;
  const w = COMPARE_WORDS[state.lang];
  const copy = h(
    "button",
    { type: "button", class: "kel-button", onclick: () => copyText(address(board.state).href, copy, t.copied) },
    t.copyLink,
  );
  fill(
    panel,
    h("h2", {}, w.title),
    h("p", {}, t.compareHelp),
    h("div", { class: "kel-picking" }, adding(board, w), chips(board), state.compare.length > 1 ? copy : null),
  );
  if (state.compare.length < 2) {
    const [only] = state.compare;
    panel.append(h("p", { class: "kel-empty" }, only ? w.one(only) : w.none));
    return;
  }
  const body = h("div", {}, t.loading);
  panel.append(body);
  const asked = state.compare.join(",");
  try {
    const compared = await ask(board, "compare", { models: asked });
    if (!body.isConnected) return; // another choice was made meanwhile
    const together = h("div", {});
    const own = compared.models.map((model) => entryOf(board, model));
    fill(
      body,
      h("div", { class: "kel-sides" }, facts(board, compared, own, w), shape(board, compared, w)),
      h("h3", {}, w.differences),
      summaries(compared, w),
      h("p", { class: "kel-note" }, w.legend, ` (${w.scale(percent(barScale(compared.rows) * 100))})`),
      compareTable(board, compared, w),
      items(board, compared, w),
      together,
    );
    if (compared.models.length === 2) showTogether(board, compared, together);
  } catch (error) {
    fill(body, h("p", { role: "alert" }, `${t.failed} (${error.message})`));
  }
}

// The field to add a model by its name, with those that fit as suggestions: not ten thousand options.
function adding(board, w) {
  const { labels: t, state } = board;
  if (state.compare.length >= MOST_COMPARED) return null;
  const models = [...new Set(board.entries.map((e) => e.model))];
  const wrong = h("p", { role: "status", class: "kel-note" });
  const input = h("input", {
    list: "kel-models",
    class: "kel-search",
    "aria-label": t.addModel,
    placeholder: t.addModel,
    maxLength: 200,
    onchange: () => {
      const model = input.value.trim();
      if (models.includes(model)) board.compareWith(model, true);
      else wrong.textContent = model ? w.unknown(model) : "";
    },
  });
  const options = h("datalist", { id: "kel-models" });
  input.addEventListener("input", () => {
    const text = input.value.toLowerCase();
    const fitting = models.filter((m) => m.toLowerCase().includes(text)).slice(0, 20);
    fill(options, ...fitting.map((value) => h("option", { value })));
  });
  return [input, options, wrong];
}

const chips = (board) =>
  h(
    "div",
    { class: "kel-chips" },
    board.state.compare.map((model, i) =>
      h(
        "span",
        { class: "kel-chip", "data-series": i + 1 },
        h("span", {}, model),
        h(
          "button",
          {
            type: "button",
            "aria-label": `${board.labels.remove}: ${model}`,
            onclick: () => board.compareWith(model, false),
          },
          "×",
        ),
      ),
    ),
  );

// The row that a compared result is of.
const entryOf = (board, { model, origin, precision }) =>
  board.entries.find((e) => e.model === model && e.origin === origin && (e.precision ?? null) === (precision ?? null)) ??
  board.entries.find((e) => e.model === model && e.origin === origin);

const heads = (board, models) =>
  models.map((m, i) =>
    h(
      "th",
      { scope: "col", "data-series": i + 1 },
      m.kind === "lexical"
        ? m.name
        : h("a", { href: hubAddress(m.model), target: "_blank", rel: "noopener noreferrer" }, m.name),
      h("small", { class: "kel-verdict" }, `${i + 1} · ${board.labels.origin[m.origin]}`),
    ),
  );

function facts(board, { models }, own, w) {
  const { labels: t, state } = board;
  const number = (name) => (e) => (e[name] == null ? null : e[name].toLocaleString(state.lang));
  const values = {
    kind: (e) => t.choices[typeOf(e)],
    parameters: (e) => (e.parameters == null ? null : compact(e.parameters, state.lang)),
    dimension: number("dimension"),
    max_tokens: number("max_tokens"),
    license: (e) => e.license,
    precision: (e) => e.precision,
  };
  const line = (name, cells) =>
    h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td", {}, cell ?? w.unknownValue)));
  const cost = (name) => (e) => {
    const text = name === "speed" ? number("speed")(e) : costText(board, e, name);
    return text && isOfDevice(name) && e.measuredOn ? [text, h("small", { class: "kel-verdict" }, e.measuredOn)] : text;
  };
  const lines = [
    ...Object.entries(values).map(([name, of]) => line(w.fields[name], own.map((e) => e && of(e)))),
    // a cost that nobody told of any of them is left out
    ...COSTS.filter((name) => own.some((e) => e?.[name] != null)).map((name) =>
      line(costName(board, name) ?? axisName(board, name), own.map((e) => e && cost(name)(e))),
    ),
  ];
  return h("section", {}, h("h3", {}, w.facts), plainTable(["", ...heads(board, models)], lines, "kel-beside"));
}

// The categories as axes, or the tasks where a suite has fewer than three categories.
function shape(board, { models, rows }, w) {
  const of = (kind) => rows.filter((row) => row.kind === kind && row.scores.some((score) => score != null));
  const lines = of("category").length > 2 ? of("category") : of("task");
  if (lines.length < 3) return null;
  const { suite } = board.data;
  const all = (row) => {
    const [task, category] = [suite.tasks, suite.categories].map((list) => list.findIndex(({ id }) => id === row.id));
    const values = board.listed().map((e) => (row.kind === "task" ? e.scores[task] : e.categories[category]));
    return [...values.filter((v) => v != null).map((v) => v / 100), ...row.scores.filter((v) => v != null)];
  };
  const axes = lines.map((row) => {
    const values = all(row);
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    return { name: row.kind === "task" ? row.column : board.tabLabel(row.id), low, high, scores: row.scores };
  });
  const told = models.map((m, i) => `${m.name}: ${axes.map((a) => `${a.name} ${shown(a.scores[i])}`).join(", ")}`);
  return h(
    "section",
    { class: "kel-plot kel-radar" },
    h("h3", {}, w.radar),
    radar(axes, models.length, `${w.radar}. ${told.join(". ")}`),
    h("p", { class: "kel-key" }, models.map((m, i) => h("span", { "data-series": i + 1 }, m.name))),
    h("p", { class: "kel-note" }, w.radarScale),
  );
}

// Of each pair, on how many tasks which one is better.
const summaries = ({ models, rows, pairs }, w) =>
  pairs.map(([a, b], i) => {
    const of = rows.filter((row) => row.kind === "task").map((row) => row.differences[i]).filter(Boolean);
    const tested = of.filter((d) => d.significant != null);
    const sure = tested.filter((d) => d.significant);
    const wins = sure.filter((d) => d.difference > 0).length;
    const names = [models[a].name, models[b].name];
    const told = tested.length
      ? w.summary(...names, wins, sure.length - wins, tested.length - sure.length, of.length - tested.length)
      : w.untested(...names);
    return h("p", { class: "kel-sum" }, told);
  });

// Averages first, then each category with its tasks below it.
function inOrder(board, rows) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const { suite } = board.data;
  const groups = suite.categories.map(({ id }) => [id, ...suite.tasks.filter((task) => task.category === id).map((task) => task.id)]);
  const ids = [...suite.averages.map(({ id }) => id), ...groups.flat()];
  return ids.map((id) => byId.get(id)).filter(Boolean);
}

function compareTable(board, { models, rows, pairs }, w) {
  const { labels: t } = board;
  const scale = barScale(rows);
  const difference = (d, [a, b]) => {
    if (!d) return h("td", {}, "–");
    const winner = d.difference > 0 ? a : b;
    const verdict = d.significant == null ? w.noSamples : d.significant ? w.better(models[winner].name) : w.notTold;
    return h(
      "td",
      { class: `kel-difference${d.significant ? " kel-significant" : ""}` },
      differenceBar(d, scale, winner + 1),
      h(
        "span",
        { class: "kel-dtext" },
        signed(d.difference),
        h(
          "small",
          { class: "kel-verdict" },
          d.interval95 ? `${d.interval95.map(signed).join(" – ")} · ${verdict}` : verdict,
        ),
      ),
    );
  };
  const head = [
    "",
    ...heads(board, models),
    ...pairs.map(([a, b]) =>
      h("th", { scope: "col", title: `${models[a].name} − ${models[b].name}` }, `${t.difference} ${a + 1} − ${b + 1}`),
    ),
  ];
  const line = (row) => {
    const best = Math.max(...row.scores.map((s) => s ?? -Infinity));
    return h(
      "tr",
      { class: row.kind === "task" ? "kel-task" : "kel-total", "data-line": row.id },
      h("th", { scope: "row" }, row.column),
      row.scores.map((s) => h("td", { class: s === best ? "kel-best" : "" }, shown(s))),
      row.differences.map((d, i) => difference(d, pairs[i])),
    );
  };
  return plainTable(head, inOrder(board, rows).map(line), `kel-compare${pairs.length === 1 ? " kel-of-two" : ""}`);
}

// Of each pair measured here: links into the explorer of each task, where it shows what one finds and the other misses.
function items(board, { models, rows, pairs }, w) {
  const both = pairs.filter((pair) => pair.every((i) => models[i].origin === "measured"));
  const link = (row, look) =>
    h(
      "a",
      {
        href: address({ ...board.state, task: row.id, look, model: "" }).href,
        onclick: onPlainClick(() => openTask(board, row.id, look)),
      },
      row.column,
    );
  const lines = both.flatMap(([a, b]) => {
    const tasks = rows.filter((row) => row.kind === "task" && row.scores[a] != null && row.scores[b] != null);
    const look = [models[a].model, models[b].model];
    return tasks.length
      ? h(
          "p",
          { class: "kel-only" },
          h("strong", {}, `${models[a].name} ↔ ${models[b].name}`),
          tasks.map((row) => [" ", link(row, look)]),
        )
      : [];
  });
  return [h("h3", {}, w.items), h("p", { class: "kel-note" }, lines.length ? w.itemsHint : w.noItems), lines];
}
