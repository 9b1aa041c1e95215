// Size against quality, of the report on one's own data: a picture and tables of all models' smaller vectors.
"use strict";
const SIZES = {
  ko: {
    sizes: "벡터 크기와 점수",
    sizesHint:
      "같은 임베딩을 앞에서부터 자르고(마트료시카 길이) int8·이진으로 줄여 nDCG@5·10으로 다시 채점했습니다. 색은 모델, 모양은 저장 방식입니다. 선은 한 모델에서 크기마다 가장 나은 설정, 점선은 모든 모델과 설정의 파레토 경계입니다.",
    rescored: "이진 + 재정렬은 이진으로 찾은 상위 100개를 float32 벡터로 다시 정렬합니다. 크기는 색인만 셉니다. float32 벡터가 옆에 따로 있어야 합니다.",
    lossHint:
      "손실은 같은 모델의 전체 길이 float32와의 차이이고, 대괄호는 같은 재표본 100개에서 얻은 쌍체 95 % 구간(±1.96 표준편차)입니다. 구간 전체가 0 아래면 굵게 표시합니다.",
    fitsHint:
      "그 차원과 형식의 벡터를 색인할 수 있는 곳: pgvector HNSW 2,000차원(halfvec 4,000, bit 64,000), Elasticsearch 4,096, Milvus 32,768.",
    unpromised: "†: 모델 카드가 마트료시카 학습을 말하지 않는데 자른 벡터입니다.",
    frontTable: "크기마다 가장 나은 것 (파레토 경계)",
    settingsOf: (name, count) => `${name}: 모든 설정 ${count}개`,
    precisions: { float32: "float32", int8: "int8", binary: "이진", binary_rescored: "이진 + 재정렬" },
    sizeOf: (dimension, precision) => `${dimension}차원 ${precision}`,
    sizeHead: ["설정", "바이트/벡터", "MB/백만 문서", "점수", "손실", "색인 가능"],
    full: "기준",
    nowhere: "없음",
    bytesAxis: "벡터 하나의 바이트 (로그 눈금)",
    scoreAxis: "nDCG@5·10",
    front: "파레토 경계",
    bm25: (name, score) => `${name}: ${score} (벡터 없음, 멀면 그리지 않음)`,
    picture: "모델마다 벡터 하나의 바이트와 점수. 같은 값이 아래 표에 있습니다.",
  },
  en: {
    sizes: "Size against quality",
    sizesHint:
      "The same embeddings, cut to their first dimensions (Matryoshka lengths) and stored as int8 or bits, scored again by nDCG@5, 10. A colour is a model, a shape how vectors are stored. A line is a model's best setting at each size, the dotted one the Pareto front over all models and settings.",
    rescored: "Binary, rescored: the first 100 by their bits are put in order by float32 vectors. Sizes count the index alone; the float32 vectors lie beside it.",
    lossHint:
      "The change is from the same model's float32 vectors of full length; in brackets its paired 95 % interval of 100 resamples (plus and minus 1.96 standard deviations). Bold where all of it is below 0.",
    fitsHint: "Which indexes take vectors of this dimension and form: pgvector's HNSW 2,000 (halfvec 4,000, bit 64,000), Elasticsearch 4,096, Milvus 32,768.",
    unpromised: "†: vectors cut although the model's card does not speak of Matryoshka training.",
    frontTable: "The best at each size (Pareto front)",
    settingsOf: (name, count) => `${name}: all ${count} settings`,
    precisions: { float32: "float32", int8: "int8", binary: "binary", binary_rescored: "binary, rescored" },
    sizeOf: (dimension, precision) => `${dimension} ${precision}`,
    sizeHead: ["Setting", "Bytes/vector", "MB/million documents", "Score", "Change", "Indexable in"],
    full: "reference",
    nowhere: "none",
    bytesAxis: "Bytes of a vector (log scale)",
    scoreAxis: "nDCG@5, 10",
    front: "Pareto front",
    bm25: (name, score) => `${name}: ${score} (no vectors; not drawn where it is far away)`,
    picture: "Bytes of a vector and score, for each model. The tables below have the same values.",
  },
};

