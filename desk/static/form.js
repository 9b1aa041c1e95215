// The submit form: tells what would happen to a model while one types, and submits it. A look that is overtaken is
// aborted; while the Hub is slow the page goes on. Nothing is sent while a field holds what cannot be.
import { fill, h } from "../board/dom.js";
import { get, post } from "./calls.js";
import { bodyOf, empty, fields, filled, idOf, isId, mark, preset, restored, suites, touched, wrongIn } from "./form_fields.js";
import { preview } from "./form_preview.js";
import { formWords } from "./form_words.js";
import { addressed, language, whenLanguageChanges } from "./words.js";

const TYPING = 500; // milliseconds after the last key
const AGAIN = 700; // milliseconds until one asks again where an earlier look still runs
const MOST_AGAIN = 80;
const WITHOUT_LOOK = ["training", "note"]; // change nothing of what a look tells

const at = { host: null, v: empty(), offered: null, told: null, wrong: {}, running: null, sending: false, changing: "", timer: 0 };
const DRAFT = "kel-draft"; // in the tab's own memory: it outlives the way to the sign-in and back
const part = {}; // the elements that change while one types

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Ask, and ask again while an earlier question of the same person is being answered.
async function ask(name, body, signal) {
  for (let tries = 0; ; tries++) {
    try {
      return await post(name, body, { signal });
    } catch (error) {
      if (signal.aborted || !error.told?.again || tries >= MOST_AGAIN) throw error;
      part.what.textContent = formWords().waitTurn;
      await wait(AGAIN);
      if (signal.aborted) throw error;
    }
  }
}

function tell(content, error = false) {
  const role = error ? "alert" : "status";
  fill(part.message, content && h("div", { class: `kel-message${error ? " error" : ""}`, role }, content));
}

// While something is asked: what, and for how long by now.
function progress(text) {
  clearInterval(at.ticking);
  part.progress.hidden = !text;
  part.what.textContent = text;
  part.seconds.textContent = "";
  if (!text) return;
  const begun = Date.now();
  at.ticking = setInterval(() => {
    part.seconds.textContent = formWords().seconds(Math.round((Date.now() - begun) / 1000));
  }, 1000);
}

function say(wrong) {
  at.wrong = wrong;
  return mark(at.host, wrong);
}

function refuse(wrong, text) {
  const first = say(wrong);
  if (first?.closest("details")) first.closest("details").open = true;
  first?.focus();
  tell(text, true);
}

function failed(error) {
  const named = Object.entries(error.told?.fields ?? {}).map(([name, text]) => [name, text[language()]]);
  const text = error.told?.ko ? error.message : formWords().unreached;
  if (named.length) refuse(Object.fromEntries(named), text);
  else tell(text, true);
}

function allow(allowance) {
  if (allowance) at.offered.allowance = allowance;
  part.allowance.textContent = at.offered.allowance[language()];
}

// `asked`: by the button, so that what is wrong with the id is said too. `quiet`: what was told before stays.
async function look({ asked = false, quiet = false } = {}) {
  clearTimeout(at.timer);
  at.running?.abort();
  if (at.sending) return;
  const w = formWords();
  const wrong = wrongIn(at.v, w);
  if (!asked && wrong.model) {
    const { model, ...others } = wrong;
    say(others);
    return progress("");
  }
  if (Object.keys(wrong).length) {
    progress("");
    if (asked) return refuse(wrong, [w.wrong, ...Object.values(wrong)].join(" "));
    return void say(wrong);
  }
  say({});
  const running = (at.running = new AbortController());
  if (!quiet) tell("");
  progress(w.looking);
  part.preview.setAttribute("aria-busy", "true");
  try {
    const told = await ask("look", bodyOf(at.v), running.signal);
    if (running !== at.running) return;
    at.told = told;
    show();
    allow(told.allowance);
  } catch (error) {
    if (running !== at.running || running.signal.aborted) return;
    at.told = null;
    show();
    if (document.activeElement === part.model && error.told?.fields && !asked) {
      say(Object.fromEntries(Object.entries(error.told.fields).map(([name, text]) => [name, text[language()]])));
    } else failed(error);
  } finally {
    if (running === at.running) {
      progress("");
      part.preview.removeAttribute("aria-busy");
    }
  }
}

