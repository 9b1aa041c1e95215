// The report on one's own data. Values come from the file itself; text is always set as text.
const TEXTS = {
  ko: {
    other: "English",
    heading: (title) => `${title}: 임베딩 모델 비교`,
    counts: ({ queries, documents, judged }) => `질문 ${queries.toLocaleString()}개, 문서 ${documents.toLocaleString()}개, 정답 관계 ${judged.toLocaleString()}개`,
    private: "이 파일은 이 컴퓨터에서 만들었고 어디에도 올리지 않았습니다. 글이 들어 있으니 나눌 때 주의하세요.",
    scores: "점수",
    model: "모델",
    rules: { ndcg_at_5_and_10: "nDCG@5·10", ndcg_at_10: "nDCG@10", recall_at_10: "재현율@10", mrr_at_10: "MRR@10", hit_rate_at_1: "1위 적중" },
    hybrid: "+ BM25",
    lexical: "어휘 검색",
    baseline: "기준선",
    setting: "환경",
    seconds: (s) => `${s.toFixed(0)}초`,
    tokens: (n) => `${n.toLocaleString()}토큰`,
    dimension: (n) => `${n}차원`,
    noPrompt: "앞에 붙인 글 없음",
    scoresHint: "nDCG@5·10은 순위표의 검색 점수와 같은 규칙입니다. 대괄호는 질문을 다시 뽑은 부트스트랩 1,000번의 95 % 구간입니다. + BM25는 가장 나은 BM25와 순위를 합친 점수(RRF, k = 60)와 그 차이입니다.",
    ...SIZES.ko,
    pairs: "두 모델의 차이",
    difference: "차이",
    better: "더 잘한 질문 수",
    sign: "부호 검정 p",
    pairsHint: "차이의 구간은 쌍체 부트스트랩입니다. 0이 들어 있으면 이 데이터로는 어느 쪽이 나은지 말할 수 없습니다.",
    queries: "질문별로 보기",
    one: "모델",
    two: "비교할 모델",
    nobody: "비교하지 않음",
    order: "순서",
    orders: ["틀린 것부터", "맞힌 것부터"],
    finds: (a, b) => [`${a}이(가) 더 잘한 것`, `${b}이(가) 더 잘한 것`],
    question: "질문",
    right: "정답",
    value: "점수",
    found: "찾은 문서",
    rank: (rank) => (rank ? `맞는 문서는 ${rank}위` : "상위 100개에 맞는 문서 없음"),
    shown: (shown, of) => `${of}개 가운데 ${shown}개`,
    more: "더 보기",
    none: "그런 질문이 없습니다.",
    mean: (count, mean) => `이 파일의 질문 ${count}개의 점수의 평균은 ${mean}이며, 모든 질문이 들어 있으면 위 표의 점수와 같습니다.`,
  },
  en: {
    other: "한국어",
    heading: (title) => `${title}: embedding models compared`,
    counts: ({ queries, documents, judged }) => `${queries.toLocaleString()} questions, ${documents.toLocaleString()} documents, ${judged.toLocaleString()} right pairs`,
    private: "This file was made on this computer and uploaded nowhere. It holds your texts: mind whom you give it to.",
    scores: "Scores",
    model: "Model",
    rules: { ndcg_at_5_and_10: "nDCG@5, 10", ndcg_at_10: "nDCG@10", recall_at_10: "Recall@10", mrr_at_10: "MRR@10", hit_rate_at_1: "Hit at 1" },
    hybrid: "+ BM25",
    lexical: "lexical",
    baseline: "baseline",
    setting: "Run",
    seconds: (s) => `${s.toFixed(0)} s`,
    tokens: (n) => `${n.toLocaleString()} tokens`,
    dimension: (n) => `${n} dimensions`,
    noPrompt: "no prompt",
    scoresHint: "nDCG@5, 10 is the rule of the board's retrieval columns. In brackets: 95 % interval of 1,000 bootstrap resamples of the questions. + BM25: the score of the ranking fused with the best BM25 (RRF, k = 60), and what it gains.",
    ...SIZES.en,
    pairs: "Differences of two",
    difference: "Difference",
    better: "Questions done better",
    sign: "Sign test, p",
    pairsHint: "The interval is a paired bootstrap. Where it holds 0, this data does not tell which one is better.",
    queries: "Question by question",
    one: "Model",
    two: "Model to compare with",
    nobody: "no comparison",
    order: "Order",
    orders: ["worst first", "best first"],
    finds: (a, b) => [`${a} does better`, `${b} does better`],
    question: "Question",
    right: "Right",
    value: "Score",
    found: "Found",
    rank: (rank) => (rank ? `the first right document is at rank ${rank}` : "no right document among the first 100"),
    shown: (shown, of) => `${shown} of ${of}`,
    more: "More",
    none: "There is no such question.",
    mean: (count, mean) => `The mean over the ${count} questions in this file is ${mean}; where these are all, it is the score in the table.`,
  },
};
const STEP = 20;
const told = JSON.parse(document.getElementById("told").textContent);
const state = { lang: "ko", one: 0, two: -1, order: 0, shown: STEP };
const ranked = told.models.map((_, i) => i).sort((a, b) => main(told.models[b])[0] - main(told.models[a])[0]);
state.one = ranked.find((i) => !told.models[i].lexical) ?? ranked[0];

function main(model) {
  return model.scores[told.rules[0]];
}
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}
const percent = (value) => (value * 100).toFixed(2);
const points = (value) => `${value > 0 ? "+" : ""}${percent(value)}`;
const table = (head, rows, name = "") =>
  h("div", { class: "scroll" }, h("table", { class: name }, h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))), h("tbody", {}, rows)));

