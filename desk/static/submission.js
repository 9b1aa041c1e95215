// The page of one submission (?submission=ID): where it stands, what it waits for, why it failed; and, for who may, what
// can be done with it. Drawn above the queue, asked for again while it is open. Text is always set as text (dom.js).
import { fill, h, hubAddress, link, plainTable } from "../board/dom.js";
import { get, post } from "./calls.js";
import { bodyOf, filled } from "./form_fields.js";
import { preview } from "./form_preview.js";
import { formWords } from "./form_words.js";
import { duration, language, moment, words } from "./words.js";

const SECONDS = 5;
const ID = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;
const TEXTS = ["answer", "ask", "reject", "ask_retry", "retry", "release", "rerun", "withdraw"]; // take what was written

const at = { host: null, id: "", me: null, shown: "", commits: null, log: null };

const chosen = () => {
  const id = new URLSearchParams(location.search).get("submission") ?? "";
  return ID.test(id) ? id : "";
};

const row = (name, ...value) =>
  value.flat().some((part) => part != null && part !== "")
    ? h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))
    : null;

const values = (given) =>
  Object.entries(given).map(([name, value]) =>
    h("div", {}, h("code", {}, name), ": ", typeof value === "object" ? JSON.stringify(value) : String(value)),
  );

function facts(s, w) {
  const english = language() === "en";
  const { place, running, failure } = s;
  return plainTable(
    [],
    [
      row(w.status, h("strong", { class: `status status-${s.status}` }, english ? s.status_en : s.status_ko)),
      row(
        w.place,
        place && h("div", {}, w.placeOf(place)),
        place && h("div", {}, place.seconds == null ? w.noWait : w.wait(duration(place.seconds), place)),
      ),
      row(w.running, running?.worker),
      row(w.progress, running && values(running.progress)),
      row(w.question, s.question),
      row(w.failure, failure && `${failure.class}: ${failure.message}`),
      row(w.advice, failure && !english && failure.advice),
      row(w.notBefore, s.not_before && s.status === "QUEUED" && moment(s.not_before)),
      row(w.retryAsked, s.retry_asked),
      row(w.attempt, s.attempt ? String(s.attempt) : ""),
      row(w.by, s.by),
      row(w.own, s.own ? w.yes : ""),
      row(w.at, moment(s.at)),
      row(w.revision, s.revision && link(hubAddress(s.model, s.revision), s.revision.slice(0, 12))),
      row(w.precision, s.precision),
      row(w.suites, s.suites.join(", ")),
      row(w.priority, s.priority ? String(s.priority) : ""),
      row(w.note, s.note),
      row(w.training, s.training.map((name) => [name, s.training_tasks[name]?.join(", ")].filter(Boolean).join(" → ")).join(" · ")),
      row(w.settings, values(s.settings)),
      row(w.metadata, values(s.metadata)),
    ].filter(Boolean),
    "kel-facts",
  );
}

const events = (s, w) =>
  h(
    "details",
    { open: true },
    h("summary", {}, w.history),
    h(
      "ol",
      { class: "kel-timeline" },
      s.history.map((e) =>
        h(
          "li",
          {},
          h("time", { datetime: e.at }, moment(e.at)),
          ` ${language() === "en" ? e.en : e.ko} · ${e.who}`,
          e.why && h("div", { class: "note" }, e.why),
        ),
      ),
    ),
  );

function logOf(s, w) {
  const lines = h("pre", { tabindex: "0", "aria-label": w.log, hidden: !at.log }, at.log ?? "");
  const show = async () => {
    const found = await get("log.json", { id: s.id }).catch((error) => ({ lines: [error.message] }));
    at.log = found.lines.join("\n") || w.noLog;
    Object.assign(lines, { hidden: false, textContent: at.log });
  };
  return h("div", {}, h("button", { type: "button", class: "kel-button", onclick: show }, w.showLog), lines);
}

// What `explain` says of the submission's settings now: read from the Hub when it is opened.
function explained(s, w) {
  const host = h("div", {});
  const show = async ({ target }) => {
    if (!target.open || host.childNodes.length) return;
    fill(host, h("p", { role: "status" }, w.loading));
    try {
      fill(host, preview(await post("look", bodyOf(filled(s))), formWords()));
    } catch (error) {
      fill(host, h("p", { class: "kel-message error", role: "alert" }, error.message));
    }
  };
  return h("details", { class: "kel-explained", ontoggle: show }, h("summary", {}, w.explain), host);
}

