// Size against quality: what models score with shorter vectors and with int8 or bits instead of float32.
import { columnTitle, fill, h, plainTable } from "./dom.js";
import { paretoFront, percent } from "./scores.js";
import { sizeChart } from "./size_chart.js";

const TEXTS = {
  ko: {
    title: "벡터 크기와 점수",
    axis: "벡터 하나의 바이트",
    what: "점수",
    help: "같은 임베딩을 앞에서부터 자르고(마트료시카 길이) int8·이진으로 줄여 다시 채점했습니다. 선은 한 모델에서 크기마다 가장 나은 설정, 점선은 모든 모델과 설정의 파레토 경계입니다.",
    rescored: "이진 + 재정렬은 이진으로 찾은 상위 100개를 float32 벡터로 다시 정렬합니다. 바이트는 색인만 세며, float32 벡터는 옆에 따로 있어야 합니다.",
    claim: ["모델 카드가 마트료시카 학습을 말하지 않습니다. 잘라 쓴 점수는 참고로만 보세요.", "모델 카드가 마트료시카 학습을 말합니다."],
    precisions: { float32: "float32", int8: "int8", binary: "이진", binary_rescored: "이진 + 재정렬" },
    head: ["설정", "바이트", "MB/백만 문서", "점수", "손실 (95 % 구간)"],
    setting: (dimension, precision) => `${dimension}차원 ${precision}`,
    interval: "손실은 같은 결과의 전체 길이 float32와의 차이이고, 구간은 같은 재표본 100개에서 얻은 쌍체 95 % 구간(±1.96 표준편차)입니다. 작은 설정의 점수는 평가 프로그램이 계산한 그대로이며, 워커가 다시 확인하는 것은 float32 전체 길이의 점수입니다.",
    unpromised: "†: 모델 카드가 마트료시카 학습을 말하지 않는데 벡터를 자른 설정",
    full: "기준",
    others: "크기 곡선이 없는 모델",
    front: "파레토 경계",
    own: "모델마다 가장 나은 설정",
    label: "벡터 크기와 점수의 산점도",
    none: "이 점수에 크기 곡선이 있는 모델이 아직 없습니다.",
  },
  en: {
    title: "Size against quality",
    axis: "Bytes per vector",
    what: "Score",
    help: "The same embeddings, cut to their first dimensions (Matryoshka lengths) and stored as int8 or bits, scored again. A line is a model's best setting at each size, the dotted one the Pareto front over all models and settings.",
    rescored: "Binary, rescored: the first 100 by their bits are put in order by float32 vectors. Bytes count the index alone; the float32 vectors lie beside it.",
    claim: ["The model's card does not speak of Matryoshka training: nobody promised that its vectors may be cut.", "The model's card speaks of Matryoshka training."],
    precisions: { float32: "float32", int8: "int8", binary: "binary", binary_rescored: "binary, rescored" },
    head: ["Setting", "Bytes", "MB/million documents", "Score", "Change (95 % interval)"],
    setting: (dimension, precision) => `${dimension} ${precision}`,
    interval: "The change is from the same result's float32 vectors of full length; its interval is a paired one of 100 resamples (plus and minus 1.96 standard deviations). Scores of smaller settings are as the evaluation computed them; what the worker checks again is full float32.",
    unpromised: "†: vectors cut although the model's card does not speak of Matryoshka training",
    full: "reference",
    others: "models without a curve",
    front: "Pareto front",
    own: "a model's best settings",
    label: "Scatter plot of scores over the bytes of a vector",
    none: "No model has a curve of this score yet.",
  },
};

const BITS = { float32: 32, int8: 8, binary: 1, binary_rescored: 1 };
const SYMBOLS = { float32: "circle", int8: "square", binary: "diamond-open", binary_rescored: "diamond" };
const TONES = { float32: "series-1", int8: "series-2", binary: "series-4", binary_rescored: "series-3" };
const MOST_LINES = 60; // models whose own line is drawn, the best first

const textsOf = (board) => TEXTS[board.state.lang];
export const bytesName = (board) => textsOf(board).axis;
const bytesOf = (dimension, precision) => Math.ceil((dimension * BITS[precision]) / 8);
const signed = (value) => `${value > 0 ? "+" : ""}${percent(value)}`;

