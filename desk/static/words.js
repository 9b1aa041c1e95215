// The words of a submission's page, in one language at a time: that of the page's address (?lang=), else the one that
// the visitor chose last, else Korean. `kel:language` is told when it changes (the board's shell.js).
import { remembered } from "../board/state.js";

const KO = {
  title: "제출",
  steps: "진행 단계",
  way: { PENDING: "승인", QUEUED: "평가 대기", RUNNING: "평가", FINISHED: "결과" },
  phases: { load: "모델 불러오기", data: "데이터 읽기", encode: "임베딩", score: "점수 계산", curves: "잘라 본 점수" },
  tasksDone: (n) => `과제 ${n}개 끝남`,
  tokens: (p) => `토큰 ${p.tokens_done.toLocaleString()}${p.tokens_total ? ` / ${p.tokens_total.toLocaleString()}` : ""}`,
  rate: (n) => `초당 ${Math.round(n).toLocaleString()} 토큰`,
  left: (time) => `약 ${time} 남음`,
  worker: "평가 장비",
  toAnswer: "아래에 답변을 적어 보내면 다시 승인을 기다립니다.",
  toDecide: "관리자의 승인을 기다립니다. 승인되면 대기 순서와 예상 시간이 여기에 나타납니다.",
  again: "다시 시도합니다",
  reason: "이유",
  close: "닫기",
  loading: "불러오는 중…",
  unread: "지금은 이 제출을 읽을 수 없습니다.",
  by: "제출한 사람",
  at: "제출한 때",
  revision: "커밋",
  precision: "정밀도",
  suites: "평가 묶음",
  placeOf: (p) => `대기 순서: ${p.of}개 중 ${p.number}번째`,
  wait: (time, p) => `약 ${time} 뒤에 시작합니다. 끝난 평가 ${p.measured}개의 속도로 어림했습니다.`,
  noWait: "끝난 평가가 없어 언제 시작할지 어림할 수 없습니다.",
  running: "평가 장비",
  progress: "진행",
  attempt: "시도",
  notBefore: "다시 시도하는 때",
  failure: "실패",
  question: "관리자의 질문",
  retryAsked: "다시 시도 요청",
  priority: "우선순위",
  own: "소유자의 제출",
  yes: "예",
  note: "메모",
  training: "학습 데이터",
  settings: "설정",
  metadata: "Hub의 정보",
  result: "결과 보기",
  history: "이력",
  log: "마지막 기록",
  noLog: "남은 기록이 없습니다.",
  showLog: "기록 보기",
  explain: "어떻게 평가하나",
  optedOut: "소유자의 요청으로 제외된 모델입니다. 평가하지 않고 결과도 보이지 않습니다.",
  more: "더 보기",
  text: "내용 (이유, 질문, 답변)",
  number: "우선순위 (클수록 먼저)",
  done: "처리했습니다.",
  code: "코드 확인",
  noCode: "이 모델에는 코드가 없습니다.",
  trust: "아래 커밋의 코드를 읽었고 실행을 허락합니다",
  file: "파일",
  bytes: "바이트",
  sign: "내가 제출한 것이면 로그인한 뒤 여기에서 바꿀 수 있습니다.",
  minutes: (n) => `${n}분`,
  hours: (n) => `${n}시간`,
  days: (n) => `${n}일`,
  verbs: {
    answer: "답변",
    change: "설정 바꾸기",
    withdraw: "철회",
    ask_retry: "다시 시도 요청",
    approve: "승인",
    ask: "질문",
    reject: "반려",
    set_priority: "우선순위 바꾸기",
    retry: "다시 시도",
    release: "장비에서 회수",
    rerun: "다시 평가",
  },
};

