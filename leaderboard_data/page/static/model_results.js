// On a model's page: each result with its tasks, how the model was loaded for it, and the runs that it is put together of.
import { fill, h, hubAddress, link, plainTable } from "./dom.js";
import { modelWords } from "./model_words.js";
import { cardExample, code, copyable, definition, facts, metrics, points, score, table } from "./provenance.js";
import { trainingFact } from "./training.js";

const short = (revision) => (revision ? revision.slice(0, 12) : "–");

export function resultBlock(board, details, result, i) {
  const { labels: t } = board;
  const w = modelWords(board);
  const heading = [
    h("b", {}, t.origin[result.origin]),
    h("span", {}, result.precision ?? t.unknown),
    code(short(result.revision)),
    h("span", { class: "kel-result-average" }, `${w.average} ${score(result.average)}`),
  ];
  return h(
    "details",
    { class: "kel-result", open: i === 0 },
    h("summary", {}, heading.map((part) => [part, " "])),
    result.readable ? null : h("p", { role: "alert" }, t.unreadable),
    result.listed ? null : h("p", { class: "kel-note" }, t.notListed),
    result.warnings?.length
      ? h(
          "ul",
          { class: "kel-warnings" },
          result.warnings.map((warning) =>
            h("li", {}, t.warning[warning] ?? warning, result.confirmed.includes(warning) ? ` ${t.confirmed}` : ""),
          ),
        )
      : null,
    definition([
      [t.field.by, `${result.by}${result.version ? ` ${result.version}` : ""}`],
      [t.field.reference, result.reference && link(result.reference)],
      [t.field.revision, result.revision && code(result.revision)],
      [t.field.at, result.at],
      [t.field.cardExample, cardExample(result.card_example, t)],
      [t.field.tokens, result.tokens?.toLocaleString()],
      [t.field.submission, submission(result.submission)],
      [t.field.removed, result.keep_duplicates ? t.kept : null],
      [t.field.command, result.command && copyable(result.command, t)],
    ]),
    result.readable && [
      taskTable(board, details, result),
      i > 0 && result.runs.length ? h("details", {}, h("summary", {}, w.loaded), loadedFacts(board, details.model, result)) : null,
      table(t.field.settings, Object.entries(result.settings)),
      table(t.field.environment, Object.entries(result.environment)),
      result.runs.length > 1 ? result.runs.map((run) => runBlock(result, run, t)) : null,
    ],
  );
}

const submission = (id) => id && h("a", { href: `?submission=${encodeURIComponent(id)}` }, id);

// A row for each task; its provenance opens below it, over the whole width.
function taskTable(board, details, result) {
  const { labels: t } = board;
  const w = modelWords(board);
  const head = [w.taskHead, t.field.score, t.field.interval95, t.field.difference, t.field.n, w.details];
  const rows = result.tasks.flatMap((task, i) => {
    const id = `kel-more-${result.spec}-${result.origin}-${i}`;
    const place = h("td", { colSpan: head.length });
    const more = h("tr", { id, class: "kel-more", hidden: true }, place);
    const open = h(
      "button",
      {
        type: "button",
        class: "kel-link",
        "aria-expanded": "false",
        "aria-controls": id,
        "aria-label": `${task.column}: ${w.details}`,
        onclick: () => {
          if (!place.firstChild)
            fill(place, facts(result, task, t, trainingFact(board, details.seen[task.id])), metrics(task, t));
          more.hidden = !more.hidden;
          open.textContent = more.hidden ? w.details : w.hideDetails;
          open.setAttribute("aria-expanded", String(!more.hidden));
        },
      },
      w.details,
    );
    const row = h(
      "tr",
      {},
      h("th", { scope: "row" }, task.column),
      h("td", {}, score(task.score)),
      h("td", {}, task.interval95 ? task.interval95.map(score).join(" – ") : "–"),
      h("td", {}, points(task.difference)),
      h("td", {}, task.n?.toLocaleString() ?? "–"),
      h("td", {}, open),
    );
    return [row, more];
  });
  return plainTable(head, rows, "kel-tasks");
}

