"""The desk's addresses, called as everybody who can call them; and what they do to the queue."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from desk.callers import TOKEN_HEADER, Callers
from desk.routes import Desk
from evaluator.model.code_listing import CodeFile
from evaluator.policy import Policy
from evaluator.same_data import tasks_named
from evaluator.spec import ModelSpec
from gate.gate import Gate, Limits
from gate.origins import Origins
from gate.routes import Routes
from store.errors import Unavailable
from store.memory import MemoryStore
from submissions.live import LiveQueue
from submissions.plain_session import PlainSession
from submissions.record import Status, Submission
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.desk.test_submitting import Hub, gated
from tests.leaderboard_data.examples import kept_result
from tests.submissions.test_alarms import ALARM

MODEL = ModelSpec(model="org/model", revision="ab" * 20)


class Cookies:
    """In place of the middleware that reads the session's signed cookie: the header `x-user` says who signed in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            user = headers.get(b"x-user", b"").decode()
            orgs = [{"sub": name, "preferred_username": name} for name in headers.get(b"x-orgs", b"").decode().split()]
            told = {"access_token": f"hf_{user}", "userinfo": {"preferred_username": user, "orgs": orgs}}
            scope["session"] = {"oauth_info": told} if user else {}
        await self._app(scope, receive, send)


class Page:
    """The desk behind the gate, over stores in memory."""

    def __init__(self, *, login: bool = True) -> None:
        self.requests = MemoryStore()
        self.results = MemoryStore()
        self.queue = Queue(self.requests, self.results)
        self.live = LiveQueue(self.queue, 3600)
        self.live.refresh()
        self.desk = Desk(
            self.live, Callers(login=login, maintainers=frozenset({"Boss"}), organisation="Team", secret="s")
        )
        app = Starlette(routes=self.desk.routes, middleware=[Middleware(Cookies), Middleware(PlainSession)])
        gated = Gate(app, Routes([], login=login), Origins(), Limits())
        self.client = TestClient(gated, base_url="https://board.example")

    def get(self, address: str, user: str = "", /, **query: str) -> Any:
        return self.client.get(f"/desk/{address}", params=query, headers={"x-user": user} if user else {})

    def token(self, user: str) -> str:
        return str(self.get("me.json", user).json()["token"])

    def post(self, name: str, user: str, **body: object) -> Any:
        own = {"x-user": user, TOKEN_HEADER: self.token(user)}
        return self.client.post(f"/desk/{name}", content=json.dumps(body), headers=own)

    def policy(self, user: str, orgs: str = "", **body: object) -> Any:
        own = {"x-user": user, "x-orgs": orgs, TOKEN_HEADER: self.token(user)}
        return self.client.post("/desk/policy", content=json.dumps(body), headers=own)

    def act(self, user: str, headers: Mapping[str, str] | None = None, **body: object) -> Any:
        own = {"x-user": user, TOKEN_HEADER: self.token(user)} if headers is None else dict(headers)
        return self.client.post("/desk/act", content=json.dumps(body), headers=own)

    def submitted(self, by: str = "author", spec: ModelSpec = MODEL) -> Submission:
        made = self.queue.submit(spec, who=by)
        self.live.refresh()
        return made

    def status(self, submission: Submission) -> Status:
        return self.queue.find(submission.id).status


@pytest.fixture
def page() -> Page:
    return Page()


WHO_MAY = {  # endpoint -> the statuses that an anonymous visitor, somebody who signed in and a maintainer get
    "me.json": (200, 200, 200),
    "submission.json": (200, 200, 200),
    "log.json": (200, 200, 200),
    "code.json": (403, 403, 200),
    "pending.json": (403, 403, 200),
    "health.json": (403, 403, 200),
    "policy.json": (403, 403, 200),
    "about.json": (200, 200, 200),
    "form.json": (200, 200, 200),
    "look": (403, 200, 200),
    "submit": (403, 200, 200),
    "change": (403, 409, 200),
    "act": (403, 409, 200),
    "policy": (403, 409, 200),
}


