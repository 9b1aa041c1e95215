// What is shown, as one object; the page's address holds whatever differs from the defaults, and nothing else is kept.

// What the shown suite has, by its description in the data: its tables, all tabs, its categories' weights.
export let VIEWS = [];
export let TABS = [];
let WEIGHTS = [];
let ORIGIN = [];

export function describe(suite) {
  VIEWS = suite.views.map((view) => view.id);
  TABS = [...VIEWS, "compare", "plots", "about"];
  ORIGIN = suite.origins;
  WEIGHTS = suite.categories.map((category) => category.weight);
}

export const ORIGINS = ["measured", "published", "imported"];
export const PRECISIONS = ["float32", "float16", "bfloat16", "unknown"];
// What a model costs (costs.js), and the axis of the plot of smaller vectors (curves.js).
export const COSTS = ["storage", "fits", "matryoshka", "syllable_tokens", "unknown", "cut", "device", "suite_seconds", "peak"];
export const BYTES = "bytes";

export const EXTRAS = ["origin", "precision", "parameters", "dimension", "max_tokens", "license", "speed", "borda", "zero_shot", ...COSTS];
// Shown without being asked for where there is room. Whatever the address says (`cols=`) is shown at every width.
export const WIDE = ["parameters", "dimension", "max_tokens", "license"];
const room = matchMedia("(min-width: 1024px)");
export const DENSITIES = ["comfortable", "compact"];

// Tells `change` the default columns whenever the window becomes wide or narrow, until it is stopped.
export function defaultColumns(change) {
  const told = () => change([...FIELDS.cols.initial]);
  room.addEventListener("change", told);
  return { stop: () => room.removeEventListener("change", told) };
}

export const AXES = ["parameters", "dimension", "speed", "storage", "syllable_tokens", "cut", "suite_seconds", "peak", BYTES];
export const MOST_COMPARED = 4;

const one = (allowed, initial) => ({
  initial,
  parse: (text) => (allowed.includes(text) ? text : initial),
  format: (v) => v,
});
const text = (longest) => ({ initial: "", parse: (t) => t.slice(0, longest).normalize("NFC"), format: (v) => v });
const list = (allowed, initial = [], most = 50) => ({
  initial,
  format: (v) => v.join(","),
  parse: (t) =>
    [...new Set(t.split(","))].filter((x) => (allowed ? allowed.includes(x) : x && x.length <= 200)).slice(0, most),
});
const amount = (t) => (t !== "" && Number.isFinite(+t) && +t >= 0 ? +t : null);
const range = {
  initial: [null, null],
  format: (v) => v.map((x) => x ?? "").join("-"),
  parse: (t) => {
    const [low = "", high = ""] = t.split("-");
    return [amount(low), amount(high)];
  },
};
const tab = { initial: "overall", parse: (t) => (TABS.includes(t) ? t : "overall"), format: (v) => v };
const weights = {
  get initial() {
    return WEIGHTS;
  },
  format: (v) => v.join(","),
  parse: (t) => {
    const given = t.split(",").map(Number);
    const valid = given.length === WEIGHTS.length && given.every((w) => w >= 0 && w <= 5) && given.some((w) => w);
    return valid ? given : [...WEIGHTS];
  },
};
const sort = {
  initial: null,
  format: (v) => (v ? v.join(".") : ""),
  parse: (t) => {
    const m = /^([\w() -]{1,40})\.(asc|desc)$/.exec(t);
    return m ? [m[1], m[2]] : null;
  },
};

