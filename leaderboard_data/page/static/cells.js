// What stands in the cells of a table, as HTML: every value is escaped. The server draws its first rows by the same rules
// (leaderboard_data/page/first_rows.py); a browser test compares the two, cell by cell.
import { bar, scaleOf } from "./bars.js";
import { comparable, costHint, costName, costText, deviceMark, isOfDevice } from "./costs.js";
import { compact, hubAddress, withValues } from "./dom.js";
import { kindMark, notApplicable, placeCell } from "./hybrid.js";
import { orderOf, percent } from "./scores.js";
import { COSTS } from "./state.js";
import { TABLE_WORDS } from "./table_words.js";
import { seenMark } from "./training.js";

const NUMBERS = ["parameters", "dimension", "max_tokens", "speed", "borda", "zero_shot"];
const WORDS = ["fits", "matryoshka", "device"];

const wordsOf = (board) => TABLE_WORDS[board.state.lang];

// The HTML of a small mark with a text that is both read and shown on hover.
const mark = (name, text) => (text ? `<i class="${name}" role="img" aria-label="${text}" title="${text}"></i>` : "");

// A quiet mark beside a name: its word comes from the style sheet, so that a cell's text is the name alone.
const quiet = (name, value, label, hint) =>
  `<i class="${name}" data-${name.slice(4)}="${value}" data-label="${label}" title="${hint}"></i>`;

export function rankColumn(board, escape) {
  const show = ({ rank, place, ties }) => {
    if (rank == null) return place == null ? "–" : placeCell(board, place, escape);
    const group = ties && ties[0] !== ties[1];
    const tie = group
      ? `<small class="kel-ci" data-low="${ties[0]}" data-high="${ties[1]}" title="${board.labels.tieHint}"></small>`
      : "";
    return `<span class="kel-rank">${rank}</span>${tie}`;
  };
  return {
    name: "Rank",
    title: board.data.suite.titles.columns[board.data.suite.rank_column][board.state.lang],
    hint: wordsOf(board).hints.rank,
    searchable: false,
    data: null,
    type: "score",
    className: "kel-c-rank",
    orderSequence: ["asc", "desc"],
    render: (_, kind, row) => (kind === "display" ? show(row) : (row.rank ?? (row.place == null ? null : orderOf(row)))),
  };
}

export function modelColumn(board, escape) {
  const { labels, state } = board;
  const t = wordsOf(board);
  const cell = ({ entry }) => {
    const name = escape(entry.name);
    const id = escape(entry.model);
    const [, organisation, own] = /^([^/]+\/)?(.*)$/s.exec(entry.name);
    const named = entry.local || entry.lexical
      ? `<span class="kel-name">${escape(own)}</span>`
      : `<a class="kel-name" href="${escape(hubAddress(entry.model))}" target="_blank" rel="noopener noreferrer" aria-label="${name}">${escape(own)}</a>`;
    const precision = t.precision[entry.precision];
    const marks =
      kindMark(board, entry, escape) +
      quiet("kel-origin", entry.origin, t.origin[entry.origin], labels.originHint[entry.origin]) +
      (precision
        ? quiet("kel-precision", entry.precision, precision, withValues(t.precisionHint, { precision: entry.precision }))
        : "") +
      mark("kel-doubt", escape(entry.doubts.map((code) => labels.warning[code] ?? code).join(" ")));
    const compared = state.compare.includes(entry.model) ? " checked" : "";
    return (
      `<span class="kel-model"><input type="checkbox" data-compare="${id}"${compared} aria-label="${labels.compareWith} ${name}">` +
      `<span class="kel-names">${organisation ? `<span class="kel-org">${escape(organisation)}</span>` : ""}${marks}${named}</span>` +
      `<button type="button" class="kel-open" data-model="${id}" aria-label="${labels.openModel} ${name}" title="${labels.openModel}"></button></span>`
    );
  };
  return {
    name: "Model",
    title: t.model,
    data: null,
    type: "string",
    className: "kel-c-model",
    orderSequence: ["asc", "desc"],
    render: (_, kind, row) => (kind === "display" ? cell(row) : row.entry.name),
  };
}

