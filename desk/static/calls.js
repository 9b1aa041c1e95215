// Calls of the desk's addresses. An error's message is the server's sentence in the page's language. What is asked for
// again and again is sent only when it changed: the answer to the last question is kept here, by its ETag.
import { language } from "./words.js";

const MOST_KEPT = 20;
const kept = new Map();

async function content(answer) {
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told[language()] ?? `${answer.status}`), { told, status: answer.status });
  return told;
}

// What is given back may be what an earlier call got: read it, and do not change it.
export async function get(name, query = {}) {
  const address = new URL(`./${name}?${new URLSearchParams(query)}`, import.meta.url).href;
  const known = kept.get(address);
  const headers = known ? { "If-None-Match": known.tag } : {};
  const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", headers });
  if (answer.status === 304 && known) return known.told;
  kept.delete(address);
  const told = await content(answer);
  const tag = answer.headers.get("etag");
  if (tag) kept.set(address, { tag, told });
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return told;
}

// What writes carries the token of the caller's sign-in, which the page alone is told.
export async function post(name, body, options = {}) {
  const { token } = await get("me.json");
  const answer = await fetch(new URL(`./${name}`, import.meta.url), {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-KEL-Token": token },
    body: JSON.stringify(body),
    ...options,
  });
  return content(answer);
}
