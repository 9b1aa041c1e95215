// Where a number comes from: the dialog behind each cell, of one answer of the API about the cell's model.
import { cutFacts } from "./costs.js";
import { ask, columnTitle, copyText, fill, h, link, plainTable } from "./dom.js";
import { hybridFacts } from "./hybrid.js";
import { percent } from "./scores.js";
import { openTask } from "./task_links.js";
import { TASK_TEXTS } from "./task_words.js";
import { trainingFact } from "./training.js";

export const score = (value) => (value == null ? "–" : percent(value * 100));
export const points = (value) => (value == null ? "–" : `${value > 0 ? "+" : ""}${percent(value * 100)}`);
export const code = (text) => h("code", {}, text);

const known = new Map();
const keyOf = (board, model) => `${board.data.revision} ${board.data.suite.id} ${model}`;

// Ask again next time: what came was not all there is.
export const forget = (board, model) => known.delete(keyOf(board, model));

export function modelData(board, model) {
  const key = keyOf(board, model);
  if (!known.has(key))
    known.set(
      key,
      ask(board, "model", { id: model }).catch((error) => {
        known.delete(key);
        throw error;
      }),
    );
  return known.get(key);
}

export const definition = (pairs) =>
  h(
    "dl",
    { class: "kel-facts" },
    pairs
      .filter((pair) => pair && pair[1] != null && pair[1] !== "")
      .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );

const plain = (value) => (value != null && typeof value === "object" ? JSON.stringify(value) : String(value));
export const table = (caption, rows) =>
  h(
    "details",
    {},
    h("summary", {}, caption),
    h(
      "table",
      { class: "kel-plain" },
      h(
        "tbody",
        {},
        rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, plain(value)))),
      ),
    ),
  );

export const copyable = (text, t) =>
  h(
    "span",
    { class: "kel-copy" },
    code(text),
    h(
      "button",
      {
        type: "button",
        class: "kel-button",
        onclick: (event) => copyText(text, event.target, t.copied),
      },
      t.copy,
    ),
  );

// `more`: a further pair, of the task's data; `fused`: pairs of what fusions score.
export function facts(result, task, t, more = null, fused = []) {
  const f = t.field;
  const prompts = Object.entries(task.prompts).filter(([, prompt]) => prompt);
  const data = task.data;
  return definition([
    [f.score, task.score == null ? null : `${score(task.score)} %`],
    [f.odd, t.odd[task.odd]],
    [f.error, task.error && `${task.error.class}: ${task.error.message}`],
    [
      f.interval95,
      task.interval95
        ? task.interval95.map(score).join(" – ")
        : result.origin === "measured"
          ? t.noSamples
          : t.noInterval,
    ],
    ...fused,
    [f.difference, task.difference == null ? null : points(task.difference)],
    [f.origin, `${t.origin[result.origin]} · ${result.by}${result.version ? ` ${result.version}` : ""}`],
    [f.reference, result.reference && link(result.reference)],
    [f.precision, result.precision ?? t.unknown],
    [f.revision, result.revision ? code(result.revision) : t.unknown],
    [f.at, result.at],
    [f.n, task.n],
    [
      f.removed,
      Object.entries(task.removed)
        .map(([reason, n]) => `${reason}: ${n}`)
        .join(", ") || (result.keep_duplicates ? t.kept : null),
    ],
    [
      f.data,
      data && [
        link(`https://huggingface.co/datasets/${data.dataset}`, data.dataset),
        ` ${[data.config, data.split].filter(Boolean).join(" · ")}`,
      ],
    ],
    [f.dataRevision, data && [code(data.revision), data.revision !== task.pinned ? ` (${t.otherData})` : ""]],
    [f.fingerprint, data?.fingerprint && code(data.fingerprint)],
    more,
    [
      f.prompts,
      result.origin !== "measured"
        ? null
        : prompts.length
          ? prompts.map(([side, prompt]) => {
              const source = task.prompt_sources[side];
              return h("div", {}, `${side}: `, code(prompt), source ? ` (${source})` : "");
            })
          : t.noPrompt,
    ],
    [f.command, copyable(task.command, t)],
  ]);
}