// How the model was loaded, in words: of a result that was measured here; of another, that nobody here knows.
export function loaded(board, model, result) {
  const { labels: t } = board;
  const w = modelWords(board);
  if (!result.readable) return h("p", {}, t.unreadable);
  if (!result.runs.length) return [h("p", {}, w.reported(result.by)), h("p", {}, copyable(result.command, t))];
  return loadedFacts(board, model, result);
}

function loadedFacts(board, model, result) {
  const { labels: t } = board;
  const w = modelWords(board);
  const { environment: e, settings: s, runs } = result;
  const from = (value, source) => value && [code(value), source ? ` (${source})` : ""];
  const commit = (repository, revision) => link(hubAddress(repository, revision), `${repository} @ ${short(revision)}`);
  const onHub = s.source == null && result.revision;
  const dimension = e.truncate_dim ?? s.truncate_dim;
  return definition([
    [w.load.loader, e.loader ?? s.loader],
    [w.load.pooling, from(e.pooling, e.pooling_source)],
    [w.load.prompts, prompts(board, result)],
    [w.load.unused, e.unused_prompts?.map((each, i) => [i ? ", " : "", code(each)])],
    [w.load.instruction, s.instruction_template && code(s.instruction_template)],
    [w.load.encoding, e.encoding === "own" ? w.ownEncoding : e.encoding],
    [w.load.precision, [code(result.precision ?? t.unknown), e.precision_source ? ` (${e.precision_source})` : ""]],
    [w.load.max_tokens, (e.max_tokens ?? s.max_tokens)?.toLocaleString()],
    [w.load.dimension, dimension && w.truncated(dimension)],
    [w.load.similarity, e.similarity],
    [w.load.code, s.trust_remote_code && w.remoteCode],
    [w.load.device, e.device],
    [w.load.kernel, [e.attention, e.linear].filter(Boolean).join(", ")],
    [w.load.batch, e.batch_tokens?.toLocaleString()],
    [w.load.versions, e.versions && h("ul", { class: "kel-versions" }, Object.entries(e.versions).map(([name, version]) => h("li", {}, `${name} ${version}`)))],
    [w.load.recipe, e.recipe && [code(e.recipe), e.lock ? ` ${short(e.lock)}` : ""]],
    [w.load.model, result.revision && (onHub ? commit(model, result.revision) : code(result.revision))],
    [w.load.parts, e.parts && Object.entries(e.parts).map(([part, revision]) => h("div", {}, commit(part, revision)))],
    [w.load.project, [runs[0].commit, runs[0].code].filter(Boolean).map((each, i) => [i ? " · " : "", code(each)])],
    [w.load.seed, e.seed],
  ].map((pair) => (Array.isArray(pair[1]) && !pair[1].length ? [pair[0], null] : pair)));
}

// The prompts, each once, with the sides and tasks that it stands before.
function prompts(board, result) {
  const w = modelWords(board);
  const groups = new Map();
  for (const task of result.tasks)
    for (const [side, prompt] of Object.entries(task.prompts)) {
      if (!prompt) continue;
      const source = task.prompt_sources[side] ?? "";
      const key = JSON.stringify([side, prompt, source]);
      groups.set(key, [...(groups.get(key) ?? []), task.column]);
    }
  if (!groups.size) return w.noPrompts;
  return h(
    "ul",
    { class: "kel-prompts" },
    [...groups].map(([key, columns]) => {
      const [side, prompt, source] = JSON.parse(key);
      const tasks = w.tasksOf(columns, columns.length === result.tasks.length);
      return h(
        "li",
        {},
        `${w.side[side] ?? side}: `,
        code(prompt),
        h("small", { title: columns.join(", ") }, ` ${tasks}${source ? ` · ${source}` : ""}`),
      );
    }),
  );
}

// One of several runs that a result is put together of: which tasks, when, on what.
const runBlock = (result, run, t) =>
  table(`${t.field.run} ${run.at.slice(0, 16).replace("T", " ")}`, [
    [t.field.tasks, result.tasks.filter((task) => task.run === run.id).map((task) => task.column).join(", ")],
    [t.field.submission, run.submission ?? "–"],
    [t.field.tokens, run.tokens?.toLocaleString() ?? "–"],
    [t.field.code, [run.commit, run.code].filter(Boolean).join(" · ") || "–"],
    ...Object.entries(run.environment),
  ]);
