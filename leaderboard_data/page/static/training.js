// What models have seen in training: the marks on cells, their legend, the filter, and who declares it. The states are
// those of leaderboard_data/training.py: d declared, i inherited, n not declared among it, ? nothing declared.
import { h, link, withValues } from "./dom.js";
import { TABLE_WORDS } from "./table_words.js";

const HIDDEN = { yes: "di", declared: "di?" };

const TEXTS = {
  ko: {
    ...TABLE_WORDS.ko.training,
    field: "학습 데이터",
    sources: {
      registry: "MTEB 등록부",
      results: "MTEB 결과의 model_meta.json",
      card: "모델 카드",
      submitter: "제출자의 신고",
      maintainer: "관리자의 정정",
    },
    through: (model) => `이 모델의 바탕: ${model}`,
    nothing: "밝힌 학습 데이터가 없습니다",
    unknown: "모름: 밝힌 학습 데이터가 없습니다",
    none: (model) => `${model}: 밝힌 학습 데이터가 없습니다`,
    empty: "MTEB의 과제 가운데에는 없음",
    zeroShot: "학습에 쓰이지 않은 과제",
    all: (n) => `밝힌 이름 ${n}개`,
  },
  en: {
    ...TABLE_WORDS.en.training,
    field: "Training data",
    sources: {
      registry: "MTEB's registry",
      results: "model_meta.json among MTEB's results",
      card: "the model's card",
      submitter: "as declared by the submitter",
      maintainer: "a maintainer's correction",
    },
    through: (model) => `made of ${model}`,
    nothing: "nothing declared",
    unknown: "unknown: nothing is declared",
    none: (model) => `${model}: nothing declared`,
    empty: "none of MTEB's tasks",
    zeroShot: "Tasks whose data it was not trained on",
    all: (n) => `${n} declared names`,
  },
};

const textsOf = (board) => TEXTS[board.state.lang];

// Of each row, by its number: a letter for each task of the suite, and the percentage of tasks that it was not trained on.
export const trainingOf = ({ seen, zero_shot: zeroShot, of }) => (row) => ({
  seen: seen[of[row]] ?? "",
  zero_shot: zeroShot[of[row]] ?? null,
});

// The entries without the scores that the filter hides, and without all that is made of these; `hides` says of which tasks.
export function unseenOnly(entries, choice, { suite }) {
  const hidden = HIDDEN[choice];
  if (!hidden) return entries;
  const counted = suite.tasks.map((task) => suite.categories.find((c) => c.id === task.category).weight > 0);
  return entries.map((entry) => {
    const hides = [...entry.seen].map((state) => hidden.includes(state));
    if (!hides.includes(true)) return entry;
    const weighs = hides.some((is, i) => is && counted[i]);
    return {
      ...entry,
      hides,
      scores: entry.scores.map((score, i) => (hides[i] ? null : score)),
      categories: entry.categories.map((mean, c) =>
        suite.tasks.some((task, i) => hides[i] && task.category === suite.categories[c].id) ? null : mean,
      ),
      ...(weighs ? { average: null, averages: entry.averages.map(() => null) } : {}),
    };
  });
}

// What draws the mark of a column's cells, of a task or of a mean of several: a function of the entry
// and the cell's value.
export function seenMark(board, column, escape) {
  const t = textsOf(board);
  const within = tasksOf(board, column);
  const make = (state, text) =>
    `<i class="kel-seen" data-seen="${state}" role="img" aria-label="${escape(text)}" title="${escape(text)}"></i>`;
  const ofTask = (state) => (state === "n" || !t.states[state] ? "" : make(state, t.states[state]));
  const ofMean = (states) => {
    const seen = states.filter((state) => state === "d" || state === "i");
    if (seen.length) return make(seen.includes("d") ? "d" : "i", withValues(t.ofMean, { n: seen.length, of: states.length }));
    return states.includes("?") ? make("?", t.states["?"]) : "";
  };
  const known = new Map(); // few states, many cells
  return ({ seen, hides }, value) => {
    if (value == null && !within.some((i) => hides?.[i])) return ""; // a gap that hides nothing
    if (!known.has(seen)) {
      const states = within.map((i) => seen[i]);
      known.set(seen, column.task != null ? ofTask(states[0]) : ofMean(states));
    }
    return known.get(seen);
  };
}