// What the caller may do: one field for what he says, one for the priority, and a button for each verb.
function desk(s, w) {
  if (!s.verbs.length) return at.me.login && !at.me.who ? h("p", { class: "note" }, w.sign) : null;
  const text = h("textarea", { rows: "3", maxlength: "1000", "aria-label": w.text, placeholder: w.text });
  const number = h("input", { type: "number", step: "1", value: String(s.priority), "aria-label": w.number });
  const told = h("p", { role: "status" });
  const code = h("div", {});
  at.commits = null;
  const buttons = s.verbs.map((verb) =>
    h(
      "button",
      { type: "button", class: `kel-button ${verb === "approve" ? "primary" : ""}`, "data-verb": verb, onclick: () => run(verb) },
      w.verbs[verb],
    ),
  );
  async function run(verb) {
    if (verb === "change") return void document.dispatchEvent(new CustomEvent("kel-form-change", { detail: s }));
    const body = { verb, ids: [s.id] };
    if (TEXTS.includes(verb)) body.text = text.value;
    if (verb === "set_priority" || verb === "approve") body.priority = Math.trunc(Number(number.value) || 0);
    if (verb === "approve" && at.commits) body.commits = at.commits;
    buttons.forEach((button) => (button.disabled = true));
    try {
      draw((await post("act", body)).submissions[0], w.done);
      document.dispatchEvent(new CustomEvent("kel-queue-changed"));
    } catch (error) {
      told.textContent = error.message;
      told.className = "kel-message error";
      buttons.forEach((button) => (button.disabled = false));
    }
  }
  const decides = s.verbs.includes("approve");
  return h(
    "section",
    { class: "kel-acts" },
    text,
    (decides || s.verbs.includes("set_priority")) && h("label", {}, w.number, " ", number),
    decides && h("div", {}, h("button", { type: "button", class: "kel-button", onclick: () => readCode(s, code, w) }, w.code)),
    code,
    h("div", { class: "kel-verbs" }, buttons),
    told,
  );
}

async function readCode(s, host, w) {
  fill(host, w.loading);
  try {
    const { files, commits } = await get("code.json", { id: s.id });
    if (!files.length) return fill(host, h("p", {}, w.noCode));
    const trust = h("input", { type: "checkbox", onchange: () => (at.commits = trust.checked ? commits : null) });
    const blob = (file) => `${hubAddress(file.repository)}/blob/${file.commit}/${file.path.split("/").map(encodeURIComponent).join("/")}`;
    const rows = files.map((file) =>
      h(
        "tr",
        {},
        h("td", {}, link(blob(file), `${file.repository}/${file.path}`)),
        h("td", {}, file.bytes.toLocaleString()),
        h("td", {}, h("code", {}, file.sha256)),
      ),
    );
    fill(host, plainTable([w.file, w.bytes, "SHA-256"], rows), h("label", {}, trust, " ", w.trust), h("div", {}, values(commits)));
  } catch (error) {
    fill(host, h("p", { class: "kel-message error", role: "alert" }, error.message));
  }
}

// What a visitor is about to send is not drawn over.
const busy = () =>
  at.host.contains(document.activeElement) && ["TEXTAREA", "INPUT"].includes(document.activeElement.tagName);

function draw(s, told = "") {
  const shown = JSON.stringify([s, language(), at.me]);
  if (shown === at.shown && !told) return;
  if (busy() && !told) return;
  const w = words();
  at.shown = shown;
  fill(
    at.host,
    h(
      "article",
      { class: "kel-submission kel-queue", "data-status": s.status, "aria-labelledby": "kel-submission-title", lang: language() },
      h("button", { type: "button", class: "kel-button kel-close", onclick: () => go("") }, w.close),
      h("h3", { id: "kel-submission-title", tabindex: "-1" }, `${w.title} ${s.id}: ${s.model}`),
      s.opted_out && h("p", { class: "kel-message error" }, w.optedOut),
      told && h("p", { class: "kel-message", role: "status" }, told),
      s.status === "FINISHED" && !s.opted_out && h("p", {}, h("a", { href: `?model=${encodeURIComponent(s.model)}` }, w.result)),
      facts(s, w),
      explained(s, w),
      desk(s, w),
      events(s, w),
      logOf(s, w),
    ),
  );
}

async function renew() {
  if (!at.host?.isConnected || !at.id) return;
  const { id } = at;
  try {
    at.me = await get("me.json");
    const found = await get("submission.json", { id });
    if (id === at.id) draw(found);
  } catch (error) {
    if (id !== at.id || at.shown) return; // what is shown stays while the page does not answer
    fill(
      at.host,
      h("p", { class: "kel-message error", role: "alert" }, error.message || words().unread),
      h("button", { type: "button", class: "kel-button", onclick: () => go("") }, words().close),
    );
  }
}

function open(id) {
  Object.assign(at, { id, shown: "", log: null, commits: null });
  fill(at.host, id && h("p", { role: "status" }, words().loading));
  return renew();
}

function go(id) {
  const url = new URL(location.href);
  if (id) url.searchParams.set("submission", id);
  else url.searchParams.delete("submission");
  url.searchParams.set("tab", "submit");
  history.pushState(null, "", url);
  // as leaderboard_data/page/static/state.js does: in the Hub's frame the outer page's address follows
  if (window.parent !== window) window.parent.postMessage({ queryString: url.search }, "https://huggingface.co");
  open(id).then(() => {
    at.host.scrollIntoView({ block: "start" });
    at.host.querySelector("h3")?.focus({ preventScroll: true });
  });
}

export function mount(element) {
  const host = element.querySelector(".kel-submission-host");
  if (!host || host === at.host) return;
  at.host = host;
  open(chosen());
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.('.kel-queue a[href*="submission="], .kel-preview a[href*="submission="]');
  if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || !at.host) return;
  event.preventDefault();
  go(new URL(anchor.href).searchParams.get("submission"));
});
window.addEventListener("popstate", () => at.host && chosen() !== at.id && open(chosen()));
setInterval(() => document.hidden || renew(), SECONDS * 1000);