// Dimensions that an index takes at most, by how vectors are stored; sources: docs/evaluation.md, "Vectors in an index".
const INDEXES = [
  ["pgvector", { float32: 2000 }],
  ["pgvector (halfvec)", { float32: 4000 }, 2000],
  ["pgvector (bit)", { binary: 64000, binary_rescored: 64000 }],
  ["Elasticsearch", { float32: 4096, int8: 4096, binary: 4096, binary_rescored: 4096 }],
  ["Milvus", { float32: 32768, int8: 32768, binary: 32768, binary_rescored: 32768 }],
];
const PRECISIONS = ["float32", "int8", "binary", "binary_rescored"];
const COLOURS = 6; // classes m0 to m5 of the styles; a seventh model begins again, and the tables name each
const WIDE = 860;
const HIGH = 420;
const ROOM = { left: 62, right: 18, top: 14, bottom: 46 };

const curved = () => ranked.filter((i) => told.models[i].curve.length);
const pointsOf = (i) => told.models[i].curve.map((point) => ({ ...point, model: i }));

// Those that no other beats with as few bytes, the smallest first.
function frontOf(points) {
  const sorted = [...points].sort((a, b) => a.bytes - b.bytes || b.score - a.score);
  let best = -Infinity;
  return sorted.filter(({ score }) => score > best && ((best = score), true));
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

function mark(precision, x, y, r) {
  if (precision === "float32") return svg("circle", { cx: x, cy: y, r });
  if (precision === "int8") return svg("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r });
  const diamond = `${x},${y - r * 1.35} ${x + r * 1.35},${y} ${x},${y + r * 1.35} ${x - r * 1.35},${y}`;
  return svg("polygon", { points: diamond, class: precision === "binary" ? "hollow" : "whole" });
}

// Round numbers between two, some five of them.
function ticks(low, high) {
  const rough = (high - low) / 5;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((by) => by * ten).find((each) => each >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

function sizeName(t, { model, dimension, precision }) {
  const { curve, matryoshka } = told.models[model];
  const promised = matryoshka === true || dimension === curve.find(({ full }) => full).dimension;
  return t.sizeOf(dimension, t.precisions[precision]) + (promised ? "" : " †");
}

function picture(t, models) {
  const settings = models.flatMap(pointsOf);
  const best = told.baseline == null ? null : main(told.models[told.baseline])[0];
  const scored = settings.map(({ score }) => score * 100);
  const [least, most] = [Math.min(...scored), Math.max(...scored)];
  const near = best != null && best * 100 < most + 1.5 * (most - least) && best * 100 > least - 1.5 * (most - least);
  const values = near ? [...scored, best * 100] : scored; // a baseline far away would press the curves flat
  const margin = Math.max((Math.max(...values) - Math.min(...values)) * 0.06, 0.5);
  const low = Math.max(Math.min(...values) - margin, Math.min(...values) < 0 ? -100 : 0);
  const high = Math.min(Math.max(...values) + margin, 101);
  const powers = settings.map(({ bytes }) => Math.log2(bytes));
  const [from, to] = [Math.floor(Math.min(...powers)) - 0.2, Math.ceil(Math.max(...powers)) + 0.2];
  const x = (bytes) => ROOM.left + ((Math.log2(bytes) - from) / (to - from)) * (WIDE - ROOM.left - ROOM.right);
  const y = (score) => HIGH - ROOM.bottom - ((score * 100 - low) / (high - low)) * (HIGH - ROOM.top - ROOM.bottom);
  const [right, bottom] = [WIDE - ROOM.right, HIGH - ROOM.bottom];
  const line = (of) => of.map(({ bytes, score }) => `${x(bytes).toFixed(1)},${y(score).toFixed(1)}`).join(" ");
  const across = ticks(low, high).map((value) => [
    svg("line", { x1: ROOM.left, x2: right, y1: y(value / 100), y2: y(value / 100), class: "grid" }),
    svg("text", { x: ROOM.left - 8, y: y(value / 100) + 4, "text-anchor": "end" }, String(Number(value.toFixed(4)))),
  ]);
  const doublings = Array.from({ length: Math.floor(to) - Math.ceil(from) + 1 }, (_, i) => 2 ** (Math.ceil(from) + i));
  const down = doublings.map((bytes) => [
    svg("line", { x1: x(bytes), x2: x(bytes), y1: ROOM.top, y2: bottom, class: "grid" }),
    svg("text", { x: x(bytes), y: bottom + 18, "text-anchor": "middle" }, bytes.toLocaleString(state.lang)),
  ]);
  const front = frontOf(settings).flatMap((point, i, all) => (i ? [{ ...point, score: all[i - 1].score }, point] : [point]));
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": t.picture, class: "sizes" },
    across,
    down,
    svg("text", { x: (ROOM.left + right) / 2, y: HIGH - 8, "text-anchor": "middle" }, t.bytesAxis),
    svg("text", { transform: `translate(14 ${(ROOM.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, t.scoreAxis),
    near && svg("line", { x1: ROOM.left, x2: right, y1: y(best), y2: y(best), class: "bm25" }),
    svg("polyline", { points: line(front), class: "front" }),
    models.map((i, at) => svg("polyline", { points: line(frontOf(pointsOf(i))), class: `own m${at % COLOURS}` })),
    models.map((i, at) =>
      pointsOf(i).map((point) =>
        svg(
          "g",
          { class: `mark m${at % COLOURS}` },
          svg("title", {}, `${told.models[i].name}\n${sizeName(t, point)}\n${point.bytes} B, ${percent(point.score)}`),
          mark(point.precision, x(point.bytes), y(point.score), 4.5),
        ),
      ),
    ),
  );
}

function legend(t, models) {
  const sample = (content, text) =>
    h("li", {}, svg("svg", { viewBox: "0 0 28 14", width: 28, height: 14, "aria-hidden": "true", class: "sizes" }, content), ` ${text}`);
  const rule = (name) => svg("line", { x1: 1, x2: 27, y1: 7, y2: 7, class: name });
  const there = PRECISIONS.filter((each) => models.some((i) => told.models[i].curve.some(({ precision }) => precision === each)));
  return h(
    "ul",
    { class: "legend" },
    models.map((i, at) => sample(rule(`own m${at % COLOURS}`), told.models[i].name)),
    there.map((precision) => sample(svg("g", { class: "mark plain" }, mark(precision, 14, 7, 4.5)), t.precisions[precision])),
    sample(rule("front"), t.front),
    told.baseline != null && sample(rule("bm25"), t.bm25(told.models[told.baseline].name, percent(main(told.models[told.baseline])[0]))),
  );
}

function fits(t, { dimension, precision }) {
  const found = INDEXES.filter(([, most, above = 0]) => dimension <= (most[precision] ?? 0) && dimension > above);
  return found.map(([name]) => name).join(", ") || t.nowhere;
}

function sizeCells(t, point) {
  const [lost, low, high] = point.change;
  const bytes = point.bytes.toLocaleString(state.lang);
  return [
    h("td", {}, bytes),
    h("td", {}, bytes), // a million vectors of so many bytes are so many MB
    h("td", {}, h("b", {}, percent(point.score))),
    h("td", {}, point.full ? t.full : [h(high < 0 ? "b" : "span", {}, points(lost)), ` [${points(low)}, ${points(high)}]`]),
    h("td", { class: "wraps" }, fits(t, point)),
  ];
}

function sizes(t) {
  const models = curved();
  if (!models.length) return [];
  const front = frontOf(models.flatMap(pointsOf)).reverse();
  const named = (point) => `${told.models[point.model].name} · ${sizeName(t, point)}`;
  const rows = (of, name) => of.map((point) => h("tr", {}, h("th", { scope: "row" }, name(point)), sizeCells(t, point)));
  const cut = models.some((i) => pointsOf(i).some((point) => sizeName(t, point).endsWith("†")));
  return [
    h("h2", {}, t.sizes),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t.sizes }, picture(t, models)),
    legend(t, models),
    h("p", { class: "note" }, t.sizesHint),
    h("h3", {}, t.frontTable),
    table(t.sizeHead, rows(front, named), "sized"),
    ...models.map((i) =>
      h(
        "details",
        { class: "settings" },
        h("summary", {}, t.settingsOf(told.models[i].name, told.models[i].curve.length)),
        table(t.sizeHead, rows(pointsOf(i), (point) => sizeName(t, point)), "sized"),
      ),
    ),
    h("p", { class: "note" }, t.lossHint),
    h("p", { class: "note" }, t.rescored),
    cut && h("p", { class: "note" }, t.unpromised),
    h("p", { class: "note" }, t.fitsHint),
  ];
}
