// The page of one model: where it stands, what it is good at, who beats it at its size, what it costs, how it was loaded,
// all its results by origin and revision, its ranks over time, and what its card may show. What the board's data tells is
// drawn at once; the rest when the server has read the result files.
import { costFacts } from "./costs.js";
import { sizeTable } from "./curves.js";
import { copyText, fill, h } from "./dom.js";
import { badges, figures, failure, links, orphanHead, title } from "./model_head.js";
import { loaded, resultBlock } from "./model_results.js";
import { similar } from "./model_similar.js";
import { lineName, strip } from "./model_strip.js";
import { modelWords } from "./model_words.js";
import { code, definition, forget, modelData } from "./provenance.js";
import { against, inWords, standings } from "./standing.js";
import { legend, trainingFacts, trainingTitle } from "./training.js";

export async function modelPage(board, panel) {
  const { labels: t, state, data } = board;
  const { model } = state;
  const w = modelWords(board);
  const held = against(board, model);
  const entry = held.entries.find((each) => each.model === model);
  const lines = entry ? standings(data, held.entries, state, model) : [];
  const head = h("header", { class: "kel-mhead" });
  const rest = h("div", {}, h("p", { role: "status" }, t.loading));
  const again = () => {
    forget(board, model);
    modelPage(board, panel);
  };
  fill(panel, h("div", { class: "kel-mpage" }, backButton(board), head, entry && standing(board, held, lines, entry), rest));
  if (entry) {
    fill(head, title(model, entry.name), links(board, entry), badges(board, entry));
    focusOn(head);
  }
  const left = () => board.modelPanel !== panel || state !== board.state || state.model !== model; // somebody has gone on
  let details;
  try {
    details = await modelData(board, model);
  } catch (error) {
    if (left()) return;
    fill(rest, failure(board, model, error, again), owners(model));
    return;
  }
  if (left()) return;
  if (!entry) {
    fill(head, orphanHead(board, details));
    focusOn(head);
  }
  const otherwise = panel.querySelector(".kel-default-rank");
  if (otherwise) fill(otherwise, byDefault(board, details, lines[0]));
  fill(rest, sections(board, details, again));
}

