"""The addresses of the desk. `Desk.endpoints` names each with who may call it; a test calls every one as everybody.

What is read carries an ETag: a page that asks every few seconds is told in a few bytes that nothing changed. Nothing is
kept by the browser or on the way: the scripts keep what they were told last (static/calls.js).
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from desk import policy_acts, showing
from desk.acts import Act, NotAllowed, act, code_commits
from desk.callers import REFUSED, Caller, Callers
from desk.entrance import Entrance
from desk.forms import InvalidFields
from desk.health import disk_of, health
from desk.looks import Looks
from desk.pending import pending
from desk.reads import Busy, Reads
from evaluator import records
from evaluator.policy import Policy
from store.errors import StoreError
from submissions import alarms
from submissions.checks import HubUnavailable
from submissions.errors import QueueError, ResultsUnread, StillChecking, UnknownSubmission
from submissions.live import LiveQueue, rendered
from submissions.record import OPEN, Submission
from submissions.turns import Turns

STATIC = Path(__file__).parent / "static"
PREFIX = "desk"
ACTS_AT_ONCE = 8

log = logging.getLogger(__name__)

Who = Literal["anybody", "maintainers", "signed in"]


@dataclass(frozen=True)
class Endpoint:
    """An address, who may call it, and what answers. `writes`: it takes a POST and asks for the caller's token."""

    name: str
    who: Who
    answer: Callable[[Request, Caller], Any]
    writes: bool = False


