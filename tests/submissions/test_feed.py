"""The feed: valid Atom whatever strangers wrote, with what somebody follows and nothing that is hidden."""

import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from evaluator.policy import POLICY_PATH, HiddenResult, OptOut, Policy
from evaluator.spec import ModelSpec, result_path
from gate.routes import Routes
from store.memory import MemoryStore
from submissions.feed import LINK, MEDIA_TYPE, MOST, Wanted, feed
from submissions.listing import FEED, queue_html
from submissions.live import MOST_FEEDS, LiveQueue
from submissions.record import Event, Failure, ResultReference, Status, Submission, dump_submission
from submissions.routes import routes
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.submissions.test_listing import HOSTILE, START, submission

ATOM = "{http://www.w3.org/2005/Atom}"
ADDRESS = "https://board.example/"
CLOSED = (Status.FINISHED, Status.FAILED, Status.REJECTED)


def closed(number: int, status: Status = Status.FINISHED, **fields: object) -> Submission:
    at = START + timedelta(days=1, minutes=number)
    made: dict[str, object] = {"history": (Event(at=at, who="worker", to_status=status, why="관련 없는 모델"),)}
    if status is Status.FAILED:
        made["failure"] = Failure(failure="load_failed", message="no weights")
    return submission(number, status, **{**made, **fields})


def read(text: str) -> ET.Element:
    """The feed, once it is seen to hold what RFC 4287 asks of a feed and its entries."""
    root = ET.fromstring(text.encode())
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", element.findtext(f"{ATOM}id", ""))
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated", "")).tzinfo is not None
        assert element.findtext(f"{ATOM}author/{ATOM}name")
    ids = [element.text for element in root.iter(f"{ATOM}id")]
    assert len(ids) == len(set(ids))
    return root


def titles(text: str) -> list[str]:
    return [entry.findtext(f"{ATOM}title", "") for entry in read(text).iter(f"{ATOM}entry")]


def test_results_failures_and_rejections_are_told_newest_first_with_their_pages() -> None:
    made = [closed(number, status) for number, status in enumerate(CLOSED)]
    root = read(feed([*made, submission(9), submission(10, Status.WITHDRAWN)], Policy(), Wanted(), ADDRESS))
    entries = root.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == [
        "제출 반려: org/model-2",
        "평가 실패: org/model-1",
        "평가 완료: org/model-0",
    ]
    links = [entry.find(f"{ATOM}link").get("href") for entry in entries]  # type: ignore[union-attr]
    assert links[0] == f"{ADDRESS}?submission={made[2].id}"
    assert links[2] == f"{ADDRESS}?model=org/model-0"
    assert "관련 없는 모델" in entries[0].findtext(f"{ATOM}summary", "")
    assert "no weights" in entries[1].findtext(f"{ATOM}summary", "")
    assert root.findtext(f"{ATOM}updated") == entries[0].findtext(f"{ATOM}updated")
    assert read(feed([], Policy(), Wanted(), ADDRESS)).find(f"{ATOM}entry") is None


def test_an_entry_keeps_its_id_and_a_later_end_of_the_same_submission_has_another() -> None:
    def ids(*made: Submission, address: str = ADDRESS) -> list[str | None]:
        return [
            entry.findtext(f"{ATOM}id") for entry in read(feed(made, Policy(), Wanted(), address)).iter(f"{ATOM}entry")
        ]

    failed = closed(1, Status.FAILED)
    later = closed(
        1,
        Status.FINISHED,
        history=(*failed.history, Event(at=START + timedelta(days=9), who="w", to_status="FINISHED")),
    )
    assert ids(failed) == ids(closed(2), failed, address="http://127.0.0.1:7860/")[1:] == ids(failed)
    assert ids(later) != ids(failed)


def test_the_newest_hundred_by_the_time_they_ended() -> None:
    made = [closed(number) for number in range(MOST + 20)]
    assert titles(feed(made, Policy(), Wanted(), ADDRESS)) == [
        f"평가 완료: org/model-{number}" for number in range(MOST + 19, 19, -1)
    ]


def test_what_is_hidden_is_not_in_it() -> None:
    result = closed(1, result=ResultReference(path=result_path(submission(1).spec), revision="ab" * 20))
    made = [result, closed(2, spec=ModelSpec(model="Gone/name")), closed(3, spec=ModelSpec(model="org/left"))]
    policy = Policy(
        opted_out=(OptOut(name="gone", who="o", at=START), OptOut(name="ORG/left", who="o", at=START)),
        hidden=(HiddenResult(model="org/model-1", result=result_path(result.spec), who="m", at=START, why="?"),),
    )
    assert titles(feed(made, policy, Wanted(), ADDRESS)) == []
    assert len(titles(feed(made, Policy(), Wanted(), ADDRESS))) == 3


