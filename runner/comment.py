"""One discussion in a model's repository on the Hub with its numbers and the link, where a maintainer turned that on.

At most one a model commit, whatever dies or loses an answer: the intention is a file in the requests store, made by
compare-and-swap before the Hub is asked, and after an outcome that nobody knows the discussions that are there are
looked through for the mark of ours before another is made. No failure here is one of the submission.
"""

import json
import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Literal
from urllib.parse import quote

import httpx2
from huggingface_hub import DiscussionComment, HfApi
from huggingface_hub.errors import HfHubHTTPError
from pydantic import Field, SecretStr

from evaluator import records
from evaluator.bounds import Name, Told, Utc
from evaluator.cleaning import clean_text
from evaluator.merging import lacking
from evaluator.reading import BadFile, reading
from evaluator.records import Record, load_result, percent
from evaluator.spec import CommitId, ModelId
from evaluator.suite import SUITES, suite_of, tasks_of
from leaderboard_data.board import means
from leaderboard_data.entry import entry_of
from leaderboard_data.marking import marked_result
from runner.logs import Say
from store.client import never_wait_for_ever
from store.errors import NotFound
from store.update import Change, Snapshot, update
from submissions.record import Status, Submission
from submissions.stored import Queue

OPEN, CLOSED = "comments/open", "comments/closed"
"""Folders of the requests store: of comments that are meant to be made, and of those that were made or refused."""

STALE = timedelta(hours=1)
"""An intention that is older was left by a worker that died, or whose answer was lost; no request takes that long."""

MOST_RESUMED = 5
"""Intentions of others that are seen to after a comment of one's own."""

MOST_DISCUSSIONS = 100
"""Discussions of ours in one repository that are looked through."""

REFUSALS = (400, 403, 404, 409, 410, 422)
"""Answers of the Hub after which there is no comment: the repository is gone, or takes no discussions, say."""

LONGEST = 8000
"""Characters of a comment."""

_BYTES = 20_000
_FIELD = re.compile(r"\{(\w+)\}")


class Comment(Record):
    """What became of the comment on a model's commit. `nonce` is new for each worker that sees to it; `told` is the
    discussion's address, or why there is none."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    model: ModelId
    revision: CommitId
    submission: Name
    at: Utc
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    outcome: Literal["made", "refused"] | None = None
    told: Told = ""

    @property
    def name(self) -> str:
        """The file's name: the same for a model in small letters and in capitals."""
        return f"{self.model.casefold().replace('/', '__')}-{self.revision}.json"

    @property
    def mark(self) -> str:
        """The line by which the comment is found again."""
        return f"`korean-embedding-leaderboard {self.model}@{self.revision}`"


class Unfit(Exception):
    """A result that is not commented on; the text says why."""


