"""How much may be submitted: by one person, of one organisation's models, and by all together. Pure.

A person is a Hub user name; all who are not signed in are one person, `VISITOR`. An organisation is the owner part of
a model's id. Everything is counted from the submissions that the store holds (`submissions.stored.Queue.counted`) and
from its log, so that neither a second tab nor a second page gets past a limit. Maintainers and the command line are
exempt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from settings import Settings
from store import Commit
from submissions.errors import TooMany
from submissions.listing import shown_time
from submissions.names import owner_of, same_name
from submissions.record import OPEN, UNDECIDED, Submission

VISITOR = "visitor"
"""Who submits without having signed in."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

SUBMIT = "Submit"
"""Begins the message of a commit that adds a submission."""

CHANGE = "Change"
"""Begins the message of a commit that changes what was submitted."""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How many submissions may be open, and how many may be made within an hour and within a day. 0: no limit."""

    open: int
    hour: int
    day: int


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What may be submitted. 0: no limit.

    `person` and `organisation` are for each of them. `pending`: submissions of all that wait for a maintainer.
    `commits`: how many commits submissions may make within an hour, of the `quota` that the store's host takes: the
    rest is for workers and maintainers.
    """

    person: Allowance = Allowance(open=5, hour=10, day=20)
    organisation: Allowance = Allowance(open=10, hour=20, day=40)
    pending: int = 200
    commits: int = 40
    quota: int = 100


