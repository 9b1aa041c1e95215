// Shows the queue (submissions/routes.py) in the page's language, and fetches it again while the page is open. The
// browser keeps it and asks whether it changed; what is the same is not drawn again. The server has escaped all text in it.
import { language } from "../desk/words.js";

const SECONDS = 5;
const TYPING = 250; // milliseconds after the last letter

const WORDS = {
  ko: {
    title: "대기열",
    seek: "대기열에서 찾기",
    hint: "모델, 제출한 사람, 접수 번호",
    state: "상태",
    states: {
      "": "모든 상태",
      OPEN: "진행 중",
      CLOSED: "끝남",
      PENDING: "승인 대기",
      WAITING: "답변 대기",
      QUEUED: "평가 대기",
      RUNNING: "평가 중",
      FINISHED: "완료",
      FAILED: "실패",
      REJECTED: "반려",
      WITHDRAWN: "철회",
    },
  },
  en: {
    title: "Queue",
    seek: "Search the queue",
    hint: "model, person, submission's id",
    state: "State",
    states: {
      "": "All states",
      OPEN: "Open",
      CLOSED: "Closed",
      PENDING: "Pending approval",
      WAITING: "Waiting for an answer",
      QUEUED: "Queued",
      RUNNING: "Running",
      FINISHED: "Finished",
      FAILED: "Failed",
      REJECTED: "Rejected",
      WITHDRAWN: "Withdrawn",
    },
  },
};

const at = { host: null, list: null, page: 1, etag: null, asked: 0, sought: {}, lang: "" };

function draw(html) {
  const open = [...at.list.querySelectorAll("tr:has(details[open])")].map((row) => row.dataset.submission);
  at.list.innerHTML = html;
  for (const row of at.list.querySelectorAll("tr")) {
    if (open.includes(row.dataset.submission)) row.querySelector("details").open = true;
  }
}

export async function renew() {
  if (!at.host?.isConnected) return;
  const asked = ++at.asked;
  const query = new URLSearchParams({ page: at.page, lang: at.lang, ...at.sought });
  try {
    const answer = await fetch(new URL(`submissions/queue.html?${query}`, document.baseURI), { cache: "no-cache" });
    if (asked !== at.asked) return; // a later question is on its way
    if (answer.status === 404 && at.page > 1) {
      at.page = 1; // the queue has become shorter
      return renew();
    }
    const etag = answer.headers.get("etag");
    if (!answer.ok || etag === at.etag) return;
    const html = await answer.text();
    if (asked !== at.asked) return;
    draw(html);
    at.etag = etag;
  } catch {
    // The page cannot be reached now: what is shown stays.
  }
}

function seek(name, value) {
  if ((at.sought[name] ?? "") === value) return;
  if (value) at.sought[name] = value;
  else delete at.sought[name];
  Object.assign(at, { page: 1, etag: null });
  renew();
}

const made = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

function head(w) {
  const words = made("input", { type: "search", className: "kel-search", maxLength: 200, id: "kel-queue-words" });
  Object.assign(words, { placeholder: w.hint, value: at.sought.q ?? "" });
  words.setAttribute("aria-label", w.seek);
  let typing;
  words.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => seek("q", words.value.trim()), TYPING);
  });
  const states = made("select", { className: "kel-input" });
  states.setAttribute("aria-label", w.state);
  for (const [value, label] of Object.entries(w.states)) states.append(new Option(label, value));
  states.value = at.sought.state ?? "";
  states.addEventListener("change", () => seek("state", states.value));
  const bar = made("div", { className: "seek" }, words, states);
  bar.setAttribute("role", "search");
  return [made("h2", { textContent: w.title }), bar];
}

// The head and the list in the language of now.
function speak() {
  if (!at.host?.isConnected || at.lang === language()) return;
  Object.assign(at, { lang: language(), etag: null });
  at.host.lang = at.lang;
  at.host.replaceChildren(...head(WORDS[at.lang]), at.list);
  renew();
}

export function mount(element) {
  const host = element.querySelector(".kel-queue-host");
  if (!host || host === at.host) return;
  Object.assign(at, { host, list: document.createElement("div"), page: 1, etag: null, sought: {}, lang: "" });
  speak();
  host.removeAttribute("aria-busy");
  host.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-page]");
    if (!button) return;
    at.page = Number(button.dataset.page);
    renew().then(() => host.scrollIntoView({ block: "nearest" }));
  });
}

setInterval(() => document.hidden || renew(), SECONDS * 1000);
document.addEventListener("kel-queue-changed", renew);
document.addEventListener("visibilitychange", () => document.hidden || renew());
document.addEventListener("kel:language", speak);
window.addEventListener("popstate", speak);