const EN = {
  title: "Submission",
  steps: "Steps",
  way: { PENDING: "Approval", QUEUED: "Queue", RUNNING: "Evaluation", FINISHED: "Result" },
  phases: { load: "Loading the model", data: "Reading the data", encode: "Encoding", score: "Scoring", curves: "Scores of smaller vectors" },
  tasksDone: (n) => `${n} tasks done`,
  tokens: (p) => `${p.tokens_done.toLocaleString()}${p.tokens_total ? ` of ${p.tokens_total.toLocaleString()}` : ""} tokens`,
  rate: (n) => `${Math.round(n).toLocaleString()} tokens a second`,
  left: (time) => `about ${time} left`,
  worker: "Worker",
  toAnswer: "Write an answer below and send it; then it waits for approval again.",
  toDecide: "It waits for a maintainer. Once approved, its place and an estimate appear here.",
  again: "It is tried again",
  reason: "Reason",
  close: "Close",
  loading: "Loading…",
  unread: "This submission cannot be read now.",
  by: "Submitted by",
  at: "Submitted at",
  revision: "Commit",
  precision: "Precision",
  suites: "Suites",
  placeOf: (p) => `Place in the queue: ${p.number} of ${p.of}`,
  wait: (time, p) => `Begins in about ${time}: estimated from the speed of ${p.measured} finished evaluations.`,
  noWait: "No evaluation has finished yet, so there is no estimate of when it begins.",
  running: "Worker",
  progress: "Progress",
  attempt: "Attempt",
  notBefore: "Tried again at",
  failure: "Failure",
  question: "A maintainer asks",
  retryAsked: "Another try is asked for",
  priority: "Priority",
  own: "Submitted by its owner",
  yes: "yes",
  note: "Note",
  training: "Training data",
  settings: "Settings",
  metadata: "What the Hub says",
  result: "See the result",
  history: "History",
  log: "Last log lines",
  noLog: "No log was kept.",
  showLog: "Show the log",
  explain: "How it is evaluated",
  optedOut: "Its owner asked not to have this model here: it is not evaluated, and no result is shown.",
  more: "More",
  text: "Text (reason, question, answer)",
  number: "Priority (larger goes first)",
  done: "Done.",
  code: "Read the code",
  noCode: "This model brings no code.",
  trust: "I have read the code at these commits, and it may run",
  file: "File",
  bytes: "Bytes",
  sign: "If this is yours, sign in to change it here.",
  minutes: (n) => `${n} min`,
  hours: (n) => `${n} h`,
  days: (n) => `${n} d`,
  verbs: {
    answer: "Answer",
    change: "Change the settings",
    withdraw: "Withdraw",
    ask_retry: "Ask for another try",
    approve: "Approve",
    ask: "Ask",
    reject: "Reject",
    set_priority: "Change the priority",
    retry: "Retry",
    release: "Take from its worker",
    rerun: "Evaluate again",
  },
};

const LANGUAGES = ["ko", "en"];

export const language = () =>
  [new URLSearchParams(location.search).get("lang"), remembered("kel-lang")].find((each) => LANGUAGES.includes(each)) ?? "ko";

// An address of the page in the language of now: who is sent it sees the same.
export const addressed = (query) => `?${new URLSearchParams({ ...query, ...(language() === "ko" ? {} : { lang: language() }) })}`;

// Call `draw` whenever the language is another one, by the switch or by going back.
export function whenLanguageChanges(draw) {
  let drawn = language();
  const look = () => {
    if (drawn === language()) return;
    drawn = language();
    draw();
  };
  document.addEventListener("kel:language", look);
  window.addEventListener("popstate", look);
}

export const words = () => (language() === "en" ? EN : KO);

export const duration = (seconds, w = words()) =>
  seconds < 5400
    ? w.minutes(Math.max(1, Math.round(seconds / 60)))
    : seconds < 129600
      ? w.hours(Math.round(seconds / 3600))
      : w.days(Math.round(seconds / 86400));

const TIME = { timeZone: "Asia/Seoul", dateStyle: "medium", timeStyle: "short" };

export const moment = (iso) =>
  `${new Intl.DateTimeFormat(language() === "en" ? "en-GB" : "ko-KR", TIME).format(new Date(iso))} KST`;
