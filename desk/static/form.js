// The submit form: tells what would happen to a model while one types, and submits it. A look that is overtaken is
// aborted; while the Hub is slow the page goes on. Nothing is sent while a field holds what cannot be.
import { fill, h } from "../board/dom.js";
import { get, post } from "./calls.js";
import { bodyOf, empty, fields, idOf, isId, mark, preset, wrongIn } from "./form_fields.js";
import { preview } from "./form_preview.js";
import { formWords } from "./form_words.js";
import { language } from "./words.js";

const TYPING = 500; // milliseconds after the last key
const AGAIN = 700; // milliseconds until one asks again where an earlier look still runs
const MOST_AGAIN = 80;
const WITHOUT_LOOK = ["training", "note"]; // change nothing of what a look tells

const at = { host: null, v: empty(), offered: null, told: null, wrong: {}, running: null, sending: false, timer: 0, lang: "" };
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
    fill(part.preview, preview(told, formWords()));
    allow(told.allowance);
  } catch (error) {
    if (running !== at.running || running.signal.aborted) return;
    at.told = null;
    fill(part.preview);
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
    const { submission, own, allowance } = await ask("submit", bodyOf(at.v), new AbortController().signal);
    const address = `?tab=submit&submission=${encodeURIComponent(submission.id)}`;
    tell([
      h("span", { class: "kel-queue" }, w.submitted(submission), h("a", { href: address }, submission.id)),
      own && `\n${w.ownFirst}`,
    ]);
    allow(allowance);
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

function changed(name) {
  if (at.wrong[name]) say(Object.fromEntries(Object.entries(at.wrong).filter(([other]) => other !== name)));
  if (WITHOUT_LOOK.includes(name)) return;
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
  if (name === "model") {
    at.told = null;
    fill(part.preview);
    tell("");
  }
  if (isId(at.v.model.trim())) at.timer = setTimeout(look, TYPING);
}

function draw() {
  const w = formWords();
  const focused = at.host.contains(document.activeElement) ? document.activeElement.id : "";
  const open = at.host.querySelector(".kel-options")?.open ?? false;
  at.lang = language();
  part.model = h("input", {
    type: "text",
    id: idOf("model"),
    value: at.v.model,
    placeholder: "nlpai-lab/KURE-v1",
    maxlength: "200",
    autocomplete: "off",
    spellcheck: "false",
    oninput: (event) => {
      at.v.model = event.target.value;
      changed("model");
    },
    onkeydown: (event) => event.key === "Enter" && !event.isComposing && look({ asked: true }),
  });
  const button = (id, text, onclick, kind = "") => h("button", { type: "button", class: `kel-button ${kind}`, id, onclick }, text);
  part.submit = button("kel-submit", w.submit, submit, "primary");
  part.allowance = h("p", { id: "kel-allowance", class: "kel-message" });
  part.message = h("div", {});
  part.what = h("span", { role: "status" });
  part.seconds = h("span", { "aria-hidden": "true" });
  part.progress = h("div", { class: "kel-progress", hidden: true }, h("progress", { "aria-label": w.look }), part.what, part.seconds);
  part.preview = h("div", {}, at.told && preview(at.told, w));
  fill(
    at.host,
    h(
      "section",
      { class: "kel-form kel-submission", "aria-labelledby": "kel-form-title", lang: at.lang },
      h("h3", { id: "kel-form-title" }, w.title),
      h("p", {}, w.help),
      h(
        "div",
        { class: "kel-field", "data-field": "model" },
        h("label", { for: idOf("model") }, w.fields.model),
        part.model,
        h("p", { class: "kel-wrong", id: `${idOf("model")}-wrong`, hidden: true }),
      ),
      h(
        "details",
        { class: "kel-options", open },
        h("summary", {}, w.options),
        h("div", { class: "kel-fields" }, fields(at.v, at.offered, w, changed)),
      ),
      part.allowance,
      h("div", { class: "kel-verbs" }, button("kel-look", w.look, () => look({ asked: true })), part.submit),
      h("div", { id: "kel-submit-message" }, part.message, part.progress, part.preview),
    ),
  );
  say(at.wrong);
  allow();
  if (focused) at.host.querySelector(`#${CSS.escape(focused)}`)?.focus();
}

export async function mount(element) {
  const host = element.querySelector(".kel-form-host");
  if (!host || host === at.host) return;
  at.host = host;
  while (host.isConnected && !at.offered) at.offered = await get("form.json").catch(() => wait(2000));
  if (host !== at.host || !at.offered) return;
  draw();
  host.removeAttribute("aria-busy");
}

// The language is in the page's address, which the board changes.
setInterval(() => at.offered && at.host?.isConnected && language() !== at.lang && draw(), 500);
