// On a model's page: its owner, or a maintainer, opts it out of the leaderboard, and back in. Nobody else is shown this.
import { fill, h } from "../board/dom.js";
import { get, post } from "./calls.js";
import { language, moment } from "./words.js";

const KO = {
  title: "이 모델의 소유자",
  out: "이 리더보드에서 제외",
  in: "다시 보이기",
  why: "이유 (쓰지 않아도 됩니다)",
  help: "제외하면 결과가 표, 검색, API, 내보내기에서 사라지고 새로 평가하지 않습니다. 지우지는 않으며 언제든 되돌릴 수 있습니다.",
  since: (o) => `${o.who} 님이 ${moment(o.at)}에 ${o.name}을(를) 제외했습니다.`,
};
const EN = {
  title: "The owner of this model",
  out: "Opt out of this leaderboard",
  in: "Show it again",
  why: "Reason (optional)",
  help: "Opted out, its results vanish from tables, search, API and exports, and it is not evaluated any more. Nothing is deleted; it can be taken back at any time.",
  since: (o) => `${o.who} opted ${o.name} out at ${moment(o.at)}.`,
};

export async function mount(host, model) {
  const told = await get("about.json", { name: model }).catch(() => null);
  if (!told?.may) return;
  draw(host, model, told);
}

function draw(host, model, told) {
  const w = language() === "en" ? EN : KO;
  const why = h("input", { type: "text", maxlength: "1000", "aria-label": w.why, placeholder: w.why });
  const status = h("p", { role: "status" });
  const run = async (body) => {
    try {
      draw(host, model, await post("policy", body));
    } catch (error) {
      Object.assign(status, { className: "kel-message error", textContent: error.message });
    }
  };
  const out = told.opted_out;
  fill(
    host,
    h(
      "section",
      { class: "kel-own kel-submission", lang: language() },
      h("h3", {}, w.title),
      h("p", {}, out ? w.since(out) : w.help),
      h(
        "div",
        { class: "kel-verbs" },
        !out && why,
        h(
          "button",
          {
            type: "button",
            class: "kel-button",
            onclick: () => run(out ? { verb: "opt_in", name: out.name } : { verb: "opt_out", name: model, why: why.value }),
          },
          out ? w.in : w.out,
        ),
      ),
      status,
    ),
  );
}
