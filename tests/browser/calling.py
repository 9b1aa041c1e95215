"""Calls of the page's private handlers as a program makes them, with whatever cookie and values."""

import json
from typing import Any

import httpx


class Caller:
    """A session of the page at `url`, without a browser. `cookie`: the value of the header, as a browser sends it."""

    def __init__(self, url: str, session: str, cookie: str = "") -> None:
        self._client = httpx.Client(base_url=url, headers={"Cookie": cookie} if cookie else {}, timeout=30)
        self._session = session
        dependencies = self._client.get("/config").json()["dependencies"]
        self.handlers = {entry["api_name"]: entry["id"] for entry in dependencies}

    def join(self, handler: str, data: list[Any], **headers: str) -> httpx.Response:
        """Start an event; nothing of its answer."""
        body = {"data": data, "fn_index": self.handlers[handler], "session_hash": self._session}
        return self._client.post("/gradio_api/queue/join", json=body, headers=headers)

    def call(self, handler: str, data: list[Any]) -> dict[str, Any]:
        """The output of a handler: `data`, or `error`."""
        joined = self.join(handler, data)
        joined.raise_for_status()
        with self._client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self._session}) as lines:
            for line in lines.iter_lines():
                if line.startswith("data: "):
                    message = json.loads(line.removeprefix("data: "))
                    if message["msg"] == "process_completed" and message["event_id"] == joined.json()["event_id"]:
                        output: dict[str, Any] = message["output"]
                        return output
        raise AssertionError(f"{handler} gave no answer")

    def desk_token(self) -> str:
        """What the page tells this sign-in to send with what it writes at the desk."""
        return str(self._client.get("/desk/me.json").json()["token"])

    def act(self, token: str | None, origin: str = "", **body: object) -> httpx.Response:
        """An act at the desk."""
        headers = {} if token is None else {"X-KEL-Token": token}
        return self._client.post("/desk/act", json=body, headers=headers | ({"Origin": origin} if origin else {}))

    def close(self) -> None:
        self._client.close()