@dataclass(frozen=True)
class Use:
    """How much of one limit is used. `opens`: when there is room again; None where somebody has to decide first."""

    korean: str
    english: str
    used: int
    limit: int
    opens: datetime | None = None

    @property
    def full(self) -> bool:
        return 0 < self.limit <= self.used

    def refusal(self) -> TooMany:
        """The sentence that says what the limit is and when it opens again."""
        if self.opens is None:
            korean, english = (
                "앞선 제출이 처리되면 다시 제출할 수 있습니다.",
                "submit again once earlier ones are done with",
            )
        else:
            at = shown_time(self.opens + timedelta(seconds=59))
            korean, english = f"{at}부터 다시 제출할 수 있습니다.", f"it opens again at {at}"
        return TooMany(
            f"{self.korean}: {self.limit}개까지입니다. {korean}", f"{self.english}: at most {self.limit}; {english}."
        )


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings give."""
    return Limits(
        person=Allowance(open=settings.open_per_person, hour=settings.hourly_per_person, day=settings.daily_per_person),
        organisation=Allowance(
            open=settings.open_per_organisation,
            hour=settings.hourly_per_organisation,
            day=settings.daily_per_organisation,
        ),
        pending=settings.max_pending,
        commits=settings.submission_commits,
        quota=settings.commits_per_hour,
    )


def refuse_too_many(
    limits: Limits, counted: Iterable[Submission], *, who: str, model: str, at: datetime, anew: bool = True
) -> None:
    """Nothing, if `who` may submit `model` now; or, not `anew`, change a submission of it.

    `counted`: all open submissions, and all of the last day.

    Raises:
        TooMany
    """
    counted = list(counted)
    for use in (
        *uses_of_person(limits, counted, who, at),
        *_uses_of_organisation(limits, counted, owner_of(model), at),
        *uses_of_all(limits, counted, at),
    ):
        if use.full and (anew or use.opens is not None):
            raise use.refusal()


def refuse_without_room(limits: Limits, commits: Sequence[Commit], at: datetime) -> None:
    """Nothing, if submissions may make one more commit now. `commits`: the store's newest, at least `limits.quota`.

    Raises:
        TooMany
    """
    recent = [commit for commit in commits if at - commit.at < HOUR]
    of_submissions = [commit.at for commit in recent if commit.message.startswith((f"{SUBMIT} ", f"{CHANGE} "))]
    for use in (
        _in_window(*_HOUR_OF_ALL, of_submissions, limits.commits, at, HOUR),
        _in_window(
            "이번 한 시간의 저장소 커밋",
            "commits to the store within an hour",
            [commit.at for commit in recent],
            limits.quota,
            at,
            HOUR,
        ),
    ):
        if use.full:
            raise use.refusal()


def uses_of_person(limits: Limits, counted: Sequence[Submission], who: str, at: datetime) -> list[Use]:
    """What `who` has used of the limits for a person: open ones, of the hour, of the day."""
    own = [s for s in counted if same_name(s.submitted_by, who)]
    whose = ("로그인하지 않은 방문자 모두의 제출", "submissions of all visitors who did not sign in")
    return _uses(limits.person, own, at, whose if who == VISITOR else ("한 사람의 제출", "submissions of one person"))


def uses_of_all(limits: Limits, counted: Sequence[Submission], at: datetime) -> list[Use]:
    """What is used of the limits for all together."""
    pending = sum(s.status in UNDECIDED for s in counted)
    times = _times_of(counted)
    return [
        Use("승인을 기다리는 제출", "submissions that wait for approval", pending, limits.pending),
        _in_window(*_HOUR_OF_ALL, times, limits.commits, at, HOUR),
    ]


_HOUR_OF_ALL = ("모든 사람의 제출, 한 시간", "submissions of all within an hour")


def _uses_of_organisation(limits: Limits, counted: Sequence[Submission], owner: str, at: datetime) -> list[Use]:
    own = [s for s in counted if owner_of(s.spec.model) == owner]
    return _uses(limits.organisation, own, at, (f"{owner}의 모델 제출", f"submissions of models of {owner}"))


def _times_of(submissions: Iterable[Submission]) -> list[datetime]:
    """When they were submitted, and when their submitters changed them: each may come with a commit."""
    return [
        time
        for s in submissions
        for time in (
            s.submitted_at,
            *(e.at for e in s.history if not e.moves and e.to_status in UNDECIDED and same_name(e.who, s.submitted_by)),
        )
    ]


def _uses(allowance: Allowance, own: Sequence[Submission], at: datetime, whose: tuple[str, str]) -> list[Use]:
    korean, english = whose
    times = _times_of(own)
    still_open = sum(s.status in OPEN for s in own)
    return [
        Use(f"{korean}, 끝나지 않은 것", f"open {english}", still_open, allowance.open),
        _in_window(f"{korean}, 한 시간", f"{english} within an hour", times, allowance.hour, at, HOUR),
        _in_window(f"{korean}, 하루", f"{english} within a day", times, allowance.day, at, DAY),
    ]


def _in_window(
    korean: str, english: str, times: Iterable[datetime], limit: int, at: datetime, window: timedelta
) -> Use:
    """The use of a limit within the last `window`. A time that a fast clock wrote counts too; a far one does not."""
    within = sorted((time for time in times if abs(at - time) < window), reverse=True)
    full = 0 < limit <= len(within)
    return Use(korean, english, len(within), limit, within[limit - 1] + window if full else None)


def told(limits: Limits, counted: Sequence[Submission], who: str, at: datetime) -> tuple[str, str]:
    """What is left for `who`, in Korean and in English, before anything is submitted."""
    person = uses_of_person(limits, counted, who, at)
    full = next((use for use in (*person, *uses_of_all(limits, counted, at)) if use.full), None)
    if full is not None:
        refusal = full.refusal()
        return refusal.korean, refusal.english
    left = [max(0, use.limit - use.used) for use in person if use.limit]
    if not left:
        return "지금 제출할 수 있습니다.", "You may submit now."
    shown = ", ".join(f"{name} {use.used}/{use.limit}" for name, use in zip(_KOREAN, person, strict=True) if use.limit)
    shown_too = ", ".join(
        f"{name} {use.used}/{use.limit}" for name, use in zip(_ENGLISH, person, strict=True) if use.limit
    )
    return (
        f"지금 {min(left)}개 더 제출할 수 있습니다 ({shown}).",
        f"You may submit {min(left)} more now ({shown_too}).",
    )


_KOREAN = ("끝나지 않은 제출", "한 시간", "하루")
_ENGLISH = ("open", "this hour", "this day")