// What a score column is called on the page; its name in the address and in exports is the published one.
export function columnTitle(board, column, view) {
  const { titles, categories } = board.data.suite;
  const own = categories.find((category) => category.id === view)?.column === column.name;
  const title = own ? titles.mean : column.task == null && titles.columns[column.name];
  return (title ? title[board.state.lang] : column.name) + (column.weighted ? "*" : "");
}

// The width of a column follows from the longest word of its title alone, so that rows which come later change nothing.
// Korean letters are twice as wide as Latin ones.
export function widthOf(title) {
  const units = (word) => [...word].reduce((sum, letter) => sum + (letter > "\u2e80" ? 2 : 1), 0);
  const longest = Math.max(...title.split(/[\s_/-]+/).map(units));
  return longest <= 10 ? "kel-w1" : longest <= 14 ? "kel-w2" : "kel-w3";
}

// `made`: what viewOf gave; `i`: the number of the column there. It is asked for anew with each draw, as rows change.
export function scoreColumn(board, view, column, i, made, escape) {
  const { labels } = board;
  const t = wordsOf(board);
  const seen = seenMark(board, column, escape);
  const odd = (entry) => mark("kel-odd", escape(labels.odd[entry.odd[column.task]] ?? ""));
  const scales = new WeakMap();
  const scale = () => {
    if (!scales.has(made())) scales.set(made(), scaleOf(made().rows.map((row) => row.values[i])));
    return scales.get(made());
  };
  const show = (value, row) => {
    const none = row.entry.notApplicable.size ? notApplicable(board, column, row.entry, escape) : "";
    if (none) return none;
    const marks = odd(row.entry) + seen(row.entry, value);
    if (value == null) {
      const failure = row.entry.failures[column.task];
      return (failure ? `<span class="kel-gap" title="${escape(failure)}">–</span>` : "–") + marks;
    }
    const interval =
      (column.task != null ? row.entry.intervals?.[column.task] : row.entry.meanIntervals?.[column.mean]) ?? null;
    const best = value === made().best[i] ? ` class="kel-best"` : "";
    const told = interval
      ? ` title="${withValues(t.interval, { low: percent(interval[0]), high: percent(interval[1]) })}"`
      : "";
    return `<span${best}${told}>${percent(value)}</span>${marks}${bar(value, scale(), interval)}`;
  };
  return {
    name: column.name,
    title: columnTitle(board, column, view),
    searchable: false,
    data: null,
    type: "score",
    hint: column.weighted ? labels.weightedHint : labels.columnHint[column.name],
    orderSequence: ["desc", "asc"],
    className: "kel-score",
    render: (_, kind, row) => (kind === "display" ? show(row.values[i], row) : row.values[i]),
  };
}

export function extraColumn(board, name, escape) {
  const { labels, state } = board;
  const words = WORDS.includes(name);
  const cost = COSTS.includes(name);
  const number = NUMBERS.includes(name) || (cost && !words);
  const value = (row) =>
    name === "borda" ? row.borda : words ? costText(board, row.entry, name) : comparable(board, row.entry, name);
  const show = (row) => {
    const v = name === "borda" ? row.borda : row.entry[name];
    const device = isOfDevice(name) && v != null ? deviceMark(board, row.entry, escape) : "";
    if (cost || device) return v == null ? "–" : escape(costText(board, row.entry, name)) + device;
    if (name === "origin") return labels.origin[v];
    if (v == null) return "–";
    return name === "parameters" ? compact(v, state.lang) : number ? v.toLocaleString(state.lang) : escape(v);
  };
  return {
    name,
    title: labels.extras[name] ?? costName(board, name),
    hint: labels.columnHint[name] ?? costHint(board, name),
    searchable: false,
    data: null,
    type: number ? "score" : "string",
    className: `kel-extra kel-c-${name}`,
    orderSequence: name === "borda" ? ["asc", "desc"] : ["desc", "asc"],
    render: (_, kind, row) => (kind === "display" ? show(row) : (value(row) ?? (number ? null : ""))),
  };
}
