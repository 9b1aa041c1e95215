// The fields of the form: drawn from values, read back into them, and checked before anything is sent.
import { h } from "../board/dom.js";
import { trainingHelp } from "./form_training.js";
import { language } from "./words.js";

// As evaluator/spec.py: an id of the Hub, always with an owner.
const NAME = "[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?";
const ID = new RegExp(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?/${NAME}$`);
const PART = /^(\S+)@([0-9a-f]{40})$/;
const MOST = { truncate_dim: 100_000, max_tokens: 1_000_000 };

export const empty = () => ({
  model: "",
  preset: "card",
  revision: "",
  precision: "auto",
  loader: "auto",
  pooling: "auto",
  ownPrompts: false,
  prompts: {},
  instruction_template: "",
  instruct_documents: "",
  instructions: {},
  encode_task: {},
  truncate_dim: "",
  max_tokens: "",
  parts: "",
  recipe: "",
  suites: [],
  training: "",
  note: "",
});

// The values that an earlier submission was made with.
export function filled(s) {
  const { settings: t } = s;
  const text = (value) => (value == null ? "" : String(value));
  return {
    ...empty(),
    model: s.model,
    revision: s.revision,
    precision: s.precision,
    loader: t.loader ?? "auto",
    pooling: t.pooling ?? "auto",
    preset: t.prompts || t.instruction_template ? "own" : "card",
    ownPrompts: t.prompts != null,
    prompts: { ...t.prompts },
    instruction_template: text(t.instruction_template),
    instruct_documents: t.instruct_documents == null ? "" : t.instruct_documents ? "yes" : "no",
    instructions: { ...t.instructions },
    encode_task: { ...t.encode_task },
    truncate_dim: text(t.truncate_dim),
    max_tokens: text(t.max_tokens),
    parts: Object.entries(t.parts ?? {}).map((part) => part.join("@")).join("\n"),
    recipe: text(t.recipe),
    suites: s.suites,
    training: s.training.join("\n"),
    note: s.note,
  };
}

// What was kept of a form, as far as it fits the form of now.
export function restored(text) {
  const v = empty();
  const kept = JSON.parse(text);
  for (const [name, initial] of Object.entries(v)) {
    const value = kept?.[name];
    const plain = typeof value !== "object" || value === null;
    if (typeof initial !== "object") v[name] = typeof value === typeof initial ? value : initial;
    else if (Array.isArray(initial)) v[name] = Array.isArray(value) ? value.map(String) : initial;
    else if (!plain && !Array.isArray(value)) v[name] = Object.fromEntries(Object.entries(value).map(([k, x]) => [k, String(x)]));
  }
  return v;
}

// The fields by topic, as they are folded on the page.
export const GROUPS = {
  prompts: ["preset", "instruct_documents", "prompts", "instruction_template", "instructions", "encode_task"],
  loading: ["revision", "loader", "pooling", "recipe", "parts"],
  precision: ["precision", "truncate_dim", "max_tokens"],
  training: ["training", "note"],
};

// How many fields of a topic say something else than an empty form does.
export function touched(v, group) {
  const initial = empty();
  const said = (values) => JSON.stringify(typeof values === "object" ? given(values) : values);
  return GROUPS[group].filter((name) =>
    name === "prompts" ? v.ownPrompts : name !== "preset" && said(v[name]) !== said(initial[name]),
  ).length;
}

export const isId = (model) => ID.test(model) && !/--|\.\.|\.git$/.test(model);
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
const given = (texts) => Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ""));
const orNull = (texts) => (Object.keys(given(texts)).length ? given(texts) : null);
const number = (text) => (text.trim() === "" ? null : Number(text));

// What is sent (desk/forms.py): fields that nobody filled in stay as the evaluator chooses.
export const bodyOf = (v) => ({
  model: v.model.trim(),
  revision: v.revision.trim(),
  precision: v.precision,
  loader: v.loader,
  pooling: v.pooling,
  prompts: v.ownPrompts ? given(v.prompts) : null,
  instruction_template: v.instruction_template || null,
  instruct_documents: v.instruct_documents === "" ? null : v.instruct_documents === "yes",
  instructions: orNull(v.instructions),
  encode_task: orNull(v.encode_task),
  truncate_dim: number(v.truncate_dim),
  max_tokens: number(v.max_tokens),
  parts: Object.fromEntries(lines(v.parts).map((line) => line.split("@"))),
  recipe: v.recipe || null,
  suites: v.suites,
  training: lines(v.training),
  note: v.note,
});

// Field -> what is wrong with it, as far as can be told here.
export function wrongIn(v, w) {
  const wrong = {};
  const say = (name) => (wrong[name] = w.wrongs[name]);
  if (!isId(v.model.trim())) say("model");
  if (/\s/.test(v.revision.trim())) say("revision");
  if (v.instruction_template && v.instruction_template.split("{instruction}").length !== 2) say("instruction_template");
  for (const [name, most] of Object.entries(MOST)) {
    if (v[name].trim() && !(/^\d{1,7}$/.test(v[name].trim()) && Number(v[name]) >= 1 && Number(v[name]) <= most)) say(name);
  }
  const parts = lines(v.parts);
  if (parts.length > 20 || parts.some((line) => !PART.test(line) || !isId(line.match(PART)[1]))) say("parts");
  const training = lines(v.training);
  if (training.length > 100 || training.some((name) => name.length > 200)) say("training");
  return wrong;
}

// A family's prompts in the fields, to be changed as one likes.
export function preset(v, name, offered) {
  v.preset = name;
  const fields = name === "nothing" ? offered.nothing : (offered.presets[name]?.fields ?? { prompts: null });
  if (name === "own") return;
  v.ownPrompts = fields.prompts != null;
  v.prompts = { ...fields.prompts };
  v.instruction_template = fields.instruction_template ?? "";
  v.instruct_documents = fields.instruct_documents ? "yes" : "";
}

export const idOf = (name) => (name === "model" ? "kel-model" : `kel-field-${name}`);

// A label, its control and its hint, with a place for what is wrong.
function field(name, control, w) {
  const hint = w.hints[name];
  if (hint) control.setAttribute("aria-describedby", `${idOf(name)}-hint`);
  control.id = idOf(name);
  return h(
    "div",
    { class: "kel-field", "data-field": name },
    h("label", { for: control.id }, w.fields[name]),
    control,
    hint && h("p", { class: "kel-hint", id: `${control.id}-hint` }, hint),
    h("p", { class: "kel-wrong", id: `${control.id}-wrong`, hidden: true }),
  );
}

// Topic -> its fields.
export function fields(v, offered, w, changed) {
  const set = (name) => (event) => {
    v[name] = event.target.value;
    changed(name);
  };
  const text = (name, properties = {}) =>
    field(name, h("input", { type: "text", class: "kel-input", value: v[name], autocomplete: "off", oninput: set(name), ...properties }), w);
  const area = (name, rows, properties = {}) =>
    field(name, h("textarea", { class: "kel-input", rows: String(rows), oninput: set(name), ...properties }, v[name]), w);
  const choice = (name, options) =>
    field(
      name,
      h(
        "select",
        { class: "kel-input", onchange: set(name) },
        options.map(([value, label]) => h("option", { value, selected: v[name] === value }, label)),
      ),
      w,
    );
  const listed = (names) => names.map((name) => [name, name === "auto" ? w.auto : name]);
  const families = [
    ["card", w.families.card],
    ...Object.entries(offered.presets).map(([id, each]) => [id, each.name]),
    ["nothing", w.families.nothing],
    ["own", w.families.own],
  ];
  const all = {
    preset: () => choice("preset", families),
    revision: () => text("revision", { placeholder: "main", maxlength: "200" }),
    precision: () => choice("precision", listed(offered.precision)),
    loader: () => choice("loader", listed(offered.loader)),
    pooling: () => choice("pooling", listed(offered.pooling)),
    prompts: () => table("prompts", v, offered, w, changed),
    instruction_template: () => area("instruction_template", 2, { maxlength: "2000" }),
    instruct_documents: () => choice("instruct_documents", [["", w.auto], ["yes", w.yes], ["no", w.no]]),
    instructions: () => table("instructions", v, offered, w, changed),
    encode_task: () => table("encode_task", v, offered, w, changed),
    truncate_dim: () => text("truncate_dim", { inputmode: "numeric", maxlength: "7" }),
    max_tokens: () => text("max_tokens", { inputmode: "numeric", maxlength: "7" }),
    parts: () => area("parts", 2, { maxlength: "6000" }),
    recipe: () => choice("recipe", [["", w.auto], ...offered.recipe.map((name) => [name, name === "none" ? w.none : name])]),
    training: () => trainingHelp(area("training", 3, { maxlength: "25000" }), v, offered, w, changed),
    note: () => area("note", 2, { maxlength: "1000" }),
  };
  return Object.fromEntries(Object.entries(GROUPS).map(([group, names]) => [group, names.map((name) => all[name]())]));
}

// The suites as cards: what each holds, and, once a model was looked at, what of it is left.
export function suites(v, offered, w, told, changed) {
  if (offered.suites.length < 2) return null;
  const card = (suite) => {
    const seen = told?.suites.find((each) => each.id === suite.id);
    const box = h("input", {
      type: "checkbox",
      id: `kel-suite-${suite.id}`,
      checked: v.suites.includes(suite.id),
      onchange: (event) => {
        v.suites = v.suites.filter((id) => id !== suite.id).concat(event.target.checked ? [suite.id] : []);
        changed("suites");
      },
    });
    return h(
      "label",
      { class: "kel-suitecard" },
      box,
      h("strong", {}, suite[language()]),
      h("span", { class: "kel-hint" }, `${w.tasksOf(suite.tasks)} · ${suite.categories.map((each) => each[language()]).join(", ")}`),
      seen && h("span", { class: "kel-left" }, w.leftOf(seen)),
    );
  };
  const none = h("p", { class: "kel-hint" }, w.noSuite(offered.suites[0][language()]));
  return group("suites", w, h("div", { class: "kel-suitecards" }, offered.suites.map(card)), none);
}

function group(name, w, ...content) {
  return h(
    "fieldset",
    { class: "kel-field kel-wide", "data-field": name, id: idOf(name), "aria-describedby": `${idOf(name)}-wrong` },
    h("legend", {}, w.fields[name]),
    w.hints[name] && h("p", { class: "kel-hint" }, w.hints[name]),
    content,
    h("p", { class: "kel-wrong", id: `${idOf(name)}-wrong`, hidden: true }),
  );
}

// One row a task type; retrieval has a query and a document, which reranking uses as well, all others one text.
function table(name, v, offered, w, changed) {
  const cell = (type, side, key) =>
    h(
      "td",
      { colspan: side === "text" ? "2" : "1" },
      h(
        "textarea",
        {
          class: "kel-input",
          rows: "1",
          maxlength: name === "encode_task" ? "100" : "4000",
          "aria-label": `${w.fields[name]}: ${w.types[type]}, ${w.sides[side]}`,
          "data-key": key,
          oninput: (event) => {
            v[name] = { ...v[name], [key]: event.target.value };
            if (name === "prompts") v.ownPrompts = true;
            changed(name);
          },
        },
        v[name][key] ?? "",
      ),
    );
  const row = (type) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, w.types[type]),
      type === "Retrieval" ? [cell(type, "query", "query"), cell(type, "document", "document")] : cell(type, "text", type),
    );
  const own = h("input", {
    type: "checkbox",
    id: "kel-own-prompts",
    checked: v.ownPrompts,
    onchange: (event) => {
      v.ownPrompts = event.target.checked;
      changed(name);
    },
  });
  return group(
    name,
    w,
    name === "prompts" && h("label", {}, own, " ", w.ownPrompts),
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, [w.type, w.first, w.second].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, offered.types.filter((type) => w.types[type]).map(row)),
    ),
  );
}

// Say at each field what is wrong with it, and at no other; returns the first one's control.
export function mark(host, wrong) {
  let first = null;
  for (const place of host.querySelectorAll("[data-field]")) {
    const name = place.dataset.field;
    const told = place.querySelector(`:scope > .kel-wrong`);
    const control = place.matches("fieldset") ? place : host.querySelector(`#${idOf(name)}`);
    const described = [place.querySelector(":scope > .kel-hint")?.id, wrong[name] && told.id].filter(Boolean).join(" ");
    Object.assign(told, { textContent: wrong[name] ?? "", hidden: !wrong[name] });
    for (const each of place.matches("fieldset") ? place.querySelectorAll("textarea") : [control]) {
      if (wrong[name]) each.setAttribute("aria-invalid", "true");
      else each.removeAttribute("aria-invalid");
    }
    if (described) control.setAttribute("aria-describedby", described);
    else control.removeAttribute("aria-describedby");
    if (wrong[name]) first ??= place.matches("fieldset") ? place.querySelector("textarea, input") : control;
  }
  return first;
}

