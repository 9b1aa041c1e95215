// What a look at a model told (desk/outlook.py), in one language. Text is always set as text (dom.js).
import { compact, h, hubAddress, link } from "../board/dom.js";
import { addressed, duration, language, moment } from "./words.js";

const bytes = (n) => (n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(n / 1e6))} MB`);
const at = (model, commit) => link(hubAddress(model, commit), `${model}@${commit.slice(0, 12)}`);
const said = (value, source) => value && (source ? `${value} (${source})` : value);

const isSaid = (value) => value.flat(Infinity).some((part) => part != null && part !== "" && part !== false);

// A name and what is said of it; nothing where nothing is said.
export const fact = (name, ...value) => (isSaid(value) ? [h("dt", {}, name), h("dd", {}, value)] : null);

const each = (items, draw) => items.map((item) => h("div", {}, draw(item)));

const submission = (s) =>
  h("a", { href: addressed({ tab: "submit", submission: s.id }) }, `${s.id} (${language() === "en" ? s.status_en : s.status_ko})`);

function suite(s, told, w) {
  if (s.missing == null) return w.missingUnknown(s);
  const evaluated = s.missing.length < s.of && h("a", { href: addressed({ model: told.model }) }, w.result);
  return [w.missing(s), evaluated && [" ", evaluated]];
}

const open = (s) => ["PENDING", "WAITING", "QUEUED", "RUNNING"].includes(s.status);

// In a word: whether a submission makes sense.
function verdict(told, w) {
  if (told.unread) return told.submittable ? ["gated", "warn"] : ["never", "bad"];
  if (told.known.some(open)) return ["queued", "warn"];
  return told.suites.every((s) => s.missing?.length === 0) ? ["done", "warn"] : ["ready", "good"];
}

function figures(told, w) {
  const { explanation: e, metadata: m, estimate } = told;
  const figure = (name, value) => value && h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h(
    "dl",
    { class: "kel-figures" },
    figure(w.facts.parameters, m.parameters && compact(m.parameters, language())),
    figure(w.facts.download, m.weight_bytes && bytes(m.weight_bytes)),
    figure(w.facts.tokens, e?.max_tokens && e.max_tokens.toLocaleString()),
    figure(w.facts.time, estimate.seconds != null && duration(estimate.seconds)),
  );
}

function facts(told, w) {
  const e = told.explanation ?? {};
  const { metadata: m, estimate } = told;
  const code = Object.entries(e.remote_code ?? {});
  const bases = new Set((e.adapters ?? []).map((adapter) => adapter.base));
  const others = Object.entries(e.parts ?? {}).filter(([model]) => !bases.has(model));
  return [
    fact(w.facts.commit, at(told.model, told.revision)),
    fact(w.facts.committed, m.committed_at && moment(m.committed_at)),
    fact(w.facts.known, told.known.length ? each(told.known, submission) : w.never),
    fact(w.facts.missing, each(told.suites, (s) => suite(s, told, w))),
    fact(w.facts.time, estimate.seconds == null ? w.noTime : w.time(duration(estimate.seconds), estimate.measured)),
    fact(w.facts.waiting, told.waiting > 0 && w.waiting(told.waiting)),
    fact(w.facts.own, told.own && w.ownFirst),
    fact(w.facts.kind, w.kinds[e.kind]),
    fact(w.facts.loader, e.loader && `${e.loader} (${e.architecture ?? "–"})`),
    fact(w.facts.precision, said(e.precision, e.precision_source)),
    fact(w.facts.pooling, said(e.pooling, e.pooling_source)),
    fact(w.facts.dimensions, e.truncate_dim && e.truncate_dim.toLocaleString()),
    fact(w.facts.adapters, each(e.adapters ?? [], (a) => [`${a.model}: ${a.kind} → `, at(a.base, a.commit)])),
    fact(w.facts.recipe, e.recipe && `${e.recipe} (${(e.lock ?? "").slice(0, 12)})`),
    fact(w.facts.parts, each(others, ([model, commit]) => at(model, commit))),
    fact(w.facts.code, told.explanation && (code.length ? each(code, ([where, what]) => `${where}: ${what}`) : w.noCode)),
    fact(w.facts.gated, m.gated == null ? "" : m.gated ? w.closed : w.open),
    fact(w.facts.license, m.license),
  ];
}

const prompt = (p, w) =>
  h(
    "li",
    {},
    h("div", { class: "kel-said" }, p.text ? h("code", {}, p.text) : h("span", { class: "kel-quiet" }, w.none), p.encode_task && h("code", {}, `task=${p.encode_task}`)),
    h("div", { class: "kel-hint" }, [w.sides[p.side] ?? p.side, p.tasks.join(", "), p.source && `${w.whose}: ${p.source}`].filter(Boolean).join(" · ")),
  );

export function preview(told, w) {
  const warnings = told.warnings.map((warning) => h("li", {}, warning[language()]));
  const [word, kind] = verdict(told, w);
  return h(
    "section",
    { class: "kel-preview", "aria-label": told.model, lang: language() },
    h("h3", {}, `${told.model}@${told.revision.slice(0, 12)}`),
    h("p", {}, h("span", { class: `kel-state ${kind}` }, w.verdict[word])),
    told.unread && h("p", { class: `kel-message ${told.submittable ? "" : "error"}` }, told.unread[language()]),
    warnings.length > 0 && h("ul", { class: "warnings" }, warnings),
    figures(told, w),
    told.prompts.length > 0 && [h("h4", {}, w.before), h("ul", { class: "kel-prompts" }, told.prompts.map((p) => prompt(p, w)))],
    h("h4", {}, w.detail),
    h("dl", { class: "kel-facts" }, facts(told, w)),
  );
}
