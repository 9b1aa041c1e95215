// What a model costs: bytes of its vectors, which indexes take them, tokens of Korean, seconds and memory on a device.
import { h } from "./dom.js";
import { percent } from "./scores.js";
import { TABLE_WORDS } from "./table_words.js";

// Values of one device alone say something beside each other.
const OF_DEVICE = ["speed", "suite_seconds", "peak"];

// Dimensions that an index takes at most, and above which one only needs it; sources: docs/evaluation.md, "Vectors in an index".
const INDEXES = [
  ["pgvector", 2000],
  ["pgvector (halfvec)", 4000, 2000],
  ["Elasticsearch", 4096],
  ["Milvus", 32768],
];

const TEXTS = {
  ko: {
    ...TABLE_WORDS.ko.costs,
    axes: {
      storage: "백만 문서의 벡터 크기 (MB, float32)",
      syllable_tokens: "한글 100음절의 토큰 수",
      cut: "잘린 글 (%)",
      suite_seconds: "전체 과제를 푸는 시간 (초)",
      peak: "최대 메모리 (MB)",
    },
    comparing: "속도를 비교할 장치",
    cutField: "잘린 글",
    cutShare: (share) => `${share} % (모델의 최대 길이를 채운 글)`,
  },
  en: {
    ...TABLE_WORDS.en.costs,
    axes: {
      storage: "A million documents' vectors (MB, float32)",
      syllable_tokens: "Tokens for 100 Hangul syllables",
      cut: "Cut texts (%)",
      suite_seconds: "Seconds for the suite",
      peak: "Peak memory (MB)",
    },
    comparing: "Compare speeds on",
    cutField: "Cut texts",
    cutShare: (share) => `${share} % (texts that fill the model's length)`,
  },
};

const textsOf = (board) => TEXTS[board.state.lang];
export const costName = (board, name) => textsOf(board).names[name];
export const costHint = (board, name) => textsOf(board).hints[name];
export const axisName = (board, axis) => board.labels.axes[axis] ?? textsOf(board).axes[axis];

// Of each row, by its number: what it costs.
export const costsOf = ({ costs, curves, dimension: dimensions, kinds, matryoshka, speed }) => (row) => {
  // a sparse vector's dimensions are words, and a late-interaction model stores a vector for each token
  const dimension = kinds[row] ? {} : dimensions;
  const of = costs[row] ?? {};
  const cut = (of.cut ?? []).filter((share) => share != null);
  return {
    storage: dimension[row] == null ? null : dimension[row] * 4,
    fits: dimension[row] == null ? null : INDEXES.filter(([, most, above = 0]) => dimension[row] > above && dimension[row] <= most).map(([name]) => name),
    matryoshka: matryoshka[row],
    syllable_tokens: of.tokens ?? null,
    unknown: of.unknown ?? null,
    cut: cut.length ? cut.reduce((a, b) => a + b, 0) / cut.length : null,
    cutOf: of.cut ?? [],
    device: of.device ?? null,
    suite_seconds: of.seconds ?? null,
    peak: of.peak == null ? null : of.peak / 1e6,
    measuredOn: speed[row] == null && of.seconds == null && of.peak == null ? null : (of.device ?? ""),
    curves: curves[row] ?? {},
  };
};

// The devices that something was measured on, the one of most rows first.
function devices(entries) {
  const count = new Map();
  for (const { measuredOn } of entries) if (measuredOn != null) count.set(measuredOn, (count.get(measuredOn) ?? 0) + 1);
  return [...count.keys()].sort((a, b) => count.get(b) - count.get(a) || (a < b ? -1 : 1));
}

// The device whose values stand in an order: the visitor's choice, else that of most rows.
export function comparedDevice(board) {
  const there = devices(board.entries);
  return there.includes(board.state.device) ? board.state.device : there[0];
}

export const isOfDevice = (name) => OF_DEVICE.includes(name);

// What a row is sorted or drawn by: nothing where the value is another device's.
export const comparable = (board, entry, name) =>
  isOfDevice(name) && entry.measuredOn !== comparedDevice(board) ? null : entry[name];

// As text; `fits` and the like are words.
export function costText(board, entry, name) {
  const t = textsOf(board);
  const value = entry[name];
  if (value == null) return null;
  if (name === "fits") return value.length ? value.join(", ") : t.none;
  if (name === "matryoshka") return t.claims[value];
  if (name === "device") return value;
  if (name === "unknown" || name === "cut") return percent(value);
  return value < 100 ? String(Math.round(value * 10) / 10) : Math.round(value).toLocaleString(board.state.lang);
}

// A cell of a device's value names the device.
export const deviceMark = (board, entry, escape) =>
  `<small class="kel-device" data-label="${escape(entry.measuredOn || textsOf(board).unknownDevice)}"></small>`;

// A choice of the device, where there are several.
export function deviceChoice(board) {
  const there = devices(board.entries);
  if (there.length < 2) return null;
  const t = textsOf(board);
  const chosen = comparedDevice(board);
  return h(
    "label",
    {},
    `${t.comparing} `,
    h(
      "select",
      { name: "kel-compared-device", onchange: (event) => board.change({ device: event.target.value }, { refill: true, rename: true }) },
      there.map((device) => h("option", { value: device, selected: device === chosen }, device || t.unknownDevice)),
    ),
  );
}

// For the dialog behind a cell: how many of the task's texts the model reads only in part.
export function cutFacts(board, entry, task) {
  const share = entry.cutOf[task];
  return share == null ? [] : [[textsOf(board).cutField, textsOf(board).cutShare(percent(share))]];
}

// For the model's page: all of it.
export function costFacts(board, entry) {
  if (!entry) return [];
  const value = (name) => costText(board, entry, name);
  const of = (name) => [
    costName(board, name) ?? board.labels.extras[name],
    value(name) && [value(name), isOfDevice(name) && entry.measuredOn ? ` (${entry.measuredOn})` : ""],
  ];
  return ["storage", "fits", "matryoshka", "syllable_tokens", "unknown", "cut", "speed", "suite_seconds", "peak"].map(of);
}