// The same mark as an element, for a task's line or a mean's on the model's page.
export function seenNote(board, entry, { task, kind, category, value, weighted }) {
  const column = kind === "task" ? { task } : { mean: kind === "category" ? category : weighted ? null : board.data.suite.categories.length };
  const within = tasksOf(board, column);
  const states = within.map((i) => entry.seen[i]);
  const t = textsOf(board);
  const seen = states.filter((state) => state === "d" || state === "i");
  const state = seen.includes("d") ? "d" : seen.length ? "i" : states.includes("?") ? "?" : null;
  if (!state || (value == null && !within.some((i) => entry.hides?.[i]))) return "";
  const text = kind === "task" || !seen.length ? t.states[state] : withValues(t.ofMean, { n: seen.length, of: states.length });
  return h("i", { class: "kel-seen", "data-seen": state, role: "img", "aria-label": text, title: text });
}

// The numbers of the tasks that a column's score is made of.
function tasksOf({ data: { suite }, state }, column) {
  if (column.task != null) return [column.task];
  const one = suite.categories[column.mean]; // else the mean over all, by the visitor's weights or the suite's
  const weighs = (c, i) => (one ? c === one : (column.mean == null ? state.w[i] : c.weight) > 0);
  const counted = suite.categories.filter(weighs).map((c) => c.id);
  return suite.tasks.flatMap((task, i) => (counted.includes(task.category) ? [i] : []));
}

// What the marks mean, and what the filter hides.
export function legend(board) {
  const t = textsOf(board);
  const choice = board.state.unseen;
  return h(
    "p",
    { class: "kel-legend" },
    choice ? h("strong", { class: "kel-hides" }, t.hidden[choice], " ") : "",
    Object.entries(t.legend).map(([state, text]) => [
      h("i", { class: "kel-seen", "data-seen": state, "aria-hidden": "true" }),
      ` ${text} · `,
    ]),
    t.legendHint,
  );
}

const sourceOf = (told, t) => {
  const name = t.sources[told.source];
  if (told.submission) return h("a", { href: `?submission=${encodeURIComponent(told.submission)}` }, name);
  return told.link ? link(told.link, name) : name;
};

// For a model that another one was made of: that it was, and who says so.
const madeOf = (told, t) =>
  told.through && h("div", { class: "kel-sources" }, t.through(told.model), " (", link(told.through_link, t.sources[told.through]), ")");

// What is known of training on one task's data, for the dialog behind its cell: its label and its content.
export function trainingFact(board, seen) {
  if (!seen) return null;
  const t = textsOf(board);
  const [letter] = Object.entries(board.data.states).find(([, name]) => name === seen.state);
  return [
    t.field,
    [
      t.states[letter],
      h(
        "ul",
        { class: "kel-declared" },
        seen.declarations.map((told) =>
          h(
            "li",
            { class: "kel-sources" },
            told.names.map((name, i) => [i ? ", " : "", h("code", {}, name)]),
            ` · ${told.model} · `,
            sourceOf(told, t),
            madeOf(told, t),
          ),
        ),
        seen.nothing_declared_of.map((model) => h("li", {}, t.none(model))),
      ),
    ],
  ];
}

// All that is declared of a model, for its page: pairs of labels and contents.
export function trainingFacts(board, details) {
  const t = textsOf(board);
  const names = (told) =>
    told.names.length > 8
      ? h("details", {}, h("summary", {}, t.all(told.names.length)), told.names.join(", "))
      : told.names.join(", ") || t.empty;
  return [
    [t.zeroShot, details.zero_shot == null ? t.unknown : `${details.zero_shot} %`],
    ...details.training.map((told) => [
      told.model,
      [told.source ? [h("div", { class: "kel-sources" }, sourceOf(told, t)), h("div", {}, names(told))] : t.nothing, madeOf(told, t)],
    ]),
  ];
}

export const trainingTitle = (board) => textsOf(board).field;