class Desk:
    """What the page tells of one submission, and takes from its submitter and from maintainers.

    Args:
        live: the queue.
        callers: knows who calls.
        checks_at_once: models that are looked at on the Hub at a time.
    """

    def __init__(self, live: LiveQueue, callers: Callers, checks_at_once: int = 4) -> None:
        self._live = live
        self._callers = callers
        self._reads = Reads(live.queue)
        self._turns = Turns(ACTS_AT_ONCE)
        entrance = Entrance(live, callers, self._reads, Looks(live, at_once=checks_at_once))
        self.endpoints = (
            Endpoint("me.json", "anybody", self._me),
            Endpoint("submission.json", "anybody", self._submission),
            Endpoint("log.json", "anybody", self._log),
            Endpoint("code.json", "maintainers", self._code),
            Endpoint("pending.json", "maintainers", self._pending),
            Endpoint("health.json", "maintainers", self._health),
            Endpoint("policy.json", "maintainers", self._policy),
            Endpoint("about.json", "anybody", self._about),
            Endpoint("form.json", "anybody", entrance.offered),
            Endpoint("look", "signed in", entrance.look, writes=True),
            Endpoint("submit", "signed in", entrance.submit, writes=True),
            Endpoint("change", "signed in", entrance.change, writes=True),
            Endpoint("act", "signed in", self._act, writes=True),
            Endpoint("policy", "signed in", self._policy_act, writes=True),
        )

    @property
    def routes(self) -> list[Route]:
        """Routes for the web application; the files come last."""
        made = [
            Route(f"/{PREFIX}/{each.name}", self._answering(each), methods=["POST"] if each.writes else ["GET"])
            for each in self.endpoints
        ]
        files = {path.name: rendered(path.read_text("utf-8")) for path in sorted(STATIC.iterdir())}

        async def static(request: Request) -> Response:
            file = files.get(request.path_params["name"])
            if file is None:
                return Response("not found", status_code=404)
            kind = "text/css" if request.path_params["name"].endswith(".css") else "text/javascript"
            return file.answer(request, kind)

        return [*made, Route(f"/{PREFIX}/{{name}}", static)]

    def _answering(self, endpoint: Endpoint) -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            caller = self._callers.caller(request)
            if endpoint.writes and not self._callers.fits(request):
                return _refusal(403, *REFUSED)
            if endpoint.who == "maintainers" and not caller.maintainer:
                return _refusal(403, "관리자만 볼 수 있습니다.", "Only maintainers may see this.")
            if endpoint.writes:
                request.state.body = await request.body()
            try:
                content = await run_in_threadpool(endpoint.answer, request, caller)
            except (Busy, StillChecking) as error:
                return _refusal(503, error.korean, error.english, again=True)
            except (HubUnavailable, ResultsUnread) as error:
                return _refusal(503, error.korean, error.english)
            except InvalidFields as error:
                return JSONResponse(error.told(), 422, headers={"Cache-Control": "no-store"})
            except UnknownSubmission as error:
                return _refusal(404, error.korean, error.english)
            except NotAllowed as error:
                return _refusal(403, error.korean, error.english)
            except QueueError as error:
                return _refusal(409, error.korean, error.english)
            except StoreError as error:
                log.warning("%s: %s", endpoint.name, error)
                return _refusal(
                    503,
                    "지금은 저장소가 응답하지 않습니다. 잠시 뒤에 다시 시도해 주세요.",
                    "The store does not answer now; try again in a while.",
                )
            except ValidationError:
                return _refusal(422, "요청의 형식이 잘못되었습니다.", "This is no request that the desk knows.")
            except ValueError as error:
                return _refusal(404, "이 제출의 파일을 읽을 수 없습니다.", str(error))
            return _told(request, content)

        return respond

    # What answers.

    def _me(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {
            "login": self._callers.login,
            "who": caller.who if caller.signed_in else "",
            "maintainer": caller.maintainer,
            "token": self._callers.token(request),
        }

    def _submission(self, request: Request, caller: Caller) -> dict[str, Any]:
        return self._page(self._asked(request, caller), caller)

    def _log(self, request: Request, caller: Caller) -> dict[str, Any]:
        return {"lines": self._reads.log(self._asked(request, caller).id)}

    def _code(self, request: Request, caller: Caller) -> dict[str, Any]:
        submission = self._asked(request, caller)
        files = self._reads.code(submission)
        return {"commits": code_commits(submission), "files": [file.model_dump(mode="json") for file in files]}

    def _act(self, request: Request, caller: Caller) -> dict[str, Any]:
        asked = Act.model_validate_json(request.state.body)
        with self._turns.of(caller.who, maintainer=caller.maintainer):
            done = act(self._live.queue, asked, caller)
            self._live.refresh()
        return {"submissions": [self._page(submission, caller) for submission in done]}

    def _pending(self, _request: Request, _caller: Caller) -> dict[str, Any]:
        return pending(self._live.submissions or (), self._live.policy or Policy(), records.now())

    def _health(self, _request: Request, _caller: Caller) -> dict[str, Any]:
        quota = self._live.queue.limits.quota if self._live.queue.limits else 0
        commits = self._reads.commits(quota or 100)
        told = health(self._live.submissions or (), commits, quota, records.now())
        return {**told, "disk": disk_of(self._live.queue.requests.url), "alarms": alarms.told(self._live.alarms)}

    def _policy(self, _request: Request, _caller: Caller) -> dict[str, Any]:
        return policy_acts.shown(self._live.policy or Policy())

    def _about(self, request: Request, caller: Caller) -> dict[str, Any]:
        name = request.query_params.get("name", "")[:200]
        return policy_acts.about(self._live.policy or Policy(), name, caller)

    def _policy_act(self, request: Request, caller: Caller) -> dict[str, Any]:
        asked = policy_acts.PolicyAct.model_validate_json(request.state.body)
        with self._turns.of(caller.who, maintainer=caller.maintainer):
            policy = policy_acts.act(self._live.queue, asked, caller, self._live.alarms)
            self._live.refresh()
        return policy_acts.about(policy, asked.name, caller)

    # What they are made of.

    def _page(self, submission: Submission, caller: Caller) -> dict[str, Any]:
        known = self._live.submissions or ()
        return showing.page(submission, known, self._live.policy or Policy(), caller, records.now())

    def _asked(self, request: Request, caller: Caller) -> Submission:
        """The submission that the address names.

        Raises:
            UnknownSubmission: also of a closed one whose model is opted out, for all but maintainers and its submitter.
        """
        submission_id = request.query_params.get("id", "")[:60]
        known = {submission.id: submission for submission in self._live.submissions or ()}
        found = known.get(submission_id) or self._reads.submission(submission_id)
        opted_out = (self._live.policy or Policy()).opt_out_of(found.spec.model) is not None
        if opted_out and found.status not in OPEN and not (caller.maintainer or caller.submitted(found.submitted_by)):
            raise UnknownSubmission(submission_id)
        return found


def _told(request: Request, content: Any) -> Response:
    """The answer, with an ETag where something was read; 304 for who has it already."""
    answer = JSONResponse(content, headers={"Cache-Control": "no-store"})
    if request.method != "GET":
        return answer
    answer.headers["ETag"] = etag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "no-store"})
    return answer


def _refusal(status: int, korean: str, english: str, *, again: bool = False) -> JSONResponse:
    """`again`: the same will pass in a moment, so that the page asks once more by itself."""
    told = {"ko": korean, "en": english, **({"again": True} if again else {})}
    return JSONResponse(told, status_code=status, headers={"Cache-Control": "no-store"})
