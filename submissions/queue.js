// Shows the queue (submissions/routes.py) and fetches it again while the page is open. The browser keeps it and asks
// whether it changed; what is the same is not drawn again. The server has escaped all text in it.
const SECONDS = 5;

const at = { host: null, page: 1, etag: null, asked: 0 };

function draw(html) {
  const open = [...at.host.querySelectorAll("tr:has(details[open])")].map((row) => row.dataset.submission);
  at.host.innerHTML = html;
  for (const row of at.host.querySelectorAll("tr")) {
    if (open.includes(row.dataset.submission)) row.querySelector("details").open = true;
  }
}

export async function renew() {
  if (!at.host?.isConnected) return;
  const asked = ++at.asked;
  try {
    const answer = await fetch(new URL(`submissions/queue.html?page=${at.page}`, document.baseURI), { cache: "no-cache" });
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

export function mount(element) {
  const host = element.querySelector(".kel-queue-host");
  if (!host || host === at.host) return;
  Object.assign(at, { host, page: 1, etag: null });
  host.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-page]");
    if (!button) return;
    at.page = Number(button.dataset.page);
    renew().then(() => host.scrollIntoView({ block: "nearest" }));
  });
  renew();
}

setInterval(() => document.hidden || renew(), SECONDS * 1000);
document.addEventListener("visibilitychange", () => document.hidden || renew());
