"""The discussions of a repository, as huggingface_hub's create_discussion and get_repo_discussions ask for them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.hub.repositories import Discussion, HubError, Repository, User

PAGE = 10
"""Discussions in one page of the list, newest first, as on the real Hub."""


class Discussions:
    """`repository` and `user` find those that a request is about, or raise."""

    def __init__(self, repository: Callable[[Request], Repository], user: Callable[[Request], User | None]) -> None:
        self._repository = repository
        self._user = user
        path = "/api/{kind}/{org}/{name}/discussions"
        self.routes = [
            Route(path, self.open, methods=["POST"]),
            Route(path, self.list, methods=["GET"]),
            Route(path + "/{number:int}", self.details, methods=["GET"]),
        ]

    def _of(self, request: Request) -> tuple[Repository, list[Discussion]]:
        repository = self._repository(request)
        if repository.discussions is None:
            raise HubError(403, None, "Discussions are disabled for this repo")
        return repository, repository.discussions

    async def open(self, request: Request) -> Response:
        repository, discussions = self._of(request)
        user = self._user(request)
        if user is None:
            raise HubError(401, None, "You must be authenticated")
        asked = await request.json()
        if not 3 <= len(asked["title"]) <= 200:
            raise HubError(400, None, "The title has 3 to 200 characters")
        discussions.append(
            Discussion(user.name, asked["title"], asked["description"], datetime.now(UTC), asked["pullRequest"])
        )
        number = len(discussions)
        url = f"{request.base_url}{repository.id}/discussions/{number}"
        return JSONResponse({"num": number, "url": url, "pullRequest": asked["pullRequest"]})

    async def list(self, request: Request) -> Response:
        repository, discussions = self._of(request)
        query = request.query_params
        wanted = [
            _told(repository, number, each)
            for number, each in enumerate(discussions, start=1)
            if query.get("author", each.author) == each.author
            and query.get("type", "all") in ("all", "pull_request" if each.pull_request else "discussion")
        ][::-1]
        start = int(query.get("p", "0")) * PAGE
        return JSONResponse(
            {
                "discussions": wanted[start : start + PAGE],
                "count": len(wanted),
                "start": start,
                "numClosedDiscussions": 0,
            }
        )

    async def details(self, request: Request) -> Response:
        repository, discussions = self._of(request)
        number = request.path_params["number"]
        if not 0 < number <= len(discussions):
            raise HubError(404, None, "Discussion not found")
        discussion = discussions[number - 1]
        told = _told(repository, number, discussion)
        comment = {
            "id": f"{number:024x}",
            "type": "comment",
            "createdAt": told["createdAt"],
            "author": told["author"],
            "data": {"edited": False, "hidden": False, "latest": {"raw": discussion.text}, "history": []},
        }
        changes = {"changes": {"base": "refs/heads/main"}, "filesWithConflicts": []} if discussion.pull_request else {}
        return JSONResponse({**told, **changes, "events": [comment]})


def _told(repository: Repository, number: int, discussion: Discussion) -> dict[str, Any]:
    return {
        "num": number,
        "title": discussion.title,
        "status": "open",
        "isPullRequest": discussion.pull_request,
        "author": {"name": discussion.author, "type": "user"},
        "createdAt": discussion.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "repo": {"name": repository.id, "type": repository.kind.removesuffix("s")},
    }