async function submit() {
  if (at.sending) return;
  clearTimeout(at.timer);
  at.running?.abort();
  const w = formWords();
  const wrong = wrongIn(at.v, w);
  if (Object.keys(wrong).length) return refuse(wrong, [w.wrong, ...Object.values(wrong)].join(" "));
  say({});
  tell("");
  at.sending = part.submit.disabled = true;
  progress(w.sending);
  try {
    const name = at.changing ? `change?id=${encodeURIComponent(at.changing)}` : "submit";
    const { submission, own, allowance } = await ask(name, bodyOf(at.v), new AbortController().signal);
    const address = addressed({ tab: "submit", submission: submission.id });
    tell([
      h("span", { class: "kel-queue" }, at.changing ? w.changed(submission) : w.submitted(submission), h("a", { href: address }, submission.id)),
      own && `\n${w.ownFirst}`,
    ]);
    allow(allowance);
    forget();
    document.dispatchEvent(new CustomEvent("kel-queue-changed"));
  } catch (error) {
    failed(error);
    return;
  } finally {
    at.sending = part.submit.disabled = false;
    progress("");
  }
  look({ quiet: true });
}

function keep() {
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(at.v));
  } catch {
    // a browser that keeps nothing: the form is as empty as ever after the sign-in
  }
}

function forget() {
  try {
    sessionStorage.removeItem(DRAFT);
  } catch {
    // nothing was kept
  }
}

// What was typed before the sign-in: in the address, where another tab was opened for it, or in this tab's memory.
function remembered() {
  try {
    const given = /^#draft=(.+)$/.exec(location.hash);
    if (!given) return restored(sessionStorage.getItem(DRAFT) ?? "{}");
    const v = restored(decodeURIComponent(given[1]));
    history.replaceState(null, "", location.pathname + location.search);
    return v;
  } catch {
    return empty();
  }
}

// In a frame of the Hub's page browsers keep the cookie of a sign-in from the page. The page's own address, in a tab of
// its own, takes what was typed along.
const framed = window.self !== window.top;

function ownTab(w) {
  if (!framed || at.offered.may) return null;
  document.documentElement.classList.add("kel-framed");
  const address = () => `${location.origin}${location.pathname}?tab=submit&lang=${language()}#draft=${encodeURIComponent(JSON.stringify(at.v))}`;
  const anchor = h("a", { class: "kel-button", href: address(), target: "_blank", rel: "noopener", id: "kel-own-tab" }, w.ownTab);
  for (const event of ["pointerdown", "focus", "click"]) anchor.addEventListener(event, () => (anchor.href = address()));
  return h("p", {}, anchor);
}

function change(s) {
  Object.assign(at, { v: s ? filled(s) : empty(), changing: s ? s.id : "", told: null, wrong: {} });
  draw();
  at.host.scrollIntoView({ block: "start" });
  part.model.focus({ preventScroll: true });
  if (s) look();
}

function changed(name) {
  if (!at.changing) keep();
  if (at.wrong[name]) say(Object.fromEntries(Object.entries(at.wrong).filter(([other]) => other !== name)));
  if (WITHOUT_LOOK.includes(name)) return count();
  clearTimeout(at.timer);
  at.running?.abort();
  if (!at.sending) progress("");
  if (name === "preset") {
    preset(at.v, at.v.preset, at.offered);
    draw();
  } else if (["prompts", "instruction_template", "instruct_documents"].includes(name)) {
    at.v.preset = at.v.ownPrompts || at.v.instruction_template ? "own" : "card";
    at.host.querySelector(`#${idOf("preset")}`).value = at.v.preset;
    at.host.querySelector("#kel-own-prompts").checked = at.v.ownPrompts;
  }
  count();
  if (name === "model") {
    at.told = null;
    show();
    tell("");
  }
  if (isId(at.v.model.trim())) at.timer = setTimeout(look, TYPING);
}

// A topic's fields, folded; how many of them say something is told beside its name.
function topic(group, content, open, w) {
  const count = (part.counts[group] = h("span", { class: "kel-tally" }));
  return h(
    "details",
    { class: "kel-options", "data-group": group, open },
    h("summary", {}, w.groups[group], count),
    h("div", { class: "kel-fields" }, content),
  );
}

