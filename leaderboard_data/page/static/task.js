// The page of a task (?task=): what it is, how models do on it, which items are hard or suspect; and its explorer.
import { ask, fill, h, link, plainTable } from "./dom.js";
import { explorer } from "./items.js";
import { definition } from "./provenance.js";
import { percent } from "./scores.js";
import { TASK_TEXTS } from "./task_words.js";

const BINS = 12;
const textsOf = (board) => TASK_TEXTS[board.state.lang];
const dataset = (task) => `https://huggingface.co/datasets/${task.dataset}`;

export async function taskPage(board, panel) {
  const t = textsOf(board);
  const back = h(
    "button",
    { type: "button", class: "kel-button", onclick: () => board.change({ task: "", look: [] }, { page: true }) },
    t.back,
  );
  fill(panel, back, h("p", {}, board.labels.loading));
  let task;
  try {
    task = await ask(board, "task", { id: board.state.task });
  } catch (error) {
    return fill(panel, back, h("p", { role: "alert" }, `${t.failed} (${error.message})`));
  }
  if (board.state.task !== task.id) return; // somebody has gone on
  const place = h("div", {});
  fill(
    panel,
    back,
    h("h2", { tabIndex: -1 }, task.column),
    h("p", {}, t.kinds[task.type]),
    facts(board, task, t),
    h("h3", {}, t.distribution),
    distribution(board, task, t),
    h("h3", {}, t.explorer),
    place,
    h("h3", {}, t.examples),
    examples(task, t),
    h("h3", {}, t.hardest),
    task.ready || task.models ? hard(task, task.hardest, t, t.hardestHint(task.models)) : h("p", {}, t.later),
    h("h3", {}, t.suspects),
    task.ready || task.models ? suspects(task, t) : h("p", {}, t.later),
  );
  panel.querySelector("h2").focus();
  await explorer(board, task, place);
}

function facts(board, task, t) {
  const f = t.fields;
  const where = [task.config, task.splits.join("+")].filter(Boolean).join(" · ");
  return definition([
    [f.task, h("code", {}, task.id)],
    [f.score, t.rules[task.rule] ?? task.score],
    [f.data, [link(`${dataset(task)}/tree/${task.revision}`, task.dataset), ` ${where} @ ${task.revision.slice(0, 12)}`]],
    [f.licence, task.licence ?? t.noLicence],
    [f.written, t.written[task.written]],
    [f.citation, task.citation && cited(task.citation)],
    [f.note, task.note[board.state.lang] ?? task.note.en],
    [f.counts, Object.entries(task.counts).reverse().map(([part, n]) => `${t.parts[part] ?? part} ${n.toLocaleString()}`).join(", ")],
    [f.suites, task.suites.join(", ")],
  ]);
}

const cited = (text) => text.split(/(https?:\/\/\S+)/).map((part) => (part.startsWith("http") ? link(part) : part));

// How many models have which score: of every listed row, whoever measured it.
function distribution(board, task, t) {
  const i = board.data.suite.tasks.findIndex((each) => each.id === task.id);
  const scores = i < 0 ? [] : board.listed().map((e) => e.scores[i]).filter((score) => score != null);
  if (!scores.length) return h("p", {}, t.noScores);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const width = Math.max((high - low) / BINS, 1e-9);
  const counts = Array(BINS).fill(0);
  for (const score of scores) counts[Math.min(BINS - 1, Math.floor((score - low) / width))] += 1;
  const most = Math.max(...counts);
  const bars = counts.map((count, bin) => {
    const [from, to] = [low + bin * width, low + (bin + 1) * width].map(percent);
    const bar = h("span", { title: t.bin(from, to, count) });
    bar.style.height = `${(100 * count) / most}%`;
    return bar;
  });
  const median = [...scores].sort((a, b) => a - b)[Math.floor((scores.length - 1) / 2)];
  const told = t.spread(scores.length, percent(low), percent(median), percent(high));
  return h(
    "figure",
    { class: "kel-spread" },
    h("div", { class: "kel-bins", role: "img", "aria-label": told }, bars),
    h("figcaption", {}, told),
  );
}

function examples(task, t) {
  const viewer = h("p", {}, link(`${dataset(task)}/viewer`, t.viewer));
  if (!task.shown) return [h("p", {}, t.notShown(task.licence)), viewer];
  if (!task.examples.length) return [h("p", {}, task.ready ? t.noTexts : t.later), viewer];
  return [itemTable(task, task.examples, t, [], () => []), h("p", { class: "kel-note" }, t.source(task.licence))];
}

// Items as rows: their texts, what is right, and further cells that `more` makes.
export function itemTable(task, items, t, head, more) {
  const heads = [t.parts[task.part] ?? t.item, t.right, ...head];
  const cells = (item) => [rightCell(item, t), ...more(item)];
  const rows = items.map((item) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, itemCell(item, t)),
      cells(item).map((cell, i) => h("td", { "data-label": heads[i + 1] }, cell)), // the label shows on a phone
    ),
  );
  return plainTable(heads, rows, "kel-items");
}

const itemCell = (item, t) =>
  item.text == null
    ? h("code", {}, item.item)
    : [h("div", {}, item.text), item.other != null && h("div", { class: "kel-other" }, item.other)];

const rightCell = (item, t) =>
  item.right.length ? item.right.map((document) => documentCell(document, t)) : (item.gold ?? "–");

export const documentCell = (document, t, mark = "") => {
  const head = document.text == null ? h("code", {}, document.id) : document.text.slice(0, 90);
  if (document.text == null || document.text.length <= 90) return h("div", { class: "kel-found" }, mark, head);
  return h("details", { class: "kel-found" }, h("summary", {}, mark, `${head}…`), document.text);
};

const hard = (task, items, t, hint) =>
  items.length
    ? [
        h("p", { class: "kel-note" }, hint),
        itemTable(task, items, t, [t.meanValue, t.wrongOf(task.good)], (item) => [percent(item.value * 100), task.good ? item.wrong : "–"]),
      ]
    : h("p", {}, t.noModels);

function suspects(task, t) {
  if (!task.good) return h("p", {}, t.fewModels);
  const rule = h("p", { class: "kel-note" }, t.suspectRule(task.good));
  if (!task.suspects.length) return [rule, h("p", {}, t.noSuspects)];
  return [hard(task, task.suspects, t, t.suspectRule(task.good)), task.suspected > task.suspects.length && h("p", {}, t.more(task.suspected))];
}
