import { working } from "./progress.js";

// Building the page from values: text is always set as text, so that nothing a visitor or a result says is markup.

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

const present = (children) =>
  children.flat(Infinity).filter((child) => child != null && child !== false && child !== "");

export const fill = (element, ...children) => element.replaceChildren(...present(children));

// A table that scrolls sideways where it does not fit. `head`: texts or elements of the header; `rows`: <tr> or a <tbody>.
export const plainTable = (head, rows, name = "") =>
  h(
    "div",
    { class: "kel-scroll" },
    h(
      "table",
      { class: `kel-plain ${name}` },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head.map((cell) => (cell instanceof Node ? cell : h("th", { scope: "col" }, cell))),
        ),
      ),
      rows instanceof Node ? rows : h("tbody", {}, rows),
    ),
  );

const HUB = "https://huggingface.co/";

export const hubAddress = (model, revision) =>
  HUB + model.split("/").map(encodeURIComponent).join("/") + (revision ? `/tree/${encodeURIComponent(revision)}` : "");

// Only addresses that a browser opens as a page; anything else (javascript:, data:) is shown as text.
export const link = (address, text = address, properties = {}) =>
  /^https?:\/\//i.test(address ?? "")
    ? h("a", { href: address, target: "_blank", rel: "noopener noreferrer", ...properties }, text)
    : h("span", {}, text ?? "");

export const compact = (number, language) =>
  number == null
    ? "–"
    : number >= 1e9
      ? `${(number / 1e9).toFixed(number >= 1e10 ? 0 : 1)}B`
      : number >= 1e6
        ? `${Math.round(number / 1e6)}M`
        : number.toLocaleString(language);

// A text with values in the places of their names: withValues("{n} of {of}", { n: 1, of: 3 }).
export const withValues = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// How visitors read a column of the suite; tasks keep their published names.
export const columnTitle = ({ data, state }, column) => data.suite.titles.columns[column]?.[state.lang] ?? column;

// An answer of the API about the suite that is shown. What goes wrong has the answer's `status` (none where the server
// was not reached), and `reason`, where the server names one.
export const ask = (board, path, given = {}) => {
  const query = new URLSearchParams({ ...given, suite: board.data.suite.id });
  return getJson(`./api/${path}?${query}`);
};

async function getJson(path, signal) {
  const answer = await working(fetch(new URL(path, import.meta.url), { signal, credentials: "same-origin" }));
  if (!answer.ok) {
    const { error, reason } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(error ?? `${answer.status}`), { status: answer.status, reason });
  }
  return answer.json();
}

export function save(name, type, content) {
  const anchor = h("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}

// Copy, and say so on the button. A browser without a clipboard (http, not localhost) shows the text to copy by hand.
export async function copyText(text, button, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    window.prompt("", text);
    return;
  }
  const before = button.textContent;
  button.textContent = done;
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
}