class Comments:
    """Comments on finished submissions of `queue`. Called with one, it says what came of it, and raises nothing."""

    def __init__(
        self,
        queue: Queue,
        token: SecretStr,
        *,
        text: str,
        public_url: str,
        say: Say,
        now: Callable[[], datetime] = records.now,
    ) -> None:
        """`text`: as `KEL_COMMENT_TEXT`; `public_url`: where the page is."""
        never_wait_for_ever()
        self._queue = queue
        self._api = HfApi(token=token.get_secret_value())
        self._template = text.replace("\\n", "\n")
        self._page = public_url.rstrip("/") + "/"
        self._say = say
        self._now = now

    def __call__(self, submission: Submission) -> None:
        """Comment on a finished submission's result, if that is wanted, and see to what other workers left."""
        try:
            self._comment(submission)
            self._resume()
        except Exception as error:
            self._say("comment_failed", submission=submission.id, error=f"{type(error).__name__}: {error}"[:500])

    def _comment(self, submission: Submission) -> None:
        try:
            text = self._text(submission)
        except Unfit as why:
            self._say("no_comment", submission=submission.id, why=str(why))
            return
        assert submission.spec.revision is not None
        meant = self._meant(submission.spec.model, submission.spec.revision, submission.id)
        if self._intend(meant, None):
            self._make(meant, text)

    def _text(self, submission: Submission) -> str:
        """What is to be said of a submission's result.

        Raises:
            Unfit: nothing.
            StoreError, BadFile, PolicyUnreadable: it cannot be found out.
        """
        spec, reference = submission.spec, submission.result
        if submission.status is not Status.FINISHED or reference is None:
            raise Unfit("it has no result")
        if spec.source != "hub" or spec.revision is None:
            raise Unfit("the model is not on the Hub")
        policy = self._queue.policies.current()
        if policy.opt_out_of(spec.model) is not None or policy.hidden_of(spec.model):
            raise Unfit("the model's owner opted out, or a result of it is hidden")
        result = load_result(self._queue.results.read(reference.path), reference.path)
        result = marked_result(result, reference.path, policy)
        if result.doubts:
            raise Unfit(f"the result is in doubt: {', '.join(result.doubts)}")
        if lacking(result, tasks_of(submission.suites)):
            raise Unfit("the result lacks tasks")
        suite = suite_of(submission.suites[0]) if submission.suites else next(iter(SUITES.values()))
        of_category, overall = means(entry_of(reference.path, result, suite), suite)
        if overall is None:
            raise Unfit("the result has no average")
        labels = {category.id: category.label for category in suite.categories}
        lines = [f"- {labels[name]}: {percent(mean)}" for name, mean in of_category.items() if mean is not None]
        view = "" if suite.id == next(iter(SUITES)) else f"&suite={quote(suite.id)}"
        fields = {
            "model": spec.model,
            "commit": spec.revision[:12],
            "suite": suite.id,
            "average": percent(overall),
            "numbers": "\n".join(lines),
            "link": f"{self._page}?model={quote(spec.model, safe='/')}{view}",
        }
        return _FIELD.sub(lambda found: fields.get(found[1], found[0]), self._template)[:LONGEST]

    def _meant(self, model: str, revision: str, submission_id: str) -> Comment:
        return Comment(model=model, revision=revision, submission=submission_id, at=self._now(), nonce=uuid.uuid4().hex)

    def _intend(self, meant: Comment, former: Comment | None) -> bool:
        """Record that this worker sees to a comment, in place of `former`; False: somebody else does, or did."""
        path = f"{OPEN}/{meant.name}"

        def change(snapshot: Snapshot) -> Change | None:
            held = _read(snapshot, path)
            if _read(snapshot, f"{CLOSED}/{meant.name}") is not None or held != (former and _dump(former)):
                return None
            return Change({path: _dump(meant)}, f"Mean to comment on {meant.model} at {meant.revision[:12]}")

        revision = update(self._queue.requests, change)
        return _read(Snapshot(self._queue.requests, revision), path) == _dump(meant)

    def _close(self, meant: Comment, outcome: Literal["made", "refused"], told: str) -> None:
        """Record what came of a comment that this worker sees to."""
        ended = meant.model_copy(update={"outcome": outcome, "told": clean_text(told, 500) or ""})
        files = {f"{OPEN}/{meant.name}": None, f"{CLOSED}/{meant.name}": _dump(ended)}
        message = f"Comment on {meant.model} at {meant.revision[:12]}: {outcome}"

        def change(snapshot: Snapshot) -> Change | None:
            return None if _read(snapshot, f"{CLOSED}/{meant.name}") is not None else Change(files, message)

        update(self._queue.requests, change)
        self._say("comment", submission=meant.submission, model=meant.model, outcome=outcome, told=ended.told)

    def _make(self, meant: Comment, text: str) -> None:
        """Open the discussion. Where nobody knows whether it was, those that are there are looked through."""
        title = f"한국어 임베딩 리더보드 결과 · Korean embedding leaderboard ({meant.revision[:12]})"
        try:
            made = self._api.create_discussion(meant.model, title, description=f"{text.strip()}\n\n{meant.mark}")
        except HfHubHTTPError as error:
            status = error.response.status_code
            if error.response.request.method == "POST" and status in REFUSALS:
                self._close(meant, "refused", f"the Hub answered HTTP {status}")
                return
            why = f"HTTP {status}"
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = type(error).__name__
        else:
            self._close(meant, "made", made.url)
            return
        if (address := self._found(meant)) is not None:
            self._close(meant, "made", address)
        else:
            self._say("comment_waits", submission=meant.submission, model=meant.model, why=why)

    def _found(self, meant: Comment) -> str | None:
        """The address of our discussion about this commit, if it is there."""
        ours = self._api.get_repo_discussions(
            meant.model, author=self._api.whoami()["name"], discussion_type="discussion"
        )
        for discussion in islice(ours, MOST_DISCUSSIONS):
            details = self._api.get_discussion_details(meant.model, discussion.num)
            comments = (event.content for event in details.events if isinstance(event, DiscussionComment))
            if any(meant.mark in content.splitlines() for content in comments):
                return details.url
        return None

    def _resume(self) -> None:
        """See to intentions that were left: look whether the comment was made, and make it if it was not."""
        requests = self._queue.requests
        snapshot = Snapshot(requests, requests.head())
        resumed = 0
        for path in snapshot.list(OPEN):
            try:
                left = _load(path, snapshot.read(path))
            except BadFile as error:
                self._say("unreadable", error=str(error))
                continue
            if self._now() - left.at < STALE:
                continue
            meant = self._meant(left.model, left.revision, left.submission)
            if self._intend(meant, left):
                self._see_to(meant)
                resumed += 1
            if resumed == MOST_RESUMED:
                return

    def _see_to(self, meant: Comment) -> None:
        try:
            if (address := self._found(meant)) is not None:
                self._close(meant, "made", address)
                return
            text = self._text(self._queue.find(meant.submission))
        except Unfit as why:
            self._close(meant, "refused", str(why))
            return
        except HfHubHTTPError as error:
            if error.response.status_code not in REFUSALS:
                raise
            self._close(meant, "refused", f"the Hub answered HTTP {error.response.status_code}")
            return
        self._make(meant, text)


def _read(snapshot: Snapshot, path: str) -> bytes | None:
    try:
        return snapshot.read(path)
    except NotFound:
        return None


def _dump(comment: Comment) -> bytes:
    content = comment.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return (json.dumps({"schema": 1, **content}, ensure_ascii=False, indent=1) + "\n").encode()


def _load(path: str, content: bytes) -> Comment:
    with reading(path, content, _BYTES):
        return Comment.model_validate_json(content)
