"""Large files on the stand-in, as on the Hub: told `uploadMode: lfs`, uploaded through Xet or LFS, committed by id.

A client with hf_xet asks for a `xet-write-token` and sends xorbs and shards to the content store (CAS) that it names;
one without asks the LFS batch API where to PUT, in one part or several. Either way the commit then holds a line
`lfsFile` with the SHA-256, and reading is a redirect to the storage, where no token of the Hub is welcome.
"""

import hashlib
import json
import math
import re
import secrets
import time
from collections.abc import Callable
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from tests.hub.repositories import HubError, Repositories, Repository
from tests.hub.xet import files_of, put_together

LARGE = frozenset(
    {"7z", "arrow", "bin", "bz2", "ftz", "gz", "h5", "joblib", "lz4", "model", "msgpack", "npy", "npz", "onnx", "ot"}
    | {"parquet", "pb", "pickle", "pkl", "pt", "pth", "rar", "safetensors", "tar", "tflite", "tgz", "xz", "zip", "zst"}
)
"""Endings that the Hub's own .gitattributes sends to large file storage."""

REGULAR_BYTES = 10 * 2**20
"""Larger files are large, whatever their name."""

PART_BYTES = 5 * 2**20
"""An upload through LFS of more is in several parts."""

TOKEN_SECONDS = 3600

JSON_LFS = "application/vnd.git-lfs+json"


def is_large(path: str, size: int) -> bool:
    """Whether the Hub keeps such a file in large file storage."""
    return size > REGULAR_BYTES or PurePosixPath(path).suffix.lstrip(".").lower() in LARGE