function focusOn(head) {
  const heading = head.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

const section = (name, heading, ...content) => h("section", { class: `kel-msection ${name}` }, h("h3", {}, heading), content);

// Rank and average, what is strong and weak, and the strip: all from the board's own data.
function standing(board, held, lines, entry) {
  const w = modelWords(board);
  return [
    h(
      "div",
      { class: "kel-mtop" },
      figures(board, held, lines, entry),
      section("kel-mwords", w.strengths, spoken(board, inWords(lines))),
    ),
    section("kel-mstrip", w.strip, strip(board, lines, entry), legend(board)),
    section("kel-msimilar", w.similar, similar(board, lines[0], entry)),
  ];
}

function spoken(board, said) {
  const w = modelWords(board);
  if (!said.ranked) return h("p", {}, w.noRanks);
  if (!said.enough) return h("p", {}, w.few(said.most));
  const item = (make) => ({ line, band, place, of }) => {
    const [name, share, where] = make(lineName(board, line), band, place, of);
    return h("li", {}, `${name}: `, h("b", {}, share), " ", h("small", {}, where));
  };
  const list = (heading, found, make, name) =>
    found.length > 0 && [h("h4", {}, heading), h("ul", { class: name }, found.map(item(make)))];
  return [
    list(w.strong, said.top, w.top, "kel-strong"),
    list(w.weak, said.bottom, w.bottom, "kel-weak"),
    said.top.length || said.bottom.length ? null : h("p", {}, w.middling),
    h("p", { class: "kel-note" }, w.bandHint, said.tested ? "" : ` ${w.untested}`),
  ];
}

// The place on the board as it opens, where what is asked for is another.
function byDefault(board, { ranks }, line) {
  const own = ranks.overall;
  if (!own || (line && line.rank === own.rank && line.of === own.of)) return null;
  return modelWords(board).byDefault(own.rank, own.of, (own.score * 100).toFixed(2));
}

function sections(board, details, again) {
  const { labels: t } = board;
  const w = modelWords(board);
  const { results } = details;
  const entries = board.entries.filter((entry) => entry.model === details.model);
  const measured = entries.find((entry) => Object.keys(entry.curves).length) ?? entries.find((entry) => entry.measuredOn != null) ?? entries[0];
  const costs = costFacts(board, measured).filter(([, value]) => value);
  const curve = sizeTable(board, measured);
  return [
    results.every((result) => !result.readable) &&
      h("p", { role: "alert" }, `${w.unreadableAll} `, h("button", { type: "button", class: "kel-button", onclick: again }, w.retry)),
    details.corrections.map((made) => h("p", {}, corrected(made, t))),
    costs.length > 0 && section("kel-mcosts", w.costs, definition(costs)),
    curve.length > 0 && h("section", { class: "kel-msection kel-mcurve" }, curve),
    section("kel-mloaded", w.loaded, loaded(board, details.model, results[0])),
    section("kel-mresults", t.results, results.map((result, i) => resultBlock(board, details, result, i))),
    section("kel-mtraining", trainingTitle(board), definition(trainingFacts(board, details))),
    section("kel-mhistory", t.history, history(board, details.history)),
    section("kel-mcard", t.card, cardBlock(board, details)),
    owners(details.model, results),
  ];
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

// The ranks over time: a line, the better the higher, and the same as a table.
function history(board, told) {
  const { labels: t } = board;
  const w = modelWords(board);
  if (!told.length) return h("p", {}, t.noHistory);
  const ranked = told.filter(({ rank }) => rank != null);
  const [head, ...more] = w.historyHead;
  return [
    new Set(ranked.map(({ rank }) => rank)).size > 1 && rankLine(w, ranked),
    h(
      "table",
      { class: "kel-plain kel-history" },
      h("thead", {}, h("tr", {}, [head, ...more].map((text) => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        told.map((s) =>
          h(
            "tr",
            {},
            h("td", {}, s.at.slice(0, 16).replace("T", " ")),
            h("td", {}, s.rank == null ? t.noRank : t.rank(s.rank, s.of)),
            h("td", {}, code(s.revision.slice(0, 12))),
          ),
        ),
      ),
    ),
  ];
}

function rankLine(w, ranked) {
  const NS = "http://www.w3.org/2000/svg";
  const times = ranked.map(({ at }) => Date.parse(at));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const worst = Math.max(...ranked.map(({ rank }) => rank));
  const x = (time) => (to > from ? (1000 * (time - from)) / (to - from) : 0);
  const y = (rank) => (worst > 1 ? 4 + (52 * (rank - 1)) / (worst - 1) : 30);
  const inOrder = ranked.map(({ rank }, i) => [x(times[i]), y(rank)]).sort((a, b) => a[0] - b[0]);
  const d = inOrder.map(([px, py], i) => (i ? `H${px.toFixed(1)}V${py.toFixed(1)}` : `M${px.toFixed(1)} ${py.toFixed(1)}`));
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 1000 60");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "kel-rankline");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", w.historyLabel);
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", `${d.join("")}H1000`);
  path.setAttribute("vector-effect", "non-scaling-stroke");
  svg.append(path);
  return svg;
}

function cardBlock(board, details) {
  const { labels: t, state } = board;
  const suite = state.suite ? `suite=${encodeURIComponent(state.suite)}` : "";
  const image = `./badge/${details.model.split("/").map(encodeURIComponent).join("/")}.svg${suite && `?${suite}`}`;
  const badge = new URL(image, import.meta.url).href;
  const query = `?model=${encodeURIComponent(details.model)}${suite && `&${suite}`}`;
  const page = new URL(query, document.baseURI).href;
  const block = (name, text) =>
    text
      ? h(
          "details",
          {},
          h("summary", {}, name),
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
