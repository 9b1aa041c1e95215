// The maintainers' desk (?tab=desk): what waits, with what helps to decide; several at once; health; what is not shown.
// Nobody else is shown it, and the server refuses everybody else.
import { fill, h, plainTable } from "../board/dom.js";
import { get, post } from "./calls.js";
import { addressed, duration, language, moment, whenLanguageChanges } from "./words.js";

const SECONDS = 10;
const KO = {
  title: "관리자 데스크",
  waiting: "결정을 기다리는 제출",
  none: "없습니다.",
  wishes: "다시 시도 요청",
  health: "상태",
  hidden: "제외와 숨김",
  choose: "고르기",
  model: "모델",
  who: "제출한 사람",
  facts: "정보",
  approve: "고른 것 승인",
  reject: "고른 것 반려",
  why: "이유",
  saved: "자주 쓰는 이유",
  priority: "우선순위",
  done: (n) => `${n}개를 처리했습니다.`,
  chooseOne: "제출을 하나 이상 골라 주세요.",
  more: (n) => `${n}개가 더 기다립니다.`,
  before: (b) => `전에: 완료 ${b.FINISHED}, 실패 ${b.FAILED}, 반려 ${b.REJECTED}, 철회 ${b.WITHDRAWN}`,
  same: "같은 모델의 제출",
  age: (n) => `커밋 ${n}일 전`,
  own: "소유자의 제출",
  optedOut: "제외된 모델",
  trusts: "코드 실행을 바람",
  besideCard: (d) => `카드와 다름, ${d.field}: 카드는 ${JSON.stringify(d.card)}`,
  workers: "최근 1시간의 평가 장비",
  idle: "쉬는 중",
  overdue: "임대가 지남",
  queued: "크기별 평가 대기",
  failures: "하루 동안의 실패",
  oldest: "가장 오래 기다린 제출",
  commits: "이 시간의 커밋",
  commitsLeft: (c) => (c.left == null ? `${c.made}개` : `${c.made}개, ${c.left}개 남음`),
  disk: "디스크",
  diskLeft: (free, total) => `${total} 중 ${free} 남음`,
  name: "조직 또는 조직/모델",
  result: "결과 (results/… 또는 사양 id의 앞 8자리)",
  optOut: "제외",
  optIn: "되돌리기",
  hide: "결과 숨기기",
  unhide: "다시 보이기",
  clear: "경보 풀기",
  clearWhy: "경보를 푸는 이유",
  replies: [
    "공개된 Hub 저장소가 아닙니다. 공개한 뒤 다시 제출해 주세요.",
    "모델 카드에 사용법(프롬프트)이 없습니다. 카드를 보완한 뒤 다시 제출해 주세요.",
    "임베딩 모델이 아닙니다.",
    "같은 가중치의 모델이 이미 있습니다.",
  ],
};
const EN = {
  title: "Maintainers' desk",
  waiting: "Waiting for a decision",
  none: "None.",
  wishes: "Another try is asked for",
  health: "Health",
  hidden: "Opted out and hidden",
  choose: "Choose",
  model: "Model",
  who: "Submitted by",
  facts: "Facts",
  approve: "Approve the chosen",
  reject: "Reject the chosen",
  why: "Reason",
  saved: "Saved answers",
  priority: "Priority",
  done: (n) => `${n} done.`,
  chooseOne: "Choose at least one submission.",
  more: (n) => `${n} more wait.`,
  before: (b) => `before: ${b.FINISHED} finished, ${b.FAILED} failed, ${b.REJECTED} rejected, ${b.WITHDRAWN} withdrawn`,
  same: "Submissions of the same model",
  age: (n) => `commit ${n} days old`,
  own: "submitted by its owner",
  optedOut: "opted out",
  trusts: "wants its code to run",
  besideCard: (d) => `not as the card registry says, ${d.field}: there it is ${JSON.stringify(d.card)}`,
  workers: "Workers in the last hour",
  idle: "idle",
  overdue: "lease ran out",
  queued: "Queued by size",
  failures: "Failures in the last day",
  oldest: "Waiting for longest",
  commits: "Commits this hour",
  commitsLeft: (c) => (c.left == null ? `${c.made}` : `${c.made}, ${c.left} left`),
  disk: "Disk",
  diskLeft: (free, total) => `${free} of ${total} free`,
  name: "organisation or organisation/model",
  result: "Result (results/… or the first 8 digits of its spec's id)",
  optOut: "Opt out",
  optIn: "Opt in",
  hide: "Hide the result",
  unhide: "Show it again",
  clear: "Clear the alarm",
  clearWhy: "Reason for clearing it",
  replies: [
    "This is no public repository on the Hub; make it public and submit again.",
    "The model card does not say how to use the model (prompts); complete it and submit again.",
    "This is no embedding model.",
    "A model with the same weights is here already.",
  ],
};

