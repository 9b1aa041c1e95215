// Calls of the desk's addresses. An error's message is the server's sentence in the page's language.
import { language } from "./words.js";

async function content(answer) {
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told[language()] ?? `${answer.status}`), { told, status: answer.status });
  return told;
}

export async function get(name, query = {}) {
  const address = new URL(`./${name}?${new URLSearchParams(query)}`, import.meta.url);
  return content(await fetch(address, { credentials: "same-origin", cache: "no-store" }));
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