// What a curve can be of: the categories' means and the averages, and whatever single tasks have one.
function items(board) {
  const { suite } = board.data;
  const means = suite.categories.map(({ id, column }) => [id, columnTitle(board, column)]);
  const averages = suite.averages.map(({ id, column }) => [id, columnTitle(board, column)]);
  const tasks = suite.tasks.map(({ id, column }) => [id, column]);
  const there = new Set(board.entries.flatMap(({ curves }) => Object.keys(curves)));
  return [...means, ...averages, ...tasks].filter(([id]) => there.has(id));
}

function chosenItem(board) {
  const there = items(board).map(([id]) => id);
  return [board.state.on, "retrieval", "overall"].find((id) => there.includes(id)) ?? there[0] ?? null;
}

const fullScore = (board, entry, item) => {
  const { suite } = board.data;
  const place = (list) => list.findIndex(({ id }) => id === item);
  if (place(suite.categories) >= 0) return entry.categories[place(suite.categories)];
  if (place(suite.averages) >= 0) return entry.averages[place(suite.averages)];
  return entry.scores[place(suite.tasks)] ?? null;
};

// The points of an entry: its settings, or its full vectors alone where it has no curve.
function pointsOf(board, entry, item) {
  const curve = entry.curves[item];
  if (!curve) {
    const y = fullScore(board, entry, item);
    if (entry.dimension == null || y == null || entry.kind !== "dense") return [];
    return [{ entry, x: entry.dimension * 4, y, dimension: entry.dimension, precision: "float32", change: null }];
  }
  return curve.map(([dimension, number, y, change, low, high]) => {
    const precision = board.data.precisions[number];
    return { entry, x: bytesOf(dimension, precision), y, dimension, precision, change, low, high };
  });
}

const isFull = ({ precision, dimension, entry }) => precision === "float32" && dimension === entry.dimension;

// A setting in words; "†" where vectors are cut of which no card says that they may be.
function settingName(board, { dimension, precision, entry }) {
  const t = textsOf(board);
  const promised = dimension === entry.dimension || entry.matryoshka === 1;
  return t.setting(dimension, t.precisions[precision]) + (promised ? "" : " †");
}

function figure(board, points, tone) {
  const t = textsOf(board);
  const escape = board.DataTable.util.escapeHtml;
  const curved = points.filter((p) => p.change != null);
  const front = paretoFront(points, false);
  const own = new Map();
  for (const point of curved) own.set(point.entry, [...(own.get(point.entry) ?? []), point]);
  const best = [...own.values()].sort((a, b) => Math.max(...b.map((p) => p.y)) - Math.max(...a.map((p) => p.y)));
  const lines = best.slice(0, MOST_LINES).map((of) => paretoFront(of, false));
  const line = (name, of, style) => ({
    type: "scatter",
    mode: "lines",
    name,
    x: of.flatMap((each) => [...each.map((p) => p.x), null]),
    y: of.flatMap((each) => [...each.map((p) => p.y), null]),
    line: { color: tone("muted"), ...style },
    hoverinfo: "skip",
  });
  const dots = (name, of, marker) => ({
    type: "scatter",
    mode: "markers",
    name,
    x: of.map((p) => p.x),
    y: of.map((p) => p.y),
    text: of.map((p) => `${escape(p.entry.name)}<br>${settingName(board, p)}${p.change ? `<br>${signed(p.change)}` : ""}`),
    customdata: of.map((p) => p.entry.model),
    hovertemplate: "%{text}<br>%{x:,} B<br>%{y:.2f}<extra></extra>",
    marker,
  });
  const bare = points.filter((p) => p.change == null);
  return {
    data: [
      line(t.front, [front], { width: 2, dash: "dot", shape: "hv", color: tone("front") }),
      lines.length ? line(t.own, lines, { width: 1 }) : null,
      bare.length ? dots(t.others, bare, { size: 7, color: tone("muted"), opacity: 0.5 }) : null,
      ...board.data.precisions.map((precision) => {
        const of = curved.filter((p) => p.precision === precision);
        return of.length
          ? dots(t.precisions[precision], of, { size: 10, symbol: SYMBOLS[precision], color: tone(TONES[precision]) })
          : null;
      }),
    ].filter(Boolean),
    layout: {
      xaxis: { title: { text: t.axis }, type: "log" },
      yaxis: { title: { text: `${items(board).find(([id]) => id === chosenItem(board))?.[1] ?? ""} (%)` } },
    },
  };
}

