"""Submitting by the form's address: what is told, and that no flood gets past the limits."""

import threading
from pathlib import Path
from typing import Any, NoReturn

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from desk.callers import TOKEN_HEADER, Callers
from desk.forms import Form, InvalidFields
from desk.looks import Looks
from desk.routes import Desk
from evaluator.spec import ModelSpec
from settings import Settings
from store.errors import Unavailable
from store.memory import MemoryStore
from submissions.checks import CheckedModel, CheckFailed, HubUnavailable, RevisionFailed
from submissions.errors import OptedOut, StillChecking, TooMany
from submissions.limits import VISITOR, Limits, limits_of
from submissions.live import LiveQueue
from submissions.preview import Gated
from submissions.record import ModelMetadata, Status, Submission
from submissions.stored import Queue
from tests.attacks import Attacks

COMMIT = "ab" * 20


class Hub:
    """Takes the place of the check on the Hub, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.slow: threading.Event | None = None
        self.begun = threading.Event()

    def __call__(self, model: str, _revision: str | None = None) -> CheckedModel:
        self.asked += 1
        self.begun.set()
        if self.slow:
            assert self.slow.wait(30)
        return CheckedModel(model=model, revision=COMMIT, metadata=ModelMetadata(parameters=10**8))


def gated(_spec: ModelSpec, _folder: Path) -> NoReturn:
    raise Gated("접근 승인이 필요합니다.", "gated")


@pytest.fixture
def hub_answers(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr("desk.looks.check_model", hub)
    monkeypatch.setattr("desk.looks.look_into", gated)  # such a model is submitted as it is
    return hub


def live_queue(limits: Limits | None = None) -> LiveQueue:
    live = LiveQueue(Queue(MemoryStore(), MemoryStore(), limits=limits), 3600)
    live.refresh()
    return live


def submit(looks: Looks, model: str, who: str = "someone", **fields: Any) -> Submission:
    maintainer = fields.pop("maintainer", False)
    return looks.submit(Form(model=model, **fields), who, maintainer=maintainer, own=lambda _: False)


class Visitor:
    """A visitor of a page without sign-in."""

    def __init__(self, live: LiveQueue) -> None:
        self.client = TestClient(Starlette(routes=Desk(live, Callers(login=False)).routes))
        self.token = self.client.get("/desk/me.json").json()["token"]

    def post(self, name: str, **fields: Any) -> Any:
        return self.client.post(f"/desk/{name}", json=fields, headers={TOKEN_HEADER: self.token})


def test_a_flood_through_the_forms_own_address_is_held_by_the_limits(hub_answers: Hub, attacks: Attacks) -> None:
    live = live_queue(limits_of(Settings()))
    visitor = Visitor(live)
    answers = [visitor.post("submit", model=f"org-{number}/model") for number in range(1600)]
    accepted = [answer for answer in answers if answer.status_code == 200]
    assert len(accepted) == 5
    assert {answer.status_code for answer in answers} == {200, 409}
    assert len(live.queue.requests.list("open")) == 5
    assert hub_answers.asked == 5, "who is over the limit causes no request to the Hub"
    assert "You may submit 4 more now" in accepted[0].json()["allowance"]["en"]
    assert "5개까지입니다" in answers[-1].json()["ko"]
    assert "at most 5" in visitor.client.get("/desk/form.json").json()["allowance"]["en"]
    attacks.held("the page", "submissions in a flood by one visitor", 1595)


def test_a_flood_of_many_people_takes_no_more_than_its_share(hub_answers: Hub, attacks: Attacks) -> None:
    live = live_queue(limits_of(Settings()))
    looks = Looks(live)
    refused = 0
    for number in range(1600):
        try:
            submit(looks, f"org-{number}/model", f"person-{number}")
        except TooMany:
            refused += 1
    assert refused == 1560
    assert len(live.queue.requests.log(1000)) - 1 == 40
    assert hub_answers.asked == 40
    assert submit(looks, "org/model", "boss", maintainer=True).status is Status.PENDING
    attacks.held("the page", "submissions by many people beyond their share of the hour's commits", 1560)


def test_one_look_at_a_time_per_person(hub_answers: Hub, attacks: Attacks) -> None:
    looks = Looks(live_queue(Limits()), at_once=2)
    hub_answers.slow = threading.Event()
    first = threading.Thread(target=submit, args=(looks, "org/alice", "alice"))
    first.start()
    assert hub_answers.begun.wait(30)
    for number in range(100):
        with pytest.raises(StillChecking, match="being checked for you already"):
            looks.look(Form(model=f"org/other-{number}"), "Alice")
    with looks._turns.of("bob"):
        for number in range(100):
            with pytest.raises(StillChecking, match="Many models are being checked now"):
                submit(looks, "org/model", f"person-{number}")
    assert hub_answers.asked == 1
    hub_answers.slow.set()
    first.join()
    assert submit(looks, "org/carol", "carol").status is Status.PENDING
    attacks.held("the page", "looks at a model while another one runs", 200)


@pytest.mark.usefixtures("hub_answers")
def test_visitors_who_cannot_sign_in_look_beside_each_other() -> None:
    looks = Looks(live_queue(), at_once=2)
    with looks._turns.of(VISITOR):
        assert looks.look(Form(model="org/name"), VISITOR).spec.revision == COMMIT
    with looks._turns.of("a"), looks._turns.of("b"), pytest.raises(StillChecking):
        looks.look(Form(model="org/name"), VISITOR)


def test_an_opted_out_model_is_refused_before_the_hub_is_asked(hub_answers: Hub) -> None:
    live = live_queue()
    live.queue.policies.opt_out("org", who="Alice", owns=["org"])
    live.refresh()
    looks = Looks(live)
    with pytest.raises(OptedOut, match="Alice 님이"):
        submit(looks, "Org/new", maintainer=True)
    with pytest.raises(OptedOut):
        looks.look(Form(model="org/new"), "someone")
    assert hub_answers.asked == 0


@pytest.mark.usefixtures("hub_answers")
def test_everything_that_the_form_asks_for_is_in_the_submission() -> None:
    live = live_queue()
    fields = {"precision": "float16", "pooling": "cls", "prompts": {"query": "q: "}, "max_tokens": 512}
    answer = Visitor(live).post(
        "submit", model="org/name", **fields, note=" 부탁 ", training=["KLUE", "KLUE"], suites=["ko-v1"]
    )
    (made,) = live.submissions or ()
    assert answer.json()["submission"]["id"] == made.id
    assert made.spec == ModelSpec(model="org/name", revision=COMMIT, **fields)  # type: ignore[arg-type]
    assert (made.note, made.training, made.suites, made.own) == ("부탁", ("KLUE",), ("ko-v1",), False)
    assert made.submitted_by == VISITOR
    again = Visitor(live).post("submit", model="org/name", **fields)
    assert (again.status_code, made.id in again.json()["ko"]) == (409, True)


@pytest.mark.parametrize(
    ("error", "status", "field"),
    [
        (CheckFailed("모델이 없습니다.", "no model"), 422, "model"),
        (RevisionFailed("리비전이 없습니다.", "no revision"), 422, "revision"),
        (HubUnavailable("Hub가 응답하지 않습니다.", "no answer"), 503, None),
    ],
)
def test_what_the_hub_refuses_is_named_at_its_field(
    error: CheckFailed, status: int, field: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr("desk.looks.check_model", refuse)
    live = live_queue()
    for name in ("look", "submit"):
        answer = Visitor(live).post(name, model="org/name", revision="v1")
        told = answer.json()
        assert (answer.status_code, told["ko"]) == (status, error.korean)
        assert told.get("fields") == (field and {field: {"ko": error.korean, "en": error.english}})
    assert live.queue.listing().submissions == ()


@pytest.mark.usefixtures("hub_answers")
def test_a_model_that_nothing_can_load_is_shown_and_not_submitted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_spec: ModelSpec, _folder: Path) -> NoReturn:
        raise CheckFailed("불러올 수 없습니다.", "modules.json is broken")

    monkeypatch.setattr("desk.looks.look_into", broken)
    live = live_queue()
    told = Visitor(live).post("look", model="org/name").json()
    assert (told["revision"], told["submittable"], told["unread"]["en"]) == (COMMIT, False, "modules.json is broken")
    with pytest.raises(InvalidFields) as refused:
        submit(Looks(live), "org/name")
    assert refused.value.fields == {"model": ("불러올 수 없습니다.", "modules.json is broken")}
    assert live.queue.listing().submissions == ()


@pytest.mark.usefixtures("hub_answers")
def test_what_is_known_of_the_same_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    live = live_queue()
    looks = Looks(live)
    earlier = submit(looks, "org/name")
    submit(looks, "org/name", precision="float16")
    visitor = Visitor(live)
    told = visitor.post("look", model="Org/Name").json()
    assert [each["id"] for each in told["known"]] == [earlier.id], "however it is spelled, and with these settings"
    suite = told["suites"][0]
    assert (suite["id"], suite["of"], len(suite["missing"])) == ("ko-v1", 9, 9)
    assert told["estimate"] == {"seconds": None, "measured": 0}
    assert told["submittable"], "a gated one may be submitted"
    assert "접근 승인" in told["unread"]["ko"]

    def away(*_: object) -> NoReturn:
        raise Unavailable("away")

    monkeypatch.setattr(live.queue, "stored_result", away)
    told = visitor.post("look", model="org/name").json()
    assert told["suites"][0]["missing"] is None, "a store that does not answer does not stop the look"
    assert [each["id"] for each in told["known"]] == [earlier.id]
