// The page of one model: all its results by origin and revision, its ranks over time, and what its card may show.
import { costFacts } from "./costs.js";
import { sizeTable } from "./curves.js";
import { compact, copyText, fill, h, hubAddress, link, plainTable } from "./dom.js";
import { cardExample, code, copyable, definition, facts, metrics, modelData, points, score, table } from "./provenance.js";
import { trainingFact, trainingFacts, trainingTitle } from "./training.js";

export async function modelPage(board, panel) {
  const { labels: t, state } = board;
  fill(panel, h("p", {}, t.loading));
  let details;
  try {
    details = await modelData(board, state.model);
  } catch (error) {
    fill(panel, backButton(board), h("p", { role: "alert" }, `${state.model}: ${error.message}`), owners(state.model));
    return;
  }
  const { results, ranks } = details;
  const entries = board.entries.filter((entry) => entry.model === details.model);
  const measured = entries.find((entry) => Object.keys(entry.curves).length) ?? entries.find((entry) => entry.measuredOn != null) ?? entries[0];
  const info = results.find((r) => r.info && Object.keys(r.info).length)?.info ?? {};
  fill(
    panel,
    backButton(board),
    h("h2", {}, details.name),
    h(
      "p",
      {},
      details.local || details.kind === "lexical" ? "" : link(hubAddress(details.model), t.onHub),
      " ",
      h(
        "button",
        { type: "button", class: "kel-button", onclick: () => board.compareWith(details.model, true) },
        t.addToCompare,
      ),
    ),
    definition([
      ...Object.entries(ranks).map(([view, r]) => [board.tabLabel(view), `${score(r.score)} · ${t.rank(r.rank, r.of)}`]),
      [t.extras.parameters, info.parameters && compact(info.parameters, state.lang)],
      [t.extras.dimension, info.embedding_dimension],
      [t.extras.max_tokens, info.max_tokens?.toLocaleString()],
      [t.extras.license, info.license],
      [
        t.filters.type,
        details.kind !== "dense"
          ? t.choices[details.kind]
          : info.llm_based == null
            ? null
            : t.choices[info.llm_based ? "llm" : "encoder"],
      ],
      [t.filters.open, info.open_weights == null ? null : t.choices[info.open_weights ? "open" : "closed"]],
      ...costFacts(board, measured),
    ]),
    sizeTable(board, measured),
    h("h3", {}, trainingTitle(board)),
    definition(trainingFacts(board, details)),
    details.corrections.map((made) => h("p", {}, corrected(made, t))),
    h("h3", {}, t.results),
    results.map((result, i) => resultBlock(board, result, details.seen, i === 0)),
    h("h3", {}, t.history),
    details.history.length
      ? h(
          "table",
          { class: "kel-plain" },
          h(
            "tbody",
            {},
            details.history.map((s) =>
              h(
                "tr",
                {},
                h("td", {}, s.at.slice(0, 16).replace("T", " ")),
                h("td", {}, s.rank == null ? t.noRank : t.rank(s.rank, s.of)),
                h("td", {}, code(s.revision.slice(0, 12))),
              ),
            ),
          ),
        )
      : h("p", {}, t.noHistory),
    h("h3", {}, t.card),
    cardBlock(board, details),
    owners(details.model, results),
  );
  panel.querySelector("h2").tabIndex = -1;
  panel.querySelector("h2").focus();
}

// What only the model's owner and maintainers are shown (desk/static/own.js). Where there is no desk, nothing.
function owners(model, results = []) {
  const host = h("div", {});
  import(new URL("../desk/own.js", import.meta.url)).then((own) => own.mount(host, model, results)).catch(() => {});
  return host;
}

// What a maintainer corrected of the model's metadata: which fields, who, when, and why.
function corrected(made, t) {
  const names = { embedding_dimension: t.extras.dimension, llm_based: t.filters.type, open_weights: t.filters.open };
  const fields = Object.keys(made.fields).map((field) => names[field] ?? t.extras[field] ?? field);
  return [t.corrected(fields.join(", "), made.who, made.at.slice(0, 10)), made.why].filter(Boolean).join(" ");
}

const backButton = (board) =>
  h("button", { type: "button", class: "kel-button", onclick: () => board.openModel("") }, board.labels.back);

function resultBlock(board, result, seen, open) {
  const { labels: t } = board;
  const heading = `${t.origin[result.origin]} · ${result.precision ?? t.unknown} · ${result.revision ? result.revision.slice(0, 12) : "–"} · Average ${score(result.average)}`;
  const trained = (task) => trainingFact(board, seen[task.id]);
  const rows = result.tasks.map((task) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, task.column),
      h("td", {}, score(task.score)),
      h("td", {}, task.interval95 ? task.interval95.map(score).join(" – ") : "–"),
      h("td", {}, points(task.difference)),
      h("td", {}, task.n ?? "–"),
      h("td", {}, h("details", {}, h("summary", {}, "…"), facts(result, task, t, trained(task)), metrics(task, t))),
    ),
  );
  return h(
    "details",
    { class: "kel-result", open },
    h("summary", {}, heading),
    result.readable ? null : h("p", { role: "alert" }, t.unreadable),
    result.listed ? null : h("p", {}, t.notListed),
    result.warnings?.length
      ? h(
          "ul",
          { class: "kel-warnings" },
          result.warnings.map((warning) => h("li", {}, t.warning[warning] ?? warning, result.confirmed.includes(warning) ? ` ${t.confirmed}` : "")),
        )
      : null,
    definition([
      [t.field.by, `${result.by}${result.version ? ` ${result.version}` : ""}`],
      [t.field.reference, result.reference && link(result.reference)],
      [t.field.revision, result.revision && code(result.revision)],
      [t.field.at, result.at],
      [t.field.cardExample, cardExample(result.card_example, t)],
      [t.field.tokens, result.tokens?.toLocaleString()],
      [t.field.submission, result.submission],
      [t.field.removed, result.keep_duplicates ? t.kept : null],
      [t.field.command, result.command && copyable(result.command, t)],
    ]),
    result.readable
      ? [
          plainTable(["", t.field.score, t.field.interval95, t.field.difference, t.field.n, ""], rows),
          table(t.field.settings, Object.entries(result.settings)),
          table(t.field.environment, Object.entries(result.environment)),
          result.runs.length > 1 ? result.runs.map((run) => runBlock(result, run, t)) : null,
        ]
      : null,
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

function cardBlock(board, details) {
  const { labels: t, state } = board;
  const suite = state.suite ? `suite=${encodeURIComponent(state.suite)}` : "";
  const image = `./badge/${details.model.split("/").map(encodeURIComponent).join("/")}.svg${suite && `?${suite}`}`;
  const badge = new URL(image, import.meta.url).href;
  const query = `?model=${encodeURIComponent(details.model)}${suite && `&${suite}`}`;
  const page = new URL(query, document.baseURI).href;
  const block = (title, text) =>
    text
      ? h(
          "details",
          {},
          h("summary", {}, title),
          h("pre", { tabIndex: 0 }, text),
          h(
            "button",
            { type: "button", class: "kel-button", onclick: (event) => copyText(text, event.target, t.copied) },
            t.copy,
          ),
        )
      : null;
  return [
    h("p", {}, h("img", { src: badge, alt: t.badge, height: "20" })),
    block(t.badge, `[![Ko Embedding](${badge})](${page})`),
    block("model-index", details.snippets.model_index),
    block(".eval_results/ko-embedding.yaml", details.snippets.eval_results),
  ];
}