// The plot's content: {figure, label, missing, notes, choice, head, lines}; `left` are the entries that the
// filters leave, `tone` gives the colour of a design token.
export function sizePlot(board, left, tone) {
  const t = textsOf(board);
  const item = chosenItem(board);
  const points = item == null ? [] : left.flatMap((entry) => pointsOf(board, entry, item));
  const front = new Set(paretoFront(points, false));
  return {
    figure: figure(board, points, tone),
    label: t.label,
    missing: left.length - new Set(points.map((p) => p.entry)).size,
    notes: item == null ? [t.none] : [t.help, t.rescored, t.interval, t.unpromised],
    choice: choice(board, item),
    head: ["Model", ...t.head],
    lines: [...front].map((point) => [point.entry, ...cells(board, point)]),
  };
}

function choice(board, item) {
  const t = textsOf(board);
  const there = items(board);
  if (!there.length) return null;
  return h(
    "label",
    {},
    `${t.what} `,
    h(
      "select",
      { name: "kel-on", onchange: (event) => board.change({ on: event.target.value }, { filter: true }) },
      there.map(([id, column]) => h("option", { value: id, selected: id === item }, column)),
    ),
  );
}

function cells(board, point) {
  const t = textsOf(board);
  const change =
    point.change == null
      ? "–"
      : isFull(point)
        ? t.full
        : `${signed(point.change)} (${signed(point.low)} – ${signed(point.high)})`;
  return [
    settingName(board, point),
    point.x.toLocaleString(board.state.lang),
    point.x.toLocaleString(board.state.lang), // a million vectors of so many bytes are so many MB
    percent(point.y),
    change,
  ];
}

// For a model's page: its settings by size, of a score that the visitor chooses.
export function sizeTable(board, entry) {
  if (!entry || !Object.keys(entry.curves).length) return [];
  const t = textsOf(board);
  const named = items(board).filter(([id]) => entry.curves[id]);
  const body = h("div", { class: "kel-sizebody" });
  const show = (item) => {
    const points = pointsOf(board, entry, item).sort((a, b) => b.x - a.x || b.y - a.y);
    const front = new Set(paretoFront(points, false));
    const line = (point) => {
      const [name, ...rest] = cells(board, point);
      const lost = point.high < 0;
      return h(
        "tr",
        { class: front.has(point) ? "kel-total" : "" },
        h("th", { scope: "row" }, name),
        rest.map((cell, i) => h("td", { class: i === 3 && lost ? "kel-significant" : "" }, cell)),
      );
    };
    const drawn = points.map((point) => ({ ...point, front: front.has(point), name: settingName(board, point) }));
    const table = plainTable(t.head, points.map(line), "kel-sizes");
    table.tabIndex = 0; // it scrolls
    fill(body, sizeChart(drawn, t.axis, named.find(([id]) => id === item)[1], t.precisions), table);
  };
  const first = [board.state.on, "retrieval", "overall"].find((id) => entry.curves[id]) ?? named[0]?.[0];
  if (!first) return [];
  show(first);
  return [
    h("h3", {}, t.title),
    entry.matryoshka == null ? null : h("p", {}, t.claim[entry.matryoshka]),
    h(
      "label",
      {},
      `${t.what} `,
      h(
        "select",
        { name: "kel-size-of", onchange: (event) => show(event.target.value) },
        named.map(([id, column]) => h("option", { value: id, selected: id === first }, column)),
      ),
    ),
    body,
    h("p", { class: "kel-note" }, t.rescored),
    entry.matryoshka === 1 ? null : h("p", { class: "kel-note" }, t.unpromised),
    h("p", { class: "kel-note" }, t.interval),
  ];
}
