// The head of a model's page: its name, where it is found, what it is, its average and rank; or why there is nothing.
import { columnTitle, compact, copyText, h, hubAddress, link } from "./dom.js";
import { lineName } from "./model_strip.js";
import { modelWords } from "./model_words.js";
import { percent } from "./scores.js";
import { openTask } from "./task_links.js";

// The organisation above the name; of a model that goes by another name than its id, that name, and the id above it.
export function title(model, name) {
  const [organisation, own] = name === model ? [model.split("/")[0], model.split("/").slice(1).join("/")] : [model, name];
  return h("h2", { class: "kel-mname", "aria-label": name }, h("small", {}, `${organisation}${name === model ? "/" : ""}`), h("span", {}, own));
}

// Of a model that the API knows and the board's data does not hold (yet): its name alone.
export const orphanHead = (board, details) => [title(details.model, details.name), h("p", { class: "kel-mlinks" }, onHub(board, details))];

const onHub = (board, { model, local, lexical, kind }) =>
  local || lexical || kind === "lexical"
    ? null
    : [link(hubAddress(model), board.labels.onHub), link(`${hubAddress(model)}/blob/main/README.md`, modelWords(board).card)];

export function links(board, entry) {
  const { labels: t, state, data } = board;
  const w = modelWords(board);
  const button = (text, onclick, more = {}) => h("button", { type: "button", class: "kel-button", onclick, ...more }, text);
  const task = data.suite.tasks[entry.scores.findIndex((score) => score != null)];
  const query = new URLSearchParams({ model: entry.model, ...(state.suite ? { suite: state.suite } : {}) });
  const address = new URL(`?${query}`, document.baseURI).href;
  const toCard = () => {
    const place = board.modelPanel.querySelector(".kel-mcard");
    place?.scrollIntoView({ block: "start" });
    place?.querySelector("summary")?.focus({ preventScroll: true });
  };
  return h(
    "div",
    { class: "kel-mlinks" },
    onHub(board, entry),
    button(t.addToCompare, () => board.compareWith(entry.model, true)),
    entry.origin === "measured" && task && button(w.items, () => openTask(board, task.id, [entry.model])),
    button(w.badge, toCard),
    button(w.copyPage, (event) => copyText(address, event.target, t.copied)),
  );
}

const kindOf = ({ kind, llm }, t) => (kind !== "dense" ? t.choices[kind] : llm == null ? null : t.choices[llm ? "llm" : "encoder"]);

export function badges(board, entry) {
  const { labels: t, state } = board;
  const w = modelWords(board);
  const known = [
    [t.filters.type, kindOf(entry, t)],
    [t.extras.origin, t.origin[entry.origin], t.originHint[entry.origin]],
    [t.extras.precision, entry.precision ?? t.unknown],
    [t.extras.license, entry.license],
    [t.filters.open, entry.open == null ? null : t.choices[entry.open ? "open" : "closed"]],
    [t.extras.parameters, entry.parameters && compact(entry.parameters, state.lang)],
    [t.extras.dimension, entry.dimension?.toLocaleString(state.lang)],
    [t.extras.max_tokens, entry.max_tokens?.toLocaleString(state.lang)],
  ].filter(([, value]) => value);
  return h(
    "ul",
    { class: "kel-mbadges", "aria-label": w.badges },
    known.map(([name, value, hint]) => h("li", { title: hint ?? null }, h("span", {}, name), ` ${value}`)),
  );
}


// Average with its interval and rank with its tie group, large; and what they are held against, where that is not plain.
export function figures(board, { origins }, lines, entry) {
  const { labels: t, data, state } = board;
  const w = modelWords(board);
  const [average] = lines;
  const figure = (name, value, small, below) =>
    h("div", { class: "kel-figure" }, h("span", { class: "kel-figure-name" }, name), h("strong", {}, value, small && h("small", {}, small)), h("span", { class: "kel-figure-note" }, below));
  const interval = average?.low != null ? w.interval(percent(average.low), percent(average.high)) : entry.origin === "measured" ? w.noSamples : w.noInterval;
  const others = data.suite.averages.slice(1).map(({ column }, i) => [column, entry.averages[i + 1]]);
  const notes = [
    average?.weighted && w.weighted,
    String(origins) !== String(data.suite.origins) && w.against(origins.map((origin) => t.origin[origin]).join(", ")),
    state.unseen && w.unseen,
  ].filter(Boolean);
  const ranked = average?.rank != null;
  return h(
    "div",
    { class: "kel-mfigures" },
    figure(average ? lineName(board, average) : columnTitle(board, data.suite.averages[0].column), average?.value == null ? "–" : percent(average.value), "", average?.value == null ? "" : interval),
    figure(
      w.rank,
      ranked ? String(average.rank) : average?.place ? `(${average.place})` : "–",
      ranked ? w.of(average.of) : "",
      ranked ? average.ties && w.ties(...average.ties) : average?.place ? w.place(average.place) : w.noRankWhy,
    ),
    others.filter(([, value]) => value != null).map(([column, value]) => figure(columnTitle(board, column), percent(value), "", "")),
    h("p", { class: "kel-note" }, notes.join(" "), " ", h("span", { class: "kel-default-rank" })),
  );
}

// Why there is nothing, or not all, and what to do: of an error of the API.
export function failure(board, model, error, again) {
  const w = modelWords(board);
  const button = (text, onclick) => h("button", { type: "button", class: "kel-button", onclick }, text);
  const submit = new URLSearchParams({ tab: "submit", ...(board.state.lang === "en" ? { lang: "en" } : {}) });
  const find = button(w.find, () => board.search(model.split("/").at(-1).slice(0, 100)));
  const told = (sentence, advice, ...acts) => [
    h("p", { role: "alert" }, sentence),
    h("p", {}, advice),
    acts.length > 0 && h("div", { class: "kel-mlinks" }, acts),
  ];
  if (error.status !== 404) return told(w.unreachable(model), `${w.unreachableWhat} (${error.message})`, button(w.retry, again));
  if (error.reason === "opted_out") return told(w.optedOut(model), w.optedOutWhat);
  if (error.reason === "hidden") return told(w.hidden(model), w.hiddenWhat);
  return told(w.unknown(model), w.unknownWhat, find, h("a", { class: "kel-button", href: `?${submit}` }, w.submit));
}
