// Shows the queue (submissions/routes.py) and fetches it again while the page is open. The browser keeps it and asks
// whether it changed; what is the same is not drawn again. The server has escaped all text in it.
const SECONDS = 5;
const TYPING = 250; // milliseconds after the last letter

const STATES = [
  ["", "모든 상태 · All states"],
  ["OPEN", "진행 중 · Open"],
  ["CLOSED", "끝남 · Closed"],
  ["PENDING", "승인 대기 · Pending"],
  ["WAITING", "답변 대기 · Waiting"],
  ["QUEUED", "평가 대기 · Queued"],
  ["RUNNING", "평가 중 · Running"],
  ["FINISHED", "완료 · Finished"],
  ["FAILED", "실패 · Failed"],
  ["REJECTED", "반려 · Rejected"],
  ["WITHDRAWN", "철회 · Withdrawn"],
];

const at = { host: null, list: null, page: 1, etag: null, asked: 0, sought: {} };

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
  const query = new URLSearchParams({ page: at.page, ...at.sought });
  try {
    const answer = await fetch(new URL(`submissions/queue.html?${query}`, document.baseURI), { cache: "no-cache" });
    if (asked !== at.asked) return; // a later question is on its way
    if (answer.status === 404 && at.page > 1) {
      at.page = 1; // the queue has become shorter
      return renew();
    }
    const etag = answer.headers.get("etag");
    if (!answer.ok || etag === at.etag) return;
    draw(await answer.text());
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

function search() {
  const bar = document.createElement("div");
  bar.className = "seek";
  bar.setAttribute("role", "search");
  const words = Object.assign(document.createElement("input"), { type: "search", maxLength: 200, id: "kel-queue-words" });
  words.placeholder = "모델, 제출한 사람, 접수 번호 · model, person, id";
  words.setAttribute("aria-label", "대기열에서 찾기 · Search the queue");
  let typing;
  words.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => seek("q", words.value.trim()), TYPING);
  });
  const states = document.createElement("select");
  states.setAttribute("aria-label", "상태 · State");
  for (const [value, label] of STATES) states.append(new Option(label, value));
  states.addEventListener("change", () => seek("state", states.value));
  bar.append(words, states);
  return bar;
}

export function mount(element) {
  const host = element.querySelector(".kel-queue-host");
  if (!host || host === at.host) return;
  const list = document.createElement("div");
  Object.assign(at, { host, list, page: 1, etag: null, sought: {} });
  host.replaceChildren(search(), list);
  host.removeAttribute("aria-busy");
  host.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-page]");
    if (!button) return;
    at.page = Number(button.dataset.page);
    renew().then(() => host.scrollIntoView({ block: "nearest" }));
  });
  renew();
}

setInterval(() => document.hidden || renew(), SECONDS * 1000);
document.addEventListener("kel-queue-changed", renew);
document.addEventListener("visibilitychange", () => document.hidden || renew());
