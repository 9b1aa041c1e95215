// What a look at a model told (desk/outlook.py), in one language. Text is always set as text (dom.js).
import { compact, h, hubAddress, link } from "../board/dom.js";
import { duration, language, moment } from "./words.js";

const bytes = (n) => (n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(n / 1e6))} MB`);
const at = (model, commit) => link(hubAddress(model, commit), `${model}@${commit.slice(0, 12)}`);
const said = (value, source) => value && (source ? `${value} (${source})` : value);

const row = (name, ...value) =>
  value.flat().some((part) => part != null && part !== "" && part !== false)
    ? h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))
    : null;

const each = (items, draw) => items.map((item) => h("div", {}, draw(item)));

const submission = (s, english) =>
  h("a", { href: `?tab=submit&submission=${encodeURIComponent(s.id)}` }, `${s.id} (${english ? s.status_en : s.status_ko})`);

function suite(s, told, w) {
  if (s.missing == null) return w.missingUnknown(s);
  const evaluated = s.missing.length < s.of && h("a", { href: `?model=${encodeURIComponent(told.model)}` }, w.result);
  return [w.missing(s), evaluated && [" ", evaluated]];
}

function facts(told, w) {
  const e = told.explanation ?? {};
  const { metadata: m, estimate } = told;
  const code = Object.entries(e.remote_code ?? {});
  const bases = new Set((e.adapters ?? []).map((adapter) => adapter.base));
  const others = Object.entries(e.parts ?? {}).filter(([model]) => !bases.has(model));
  return [
    row(w.facts.commit, at(told.model, told.revision)),
    row(w.facts.committed, m.committed_at && moment(m.committed_at)),
    row(w.facts.known, told.known.length ? h("div", { class: "kel-queue" }, each(told.known, (s) => submission(s, language() === "en"))) : w.never),
    row(w.facts.missing, each(told.suites, (s) => suite(s, told, w))),
    row(w.facts.time, estimate.seconds == null ? w.noTime : w.time(duration(estimate.seconds), estimate.measured)),
    row(w.facts.waiting, told.waiting > 0 && w.waiting(told.waiting)),
    row(w.facts.own, told.own && w.ownFirst),
    row(w.facts.kind, w.kinds[e.kind]),
    row(w.facts.loader, e.loader && `${e.loader} (${e.architecture ?? "–"})`),
    row(w.facts.precision, said(e.precision, e.precision_source)),
    row(w.facts.pooling, said(e.pooling, e.pooling_source)),
    row(w.facts.tokens, e.max_tokens && e.max_tokens.toLocaleString()),
    row(w.facts.dimensions, e.truncate_dim && e.truncate_dim.toLocaleString()),
    row(w.facts.adapters, each(e.adapters ?? [], (a) => [`${a.model}: ${a.kind} → `, at(a.base, a.commit)])),
    row(w.facts.recipe, e.recipe && `${e.recipe} (${(e.lock ?? "").slice(0, 12)})`),
    row(w.facts.parts, each(others, ([model, commit]) => at(model, commit))),
    row(w.facts.code, told.explanation && (code.length ? each(code, ([where, what]) => `${where}: ${what}`) : w.noCode)),
    row(w.facts.gated, m.gated == null ? "" : m.gated ? w.closed : w.open),
    row(w.facts.parameters, m.parameters && compact(m.parameters, language())),
    row(w.facts.download, m.weight_bytes && bytes(m.weight_bytes)),
    row(w.facts.license, m.license),
  ];
}

const prompt = (p, w) =>
  h(
    "tr",
    {},
    h("th", { scope: "row" }, p.tasks.join(", ")),
    h("td", {}, w.sides[p.side] ?? p.side),
    h("td", {}, p.text ? h("code", {}, p.text) : w.none, p.encode_task && h("div", {}, h("code", {}, `task=${p.encode_task}`))),
    h("td", {}, p.source),
  );

export function preview(told, w) {
  const warnings = told.warnings.map((warning) => h("li", {}, warning[language()]));
  return h(
    "section",
    { class: "kel-preview", "aria-label": told.model, lang: language() },
    h("h4", {}, `${told.model}@${told.revision.slice(0, 12)}`),
    told.unread &&
      h(
        "p",
        { class: `kel-message ${told.submittable ? "" : "error"}` },
        told.unread[language()],
        language() === "ko" && `\n(${told.unread.en})`,
      ),
    warnings.length > 0 && h("ul", { class: "warnings" }, warnings),
    h("table", {}, h("tbody", {}, facts(told, w))),
    told.prompts.length > 0 &&
      h(
        "table",
        { class: "kel-prompts" },
        h("caption", {}, w.before),
        h("thead", {}, h("tr", {}, [w.tasks, w.side, w.text, w.whose].map((head) => h("th", { scope: "col" }, head)))),
        h("tbody", {}, told.prompts.map((each) => prompt(each, w))),
      ),
  );
}