function count() {
  const w = formWords();
  for (const [group, place] of Object.entries(part.counts)) {
    const n = touched(at.v, group);
    place.textContent = n ? w.touched(n) : w.untouched;
    place.classList.toggle("kel-set", n > 0);
  }
}

// What a look told, where it stands: the card beside the form, and what of each suite is left.
function show() {
  const w = formWords();
  fill(part.preview, at.told ? preview(at.told, w) : h("p", { class: "kel-quiet" }, w.emptyLook));
  const focused = part.suites.contains(document.activeElement) ? document.activeElement.id : "";
  fill(part.suites, suites(at.v, at.offered, w, at.told, changed));
  if (focused) part.suites.querySelector(`#${CSS.escape(focused)}`)?.focus();
  say(at.wrong);
}

function idField(w) {
  part.model = h("input", {
    type: "text",
    class: "kel-input kel-id",
    id: idOf("model"),
    value: at.v.model,
    placeholder: "nlpai-lab/KURE-v1",
    maxlength: "200",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    oninput: (event) => {
      at.v.model = event.target.value;
      changed("model");
    },
    onkeydown: (event) => event.key === "Enter" && !event.isComposing && look({ asked: true }),
  });
  return h(
    "div",
    { class: "kel-field", "data-field": "model" },
    h("label", { for: idOf("model") }, w.fields.model),
    h("div", { class: "kel-idline" }, part.model, button("kel-look", w.look, () => look({ asked: true }))),
    h("p", { class: "kel-wrong", id: `${idOf("model")}-wrong`, hidden: true }),
  );
}

const button = (id, text, onclick, kind = "") => h("button", { type: "button", class: `kel-button ${kind}`, id, onclick }, text);

function draw() {
  const w = formWords();
  const focused = at.host.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...at.host.querySelectorAll(".kel-options[open]")].map((each) => each.dataset.group);
  part.submit = button("kel-send", at.changing ? w.change : w.submit, submit, "kel-primary");
  part.allowance = h("p", { id: "kel-allowance", class: "kel-message" });
  part.message = h("div", {});
  part.what = h("span", { role: "status" });
  part.seconds = h("span", { "aria-hidden": "true", class: "kel-quiet" });
  part.progress = h("div", { class: "kel-progress", hidden: true }, h("progress", { "aria-label": w.look }), part.what, part.seconds);
  part.preview = h("div", {});
  part.suites = h("div", {});
  part.counts = {};
  const topics = Object.entries(fields(at.v, at.offered, w, changed));
  fill(
    at.host,
    h(
      "section",
      { class: "kel-form", "aria-labelledby": "kel-form-title", lang: language() },
      h("h2", { id: "kel-form-title" }, w.title),
      h("p", { class: "kel-quiet kel-lead" }, w.help),
      ownTab(w),
      at.changing &&
        h(
          "p",
          { class: "kel-message", id: "kel-changing" },
          `${w.changing(at.changing)} `,
          h("button", { type: "button", class: "kel-button", onclick: () => change(null) }, w.cancel),
        ),
      h(
        "div",
        { class: "kel-twocolumns" },
        h(
          "div",
          { class: "kel-card" },
          idField(w),
          part.suites,
          topics.map(([group, content]) => topic(group, content, open.includes(group), w)),
          part.allowance,
          h("div", { class: "kel-verbs" }, part.submit),
        ),
        h(
          "div",
          { id: "kel-submit-message", class: "kel-card kel-looked" },
          h("h2", {}, w.titleOfLook),
          part.message,
          part.progress,
          part.preview,
        ),
      ),
    ),
  );
  show();
  count();
  allow();
  if (focused) at.host.querySelector(`#${CSS.escape(focused)}`)?.focus();
}

export async function mount(element) {
  const host = element.querySelector(".kel-form-host");
  if (!host || host === at.host) return;
  at.host = host;
  while (host.isConnected && !at.offered) at.offered = await get("form.json").then((told) => ({ ...told }), () => wait(2000));
  if (host !== at.host || !at.offered) return;
  at.v = remembered();
  draw();
  host.removeAttribute("aria-busy");
  if (isId(at.v.model.trim()) && at.offered.may) look();
}

document.addEventListener("kel-form-change", ({ detail }) => at.offered && change(detail));

whenLanguageChanges(() => at.offered && at.host?.isConnected && draw());
