// The page of one submission (?submission=ID): where it stands, what it waits for, why it failed; and, for who may, what
// can be done with it. Drawn above the queue, asked for again while it is open. Text is always set as text (dom.js).
import { fill, h, hubAddress, link, plainTable } from "../board/dom.js";
import { get, post } from "./calls.js";
import { bodyOf, filled } from "./form_fields.js";
import { fact, preview } from "./form_preview.js";
import { formWords } from "./form_words.js";
import { addressed, duration, language, moment, whenLanguageChanges, words } from "./words.js";

const SECONDS = 5;
const ID = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;
const TEXTS = ["answer", "ask", "reject", "ask_retry", "retry", "release", "rerun", "withdraw"]; // take what was written

const at = { host: null, id: "", me: null, shown: "", commits: null, log: null };

const chosen = () => {
  const id = new URLSearchParams(location.search).get("submission") ?? "";
  return ID.test(id) ? id : "";
};

const values = (given) =>
  Object.entries(given).map(([name, value]) =>
    h("div", {}, h("code", {}, name), ": ", typeof value === "object" ? JSON.stringify(value) : String(value)),
  );

const stateOf = (s) => (language() === "en" ? s.status_en : s.status_ko);

// The states on the way to a result; which of them a state stands at.
const WAY = ["PENDING", "QUEUED", "RUNNING", "FINISHED"];
const STANDS = { PENDING: [0, "now"], WAITING: [0, "asked"], QUEUED: [1, "now"], RUNNING: [2, "now"], FINISHED: [3, "done"], REJECTED: [0, "bad"], FAILED: [2, "bad"] };

// A withdrawn one stands where it was before.
function standing(s) {
  if (s.status !== "WITHDRAWN") return STANDS[s.status];
  const before = s.history.map((e) => e.status).filter((status) => WAY.includes(status));
  return [Math.max(0, WAY.indexOf(before.at(-1))), "bad"];
}

function steps(s, w) {
  const [here, how] = standing(s);
  const entered = (status) => s.history.findLast((e) => e.moves && e.status === status)?.at;
  const step = (status, number) => {
    const at = number < here ? "done" : number > here ? "todo" : how;
    const when = number > here ? null : number === here ? entered(s.status) : entered(status);
    const name = number === here ? stateOf(s) : w.way[status];
    return h(
      "li",
      { "data-at": at, "aria-current": number === here && "step" },
      h("strong", {}, name),
      when && h("time", { datetime: when }, moment(when)),
    );
  };
  return h("ol", { class: "kel-steps", "aria-label": w.steps }, WAY.map(step));
}

function running(r, w) {
  const p = r.progress;
  const share = p.tokens_total > 0 ? Math.min(1, p.tokens_done / p.tokens_total) : null;
  const known = ["phase", "task", "tokens_done", "tokens_total", "tokens_per_second", "remaining_seconds", "tasks_done", "score"];
  const others = Object.fromEntries(Object.entries(p).filter(([name]) => !known.includes(name)));
  return [
    h("span", { class: "kel-big" }, [w.phases[p.phase], p.task].filter(Boolean).join(": ") || w.running),
    h("progress", { "aria-label": w.progress, ...(share == null ? {} : { max: 1, value: share }) }),
    h(
      "span",
      { class: "kel-quiet" },
      [
        share != null && `${Math.round(100 * share)} %`,
        p.tasks_done != null && w.tasksDone(p.tasks_done),
        p.tokens_done != null && w.tokens(p),
        p.tokens_per_second != null && w.rate(p.tokens_per_second),
        p.remaining_seconds != null && w.left(duration(p.remaining_seconds)),
        `${w.worker}: ${r.worker}`,
      ]
        .filter(Boolean)
        .join(" · "),
    ),
    values(others),
  ];
}

