// A model's place in every category and task: a table whose second column draws all models as ticks on the row's scale.
import { h } from "./dom.js";
import { modelWords } from "./model_words.js";
import { percent } from "./scores.js";
import { position } from "./standing.js";
import { openTask } from "./task_links.js";
import { seenNote } from "./training.js";

const STEPS = 1000; // places on a line: models closer than that share a tick

const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

export function strip(board, lines, entry) {
  const w = modelWords(board);
  const [first, ...rest] = w.stripHead;
  const cell = (tag, name, ...content) =>
    h(tag, { class: name, role: tag === "th" ? "rowheader" : "cell", scope: tag === "th" ? "row" : null }, ...content);
  const row = (line) =>
    h(
      "tr",
      { role: "row", class: `kel-strip-${line.kind}`, "data-line": line.id },
      cell("th", "", name(board, line, entry)),
      cell("td", "kel-strip-where", drawn(board, line)),
      cell("td", "kel-strip-score", line.value == null ? "–" : percent(line.value), seenNote(board, entry, line)),
      cell("td", "kel-strip-rank", ...rankOf(w, line)),
    );
  return [
    h("p", { class: "kel-note" }, w.stripHint),
    h(
      "table",
      { class: "kel-strip", role: "table", "aria-label": w.strip },
      h(
        "thead",
        { role: "rowgroup" },
        h("tr", { role: "row" }, [first, ...rest].map((text) => h("th", { scope: "col", role: "columnheader" }, text))),
      ),
      h("tbody", { role: "rowgroup" }, lines.map(row)),
    ),
  ];
}

function rankOf(w, { rank, of, ties, place }) {
  if (rank == null) return [place == null ? "–" : `(${place})`];
  const group = ties && ties[0] !== ties[1] ? h("small", {}, w.tiesShort(...ties)) : "";
  return [h("span", {}, `${rank} / ${of}`), group];
}

// What a line is called, in the visitor's language; tasks have one name.
export function lineName(board, line) {
  if (line.kind === "category") return board.tabLabel(line.id);
  if (line.kind === "task") return line.name;
  const title = board.data.suite.titles.columns[board.data.suite.averages[0].column]?.[board.state.lang] ?? line.name;
  return line.weighted ? `${title}*` : title;
}

// A category leads to its table, a task to its page, with this model's items where it was measured here.
function name(board, line, entry) {
  const text = lineName(board, line);
  if (line.kind === "average") return text;
  const open =
    line.kind === "task"
      ? () => openTask(board, line.id, entry.origin === "measured" ? [entry.model] : [])
      : () => board.change({ tab: line.id, model: "", sort: null }, { page: true });
  return h("button", { type: "button", class: "kel-link", onclick: open }, text);
}

// All models as ticks, this one as a dot with the whisker of its interval, the ends of the scale beside it.
function drawn(board, line) {
  const scores = line.values.map(([score]) => score);
  const all = line.value == null ? scores : [...scores, line.value];
  const [low, high] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const at = (value) => position(value, low, high);
  const places = [...new Set(scores.map((score) => Math.round(at(score) * STEPS)))].sort((a, b) => a - b);
  const ticks = svg(
    "svg",
    { viewBox: `0 0 ${STEPS} 10`, preserveAspectRatio: "none", "data-ticks": places.join(" ") },
    svg("path", { d: places.map((x) => `M${x} 0V10`).join(""), "vector-effect": "non-scaling-stroke" }),
  );
  const track = h("span", { class: "kel-strip-track" }, ticks);
  if (line.value != null) {
    if (line.low != null) {
      const whisker = h("i", { class: "kel-strip-whisker" });
      whisker.style.left = `${100 * at(line.low)}%`;
      whisker.style.right = `${100 * (1 - at(line.high))}%`;
      track.append(whisker);
    }
    const mark = h("i", { class: "kel-strip-mark", "data-at": at(line.value).toFixed(4) });
    mark.style.left = `${100 * at(line.value)}%`;
    track.append(mark);
  }
  // the pointer names the model of the nearest tick
  track.addEventListener("pointermove", ({ clientX }) => {
    const box = track.getBoundingClientRect();
    const wanted = low + ((clientX - box.left) / box.width) * (high - low);
    const [score, entry] = line.values.reduce((a, b) => (Math.abs(b[0] - wanted) < Math.abs(a[0] - wanted) ? b : a));
    track.title = `${entry.name} · ${percent(score)}`;
  });
  return h(
    "span",
    { class: "kel-strip-line", "aria-hidden": "true" },
    h("small", {}, percent(low)),
    track,
    h("small", {}, percent(high)),
  );
}
