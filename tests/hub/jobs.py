"""The stand-in's side of Hugging Face Jobs, and of reading from buckets, as huggingface_hub calls them."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from tests.hub.errors import HubError
from tests.hub.machines import Machine

if TYPE_CHECKING:
    from tests.hub.repositories import Repositories, User

PAGE = 20
"""Jobs in one page of the list."""


class JobRoutes:
    """The routes. An account's jobs are seen and managed by itself and the members of the organisation."""

    def __init__(self, repositories: "Repositories", user: "Callable[[Request], User | None]") -> None:
        self.repositories = repositories
        self.jobs = repositories.jobs
        self.user = user
        one = "/api/jobs/{namespace}/{job}"
        self.routes = [
            Route("/api/jobs/hardware", self.hardware),
            Route("/api/jobs/{namespace}", self.run, methods=["POST"]),
            Route("/api/jobs/{namespace}", self.list),
            Route(one, self.inspect),
            Route(one + "/logs", self.logs),
            Route(one + "/cancel", self.cancel, methods=["POST"]),
            Route(one + "/labels", self.label, methods=["PUT"]),
            Route("/buckets/{org}/{name}/resolve/{path:path}", self.bucket_file),
        ]

    def namespace(self, request: Request) -> "tuple[str, User]":
        """The account in the path, if the user may manage its jobs.

        Raises:
            HubError: 401, 403
        """
        user = self.user(request)
        if user is None:
            raise HubError(401, None, "You must be authenticated")
        namespace = request.path_params["namespace"]
        if namespace not in (user.name, *user.orgs):
            raise HubError(403, None, f"{user.name} may not manage the jobs of {namespace}")
        return namespace, user

    def machine(self, request: Request) -> Machine:
        namespace, _ = self.namespace(request)
        machine = self.jobs.get(request.path_params["job"])
        if machine.namespace != namespace:
            raise HubError(404, None, "Job not found")
        return machine

    async def hardware(self, _request: Request) -> Response:
        return JSONResponse(
            [
                {
                    "name": name,
                    "prettyName": name,
                    "cpu": "8 vCPU",
                    "ram": "30 GB",
                    "unitCostMicroUSD": round(price / 60 * 1e6),
                    "unitCostUSD": price / 60,
                    "unitLabel": "minute",
                }
                for name, price in self.jobs.prices.items()
            ]
        )

    async def run(self, request: Request) -> Response:
        namespace, user = self.namespace(request)
        spec = await request.json()
        mounts = {volume["mountPath"]: self._mounted(volume, user) for volume in spec.get("volumes", [])}
        return JSONResponse(told(self.jobs.start(namespace, user.name, spec, mounts)))

    def _mounted(self, volume: dict[str, Any], user: "User") -> Path:
        """The local folder of a volume."""
        if volume["type"] == "bucket":
            if volume["source"].partition("/")[0] not in (user.name, *user.orgs):
                raise HubError(403, None, "Forbidden")
            folder = self.jobs.bucket(volume["source"]) / volume.get("path", "")
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        repository = self.repositories.get(f"{volume['type']}s", volume["source"])  # type: ignore[arg-type]
        commit = repository.at(volume.get("revision") or "main")
        folder = self.repositories.folder / "mounted" / commit.oid
        for path, blob in commit.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(blob.path, folder / path)
        return folder

    async def list(self, request: Request) -> Response:
        namespace, _ = self.namespace(request)
        labels = [pair.partition("=")[::2] for pair in request.query_params.getlist("label")]
        stages = request.query_params.getlist("stage")
        found = [
            machine
            for machine in self.jobs.all()
            if machine.namespace == namespace
            and (not stages or machine.stage in stages)
            and all(machine.labels.get(name) == value for name, value in labels)
        ]
        start = int(request.query_params.get("cursor", "0"))
        headers = {}
        if start + PAGE < len(found):
            headers["Link"] = f'<{request.url.include_query_params(cursor=start + PAGE)}>; rel="next"'
        return JSONResponse([told(machine) for machine in found[start : start + PAGE]], headers=headers)

    async def inspect(self, request: Request) -> Response:
        return JSONResponse(told(self.machine(request)))

    async def logs(self, request: Request) -> Response:
        log = list(self.machine(request).log)
        if tail := request.query_params.get("tail"):
            log = log[-int(tail) :]
        events = (f"data: {json.dumps({'data': line, 'timestamp': at})}\n\n" for at, line in log)
        # The client leaves out what is told after the answer's date, and the server's own date may be seconds old.
        date = format_datetime(datetime.now(UTC), usegmt=True)
        return Response("".join(events), media_type="text/event-stream", headers={"date": date})

    async def cancel(self, request: Request) -> Response:
        self.jobs.cancel(self.machine(request))
        return JSONResponse({})

    async def label(self, request: Request) -> Response:
        machine = self.machine(request)
        machine.labels = dict((await request.json())["labels"])
        return JSONResponse(told(machine))

    async def bucket_file(self, request: Request) -> Response:
        user = self.user(request)
        org = request.path_params["org"]
        if user is None or org not in (user.name, *user.orgs):
            raise HubError(404, "RepoNotFound", "Bucket not found")
        path = self.jobs.bucket(f"{org}/{request.path_params['name']}") / request.path_params["path"]
        if not path.is_file():
            raise HubError(404, "EntryNotFound", "no such file")
        return FileResponse(path)


def told(machine: Machine) -> dict[str, Any]:
    """A job as the Hub tells of it; its secrets it keeps."""
    ran = machine.started is not None
    return {
        "id": machine.id,
        "createdAt": _time(machine.created),
        "startedAt": _time(machine.started),
        "finishedAt": _time(machine.finished),
        "dockerImage": machine.spec.get("dockerImage"),
        "spaceId": machine.spec.get("spaceId"),
        "command": machine.spec["command"],
        "arguments": [],
        "environment": machine.spec.get("environment"),
        "flavor": machine.spec["flavor"],
        "labels": machine.labels,
        "status": {"stage": machine.stage, "message": machine.message},
        "durations": {
            "schedulingSecs": 0 if ran else None,
            "runningSecs": int(machine.seconds) if ran else None,
            "totalSecs": int(machine.seconds),
        },
        "owner": {"id": machine.namespace, "name": machine.namespace, "type": "org"},
        "initiator": {"type": "user", "id": machine.owner, "name": machine.owner},
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
