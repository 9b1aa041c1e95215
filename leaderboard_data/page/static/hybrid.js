// Kinds of models: the mark of a row's kind, and what is not applicable to it; of lexical ones (BM25) also their place, and
// what other models gain from them.
import { ask, fill, h, plainTable, withValues } from "./dom.js";
import { percent } from "./scores.js";
import { TABLE_WORDS } from "./table_words.js";

export const GAIN = "hybrid"; // the column's name

const TEXTS = {
  ko: {
    field: "BM25와 합치면",
    methods: { rrf: "RRF (k = 60)", convex: "정규화 점수의 반반 합" },
    gain: (score, gain, low, high) => `${score} % (${gain}, 95 % 구간 ${low} – ${high})`,
    with: (model) => `상대: ${model}`,
    together: "둘을 합친 검색",
    later: "아직 계산 중입니다. 잠시 뒤에 다시 열어 주세요.",
    fusedHint: "질의마다 저장된 상위 100개 문서로 계산했습니다. 차이는 둘 가운데 나은 쪽과 비교한 값과 쌍체 95 % 구간입니다.",
  },
  en: {
    field: "Fused with BM25",
    methods: { rrf: "RRF (k = 60)", convex: "normalised scores, half and half" },
    gain: (score, gain, low, high) => `${score} % (${gain}, 95 % interval ${low} – ${high})`,
    with: (model) => `with ${model}`,
    together: "Both together",
    later: "This is still being computed; open it again in a moment.",
    fusedHint: "From the 100 documents a query that are stored. Differences are to the better of the two, with paired 95 % intervals.",
  },
};

const textsOf = (board) => TEXTS[board.state.lang];
const wordsOf = (board) => TABLE_WORDS[board.state.lang];
export const signed = (value) => `${value > 0 ? "+" : ""}${percent(value)}`;

// Of each row, by its number: its kind of model, what is not applicable to it, and its fusions.
export const kindsOf = ({ kinds, hybrids }) => (row) => ({
  kind: kinds[row]?.[0] ?? "dense",
  lexical: kinds[row]?.[0] === "lexical",
  notApplicable: new Set(kinds[row]?.[1] ?? []),
  hybrids: hybrids[row] ?? {},
});

// The entries of which a view with these tasks shows something.
export const applicable = (entries, tasks) => entries.filter((e) => !tasks.every((i) => e.notApplicable.has(i)));

// The place of each lexical row: one more than there are ranked rows with a higher score.
export function places(entries, rank, key) {
  const rounded = (e) => Math.round(key(e) * 1e10);
  const held = entries.filter((e, i) => rank[i] != null && key(e) != null).map(rounded);
  return entries.map((e) => (e.lexical && key(e) != null ? 1 + held.filter((s) => s > rounded(e)).length : null));
}

// What kind of model a row is of, as one of the quiet marks beside its name; nothing where nobody told.
export function kindMark(board, { kind: vectors, llm }, escape) {
  const t = wordsOf(board);
  const kind = vectors !== "dense" ? vectors : llm == null ? null : llm ? "llm" : "encoder";
  return kind ? `<i class="kel-kind" data-kind="${escape(kind)}" data-label="${escape(t.kind[kind])}" title="${escape(t.kindHint[kind])}"></i>` : "";
}

export const placeCell = (board, place, escape) =>
  `<span class="kel-place" title="${escape(withValues(wordsOf(board).place, { place }))}">(${place})</span>`;

// What stands in a cell that no model of its kind can fill; nothing where the task, or one of the mean's, is applicable.
export function notApplicable(board, column, entry, escape) {
  const { suite } = board.data;
  const category = suite.categories[column.mean];
  const within = suite.tasks.flatMap((task, i) =>
    (column.task != null ? i === column.task : category && task.category === category.id) ? [i] : [],
  );
  if (!within.length || !within.every((i) => entry.notApplicable.has(i))) return "";
  const t = wordsOf(board);
  return `<span class="kel-gap" title="${escape(t.notApplicableHint)}">${escape(t.notApplicable)}</span>`;
}

// The column of a category's table: what each model gains. Hidden where no row has one.
export function gainColumn(board, view, rows) {
  const t = wordsOf(board);
  const of = (row) => row.entry.hybrids[view]?.rrf ?? null;
  const show = (gain) =>
    gain
      ? `<span>${signed(gain[1])}</span><small class="kel-ci" data-low="${signed(gain[2])}" data-high="${signed(gain[3])}"></small>`
      : "–";
  return {
    name: GAIN,
    title: t.gain,
    hint: t.gainHint,
    searchable: false,
    data: null,
    type: "score",
    orderSequence: ["desc", "asc"],
    className: "kel-score kel-c-gain",
    any: rows.some(of),
    value: (row) => of(row)?.[1] ?? null,
    render: (_, kind, row) => (kind === "display" ? show(of(row)) : (of(row)?.[1] ?? null)),
  };
}

// For the dialog behind a cell: what the fusion scores, by each method.
export function hybridFacts(board, entry, item) {
  const found = entry.hybrids[item];
  if (!found) return [];
  const t = textsOf(board);
  const of = ([score, gain, low, high]) => t.gain(percent(score), ...[gain, low, high].map(signed));
  const lines = Object.entries(t.methods).filter(([method]) => found[method]);
  return [
    [
      t.field,
      [
        h("div", {}, t.with(found.with)),
        ...lines.map(([method, name]) => h("div", {}, `${name}: ${of(found[method])}`)),
      ],
    ],
  ];
}

// Two models and what their fusion scores, task by task, below their comparison.
export async function showTogether(board, { models, rows }, place) {
  const t = textsOf(board);
  const asked = await ask(board, "fusion", { models: models.map((m) => m.model).join(",") }).catch(() => ({}));
  if (!asked.ready) return fill(place, h("p", { class: "kel-note" }, t.later));
  const lines = rows.filter((row) => asked.rows[row.id]);
  if (!lines.length) return;
  const cell = ([score, , , gain, low, high]) =>
    h("td", { class: low > 0 || high < 0 ? "kel-significant" : "" }, [
      percent(score * 100),
      h("small", { class: "kel-verdict" }, `${signed(gain * 100)} (${signed(low * 100)} – ${signed(high * 100)})`),
    ]);
  const line = (row) =>
    h("tr", { class: row.kind === "task" ? "" : "kel-total" }, [
      h("th", { scope: "row" }, row.column),
      row.scores.map((score) => h("td", {}, score == null ? "–" : percent(score * 100))),
      asked.methods.map((method) => (asked.rows[row.id][method] ? cell(asked.rows[row.id][method]) : h("td", {}, "–"))),
    ]);
  const head = ["", ...models.map((m) => m.name), ...asked.methods.map((method) => `1 + 2: ${t.methods[method]}`)];
  fill(
    place,
    h("h3", {}, t.together),
    plainTable(head, lines.map(line), "kel-compare kel-together"),
    h("p", { class: "kel-note" }, t.fusedHint),
  );
}
