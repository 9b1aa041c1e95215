"""The Hub's HTTP interface, as far as huggingface_hub, datasets, transformers and sentence-transformers use it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from tests.hub.discussions import Discussions
from tests.hub.faults import FaultyApp
from tests.hub.jobs import JobRoutes
from tests.hub.large import LargeFiles, is_large, pointed_to
from tests.hub.openid import OpenId
from tests.hub.repositories import (
    Discussion,
    HubError,
    Kind,
    Large,
    Repositories,
    Repository,
    User,
)
from tests.hub.shown import card_data, file_entry, model_metadata, tree_entries
from tests.hub.spaces import Spaces

PAGE = 1000
"""Entries in one page of a tree listing, as on the real Hub."""

COMMITS_PAGE = 50
"""Entries in one page of the log, as on the real Hub."""


class _Revision(StringConvertor):
    """A revision in an address. The Hub's client quotes the slashes of a pull request's; the server unquotes them."""

    regex = r"refs/pr/[0-9]+|[^/]+"


register_url_convertor("commit", _Revision())


class HubApp:
    """The routes over one `Repositories`, with its faults. `page`: entries in one page of a tree listing."""

    def __init__(self, repositories: Repositories, page: int = PAGE) -> None:
        self.repositories = repositories
        self.page = page
        self.large = LargeFiles(repositories, self.writable, self.repository)
        self.spaces = Spaces(self.writable)
        repo = "/api/{kind}/{org}/{name}"
        self.starlette = Starlette(
            routes=[
                Route("/api/whoami-v2", self.whoami),
                *JobRoutes(repositories, self.user).routes,
                Route("/api/repos/create", self.create, methods=["POST"]),
                Route("/api/validate-yaml", self.validate_yaml, methods=["POST"]),
                Route(repo, self.info),
                Route(repo + "/revision/{revision:commit}", self.info),
                Route(repo + "/tree/{revision:commit}", self.tree),
                Route(repo + "/tree/{revision:commit}/{path:path}", self.tree),
                Route(repo + "/paths-info/{revision:commit}", self.paths_info, methods=["POST"]),
                Route(repo + "/commits/{revision:commit}", self.commits),
                Route(repo + "/refs", self.refs),
                Route(repo + "/super-squash/{revision:commit}", self.super_squash, methods=["POST"]),
                Route(repo + "/auth-check", self.auth_check),
                Route(repo + "/auth-check/write", self.auth_check_write),
                Route(repo + "/preupload/{revision:commit}", self.preupload, methods=["POST"]),
                Route(repo + "/commit/{revision:commit}", self.commit, methods=["POST"]),
                *self.large.routes,
                *Discussions(self.repository, self.user).routes,
                *self.spaces.routes,
                *OpenId(repositories).routes,
                Route("/_faults", self.faults, methods=["POST"]),
                Route("/{org}/{name}/resolve/{revision:commit}/{path:path}", self.resolve),
                Route("/{kind}/{org}/{name}/resolve/{revision:commit}/{path:path}", self.resolve),
            ],
            exception_handlers={HubError: self.error},
        )
        self.app = FaultyApp(self.starlette, repositories.faults)

    async def faults(self, request: Request) -> Response:
        """Let requests go wrong, as the JSON list of `Fault` fields says; for another process than the server's."""
        for fault in await request.json():
            self.repositories.faults.add(**fault)
        return JSONResponse({"injected": self.repositories.faults.injected})

    async def error(self, _request: Request, error: Exception) -> Response:
        assert isinstance(error, HubError)
        headers = {"X-Error-Message": str(error)}
        if error.code:
            headers["X-Error-Code"] = error.code
        return JSONResponse({"error": str(error)}, status_code=error.status, headers=headers)

    # who is asking, and for what

    def user(self, request: Request) -> User | None:
        """The user of the request's token; None without one.

        Raises:
            HubError: 401, the token is unknown.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return None
        if token not in self.repositories.users:
            raise HubError(401, None, "Invalid username or password.")
        return self.repositories.users[token]

    def repository(self, request: Request) -> Repository:
        """The repository in the path, if this user may see it.

        Raises:
            HubError: 404, or 401 where the real Hub does not tell absent from private.
        """
        kind = cast(Kind, request.path_params.get("kind", "models"))
        user = self.user(request)
        try:
            repository = self.repositories.get(kind, f"{request.path_params['org']}/{request.path_params['name']}")
        except HubError as error:
            if user is None:
                raise HubError(401, "RepoNotFound", str(error)) from error
            raise
        if repository.private and (user is None or user.name not in repository.readers | repository.writers):
            raise HubError(404, "RepoNotFound", "Repository not found")
        return repository

    def writable(self, request: Request) -> Repository:
        """The repository in the path, if this user may write it.

        Raises:
            HubError: 401 without a token, 403 without the right.
        """
        repository = self.repository(request)
        user = self.user(request)
        if user is None:
            raise HubError(401, None, "You must be authenticated to commit")
        if user.name not in repository.writers:
            raise HubError(403, None, f"Forbidden: {user.name} may not write {repository.id}")
        return repository

    @staticmethod
    def revision(request: Request) -> str:
        return unquote(request.path_params.get("revision", "main"))

    async def whoami(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            raise HubError(401, None, "Invalid username or password.")
        orgs = [{"type": "org", "name": org, "fullname": org} for org in user.orgs]
        auth = {"type": "access_token", "accessToken": {"displayName": "token", "role": user.role}}
        told = {"type": "user", "name": user.name, "fullname": user.name, "avatarUrl": "", "orgs": orgs, "auth": auth}
        return JSONResponse(told)

    async def auth_check(self, request: Request) -> Response:
        """Whether this user may see the repository."""
        self.repository(request)
        return JSONResponse({})

    async def auth_check_write(self, request: Request) -> Response:
        """Whether this user may write the repository."""
        self.writable(request)
        return JSONResponse({})

    # writing

    async def create(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            raise HubError(401, None, "You must be authenticated")
        body = await request.json()
        repo_id = f"{body.get('organization') or user.name}/{body['name']}"
        kind = cast(Kind, f"{body.get('type', 'model')}s")
        url = f"{request.base_url}{'' if kind == 'models' else kind + '/'}{repo_id}"
        if body.get("organization") not in (None, user.name, *user.orgs):
            raise HubError(403, None, f"{user.name} is no member of {body['organization']}")
        if kind == "spaces" and body.get("sdk") == "gradio" and user.name in self.repositories.without_plan:
            raise HubError(402, None, "Gradio Spaces need a plan")
        private = body.get("visibility") == "private"
        try:
            self.repositories.create(kind, repo_id, writers={user.name}, private=private)
        except HubError as error:
            return JSONResponse({"error": str(error), "url": url}, status_code=error.status)
        return JSONResponse({"url": url})

    async def validate_yaml(self, _request: Request) -> Response:
        return JSONResponse({"errors": [], "warnings": []})

    async def preupload(self, request: Request) -> Response:
        proposed = request.query_params.get("create_pr") == "1"
        head = (self.repository(request) if proposed else self.writable(request)).at(self.revision(request))
        files = []
        for file in (await request.json())["files"]:
            there = head.files.get(file["path"])
            mode = "lfs" if is_large(file["path"], file["size"]) else "regular"
            answer = {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
            files.append(answer | ({"oid": there.sha256 or there.oid} if there else {}))
        return JSONResponse({"files": files})

    async def commit(self, request: Request) -> Response:
        proposed = request.query_params.get("create_pr") == "1"
        repository = self.repository(request) if proposed else self.writable(request)
        user = self.user(request)
        summary, description, parent, changes = "", "", None, dict[str, bytes | Large | None]()
        for line in (await request.body()).splitlines():
            item = json.loads(line)
            value = item["value"]
            match item["key"]:
                case "header":
                    summary, parent = value["summary"], value.get("parentCommit")
                    description = value.get("description", "")
                case "file":
                    changes[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    changes[value["path"]] = Large(pointed_to(value))
                case "deletedFile":
                    changes[value["path"]] = None
                case "deletedFolder":
                    changes[value["path"].rstrip("/") + "/"] = None
                case other:
                    raise HubError(400, None, f"the stand-in does not know {other!r}")
        opened: dict[str, Any] = {}
        reference = None
        if proposed:
            if user is None:
                raise HubError(401, None, "You must be authenticated")
            if repository.discussions is None:
                raise HubError(403, None, "Discussions are disabled for this repo")
            repository.discussions.append(Discussion(user.name, summary, description, datetime.now(UTC), True))
            reference = f"refs/pr/{len(repository.discussions)}"
            prefix = "" if repository.kind == "models" else f"{repository.kind}/"
            address = f"{request.base_url}{prefix}{repository.id}/discussions/{len(repository.discussions)}"
            opened = {"pullRequestUrl": address}
        commit = self.repositories.commit(
            repository,
            changes,
            message=f"{summary}\n\n{description}".strip(),
            parent=parent,
            reference=reference,
        )
        url = f"{request.base_url}{repository.kind}/{repository.id}/commit/{commit.oid}"
        return JSONResponse({"success": True, "commitOid": commit.oid, "commitUrl": url, **opened})

    async def super_squash(self, request: Request) -> Response:
        repository = self.writable(request)
        if self.revision(request) != "main":
            raise HubError(404, "RevisionNotFound", "only main can be squashed here")
        commit = self.repositories.squash(repository, (await request.json())["message"])
        return JSONResponse({"success": True, "commitOid": commit.oid})

    # reading

    async def info(self, request: Request) -> Response:
        repository = self.repository(request)
        commit = repository.at(self.revision(request))
        blobs = request.query_params.get("blobs")
        siblings = [
            {"rfilename": path} | ({"size": blob.size, "blobId": blob.oid} if blobs else {})
            for path, blob in sorted(commit.files.items())
        ]
        answer: dict[str, Any] = {
            "_id": repository.id,
            "id": repository.id,
            "author": repository.id.split("/")[0],
            "sha": commit.oid,
            "lastModified": commit.date.isoformat().replace("+00:00", "Z"),
            "private": repository.private,
            "gated": "manual" if repository.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": repository.likes,
            "tags": [],
            "siblings": siblings,
            "cardData": card_data(commit),
        }
        if repository.kind == "models":
            answer |= model_metadata(commit)
        if repository.kind == "spaces":
            answer |= {"host": self.spaces.host(repository), "subdomain": repository.id.replace("/", "-")}
        return JSONResponse(answer)

    async def tree(self, request: Request) -> Response:
        repository = self.repository(request)
        commit = repository.at(self.revision(request))
        folder = request.path_params.get("path", "").strip("/")
        prefix = folder + "/" if folder else ""
        below = {path: blob for path, blob in sorted(commit.files.items()) if path.startswith(prefix)}
        if prefix and not below:
            raise HubError(404, "EntryNotFound", f"{folder} does not exist on this revision")
        recursive = request.query_params.get("recursive", "").lower() == "true"
        entries = tree_entries(below, prefix, recursive)
        start = int(request.query_params.get("cursor", "0"))
        headers = {}
        if start + self.page < len(entries):
            following = request.url.include_query_params(cursor=start + self.page)
            headers["Link"] = f'<{following}>; rel="next"'
        return JSONResponse(entries[start : start + self.page], headers=headers)

    async def paths_info(self, request: Request) -> Response:
        commit = self.repository(request).at(self.revision(request))
        paths = [str(path) for path in (await request.form()).getlist("paths")]
        found = {path: commit.files[path] for path in paths if path in commit.files}
        return JSONResponse([file_entry(path, blob) for path, blob in found.items()])

    async def commits(self, request: Request) -> Response:
        """Newest first, fifty a page, as on the real Hub."""
        repository = self.repository(request)
        newest_first = repository.history(self.revision(request))[::-1]
        page = int(request.query_params.get("p", "0"))
        headers = {}
        if (page + 1) * COMMITS_PAGE < len(newest_first):
            headers["Link"] = f'<{request.url.include_query_params(p=page + 1)}>; rel="next"'
        entries = []
        authors = [{"user": repository.id.split("/")[0], "avatar": ""}]
        for commit in newest_first[page * COMMITS_PAGE : (page + 1) * COMMITS_PAGE]:
            title, _, message = commit.message.partition("\n\n")
            at = commit.date.isoformat().replace("+00:00", "Z")
            entries.append({"id": commit.oid, "title": title, "message": message, "authors": authors, "date": at})
        return JSONResponse(entries, headers=headers)

    async def refs(self, request: Request) -> Response:
        head = self.repository(request).head.oid
        branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": head}
        return JSONResponse({"branches": [branch], "tags": [], "converts": [], "pullRequests": []})

    async def resolve(self, request: Request) -> Response:
        repository = self.repository(request)
        user = self.user(request)
        if repository.gated and (user is None or user.name not in repository.readers | repository.writers):
            raise HubError(403 if user else 401, "GatedRepo", f"Access to {repository.id} is restricted.")
        commit = repository.at(self.revision(request))
        blob = commit.files.get(unquote(request.path_params["path"]))
        if blob is None:
            message = "Entry not found"
            headers = {"X-Error-Code": "EntryNotFound", "X-Error-Message": message, "X-Repo-Commit": commit.oid}
            return JSONResponse({"error": message}, status_code=404, headers=headers)
        headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{blob.oid}"', "Accept-Ranges": "bytes"}
        if blob.sha256 is not None:
            headers |= {"X-Linked-ETag": f'"{blob.sha256}"', "X-Linked-Size": str(blob.size)}
            signed = f"storage/objects/{blob.sha256}?signature={self.repositories.large.signature(blob.sha256)}"
            # Another host, as the Hub's storage is.
            elsewhere = f"http://localhost:{request.url.port}/{signed}"
            return Response(status_code=302, headers=headers | {"Location": elsewhere})
        return FileResponse(blob.path, headers=headers, media_type="application/octet-stream")