def test_nothing_that_a_stranger_wrote_breaks_the_feed(attacks: Attacks) -> None:
    unseen = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0xFFFE, 0xFFFF, 0x1FFFE, 0x202E, 0xFEFF)]
    texts = [
        HOSTILE,
        "]]>",
        "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
        *(f"a{each}b" for each in unseen),
    ]
    made = [
        one
        for number, text in enumerate(texts)
        for one in (
            closed(3 * number, submitted_by=text[:300], history=()),
            closed(3 * number + 1, Status.FAILED, failure=Failure(failure="internal", message=text)),
            closed(
                3 * number + 2,
                Status.REJECTED,
                history=(Event(at=START, who=text[:300], to_status="REJECTED", why=text),),
            ),
        )
    ]
    for begin in range(0, len(made), MOST):
        root = read(feed(made[begin : begin + MOST], Policy(), Wanted(), ADDRESS))
        assert not set("".join(root.itertext())) & set(unseen) - {"\n"}
        assert {child.tag for child in root.iter() if not child.tag.startswith(ATOM)} == set()
    attacks.held("the page", "texts of strangers in the feed", len(texts) * 3)


@pytest.fixture
def live() -> LiveQueue:
    made = [
        closed(1, submitted_by="Alice"),
        closed(2, Status.FAILED, submitted_by="bob"),
        closed(3, Status.REJECTED, submitted_by="bob", spec=ModelSpec(model="Else/model", revision="ab" * 20)),
    ]
    store = MemoryStore()
    store.commit({s.path: dump_submission(s) for s in made}, "Begin", store.head())
    live = LiveQueue(Queue(store, MemoryStore()), 3600)
    live.refresh()
    return live


def client_of(live: LiveQueue) -> TestClient:
    return TestClient(Starlette(routes=routes(live)), base_url="http://board.example")


def test_the_address_chooses_and_an_unchanged_feed_is_not_sent_again(live: LiveQueue) -> None:
    client = client_of(live)
    for query, count in {
        "": 3,
        "person=alice": 1,
        "person=BOB": 2,
        "organisation=ORG": 2,
        "organisation=or": 0,
        "state=failed": 1,
        "state=REJECTED&person=bob&organisation=else": 1,
        "state=finished&person=bob": 0,
    }.items():
        answer = client.get(f"/{FEED}?{query}")
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert len(titles(answer.text)) == count, query
        again = client.get(f"/{FEED}?{query}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    own = read(client.get(f"/{FEED}?person=a%26b%22").text).find(f"{ATOM}link")
    assert own is not None
    assert own.get("href") == f"http://board.example/{FEED}?person=a%26b%22"
    before = client.get(f"/{FEED}").headers["etag"]
    live.queue.policies.opt_out("else", who="m", maintainer=True)
    live.refresh()
    after = client.get(f"/{FEED}", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert "Else/model" not in after.text


def test_a_wrong_question_and_a_strange_host_harm_nothing(live: LiveQueue, attacks: Attacks) -> None:
    client = client_of(live)
    for query in ("state=pending", "state=%00", f"person={'x' * 201}", f"organisation={'x' * 9999}"):
        assert client.get(f"/{FEED}?{query}").status_code == 400
    for host in ("evil.example/path", 'x"onload="', "a b", "<b>", "x" * 300):
        answer = client.get(f"/{FEED}", headers={"X-Forwarded-Host": host})
        assert "http://localhost/?model=org/model-1" in answer.text
        read(answer.text)
    for number in range(2 * MOST_FEEDS):
        client.get(f"/{FEED}?person={number}")
    assert live._shown is not None
    assert len(live._shown.feeds) <= MOST_FEEDS
    attacks.held("the page", "questions for feeds that nobody keeps", 2 * MOST_FEEDS + 9)


def test_while_the_queue_or_the_policy_is_not_known_there_is_no_feed(live: LiveQueue) -> None:
    assert client_of(LiveQueue(live.queue, 3600)).get(f"/{FEED}").status_code == 503
    live.queue.requests.commit({POLICY_PATH: b"{"}, "Damage", live.queue.requests.head())
    new = LiveQueue(Queue(live.queue.requests, MemoryStore()), 3600)
    new.refresh()
    assert client_of(new).get(f"/{FEED}").status_code == 503


def test_readers_find_it_and_the_gate_lets_it_through() -> None:
    assert f'href="{FEED}"' in LINK
    assert f'href="{FEED}"' in queue_html([])
    allowed = Routes(["leaderboard"], login=True)
    assert allowed.find("GET", f"/{FEED}") is not None
    for method, path in (("POST", f"/{FEED}"), ("GET", "/feedxatom"), ("GET", f"/{FEED}/x")):
        assert allowed.find(method, path) is None


def test_the_feed_speaks_one_language_and_leads_to_pages_in_it(live: LiveQueue) -> None:
    client = client_of(live)
    english, korean = (client.get(f"/{FEED}?{query}") for query in ("lang=en", "lang=ko"))
    assert korean.text == client.get(f"/{FEED}").text
    root = read(english.text)
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    told = [entry.findtext(f"{ATOM}title", "").partition(":")[0] for entry in root.iter(f"{ATOM}entry")]
    assert sorted(told) == ["Evaluated", "Evaluation failed", "Submission rejected"]
    links = [link.get("href", "") for link in root.iter(f"{ATOM}link") if link.get("rel") == "alternate"]
    assert all("lang=en" in link for link in links)
    assert [entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")] == [
        entry.findtext(f"{ATOM}id") for entry in read(korean.text).iter(f"{ATOM}entry")
    ], "the same news have the same name in both"
    assert client.get(f"/{FEED}?lang=fr").status_code == 400
    again = client.get(f"/{FEED}?lang=en", headers={"If-None-Match": korean.headers["etag"]})
    assert again.status_code == 200