def test_every_endpoint_is_called_as_everybody(page: Page, monkeypatch: pytest.MonkeyPatch, attacks: Attacks) -> None:
    monkeypatch.setattr("desk.reads.code_files", lambda *_, **__: ())
    monkeypatch.setattr("desk.looks.check_model", Hub())
    monkeypatch.setattr("desk.looks.look_into", gated)
    assert {endpoint.name for endpoint in page.desk.endpoints} == set(WHO_MAY), "a new endpoint: say who may call it"
    for endpoint in page.desk.endpoints:
        told = []
        for user in ("", "stranger", "boss"):
            model = f"org/{endpoint.name.replace('.', '-')}-{user or 'nobody'}"
            submission = page.submitted(spec=MODEL.model_copy(update={"model": model}))
            if endpoint.name == "policy":
                answer = page.policy(user, verb="opt_out", name=submission.spec.model)
            elif endpoint.name in ("look", "submit"):
                answer = page.post(endpoint.name, user, model=f"{model}-new")
            elif endpoint.name == "change":
                answer = page.post(f"change?id={submission.id}", user, model=model, pooling="mean")
            elif endpoint.writes:
                answer = page.act(user, verb="withdraw", ids=[submission.id])
            else:
                answer = page.get(endpoint.name, user, id=submission.id)
            told.append(answer.status_code)
            withdrawn = endpoint.name == "act" and user == "boss"
            assert page.status(submission) is (Status.WITHDRAWN if withdrawn else Status.PENDING)
        assert tuple(told) == WHO_MAY[endpoint.name], endpoint.name
    attacks.held("the page", "each address of the desk, called as everybody", 3 * len(WHO_MAY))


def test_what_writes_is_taken_only_with_the_token_and_from_the_page_itself(page: Page, attacks: Attacks) -> None:
    submission = page.submitted()
    token = page.token("boss")
    boss = {"x-user": "boss"}
    tried: list[dict[str, str]] = [
        boss,
        {**boss, TOKEN_HEADER: ""},
        {**boss, TOKEN_HEADER: page.token("author")},
        {**boss, TOKEN_HEADER: page.token("")},
        {**boss, TOKEN_HEADER: token[:-1]},
        {**boss, TOKEN_HEADER: token, "Origin": "https://evil.example"},
        {**boss, TOKEN_HEADER: token, "Sec-Fetch-Site": "cross-site"},
        {TOKEN_HEADER: token},
    ]
    for headers in tried:
        assert page.act("boss", headers, verb="approve", ids=[submission.id]).status_code == 403, headers
    assert page.status(submission) is Status.PENDING
    assert page.act("boss", {**boss, TOKEN_HEADER: token}, verb="approve", ids=[submission.id]).status_code == 200
    attacks.held("the page", "the desk without its token, or from another site", len(tried))


def test_a_page_without_sign_in_only_shows(attacks: Attacks) -> None:
    page = Page(login=False)
    submission = page.submitted(by="visitor")
    shown = page.get("submission.json", id=submission.id).json()
    assert (shown["status"], shown["verbs"]) == ("PENDING", [])
    answer = page.act("", {TOKEN_HEADER: page.token("")}, verb="withdraw", ids=[submission.id])
    assert (answer.status_code, page.status(submission)) == (403, Status.PENDING)
    attacks.held("the page", "the desk of a page without sign-in", 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"verb": "approve"}',
        b'{"verb": "delete", "ids": ["x"]}',
        b'{"verb": "approve", "ids": []}',
        b'{"verb": "approve", "ids": ["x"], "who": "boss"}',
        json.dumps({"verb": "approve", "ids": ["x"] * 201}).encode(),
        json.dumps({"verb": "approve", "ids": ["x" * 61]}).encode(),
        json.dumps({"verb": "ask", "ids": ["x"], "text": "ㄱ" * 2001}).encode(),
        b'{"verb": "set_priority", "ids": ["x"], "priority": 1e99}',
        b"\xff\xfe",
        b"[" * 50_000,
    ],
)
def test_a_malformed_act_is_refused(body: bytes, page: Page) -> None:
    headers = {"x-user": "boss", TOKEN_HEADER: page.token("boss")}
    answer = page.client.post("/desk/act", content=body, headers=headers)
    assert (answer.status_code, set(answer.json())) == (422, {"ko", "en"})