const at = { host: null, chosen: new Set(), shown: "" };
const words = () => (language() === "en" ? EN : KO);
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
const millions = (n) => (n >= 1e9 ? `${(n / 1e9).toFixed(1)}B` : `${Math.round(n / 1e6)}M`);
const to = (s, text = s.id) => h("a", { href: addressed({ tab: "submit", submission: s.id }) }, text);
const state = (s) => (language() === "en" ? s.status_en : s.status_ko);

function facts(s, w) {
  const { metadata: m } = s;
  return [
    m.parameters && millions(m.parameters),
    m.weight_bytes && gigabytes(m.weight_bytes),
    m.license,
    m.likes != null && `♥ ${m.likes}`,
    s.age_days != null && w.age(s.age_days),
    s.own && w.own,
    s.opted_out && w.optedOut,
    s.trusts && w.trusts,
    ...s.beside_the_card.map(w.besideCard),
    ...Object.entries(s.settings).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`),
  ]
    .filter(Boolean)
    .map((text) => h("div", {}, text));
}

const rowOf = (s, w) =>
  h(
    "tr",
    { "data-submission": s.id },
    h(
      "td",
      {},
      h("input", {
        type: "checkbox",
        "aria-label": `${w.choose} ${s.id}`,
        checked: at.chosen.has(s.id),
        onchange: (event) => at.chosen[event.target.checked ? "add" : "delete"](s.id),
      }),
    ),
    h("td", {}, to(s, s.model), h("div", { class: "kel-quiet" }, `@${s.revision.slice(0, 12)} ${state(s)}`), s.note && h("div", { class: "kel-quiet" }, s.note)),
    h("td", {}, s.by, h("div", { class: "kel-quiet" }, moment(s.at)), h("div", { class: "kel-quiet" }, w.before(s.asked_before))),
    h(
      "td",
      {},
      facts(s, w),
      s.same_model.length > 0 && h("div", { class: "kel-quiet" }, `${w.same}: `, s.same_model.map((other) => [to(other, `${other.id} (${state(other)})`), " "])),
    ),
  );

function decide(w) {
  const why = h("input", { class: "kel-input", type: "text", maxlength: "1000", "aria-label": w.why, placeholder: w.why });
  const priority = h("input", { class: "kel-input", type: "number", step: "1", "aria-label": w.priority, placeholder: w.priority });
  const saved = h(
    "select",
    { class: "kel-input", "aria-label": w.saved, onchange: () => (why.value = saved.value) },
    h("option", { value: "" }, w.saved),
    w.replies.map((reply) => h("option", { value: reply }, reply)),
  );
  const told = h("p", { role: "status" });
  const run = async (verb) => {
    told.className = "";
    try {
      if (!at.chosen.size) throw new Error(w.chooseOne);
      const body = { verb, ids: [...at.chosen] };
      if (verb === "reject") body.text = why.value;
      else if (priority.value) body.priority = Math.trunc(Number(priority.value));
      const { submissions } = await post("act", body);
      at.chosen.clear();
      document.dispatchEvent(new CustomEvent("kel-queue-changed"));
      await renew(true, w.done(submissions.length));
    } catch (error) {
      told.className = "kel-message error";
      told.textContent = error.message;
    }
  };
  return h(
    "div",
    { class: "kel-verbs kel-decide" },
    h("button", { type: "button", class: "kel-button kel-primary", onclick: () => run("approve") }, w.approve),
    priority,
    h("button", { type: "button", class: "kel-button", onclick: () => run("reject") }, w.reject),
    why,
    saved,
    told,
  );
}

function healthOf(told, w) {
  const listed = (counts) => Object.entries(counts).map(([name, n]) => `${name}: ${n}`).join(", ");
  const line = (name, value) => value && h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h(
    "dl",
    { class: "kel-tiles" },
    [
      line(
        w.workers,
        told.workers.length
          ? told.workers.map((worker) =>
              h("div", {}, `${worker.name}: `, worker.runs ? to(worker.runs, worker.runs.model) : w.idle, worker.overdue && ` (${w.overdue})`),
            )
          : w.none,
      ),
      line(w.queued, listed(told.queued) || w.none),
      line(w.failures, listed(told.failures) || w.none),
      line(
        w.oldest,
        told.oldest && h("span", {}, to(told.oldest, told.oldest.model), ` ${duration((Date.now() - new Date(told.oldest.at)) / 1000)}`),
      ),
      line(w.commits, w.commitsLeft(told.commits)),
      line(w.disk, told.disk && w.diskLeft(gigabytes(told.disk.free), gigabytes(told.disk.total))),
    ],
  );
}

// Scores of the reference model moved in some environment: what moved, and why that is fine, once it is known.
function alarmsOf(alarms, w) {
  return alarms.map((alarm) => {
    const why = h("input", { class: "kel-input", type: "text", maxlength: "1000", "aria-label": w.clearWhy, placeholder: w.clearWhy });
    const told = h("span", { role: "status" });
    const clear = async () => {
      try {
        await post("policy", { verb: "clear_drift", name: alarm.environment, why: why.value });
        await renew(true, w.done(1));
      } catch (error) {
        told.textContent = error.message;
      }
    };
    const button = h("button", { type: "button", class: "kel-button", onclick: clear }, w.clear);
    return h("div", { class: "kel-message error", role: "alert" }, alarm[language()], h("div", { class: "kel-verbs" }, why, button, told));
  });
}

function policyOf(policy, w) {
  const told = h("p", { role: "status" });
  const field = (label) => h("input", { class: "kel-input", type: "text", maxlength: "400", "aria-label": label, placeholder: label });
  const [name, result, why] = [w.name, w.result, w.why].map(field);
  const run = async (body) => {
    told.className = "";
    try {
      await post("policy", body);
      await renew(true, w.done(1));
    } catch (error) {
      told.className = "kel-message error";
      told.textContent = error.message;
    }
  };
  const button = (text, body) => h("button", { type: "button", class: "kel-button", onclick: () => run(body()) }, text);
  const said = (each) => `${each.who}, ${moment(each.at)}${each.why ? `: ${each.why}` : ""}`;
  return h(
    "details",
    {},
    h("summary", {}, w.hidden),
    h(
      "ul",
      {},
      (policy.opted_out ?? []).map((each) =>
        h("li", {}, `${each.name} (${said(each)}) `, button(w.optIn, () => ({ verb: "opt_in", name: each.name }))),
      ),
      (policy.hidden ?? []).map((each) =>
        h(
          "li",
          {},
          `${each.model} ${each.result} (${said(each)}) `,
          button(w.unhide, () => ({ verb: "unhide", name: each.model, result: each.result })),
        ),
      ),
    ),
    h(
      "div",
      { class: "kel-verbs" },
      name,
      result,
      why,
      button(w.optOut, () => ({ verb: "opt_out", name: name.value, why: why.value })),
      button(w.hide, () => ({ verb: "hide", name: name.value, result: result.value, why: why.value })),
    ),
    told,
  );
}

// What a maintainer is writing is not drawn over.
const busy = () => at.host.contains(document.activeElement) && ["INPUT", "SELECT"].includes(document.activeElement.tagName);

async function renew(mine = false, told = "") {
  if (!at.host?.isConnected) return;
  const w = words();
  try {
    const [waiting, health, policy] = await Promise.all(["pending.json", "health.json", "policy.json"].map((name) => get(name)));
    const shown = JSON.stringify([waiting, health, policy, language()]);
    if (!mine && (shown === at.shown || busy())) return;
    at.shown = shown;
    at.chosen = new Set(waiting.waiting.map((s) => s.id).filter((id) => at.chosen.has(id)));
    const open = at.host.querySelector("details details")?.open;
    fill(
      at.host.querySelector(".kel-desk-body"),
      told && h("p", { class: "kel-message", role: "status" }, told),
      alarmsOf(health.alarms, w),
      h("h3", {}, `${w.waiting} (${waiting.waiting.length + waiting.more})`),
      waiting.waiting.length
        ? [plainTable([w.choose, w.model, w.who, w.facts], waiting.waiting.map((s) => rowOf(s, w))), decide(w)]
        : h("p", {}, w.none),
      waiting.more > 0 && h("p", {}, w.more(waiting.more)),
      waiting.wishes.length > 0 && [h("h3", {}, w.wishes), h("ul", {}, waiting.wishes.map((s) => h("li", {}, to(s, s.model), `: ${s.why}`)))],
      h("h3", {}, w.health),
      healthOf(health, w),
      policyOf(policy, w),
    );
    if (open) at.host.querySelector("details details").open = true;
  } catch {
    // The page cannot be reached now, or somebody else is signed in: what is shown stays.
  }
}

const asked = () => new URLSearchParams(location.search).get("tab") === "desk";

// The frame of the desk in the language of now, and what it shows.
function frame(open) {
  const desk = h(
    "details",
    { class: `kel-submission kel-desk ${asked() ? "kel-first" : ""}`, open, ontoggle: () => desk.open && renew(true), lang: language() },
    h("summary", {}, words().title),
    h("div", { class: "kel-desk-body" }),
  );
  fill(at.host, desk);
}

export async function mount(element) {
  const host = element.querySelector(".kel-desk-host");
  if (!host || host === at.host) return;
  at.host = host;
  const me = await get("me.json").catch(() => null);
  if (!me?.maintainer) return;
  frame(asked());
}

whenLanguageChanges(() => {
  const desk = at.host?.querySelector(".kel-desk");
  if (desk) frame(desk.open);
});
setInterval(() => document.hidden || (at.host?.querySelector(".kel-desk")?.open && renew()), SECONDS * 1000);
