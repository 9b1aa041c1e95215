// Where a number comes from: the dialog behind each cell, and the model page. Both are made of one answer of the API.
import { compact, fill, getJson, h, hubAddress, link } from "./dom.js";
import { percent } from "./scores.js";

const score = value => value == null ? "–" : percent(value * 100);
const points = value => value == null ? "–" : `${value > 0 ? "+" : ""}${percent(value * 100)}`;
const code = text => h("code", {}, text);

const known = new Map();
export function modelData(board, model) {
  const key = `${board.data.revision} ${model}`;
  if (!known.has(key)) known.set(key, getJson(`./api/model?id=${encodeURIComponent(model)}`).catch(error => { known.delete(key); throw error; }));
  return known.get(key);
}

const definition = pairs => h("dl", { class: "kel-facts" }, pairs.filter(pair => pair && pair[1] != null && pair[1] !== "")
  .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

const plain = value => value != null && typeof value === "object" ? JSON.stringify(value) : String(value);
const table = (caption, rows) => h("details", {}, h("summary", {}, caption), h("table", { class: "kel-plain" },
  h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, plain(value)))))));

const copyable = (text, t) => h("span", { class: "kel-copy" }, code(text),
  h("button", { type: "button", class: "kel-button", onclick: event => {
    navigator.clipboard.writeText(text);
    event.target.textContent = t.copied;
  } }, t.copy));

function facts(result, task, t) {
  const f = t.field;
  const prompts = Object.entries(task.prompts).filter(([, prompt]) => prompt);
  const data = task.data;
  return definition([
    [f.score, task.score == null ? null : `${score(task.score)} %`],
    [f.error, task.error && `${task.error.class}: ${task.error.message}`],
    [f.interval95, task.interval95 ? task.interval95.map(score).join(" – ") : result.origin === "measured" ? t.noSamples : t.noInterval],
    [f.difference, task.difference == null ? null : points(task.difference)],
    [f.origin, `${t.origin[result.origin]} · ${result.by}${result.version ? ` ${result.version}` : ""}`],
    [f.reference, result.reference && link(result.reference)],
    [f.precision, result.precision ?? t.unknown],
    [f.revision, result.revision ? code(result.revision) : t.unknown],
    [f.at, result.at],
    [f.n, task.n],
    [f.removed, Object.entries(task.removed).map(([reason, n]) => `${reason}: ${n}`).join(", ") || (result.keep_duplicates ? t.kept : null)],
    [f.data, data && [link(`https://huggingface.co/datasets/${data.dataset}`, data.dataset), ` ${[data.config, data.split].filter(Boolean).join(" · ")}`]],
    [f.dataRevision, data && [code(data.revision), data.revision !== task.pinned ? ` (${t.otherData})` : ""]],
    [f.fingerprint, data?.fingerprint && code(data.fingerprint)],
    [f.prompts, result.origin !== "measured" ? null : prompts.length ? prompts.map(([side, prompt]) => h("div", {}, `${side}: `, code(prompt))) : t.noPrompt],
    [f.command, copyable(task.command, t)],
  ]);
}

const metrics = (task, t) => Object.keys(task.metrics).length
  ? table(t.field.metrics, Object.entries(task.metrics).map(([name, value]) => [name, value.toFixed(6)])) : null;

export async function explain(board, entry, column, anchor) {
  const { labels: t } = board;
  const body = h("div", {}, t.loading);
  const dialog = h("dialog", { class: "kel-dialog", "aria-label": `${entry.name}, ${column.name}` },
    h("h3", {}, `${entry.name} · ${column.name}`), body,
    h("div", { class: "kel-actions" },
      h("button", { type: "button", class: "kel-button", onclick: () => { dialog.close(); board.openModel(entry.model); } }, t.page),
      h("button", { type: "button", class: "kel-button", onclick: () => dialog.close() }, t.close)));
  dialog.addEventListener("close", () => { dialog.remove(); anchor?.focus(); });
  dialog.addEventListener("click", event => event.target === dialog && dialog.close());
  board.root.append(dialog);
  dialog.showModal();
  try {
    const { results } = await modelData(board, entry.model);
    const result = results.find(r => r.spec === entry.spec && r.origin === entry.origin) ?? results[0];
    if (column.task != null) {
      const task = result.tasks.find(x => x.id === board.data.tasks[column.task].id);
      fill(body, ...task ? [facts(result, task, t), metrics(task, t) ?? ""] : [t.noRank]);
    } else {
      const category = board.data.categories[column.mean];
      const parts = board.data.tasks.map((task, i) => [task, i]).filter(([task]) => !category || task.category === category.id);
      fill(body, h("p", {}, t.mean), definition([
        ...parts.map(([task, i]) => [task.column, entry.scores[i] == null ? "–" : percent(entry.scores[i])]),
        [t.field.interval95, entry.meanIntervals?.[column.mean]?.map(percent).join(" – ") ?? (entry.origin === "measured" ? t.noSamples : t.noInterval)],
        [t.field.origin, `${t.origin[result.origin]} · ${result.by}`], [t.field.precision, result.precision ?? t.unknown],
        [t.field.command, result.command && copyable(result.command, t)]]));
    }
  } catch (error) {
    body.textContent = `${t.failed} (${error.message})`;
  }
}