def test_asked_back_answered_and_approved(page: Page) -> None:
    submission = page.submitted()
    assert page.get("submission.json", "author", id=submission.id).json()["verbs"] == ["change", "withdraw"]
    boss = page.get("submission.json", "BOSS", id=submission.id).json()
    assert set(boss["verbs"]) == {"approve", "ask", "change", "reject", "set_priority", "withdraw"}
    assert page.act("boss", verb="ask", ids=[submission.id]).status_code == 409, "there is no question"
    asked = page.act("boss", verb="ask", ids=[submission.id], text="어떤 프롬프트를 쓰나요?").json()["submissions"][0]
    assert (asked["status"], asked["question"]) == ("WAITING", "어떤 프롬프트를 쓰나요?")
    assert page.act("stranger", verb="answer", ids=[submission.id], text="mine").status_code == 409
    assert "answer" in page.get("submission.json", "Author", id=submission.id).json()["verbs"]
    answered = page.act("author", verb="answer", ids=[submission.id], text="query: 입니다.").json()["submissions"][0]
    assert answered["status"] == "PENDING"
    approved = page.act("boss", verb="approve", ids=[submission.id], priority=3).json()["submissions"][0]
    assert (approved["status"], approved["priority"], approved["place"]["number"]) == ("QUEUED", 3, 1)
    assert [(event["who"], event["status"]) for event in approved["history"]] == [
        ("author", "PENDING"),
        ("boss", "WAITING"),
        ("author", "PENDING"),
        ("boss", "QUEUED"),
    ]