const numbers = (title, of) => table(title, Object.entries(of).map(([name, value]) => [name, value.toFixed(6)]));

// All metrics of a task; where it is made of several of MTEB's cells, theirs too, by "split/subset".
export const metrics = (task, t) =>
  [
    Object.keys(task.metrics).length ? numbers(t.field.metrics, task.metrics) : null,
    ...Object.entries(task.parts).map(([cell, of]) => numbers(`${t.field.metrics}: ${cell}`, of)),
  ].filter(Boolean);

// Whether the model gives the similarities of its card's own example; where not, row by row what stands there and here.
export const cardExample = (example, t) =>
  example && [
    t.cardExample[example.verdict],
    example.verdict === "differs"
      ? plainTable(
          ["", t.cardSays, t.foundHere],
          example.expected.map((row, i) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, i + 1),
              [row, example.found[i]].map((side) => h("td", {}, side.map((value) => value.toFixed(4)).join("  "))),
            ),
          ),
          "kel-example",
        )
      : null,
  ];

export async function explain(board, entry, column, anchor) {
  const { labels: t } = board;
  const body = h("div", {}, t.loading);
  const dialog = h(
    "dialog",
    { class: "kel-dialog", "aria-label": `${entry.name}, ${columnTitle(board, column.name)}` },
    h("h3", {}, `${entry.name} · ${columnTitle(board, column.name)}`),
    body,
    h(
      "div",
      { class: "kel-actions" },
      h(
        "button",
        {
          type: "button",
          class: "kel-button",
          onclick: () => {
            dialog.close();
            board.openModel(entry.model);
          },
        },
        t.page,
      ),
      column.task != null &&
        h(
          "button",
          {
            type: "button",
            class: "kel-button",
            onclick: () => {
              dialog.close();
              openTask(board, board.data.suite.tasks[column.task].id, entry.origin === "measured" ? [entry.model] : []);
            },
          },
          TASK_TEXTS[board.state.lang].look,
        ),
      h("button", { type: "button", class: "kel-button", onclick: () => dialog.close() }, t.close),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    anchor?.focus();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  board.root.append(dialog);
  dialog.showModal();
  try {
    const { results, seen } = await modelData(board, entry.model);
    const ofEntry = results.filter((r) => r.origin === entry.origin && r.precision === entry.precision);
    let result = ofEntry.find((r) => r.spec === entry.spec) ?? results[0];
    if (column.task != null) {
      // of a row that joins revisions, each score is from one of them
      const { id } = board.data.suite.tasks[column.task];
      const taskOf = (r) => r.tasks.find((x) => x.id === id);
      const shown = (x) => x && score(x.score) === (entry.scores[column.task] == null ? "–" : percent(entry.scores[column.task]));
      if (!shown(taskOf(result))) result = ofEntry.find((r) => shown(taskOf(r))) ?? result;
      const task = taskOf(result);
      const trained = trainingFact(board, seen[board.data.suite.tasks[column.task].id]);
      fill(body, ...(task ? [facts(result, task, t, trained, [...hybridFacts(board, entry, task.id), ...cutFacts(board, entry, column.task)]), ...metrics(task, t)] : [definition([trained])]));
    } else {
      const category = board.data.suite.categories[column.mean];
      const parts = board.data.suite.tasks
        .map((task, i) => [task, i])
        .filter(([task]) =>
          category
            ? task.category === category.id
            : board.data.suite.categories.find((c) => c.id === task.category).weight,
        );
      fill(
        body,
        h("p", {}, t.mean),
        definition([
          ...parts.map(([task, i]) => [task.column, entry.scores[i] == null ? "–" : percent(entry.scores[i])]),
          [
            t.field.interval95,
            entry.meanIntervals?.[column.mean]?.map(percent).join(" – ") ??
              (entry.origin === "measured" ? t.noSamples : t.noInterval),
          ],
          ...(category ? hybridFacts(board, entry, category.id) : []),
          [t.field.origin, `${t.origin[result.origin]} · ${result.by}`],
          [t.field.precision, result.precision ?? t.unknown],
          [t.field.command, result.command && copyable(result.command, t)],
        ]),
      );
    }
  } catch (error) {
    body.textContent = `${t.failed} (${error.message})`;
  }
}