export async function modelPage(board, panel) {
  const { labels: t, state } = board;
  fill(panel, h("p", {}, t.loading));
  let details;
  try {
    details = await modelData(board, state.model);
  } catch (error) {
    fill(panel, backButton(board), h("p", { role: "alert" }, `${state.model}: ${error.message}`));
    return;
  }
  const { results, ranks } = details;
  const info = results.find(r => r.info && Object.keys(r.info).length)?.info ?? {};
  fill(panel, backButton(board),
    h("h2", {}, details.name),
    h("p", {}, details.local ? "" : link(hubAddress(details.model), t.onHub), " ",
      h("button", { type: "button", class: "kel-button", onclick: () => board.compareWith(details.model, true) }, t.addToCompare)),
    definition([
      ...Object.entries(ranks).map(([view, r]) => [t.tabs[view], `${score(r.score)} · ${t.rank(r.rank, r.of)}`]),
      [t.extras.parameters, info.parameters && compact(info.parameters, state.lang)], [t.extras.dimension, info.embedding_dimension],
      [t.extras.max_tokens, info.max_tokens?.toLocaleString()], [t.extras.license, info.license],
      [t.filters.type, info.llm_based == null ? null : t.choices[info.llm_based ? "llm" : "encoder"]],
      [t.filters.open, info.open_weights == null ? null : t.choices[info.open_weights ? "open" : "closed"]]]),
    h("h3", {}, t.results), results.map((result, i) => resultBlock(board, result, i === 0)),
    h("h3", {}, t.history), details.history.length ? h("table", { class: "kel-plain" }, h("tbody", {}, details.history.map(s =>
      h("tr", {}, h("td", {}, s.at.slice(0, 16).replace("T", " ")), h("td", {}, s.rank == null ? t.noRank : t.rank(s.rank, s.of)), h("td", {}, code(s.revision.slice(0, 12)))))))
      : h("p", {}, t.noHistory),
    h("h3", {}, t.card), cardBlock(details, t));
  panel.querySelector("h2").tabIndex = -1;
  panel.querySelector("h2").focus();
}

const backButton = board => h("button", { type: "button", class: "kel-button", onclick: () => board.openModel("") }, board.labels.back);

function resultBlock(board, result, open) {
  const { labels: t } = board;
  const heading = `${t.origin[result.origin]} · ${result.precision ?? t.unknown} · ${result.revision ? result.revision.slice(0, 12) : "–"} · Average ${score(result.average)}`;
  const rows = result.tasks.map(task => h("tr", {}, h("th", { scope: "row" }, task.column), h("td", {}, score(task.score)),
    h("td", {}, task.interval95 ? task.interval95.map(score).join(" – ") : "–"), h("td", {}, points(task.difference)),
    h("td", {}, task.n ?? "–"), h("td", {}, h("details", {}, h("summary", {}, "…"), facts(result, task, t), metrics(task, t)))));
  return h("details", { class: "kel-result", open }, h("summary", {}, heading),
    result.readable ? null : h("p", { role: "alert" }, t.unreadable), result.listed ? null : h("p", {}, t.notListed),
    definition([[t.field.by, `${result.by}${result.version ? ` ${result.version}` : ""}`], [t.field.reference, result.reference && link(result.reference)],
      [t.field.revision, result.revision && code(result.revision)], [t.field.at, result.at], [t.field.tokens, result.tokens?.toLocaleString()],
      [t.field.submission, result.submission], [t.field.removed, result.keep_duplicates ? t.kept : null], [t.field.command, result.command && copyable(result.command, t)]]),
    result.readable ? [h("div", { class: "kel-scroll" }, h("table", { class: "kel-plain" },
      h("thead", {}, h("tr", {}, ["", t.field.score, t.field.interval95, t.field.difference, t.field.n, ""].map(x => h("th", { scope: "col" }, x)))), h("tbody", {}, rows))),
    table(t.field.settings, Object.entries(result.settings)), table(t.field.environment, Object.entries(result.environment))] : null);
}

function cardBlock(details, t) {
  const badge = new URL(`./badge/${details.model.split("/").map(encodeURIComponent).join("/")}.svg`, import.meta.url).href;
  const page = new URL(`?model=${encodeURIComponent(details.model)}`, document.baseURI).href;
  const block = (title, text) => text ? h("details", {}, h("summary", {}, title), h("pre", { tabIndex: 0 }, text),
    h("button", { type: "button", class: "kel-button", onclick: () => navigator.clipboard.writeText(text) }, t.copy)) : null;
  return [h("p", {}, h("img", { src: badge, alt: t.badge, height: "20" })), block(t.badge, `[![Ko Embedding](${badge})](${page})`),
    block("model-index", details.snippets.model_index), block(".eval_results/ko-embedding.yaml", details.snippets.eval_results)];
}
