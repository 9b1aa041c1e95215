// On a model's page: its owner, or a maintainer, opts it out of the leaderboard, and back in. A maintainer hides results,
// confirms those that are in doubt, and corrects metadata, and takes each of these back. Nobody else is shown this.
import { fill, h } from "../board/dom.js";
import { get, post } from "./calls.js";
import { language, moment } from "./words.js";

const KO = {
  title: "이 모델의 소유자",
  desk: "관리자",
  out: "이 리더보드에서 제외",
  in: "다시 보이기",
  why: "이유",
  help: "제외하면 결과가 표, 검색, API, 내보내기에서 사라지고 새로 평가하지 않습니다. 지우지는 않으며 언제든 되돌릴 수 있습니다.",
  since: (o) => `${o.who} 님이 ${moment(o.at)}에 ${o.name}을(를) 제외했습니다.`,
  reason: "이유 (모든 일에 적습니다)",
  hide: "숨기기",
  unhide: "숨김 풀기",
  confirm: (codes) => `숫자가 맞음을 확인: ${codes}`,
  unconfirm: "확인 취소",
  correct: "정보 고치기",
  uncorrect: "고친 것 되돌리기",
  field: "고칠 정보",
  value: "값 (수, 글, true, false)",
  said: { hidden: "숨김", confirmed: "확인", corrected: "고침" },
};
const EN = {
  title: "The owner of this model",
  desk: "Maintainers",
  out: "Opt out of this leaderboard",
  in: "Show it again",
  why: "Reason",
  help: "Opted out, its results vanish from tables, search, API and exports, and it is not evaluated any more. Nothing is deleted; it can be taken back at any time.",
  since: (o) => `${o.who} opted ${o.name} out at ${moment(o.at)}.`,
  reason: "Reason (for each of these)",
  hide: "Hide",
  unhide: "Show again",
  confirm: (codes) => `The numbers are right: ${codes}`,
  unconfirm: "Take the confirmation back",
  correct: "Correct",
  uncorrect: "Take the correction back",
  field: "What to correct",
  value: "Value (number, text, true, false)",
  said: { hidden: "hidden", confirmed: "confirmed", corrected: "corrected" },
};

// `results`: those on the model's page, as the board's API tells them.
export async function mount(host, model, results = []) {
  const told = await get("about.json", { name: model }).catch(() => null);
  if (told?.may) draw(host, model, results, told);
}

const valueOf = (text) =>
  ({ true: true, false: false })[text.trim()] ?? (/^\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : text.trim());

function draw(host, model, results, told) {
  const w = language() === "en" ? EN : KO;
  const input = (label) => h("input", { class: "kel-input", type: "text", maxlength: "1000", "aria-label": label, placeholder: label });
  const why = input(told.maintainer ? w.reason : w.why);
  const status = h("p", { role: "status" });
  const run = async (body) => {
    try {
      draw(host, model, results, await post("policy", { name: model, ...body }));
    } catch (error) {
      Object.assign(status, { className: "kel-message error", textContent: error.message });
    }
  };
  const button = (text, body) => h("button", { type: "button", class: "kel-button", onclick: () => run(body()) }, text);
  const out = told.opted_out;
  fill(
    host,
    h(
      "section",
      { class: "kel-own kel-submission", lang: language() },
      h("h3", {}, told.maintainer ? w.desk : w.title),
      h("p", {}, out ? w.since(out) : w.help),
      h(
        "div",
        { class: "kel-verbs" },
        why,
        button(out ? w.in : w.out, () => (out ? { verb: "opt_in", name: out.name } : { verb: "opt_out", why: why.value })),
      ),
      told.maintainer && maintained(w, results, told, why, input, button),
      status,
    ),
  );
}

function maintained(w, results, told, why, input, button) {
  const field = h("select", { class: "kel-input", "aria-label": w.field }, told.correctable.map((name) => h("option", { value: name }, name)));
  const value = input(w.value);
  const reason = () => ({ why: why.value });
  const rows = results.map((r) => {
    const doubts = (r.warnings ?? []).filter((code) => told.doubtful.includes(code) && !(r.confirmed ?? []).includes(code));
    return h(
      "li",
      {},
      h("code", {}, r.spec),
      ` ${r.origin} ${r.revision?.slice(0, 12) ?? ""} `,
      button(w.hide, () => ({ verb: "hide", result: r.file, ...reason() })),
      doubts.length > 0 && button(w.confirm(doubts.join(", ")), () => ({ verb: "confirm", result: r.file, doubts, ...reason() })),
    );
  });
  const back = { hidden: [w.unhide, "unhide"], confirmed: [w.unconfirm, "unconfirm"] };
  const said = (each) => ` (${each.who}, ${moment(each.at)}${each.why ? `: ${each.why}` : ""}) `;
  const done = Object.entries(back).flatMap(([section, [text, verb]]) =>
    (told[section] ?? []).map((each) =>
      h("li", {}, `${w.said[section]}: `, h("code", {}, each.result), said(each), button(text, () => ({ verb, result: each.result }))),
    ),
  );
  const corrections = (told.corrected ?? []).map((each) => {
    const fields = Object.fromEntries(Object.entries(each).filter(([name]) => told.correctable.includes(name)));
    const undo = button(w.uncorrect, () => ({ verb: "uncorrect", fields }));
    return h("li", {}, `${w.said.corrected}: `, h("code", {}, JSON.stringify(fields)), said(each), undo);
  });
  return [
    h("ul", {}, rows, done, corrections),
    h(
      "div",
      { class: "kel-verbs" },
      field,
      value,
      button(w.correct, () => ({ verb: "correct", fields: { [field.value]: valueOf(value.value) }, ...reason() })),
    ),
  ];
}