def test_code_is_trusted_at_the_commits_that_were_read(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    file = CodeFile(repository="org/model", commit="ab" * 20, path="modeling.py", sha256="0" * 64, bytes=7)
    monkeypatch.setattr("desk.reads.code_files", lambda *_, **__: (file,))
    submission = page.submitted()
    code = page.get("code.json", "boss", id=submission.id).json()
    assert (code["files"][0]["path"], code["commits"]) == ("modeling.py", {"org/model": "ab" * 20})
    other = {"org/model": "cd" * 20}
    assert page.act("boss", verb="approve", ids=[submission.id], commits=other).status_code == 409
    assert page.status(submission) is Status.PENDING
    assert page.act("boss", verb="approve", ids=[submission.id], commits=code["commits"]).status_code == 200
    approved = page.queue.find(submission.id)
    assert approved.spec.trust_remote_code
    assert "trusts the code of org/model@" in approved.history[-1].why


def test_several_are_decided_together_or_none(page: Page) -> None:
    first, second = (page.submitted(spec=MODEL.model_copy(update={"model": f"org/{name}"})) for name in "ab")
    page.act("boss", verb="reject", ids=[second.id], text="because")
    refused = page.act("boss", verb="approve", ids=[first.id, second.id])
    assert refused.status_code == 409
    assert second.id in refused.json()["ko"]
    assert page.status(first) is Status.PENDING
    third = page.submitted(spec=MODEL.model_copy(update={"model": "org/c"}))
    commits = len(page.requests.log(100))
    assert page.act("boss", verb="approve", ids=[first.id, third.id]).status_code == 200
    assert {page.status(first), page.status(third)} == {Status.QUEUED}
    assert len(page.requests.log(100)) == commits + 1


def test_a_closed_submission_of_a_model_that_was_opted_out_is_shown_to_nobody_else(page: Page) -> None:
    submission = page.submitted()
    page.queue.reject(submission.id, who="boss", why="no")
    page.queue.policies.opt_out("org", who="org", owns=["org"])
    page.live.refresh()
    users = ("", "stranger", "author")
    told = [page.get("submission.json", user, id=submission.id).status_code for user in users]
    assert told == [404, 404, 200]
    shown = page.get("submission.json", "boss", id=submission.id).json()
    assert shown["opted_out"]["name"] == "org"
    assert "retry" not in shown["verbs"]


def test_unknown_ones_and_a_store_that_does_not_answer_are_told(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("", "x", "../policy", "20260101T000000Z-ffffff", "<script>"):
        answer = page.get("submission.json", id=wrong)
        assert (answer.status_code, set(answer.json())) == (404, {"ko", "en"})

    def away(*_: object) -> bytes:
        raise Unavailable("away")

    submission = page.submitted()
    monkeypatch.setattr(page.queue, "find", away)
    assert page.get("submission.json", id="20260101T000000Z-ffffff").status_code == 503
    assert page.get("submission.json", id=submission.id).status_code == 200, "what is known is shown"


def test_the_log_is_cut_and_cleaned(page: Page) -> None:
    submission = page.submitted()
    assert page.get("log.json", id=submission.id).json() == {"lines": []}
    text = "\n".join(["first", *["한" * 1000] * 60, "last\x1b[31m\u202e"])
    page.requests.commit({f"logs/{submission.id}.txt": text.encode()}, "log", page.requests.head())
    lines = page.get("log.json", id=submission.id).json()["lines"]
    assert len(lines) == 40
    assert max(map(len, lines)) <= 400
    assert lines[-1].startswith("last")
    assert "\x1b" not in lines[-1]
    assert "\u202e" not in lines[-1]


def test_its_files_are_served_and_no_others(page: Page) -> None:
    script = page.client.get("/desk/submission.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert page.client.get("/desk/submission.js", headers={"If-None-Match": script.headers["etag"]}).status_code == 304
    assert page.client.get("/desk/submission.css").headers["content-type"].startswith("text/css")
    for wrong in ("routes.py", "..%2froutes.py", "nothing.js"):
        assert page.client.get(f"/desk/{wrong}").status_code == 404


def test_an_owner_opts_a_model_out_and_in_and_nobody_else_does(page: Page, attacks: Attacks) -> None:
    submission = page.submitted()
    for user, orgs in (("", ""), ("stranger", ""), ("stranger", "other organ or g"), ("org/model", "")):
        assert page.policy(user, orgs, verb="opt_out", name="org/model").status_code in (403, 409)
    assert page.queue.policies.current().opted_out == ()
    told = page.policy("member", "other Org", verb="opt_out", name="org/model", why="우리 모델입니다").json()
    assert told["opted_out"]["who"] == "member"
    (opt_out,) = page.queue.policies.current().opted_out
    assert (opt_out.name, opt_out.who, opt_out.why) == ("org/model", "member", "우리 모델입니다")
    assert page.act("boss", verb="approve", ids=[submission.id]).status_code == 409
    assert page.policy("stranger", "", verb="opt_in", name="org/model").status_code == 409
    assert page.policy("org", "", verb="opt_in", name="ORG/model").json()["opted_out"] is None
    assert page.act("boss", verb="approve", ids=[submission.id]).status_code == 200
    attacks.held("the page", "opting out what is somebody else's", 5)


def test_whether_one_may_opt_out_is_told_to_owners_and_maintainers(page: Page) -> None:
    may = [page.get("about.json", user, name="org/model").json()["may"] for user in ("", "stranger", "ORG", "boss")]
    assert may == [False, False, True, True]


def test_a_maintainer_hides_a_result_and_shows_it_again(page: Page) -> None:
    hidden = {"name": "org/model", "result": kept_result(page.results, MODEL)[1][:8]}
    assert page.policy("org", "", verb="hide", **hidden, why="mine").status_code == 403
    assert page.policy("boss", "", verb="hide", **hidden).status_code == 409, "no reason given"
    assert page.policy("boss", "", verb="hide", **hidden, why="doubtful").json()["hidden"][0]["why"] == "doubtful"
    assert "hidden" not in page.get("about.json", "org", name="org/model").json(), "why is the maintainers' to know"
    assert page.get("policy.json", "boss").json()["hidden"][0]["who"] == "boss"
    assert page.policy("boss", "", verb="unhide", **hidden).json()["hidden"] == []


def test_what_waits_is_told_with_what_helps_to_decide(page: Page) -> None:
    first = page.submitted()
    page.act("boss", verb="reject", ids=[first.id], text="no")
    second = page.submitted()
    page.act("author", verb="ask_retry", ids=[first.id], text="고쳤습니다")
    told = page.get("pending.json", "boss").json()
    (row,) = told["waiting"]
    assert (row["id"], row["asked_before"]["REJECTED"], row["of_owner"]) == (second.id, 1, 1)
    assert [each["id"] for each in row["same_model"]] == [first.id]
    assert [(each["id"], each["why"]) for each in told["wishes"]] == [(first.id, "고쳤습니다")]


def test_members_of_the_maintainers_organisation_decide_too(page: Page) -> None:
    who = {"x-user": "somebody"}
    told = [
        page.client.get("/desk/me.json", headers={**who, "x-orgs": orgs}).json()["maintainer"]
        for orgs in ("", "teams", "other tEAM")
    ]
    assert told == [False, False, True]


def test_nothing_is_said_of_what_the_results_store_does_not_hold_or_cannot_tell(
    page: Page, monkeypatch: pytest.MonkeyPatch, attacks: Attacks
) -> None:
    kept_result(page.results, MODEL)
    acts: tuple[dict[str, object], ...] = (
        {"verb": "hide", "name": "org/modle", "result": "ab" * 4},
        {"verb": "hide", "name": "org/model", "result": "ab" * 4},
        {"verb": "confirm", "name": "org/model", "result": "results/org__model/x.json", "doubts": ["end_token"]},
        {"verb": "correct", "name": "org/modle", "fields": {"license": "mit"}},
    )
    for act in acts:
        answer = page.policy("boss", "", **act, why="w")
        assert (answer.status_code, "결과 저장소에" in answer.json()["ko"]) == (409, True), act
        assert "results store holds no result" in answer.json()["en"]

    def away() -> str:
        raise Unavailable("the Hub is away")

    monkeypatch.setattr(page.results, "head", away)
    for act in acts:
        answer = page.policy("boss", "", **act, why="w")
        assert (answer.status_code, "cannot be read" in answer.json()["en"]) == (503, True), act
    assert page.queue.policies.current() == Policy()
    attacks.held("the policy", "what is said of results that there are not", 2 * len(acts))


def test_a_maintainer_confirms_and_corrects_and_takes_it_back(page: Page) -> None:
    result, _ = kept_result(page.results, MODEL)
    doubt = {"name": "org/model", "result": result, "doubts": ["card_differs"]}
    assert page.policy("org", "", verb="confirm", **doubt, why="mine").status_code == 403
    assert page.policy("boss", "", verb="confirm", **doubt).status_code == 409, "no reason given"
    assert page.policy("boss", "", verb="confirm", **doubt | {"doubts": ["rumours"]}, why="w").status_code == 409
    confirmed = page.policy("boss", "", verb="confirm", **doubt, why="카드의 예제가 틀렸습니다").json()["confirmed"]
    assert [(each["who"], each["doubts"]) for each in confirmed] == [("boss", ["card_differs"])]
    assert page.policy("boss", "", verb="unconfirm", name="org/model", result=result).json()["confirmed"] == []
    fields = {"license": "mit", "parameters": 560_000_000, "open_weights": True}
    corrected = page.policy("boss", "", verb="correct", name="org/model", fields=fields, why="카드").json()["corrected"]
    assert {name: corrected[0][name] for name in fields} == fields
    for wrong in ({"parameters": -1}, {"parameters": "many"}, {"rank": 1}, {}, {"license": None}):
        assert page.policy("boss", "", verb="correct", name="org/model", fields=wrong, why="w").status_code == 409, (
            wrong
        )
    told = page.policy("boss", "", verb="uncorrect", name="org/model", fields={"license": None}).json()["corrected"]
    assert "license" not in told[0]
    assert page.policy("boss", "", verb="uncorrect", name="org/model").json()["corrected"] == []


def test_an_own_model_is_submitted_as_such(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.looks.check_model", Hub())
    monkeypatch.setattr("desk.looks.look_into", gated)
    for name, user, orgs, own in (
        ("a", "member", "x ORG", True),
        ("b", "Org", "", True),
        ("c", "stranger", "orgs", False),
    ):
        headers = {"x-user": user, "x-orgs": orgs, TOKEN_HEADER: page.token(user)}
        body = json.dumps({"model": f"org/{name}"})
        told = page.client.post("/desk/look", content=body, headers=headers).json()
        made = page.client.post("/desk/submit", content=body, headers=headers).json()
        assert (told["own"], made["own"]) == (own, own), user
        submission = page.queue.find(made["submission"]["id"])
        assert (submission.own, submission.submitted_by) == (own, user)


def test_what_a_form_may_send_is_told_to_everybody_and_taken_from_who_has_signed_in(page: Page) -> None:
    shown = page.get("form.json").json()
    assert (shown["may"], shown["allowance"]["ko"]) == (False, "로그인하면 제출할 수 있습니다.")
    assert set(shown["presets"]) == {"e5", "e5-instruct", "bge", "gte-qwen", "qwen3"}
    assert page.get("form.json", "stranger").json()["may"]
    assert Page(login=False).get("form.json").json()["may"]
    answer = page.post("look", "stranger", model="org/name", pooling="max")
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["pooling"])
    for body in ({}, {"model": "org/name", "who": "boss"}, {"model": "org/name", "trust_remote_code": True}):
        answer = page.post("submit", "boss", **body)
        assert (answer.status_code, "fields" in answer.json()) == (422, body == {})


def test_a_maintainer_clears_an_alarm_that_rings(page: Page) -> None:
    alarm = {"verb": "clear_drift", "name": ALARM.environment}
    assert page.policy("boss", "", **alarm, why="new torch").status_code == 409, "it does not ring"
    page.live.ring((ALARM,))
    told = page.get("health.json", "boss").json()["alarms"]
    assert [each["environment"] for each in told] == [ALARM.environment]
    assert page.policy("stranger", "", **alarm, why="mine").status_code == 403
    assert page.policy("boss", "", **alarm).status_code == 409, "no reason given"
    assert page.policy("boss", "", **alarm, why="new torch").status_code == 200
    (cleared,) = page.queue.policies.current().cleared
    assert (cleared.environment, cleared.check, cleared.who) == (ALARM.environment, ALARM.since, "boss")


def test_the_settings_are_changed_by_the_submitter_before_the_approval(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.looks.check_model", Hub())
    monkeypatch.setattr("desk.looks.look_into", gated)
    submission = page.submitted()
    form = {"model": "org/model", "prompts": {"query": "질의: "}, "training": ["KorQuAD"]}
    assert page.post(f"change?id={submission.id}", "stranger", **form).status_code == 409
    assert page.post("change?id=x", "author", **form).status_code == 404
    assert page.post(f"change?id={submission.id}", "author", model="org/other").status_code == 409
    told = page.post(f"change?id={submission.id}", "Author", **form).json()["submission"]
    changed = page.queue.find(submission.id)
    assert (told["id"], changed.spec.prompts, changed.training) == (submission.id, {"query": "질의: "}, ("KorQuAD",))
    assert changed.history[-1].why.startswith("prompts: none -> ")
    shown = page.get("submission.json", id=submission.id).json()
    assert (shown["training"], shown["training_tasks"]) == (["KorQuAD"], {"KorQuAD": ["SQuADKorV1Retrieval"]})
    offered = page.get("form.json", "author").json()["training"]
    assert offered["klue/klue"] == sorted(tasks_named("KLUE"))
    page.act("boss", verb="approve", ids=[submission.id])
    assert page.post(f"change?id={submission.id}", "author", model="org/model").status_code == 409


def test_what_is_asked_for_otherwise_than_the_card_registry_says_is_told(page: Page) -> None:
    e5 = {"model": "intfloat/multilingual-e5-base", "revision": "ab" * 20}
    for fields in ({}, {"prompts": {"query": "Q: "}}):
        page.submitted(spec=ModelSpec.model_validate(e5 | fields))
    page.submitted(spec=ModelSpec.model_validate({"model": "org/unknown", "prompts": {"query": "Q: "}}))
    told = {row["id"]: row["beside_the_card"] for row in page.get("pending.json", "boss").json()["waiting"]}
    (other,) = [differences for differences in told.values() if differences]
    assert [(each["field"], each["asked"], each["card"]["query"]) for each in other] == [
        ("prompts", {"query": "Q: "}, "query: ")
    ]


def test_who_asks_again_is_told_in_a_few_bytes_that_nothing_changed(page: Page) -> None:
    made = page.submitted()
    for name in ("pending.json", "health.json", "policy.json", "me.json", f"submission.json?id={made.id}"):
        first = page.client.get(f"/desk/{name}", headers={"x-user": "Boss"})
        known = {"x-user": "Boss", "if-none-match": first.headers["etag"]}
        again = page.client.get(f"/desk/{name}", headers=known)
        assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "no-store"), name
        if name != "policy.json":  # which says the same to everybody who may see it
            other = page.client.get(f"/desk/{name}", headers={**known, "x-user": "author"})
            assert other.status_code in (200, 403), f"{name}: what a maintainer was told is nobody else's"
    tag = page.get("pending.json", "Boss").headers["etag"]
    page.act("Boss", verb="approve", ids=[made.id])
    after = page.client.get("/desk/pending.json", headers={"x-user": "Boss", "if-none-match": tag})
    assert (after.status_code, after.json()["waiting"]) == (200, [])
