// Empty states say what to do, and what takes longer than half a second says that it goes on.
import { h } from "./dom.js";
import { FILTERS, address, defaults, isFiltered } from "./state.js";
import { wayWords } from "./wayin_words.js";

const words = (board) => wayWords(board.state.lang);
const MODEL_ID = /^[\w.-]{1,96}\/[\w.-]{1,96}$/;

const box = (title, ...content) => h("div", { class: "kel-empty", role: "status" }, h("h3", {}, title), content);
const button = (text, onclick, kind = "") => h("button", { type: "button", class: `kel-button ${kind}`, onclick }, text);

// The form with the id filled in. What a form holds before the sign-in is in the address in the same way.
function submitLink(board, model = "") {
  const t = words(board);
  const url = address({ ...board.state, q: "", model: "", task: "", submitting: true });
  if (model) url.hash = `draft=${encodeURIComponent(JSON.stringify({ model }))}`;
  const open = (event) => {
    if (model || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    board.submit();
  };
  return h("a", { class: "kel-button", href: url.href, onclick: open }, t.submit(model));
}

// "up to", "from" and "between" as signs that both languages read.
function boundsText([low, high], unit) {
  const text = low == null ? `≤ ${high}` : high == null ? `≥ ${low}` : `${low}–${high}`;
  return text + unit;
}

// What a filter of the state is called, and what it asks for.
function named(board, name) {
  const { labels, state } = board;
  const value = state[name];
  const shown = (one) => labels.origin[one] ?? labels.choices[one] ?? (one === "unknown" ? labels.unknown : one);
  const text = Array.isArray(value) && typeof value[0] === "string" ? value.map(shown).join(", ") : name === "q" ? value : (labels.choices[value] ?? boundsText(value, name === "params" ? ` ${labels.million}` : ""));
  return `${name === "q" ? words(board).search : labels.filters[name]}: ${text}`;
}

// For a table of which nothing is left.
export function nothingLeft(board) {
  const t = words(board);
  const { state } = board;
  if (!board.listed().length)
    return box(
      t.nothingTitle,
      h("p", {}, t.nothingMeasured),
      h("p", { class: "kel-empty-verbs" }, button(t.allOrigins, () => board.restate({ origin: ["measured", "published", "imported"] })), submitLink(board)),
    );
  const used = FILTERS.filter((name) => name !== "origin" && isFiltered(state, name));
  const wanted = state.q.trim();
  const model = MODEL_ID.test(wanted) ? wanted : "";
  return box(
    t.emptyTitle,
    used.length > 0 && h("p", {}, t.emptyHelp),
    h(
      "p",
      { class: "kel-empty-verbs" },
      used.map((name) => {
        const off = button(`${named(board, name)} ×`, () => board.restate(defaults([name])));
        off.setAttribute("aria-label", t.takeOff(named(board, name)));
        return off;
      }),
      used.length > 1 && button(t.all, () => board.restate(defaults(used)), "kel-primary"),
    ),
    wanted && [h("p", {}, t.missing(model)), h("p", {}, submitLink(board, model))],
  );
}

// For a plot without points.
export const nothingDrawn = (board) => {
  const made = nothingLeft(board);
  made.firstChild.textContent = words(board).plotsTitle;
  return made;
};

// In place of the board, where its data does not come.
export const unreachable = (language) => {
  const t = wayWords(language);
  return h("div", { class: "kel-empty", role: "alert" }, h("p", {}, t.unreachable), button(t.retry, () => location.reload(), "kel-primary"));
};

// A line at the bottom while there is no connection.
export function watchConnection(language) {
  let told = null;
  const show = () => {
    told?.remove();
    told = navigator.onLine ? null : h("p", { class: "kel-offline", role: "status" }, wayWords(language()).offline);
    if (told) document.querySelector("#kel-page").append(told);
  };
  addEventListener("offline", show);
  addEventListener("online", show);
}
