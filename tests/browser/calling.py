"""Calls of the desk's addresses as a program makes them, with whatever cookie and token."""

import httpx


class Caller:
    """A caller of the page at `url`, without a browser. `cookie`: the value of the header, as a browser sends it."""

    def __init__(self, url: str, cookie: str = "") -> None:
        self._client = httpx.Client(base_url=url, headers={"Cookie": cookie} if cookie else {}, timeout=30)

    def desk_token(self) -> str:
        """What the page tells this sign-in to send with what it writes at the desk."""
        return str(self._client.get("/desk/me.json").json()["token"])

    def post(self, name: str, token: str | None, origin: str = "", **body: object) -> httpx.Response:
        """A call of what writes."""
        headers = {} if token is None else {"X-KEL-Token": token}
        return self._client.post(f"/desk/{name}", json=body, headers=headers | ({"Origin": origin} if origin else {}))

    def act(self, token: str | None, origin: str = "", **body: object) -> httpx.Response:
        """An act at the desk."""
        return self.post("act", token, origin, **body)

    def close(self) -> None:
        self._client.close()