function scores(t) {
  const cell = ([score, low, high]) => h("td", {}, h("b", {}, percent(score)), h("small", {}, `[${percent(low)}, ${percent(high)}]`));
  const hybrid = (found) =>
    h("td", {}, found ? [h("b", {}, percent(found[0])), h("small", {}, `${points(found[3])} [${points(found[4])}, ${points(found[5])}]`)] : "–");
  const setting = (model) =>
    [
      model.device,
      model.precision,
      model.dimension && t.dimension(model.dimension),
      model.tokens && t.tokens(model.tokens),
      model.seconds != null && t.seconds(model.seconds),
      !model.lexical && (Object.entries(model.prompts).filter(([, text]) => text).map(([side, text]) => `${side}: ${JSON.stringify(text)}`).join(", ") || t.noPrompt),
    ]
      .filter(Boolean)
      .join(" · ");
  const rows = ranked.map((i) => {
    const model = told.models[i];
    const mark = model.lexical && ` (${t.lexical}${i === told.baseline ? `, ${t.baseline}` : ""})`;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, model.name, mark, h("small", {}, setting(model))),
      told.rules.map((rule) => cell(model.scores[rule])),
      hybrid(model.hybrid),
    );
  });
  return [h("h2", {}, t.scores), table([t.model, ...told.rules.map((rule) => t.rules[rule] ?? rule), t.hybrid], rows), h("p", { class: "note" }, t.scoresHint)];
}

function pairs(t) {
  const name = (i) => told.models[i].name;
  const rows = told.pairs.map(({ models: [a, b], difference, interval, first, second, p }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${name(a)} − ${name(b)}`),
      h("td", {}, h("b", {}, points(difference)), h("small", {}, `[${interval.map(points).join(", ")}]`)),
      h("td", {}, `${first} : ${second}`),
      h("td", {}, p < 0.0001 ? "< 0.0001" : p.toFixed(4)),
    ),
  );
  return [h("h2", {}, t.pairs), table(["", t.difference, t.better, t.sign], rows), h("p", { class: "note" }, t.pairsHint)];
}

function documentCell(name, mark = "") {
  const text = told.documents[name] ?? name;
  if (text.length <= 90) return h("div", {}, mark, text);
  return h("details", {}, h("summary", {}, mark, `${text.slice(0, 90)}…`), text);
}

function choice(label, options, chosen, take) {
  const select = h(
    "select",
    {
      "aria-label": label,
      onchange: ({ target }) => {
        take(Number(target.value));
        state.shown = STEP;
        draw();
      },
    },
    options.map(([value, text]) => h("option", { value: String(value), selected: value === chosen }, text)),
  );
  return h("label", {}, label, " ", select);
}

function queries(t) {
  const { one, two } = state;
  const names = told.models.map((model) => model.name);
  const gain = ({ values }) => values[one] - values[two];
  let listed = [...told.queries];
  if (two < 0) listed.sort((a, b) => (a.values[one] - b.values[one]) * (state.order ? -1 : 1));
  else listed = listed.filter((query) => (state.order ? -1 : 1) * gain(query) > 1e-9).sort((a, b) => (gain(b) - gain(a)) * (state.order ? -1 : 1));
  const models = two < 0 ? [one] : [one, two];
  const heads = models.flatMap((i) => [`${t.value}: ${names[i]}`, `${t.found}: ${names[i]}`]);
  const rows = listed.slice(0, state.shown).map((query) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, query.text),
      h("td", { "data-label": t.right }, query.right.map((name) => documentCell(name))),
      models.flatMap((i, at) => [
        h("td", { "data-label": heads[2 * at] }, percent(query.values[i])),
        h(
          "td",
          { "data-label": heads[2 * at + 1] },
          query.found[i].documents.map(([name, relevance]) => documentCell(name, relevance > 0 ? "✓ " : "✗ ")),
          h("small", {}, t.rank(query.found[i].first_right)),
        ),
      ]),
    ),
  );
  const numbered = ranked.map((i) => [i, names[i]]);
  const orders = two < 0 ? t.orders : t.finds(names[one], names[two]);
  const mean = told.queries.reduce((sum, { values }) => sum + values[one], 0) / told.queries.length;
  return [
    h("h2", {}, t.queries),
    h(
      "div",
      { class: "choices" },
      choice(t.one, numbered, one, (i) => Object.assign(state, { one: i, two: state.two === i ? -1 : state.two })),
      choice(t.two, [[-1, t.nobody], ...numbered.filter(([i]) => i !== one)], two, (i) => Object.assign(state, { two: i, order: 0 })),
      choice(t.order, orders.map((text, i) => [i, text]), state.order, (i) => Object.assign(state, { order: i })),
      h("span", {}, t.shown(Math.min(state.shown, listed.length), listed.length)),
    ),
    rows.length ? table([t.question, t.right, ...heads], rows, "items") : h("p", {}, t.none),
    listed.length > state.shown && h("button", { type: "button", onclick: () => ((state.shown += STEP), draw()) }, t.more),
    h("p", { class: "note" }, t.mean(told.queries.length, percent(mean))),
  ];
}

function draw() {
  const t = TEXTS[state.lang];
  document.documentElement.lang = state.lang;
  const turn = () => {
    state.lang = state.lang === "ko" ? "en" : "ko";
    draw();
  };
  document.getElementById("report").replaceChildren(
    h("button", { type: "button", class: "language", lang: state.lang === "ko" ? "en" : "ko", onclick: turn }, t.other),
    h("h1", {}, t.heading(told.title)),
    h("p", {}, t.counts(told.counts)),
    h("p", { class: "note" }, t.private),
    ...[...scores(t), ...sizes(t), ...pairs(t), ...queries(t)].filter(Boolean),
  );
}
draw();