// What a submitter wants to know first: where it stands, until when, or why not and what to do.
function where(s, w) {
  const { place, failure } = s;
  const said = [
    place && [
      h("span", { class: "kel-big" }, w.placeOf(place)),
      h("span", { class: "kel-quiet" }, place.seconds == null ? w.noWait : w.wait(duration(place.seconds), place)),
    ],
    s.running && running(s.running, w),
    s.question && [h("strong", {}, w.question), h("span", {}, s.question), h("span", { class: "kel-quiet" }, w.toAnswer)],
    s.status === "PENDING" && h("span", {}, w.toDecide),
    failure &&
      ["FAILED", "QUEUED"].includes(s.status) && [
        h("strong", {}, `${s.status === "QUEUED" ? w.again : w.failure} (${failure.class})`),
        h("span", {}, failure.advice[language()]),
        h("code", { lang: "en" }, failure.message),
      ],
    s.not_before && s.status === "QUEUED" && h("span", {}, `${w.notBefore}: ${moment(s.not_before)}`),
    ["REJECTED", "WITHDRAWN"].includes(s.status) && s.history.at(-1)?.why && [h("strong", {}, w.reason), h("span", {}, s.history.at(-1).why)],
    s.retry_asked && h("span", {}, `${w.retryAsked}: ${s.retry_asked}`),
    s.status === "FINISHED" && !s.opted_out && h("a", { href: addressed({ model: s.model }), class: "kel-big" }, w.result),
  ].filter(Boolean);
  return said.length ? h("div", { class: "kel-where" }, said) : null;
}

function facts(s, w) {
  const tasks = (name) => [name, s.training_tasks[name]?.join(", ")].filter(Boolean).join(" → ");
  return h(
    "dl",
    { class: "kel-facts" },
    fact(w.by, s.by),
    fact(w.own, s.own ? w.yes : ""),
    fact(w.at, moment(s.at)),
    fact(w.revision, s.revision && link(hubAddress(s.model, s.revision), s.revision.slice(0, 12))),
    fact(w.precision, s.precision),
    fact(w.suites, s.suites.join(", ")),
    fact(w.attempt, s.attempt ? String(s.attempt) : ""),
    fact(w.priority, s.priority ? String(s.priority) : ""),
    fact(w.note, s.note),
    fact(w.training, s.training.map(tasks).join(" · ")),
    fact(w.settings, values(s.settings)),
    fact(w.metadata, values(s.metadata)),
  );
}

const events = (s, w) =>
  h(
    "details",
    { class: "kel-events" },
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
          e.why && h("div", { class: "kel-quiet" }, e.why),
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
  if (!s.verbs.length) return at.me.login && !at.me.who ? h("p", { class: "kel-quiet" }, w.sign) : null;
  const text = h("textarea", { class: "kel-input", rows: "3", maxlength: "1000", "aria-label": w.text, placeholder: w.text });
  const number = h("input", { class: "kel-input", type: "number", step: "1", value: String(s.priority), "aria-label": w.number });
  const told = h("p", { role: "status" });
  const code = h("div", {});
  at.commits = null;
  const buttons = s.verbs.map((verb) =>
    h(
      "button",
      { type: "button", class: `kel-button ${["approve", "answer"].includes(verb) ? "kel-primary" : ""}`, "data-verb": verb, onclick: () => run(verb) },
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
  const open = at.shown ? [...at.host.querySelectorAll("details[open]")].map((each) => each.className) : ["kel-events"];
  if (busy() && !told) return;
  const w = words();
  at.shown = shown;
  fill(
    at.host,
    h(
      "article",
      { class: "kel-submission", "data-status": s.status, "aria-labelledby": "kel-submission-title", lang: language() },
      h("button", { type: "button", class: "kel-button kel-close", onclick: () => go("") }, w.close),
      h("h2", { id: "kel-submission-title", tabindex: "-1" }, s.model),
      h("p", { class: "kel-quiet" }, `${w.title} ${s.id} `, h("span", { class: `kel-state status-${s.status}` }, stateOf(s))),
      s.opted_out && h("p", { class: "kel-message error" }, w.optedOut),
      told && h("p", { class: "kel-message", role: "status" }, told),
      steps(s, w),
      where(s, w),
      desk(s, w),
      h("div", { class: "kel-twocolumns" }, h("div", {}, facts(s, w), explained(s, w)), h("div", {}, events(s, w), logOf(s, w))),
    ),
  );
  for (const each of at.host.querySelectorAll("details")) each.open = open.includes(each.className);
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
    at.host.querySelector("h2")?.focus({ preventScroll: true });
  });
}

export function mount(element) {
  const host = element.querySelector(".kel-submission-host");
  if (!host || host === at.host) return;
  at.host = host;
  open(chosen());
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest?.('#kel-submit a[href*="submission="]');
  if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || !at.host) return;
  event.preventDefault();
  go(new URL(anchor.href).searchParams.get("submission"));
});
window.addEventListener("popstate", () => at.host && chosen() !== at.id && open(chosen()));
whenLanguageChanges(() => {
  at.shown = "";
  renew();
});
setInterval(() => document.hidden || renew(), SECONDS * 1000);