class LargeFiles:
    """The routes. `writable`, `readable` give the repository of a request if its user may write it, or read it."""

    def __init__(
        self,
        repositories: Repositories,
        writable: Callable[[Request], Repository],
        readable: Callable[[Request], Repository],
    ) -> None:
        self._objects = repositories.large
        self._writable = writable
        self._readable = readable
        self._uploads: dict[str, tuple[str, int]] = {}  # key in an address -> SHA-256, size
        self._parts: dict[tuple[str, int], bytes] = {}
        self._xorbs: dict[str, bytes] = {}
        self._tokens: dict[str, float] = {}  # a Xet token -> when it ends
        self.routes = [
            Route("/{kind}/{org}/{name}.git/info/lfs/objects/batch", self.batch, methods=["POST"]),
            Route("/{kind}/{org}/{name}.git/info/lfs/objects/verify", self.verify, methods=["POST"]),
            Route("/storage/put/{key}", self.put, methods=["PUT"]),
            Route("/storage/put/{key}/{part:int}", self.put_part, methods=["PUT"]),
            Route("/storage/complete/{key}", self.complete, methods=["POST"]),
            Route("/storage/objects/{oid}", self.content),
            Route("/api/{kind}/{org}/{name}/xet-{way}-token/{revision:commit}", self.token),
            Route("/cas/v1/chunks/{prefix}/{hash}", self.unknown_chunk),
            Route("/cas/v1/xorbs/{prefix}/{hash}", self.xorb, methods=["POST"]),
            Route("/cas/v1/shards", self.shard, methods=["POST"]),
        ]

    # LFS

    async def batch(self, request: Request) -> Response:
        """Where to upload what is not there yet."""
        repository = self._writable(request)
        answers = []
        for item in (await request.json())["objects"]:
            oid, size = item["oid"], item["size"]
            answer = {"oid": oid, "size": size, "authenticated": True}
            if oid not in self._objects:
                key = secrets.token_hex(16)
                self._uploads[key] = oid, size
                base, parts = f"{request.base_url}storage", math.ceil(size / PART_BYTES)
                upload = {"href": f"{base}/put/{key}"}
                if parts > 1:
                    header = {str(n): f"{base}/put/{key}/{n}" for n in range(1, parts + 1)}
                    upload = {"href": f"{base}/complete/{key}", "header": header | {"chunk_size": str(PART_BYTES)}}  # type: ignore[dict-item]
                verify = f"{request.base_url}{repository.kind}/{repository.id}.git/info/lfs/objects/verify"
                answer["actions"] = {"upload": upload, "verify": {"href": verify}}
            answers.append(answer)
        transfer = "multipart" if any("chunk_size" in str(answer) for answer in answers) else "basic"
        return JSONResponse({"transfer": transfer, "objects": answers}, media_type=JSON_LFS)

    async def put(self, request: Request) -> Response:
        self._keep(request.path_params["key"], await request.body())
        return Response()

    async def put_part(self, request: Request) -> Response:
        key, part, content = request.path_params["key"], request.path_params["part"], await request.body()
        self._expected(key)
        self._parts[key, part] = content
        return Response(headers={"ETag": f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'})

    async def complete(self, request: Request) -> Response:
        key = request.path_params["key"]
        told = {part["partNumber"]: part["etag"] for part in (await request.json())["parts"]}
        parts = {number: content for (whose, number), content in self._parts.items() if whose == key}
        for number, content in parts.items():
            if told.get(number, "").strip('"') != hashlib.md5(content, usedforsecurity=False).hexdigest():
                raise HubError(400, None, f"part {number} is another one")
        self._keep(key, b"".join(parts[number] for number in sorted(parts)))
        return JSONResponse({"success": True})

    def _expected(self, key: str) -> tuple[str, int]:
        if key not in self._uploads:
            raise HubError(403, None, "Request has expired")
        return self._uploads[key]

    def _keep(self, key: str, content: bytes) -> None:
        oid, size = self._expected(key)
        if (hashlib.sha256(content).hexdigest(), len(content)) != (oid, size):
            raise HubError(400, None, "The content is not that of this SHA-256")
        self._objects.keep(content)

    async def verify(self, request: Request) -> Response:
        self._writable(request)
        item = await request.json()
        if self._objects.size(item["oid"]) != item["size"]:
            raise HubError(404, None, "the object was not uploaded")
        return JSONResponse({}, media_type=JSON_LFS)

    async def content(self, request: Request) -> Response:
        """The storage, which is another service than the Hub: its addresses are signed, and no token may come here."""
        oid = request.path_params["oid"]
        if "authorization" in request.headers:
            raise HubError(400, None, "Only one auth mechanism allowed")
        if request.query_params.get("signature") != self._objects.signature(oid):
            raise HubError(403, None, "Request has expired")
        return FileResponse(self._objects.path(oid), media_type="application/octet-stream")

    # Xet

    async def token(self, request: Request) -> Response:
        """A short-lived token for the content store: to send, for who may write the repository; to fetch, for readers.

        Nothing is served through Xet, so that one to fetch opens nothing here.
        """
        writes = request.path_params["way"] == "write"
        (self._writable if writes else self._readable)(request)
        token, end = f"xet_{secrets.token_hex(16)}", int(time.time()) + TOKEN_SECONDS
        if writes:
            self._tokens[token] = end
        address = f"{request.base_url}cas"
        told = {"casUrl": address, "exp": end, "accessToken": token}
        headers = {
            "X-Xet-Cas-Url": address,
            "X-Xet-Token-Expiration": str(end),
            "X-Xet-Access-Token": token,
        }
        return JSONResponse(told, headers=headers)

    def _refuse_without_token(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0) < time.time():
            raise HubError(401, None, "the Xet token is unknown or has expired")

    async def unknown_chunk(self, request: Request) -> Response:
        """No chunk is known from before: nothing is shared between repositories."""
        self._refuse_without_token(request)
        return Response(status_code=404)

    async def xorb(self, request: Request) -> Response:
        self._refuse_without_token(request)
        inserted = request.path_params["hash"] not in self._xorbs
        self._xorbs[request.path_params["hash"]] = await request.body()
        return JSONResponse({"was_inserted": inserted})

    async def shard(self, request: Request) -> Response:
        """Files, put together from the xorbs before; they are known by their SHA-256 from then on."""
        self._refuse_without_token(request)
        try:
            for file in files_of(await request.body()):
                content = put_together(file, self._xorbs)
                if hashlib.sha256(content).hexdigest() != file.sha256:
                    raise ValueError("a file with another SHA-256")
                self._objects.keep(content)
        except ValueError as error:
            raise HubError(400, None, str(error)) from error
        return JSONResponse({"result": 1})


def pointed_to(value: dict[str, object]) -> str:
    """The SHA-256 in a commit's line `lfsFile`.

    Raises:
        HubError: 400, it is none.
    """
    if value.get("algo") != "sha256" or not re.fullmatch("[0-9a-f]{64}", str(value.get("oid"))):
        raise HubError(400, None, f"no pointer to a large file: {json.dumps(value)[:200]}")
    return str(value["oid"])