const FIELDS = {
  suite: text(60), // empty: the one that the page opens with
  tab,
  model: text(200),
  task: text(100), // whose page is open
  lang: one(["ko", "en"], "ko"),
  q: text(100),
  origin: {
    ...list(ORIGINS),
    get initial() {
      return ORIGIN; // those that the suite opens with
    },
  },
  precision: list(PRECISIONS),
  params: range,
  dim: range,
  tokens: range,
  license: list(null),
  open: one(["open", "closed"], ""),
  type: one(["llm", "encoder", "sparse", "multi_vector", "lexical", "unknown"], ""),
  unseen: one(["yes", "declared"], ""), // what it hides: training.js
  w: weights,
  sort,
  cols: {
    ...list(EXTRAS),
    get initial() {
      return room.matches ? WIDE : [];
    },
  },
  density: one(DENSITIES, DENSITIES[0]),
  hide: list(null),
  compare: list(null, [], MOST_COMPARED),
  look: list(null, [], 2), // the models whose items of that task are shown
  x: one(AXES, "parameters"),
  on: text(60), // what the plot over bytes shows: a task, a category or an average; empty: retrieval
  pareto: one(["1"], ""), // the way in (wayin.js): marks the Pareto set, and says what is not told apart
  device: text(100), // whose speeds are sorted and drawn; empty: that of most rows
};

// In place of the board there is the form to submit a model: `?tab=submit`, whatever the board shows.
export const SUBMIT = "submit";
const DESK = "desk"; // the maintainers' desk, on the same page
const SUBMISSION = "submission"; // whose page is open there

// What the visitor chose last, kept by this browser.
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a browser that keeps nothing
  }
}

export function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

const clone = (value) => (Array.isArray(value) ? [...value] : value);

export function readState(search = location.search) {
  const given = new URLSearchParams(search);
  const fields = Object.entries(FIELDS).map(([name, field]) => [
    name,
    given.has(name) ? field.parse(given.get(name)) : clone(field.initial),
  ]);
  const submitting = [SUBMIT, DESK].includes(given.get("tab")) || given.has(SUBMISSION);
  const state = { ...Object.fromEntries(fields), submitting };
  if (!given.has("lang")) state.lang = FIELDS.lang.parse(remembered("kel-lang") ?? "");
  return state;
}

export function address(state) {
  const url = new URL(location.href); // parameters that are not ours stay
  const desk = url.searchParams.get("tab") === DESK;
  for (const [name, field] of Object.entries(FIELDS)) {
    const value = field.format(state[name]);
    if (value === field.format(field.initial)) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (state.submitting) url.searchParams.set("tab", desk ? DESK : SUBMIT);
  if (!state.submitting) url.searchParams.delete(SUBMISSION);
  return url;
}

// In the Hub's frame the address that a visitor sees and copies is the outer page's, which only the Hub can change: it
// is told. https://huggingface.co/docs/hub/spaces-handle-url-parameters
export const HUB = "https://huggingface.co";

export function tellFrame(url) {
  if (window.parent !== window) window.parent.postMessage({ queryString: url.search, hash: url.hash }, HUB);
}

export function saveState(state, newPage = false) {
  const url = address(state);
  history[newPage ? "pushState" : "replaceState"](null, "", url);
  tellFrame(url);
}

export const FILTERS = ["q", "precision", "params", "dim", "tokens", "license", "open", "type", "unseen", "origin"];

export const filterKey = (state) => FILTERS.map((name) => FIELDS[name].format(state[name])).join("\n");

// Whether a filter asks for something, and its value as the address has it.
export const filterText = (state, name) => FIELDS[name].format(state[name]);
export const isFiltered = (state, name) => filterText(state, name) !== FIELDS[name].format(FIELDS[name].initial);

export const filterCount = (state) => FILTERS.filter((name) => isFiltered(state, name)).length;

export const defaults = (names) => Object.fromEntries(names.map((name) => [name, clone(FIELDS[name].initial)]));

// Whether the categories count otherwise than the suite has it: all weights doubled is the same.
export const customWeights = (state) => {
  const first = WEIGHTS.findIndex((weight) => weight);
  return state.w.some((w, i) => w * WEIGHTS[first] !== state.w[first] * WEIGHTS[i]);
};
