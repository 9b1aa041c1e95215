"""The queue as fifty tabs fetch it: made once a revision, in pages, and sent only when it changed."""

import re
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from evaluator.policy import OptOut
from evaluator.spec import ModelSpec
from store.memory import MemoryStore
from submissions import listing
from submissions.live import LiveQueue
from submissions.record import Event, Failure, Lease, ModelMetadata, Status, Submission, dump_submission
from submissions.routes import QUEUE, SCRIPT, routes
from submissions.stored import Queue
from submissions.words import Language
from tests.attacks import Attacks
from tests.submissions.test_listing import HOSTILE, START, submission

HUGE = 5000


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """A store with 5,000 open submissions, each with as long a note as is allowed."""
    made = [submission(number, note="'한" * 500) for number in range(HUGE)]
    store = MemoryStore()
    store.commit({s.path: dump_submission(s) for s in made}, "Flood", store.head())
    return store


def shown(live: LiveQueue) -> TestClient:
    return TestClient(Starlette(routes=routes(live)))


def test_a_huge_queue_is_made_once_for_all_and_sent_in_small_pages(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, attacks: Attacks
) -> None:
    live = LiveQueue(Queue(store, MemoryStore()), 3600)
    live.refresh()
    rendered: list[str] = []
    row = listing._row

    def counting(submission: Submission, positions: dict[str, int], opt_out: OptOut | None, language: Language) -> str:
        rendered.append(submission.id)
        return row(submission, positions, opt_out, language)

    monkeypatch.setattr(listing, "_row", counting)
    client = shown(live)
    first = client.get(f"/{QUEUE}")
    once = len(rendered)
    assert 0 < once <= listing.ROWS
    sent = 0
    for _ in range(50):  # tabs, each of which asks ten times
        etag = client.get(f"/{QUEUE}").headers["etag"]
        answers = [client.get(f"/{QUEUE}", headers={"If-None-Match": etag}) for _ in range(10)]
        assert {answer.status_code for answer in answers} == {304}
        sent += sum(len(answer.content) for answer in answers)
    assert sent == 0
    assert len(rendered) == once, "nothing is made again for another visitor or another look"
    assert len(first.content) < 100_000
    attacks.held("the page", "looks of 50 tabs at a queue of 5,000", 500)


def test_every_page_is_small_and_every_submission_on_one_of_them(store: MemoryStore, attacks: Attacks) -> None:
    live = LiveQueue(Queue(store, MemoryStore()), 3600)
    live.refresh()
    found: list[str] = []
    number = 1
    while (page := live.page(number)) is not None:
        assert len(page.content) < 100_000
        ids = re.findall(r'data-submission="([^"]+)"', page.content.decode())
        assert 0 < len(ids) <= listing.ROWS
        found += ids
        number += 1
    assert len(found) == len(set(found)) == HUGE
    assert found == sorted(found)
    assert f'data-page="{number - 2}"' in live.page(number - 1).content.decode()  # type: ignore[union-attr]
    client = shown(live)
    for bad in ("0", "-1", "99999", "9" * 4000, "1.5", "x", "", "１"):
        assert client.get(f"/{QUEUE}", params={"page": bad}).status_code == 404
    attacks.held("the page", "pages of a queue of 5,000 submissions with the longest notes", number - 1)


def test_the_largest_rows_stay_below_the_bound(attacks: Attacks) -> None:
    most, long = (HOSTILE * 300)[:300], HOSTILE * 2000  # a name, and a reason that the record cuts
    events = tuple(Event(at=START, who=most, to_status="QUEUED", why=long) for _ in range(200))
    worst = [
        submission(
            number,
            status,
            note=("'" * 1000),
            submitted_by=most,
            history=events,
            failure=Failure(failure="load_failed", message=long),
            lease=Lease(worker="w", nonce="n", until=START, progress={most: most}),
        )
        for number, status in enumerate([*Status] * 20)
    ]
    pages = listing.QueuePages(worst, unreadable=[long] * 1000)
    count = 0
    while (page := pages.page(count + 1)) is not None:
        assert len(page.encode()) < 100_000
        assert "<img" not in page
        count += 1
    assert count > 1
    attacks.held("the page", "rows of the queue that hold megabytes", len(worst))


def test_a_change_is_shown_and_an_unchanged_queue_keeps_its_tag() -> None:
    queue = Queue(MemoryStore(), MemoryStore())
    live = LiveQueue(queue, 3600)
    client = shown(live)
    assert "대기열을 읽을 수 없습니다" in client.get(f"/{QUEUE}").text
    live.refresh()
    before = client.get(f"/{QUEUE}")
    assert ">없음<" in before.text
    queue.submit(ModelSpec(model="org/name", revision="ab" * 20), who="v")
    live.refresh()
    after = client.get(f"/{QUEUE}", headers={"If-None-Match": before.headers["etag"]})
    assert "org/name" in after.text
    assert after.headers["content-type"].startswith("text/html")
    assert "export function mount" in client.get(f"/{SCRIPT}").text
    assert client.post(f"/{QUEUE}").status_code == 405


def test_the_queue_shows_the_commit_its_day_and_the_submitter() -> None:
    made = submission(1, metadata=ModelMetadata(committed_at=START - timedelta(days=3)))
    assert "@abababababab (2026-11-20) auto" in listing.queue_html([made])
    assert "@abababababab auto" in listing.queue_html([submission(2)])


def test_each_language_has_its_own_tag_and_one_that_there_is_not_is_refused(store: MemoryStore) -> None:
    live = LiveQueue(Queue(store, MemoryStore()), 3600)
    client = shown(live)
    assert "cannot be read" in client.get(f"/{QUEUE}", params={"lang": "en"}).text
    live.refresh()
    korean, english = (client.get(f"/{QUEUE}", params={"lang": language}) for language in ("ko", "en"))
    assert korean.text == client.get(f"/{QUEUE}").text
    assert "승인 대기" in korean.text
    assert "Pending approval" in english.text
    assert "승인 대기" not in english.text
    for answer, language in ((korean, "ko"), (english, "en")):
        tag = {"If-None-Match": answer.headers["etag"]}
        assert client.get(f"/{QUEUE}", params={"lang": language}, headers=tag).status_code == 304
    other = {"If-None-Match": korean.headers["etag"]}
    assert client.get(f"/{QUEUE}", params={"lang": "en"}, headers=other).status_code == 200
    for strange in ("fr", "KO", "ko,en", "<b>"):
        assert client.get(f"/{QUEUE}", params={"lang": strange}).status_code == 400
