"""The session of who has signed in, as Gradio can read it.

Gradio makes objects of a session's values and fails at a list of objects, which the Hub tells of everybody who is in an
organisation. What is no plain value is taken out before Gradio sees the session; the names of the organisations are
kept beside it, for what asks who owns a model.
"""

from collections.abc import Iterator
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

ORGANISATIONS = "kel.organisations"
"""Where a request's scope holds the names of the organisations that its sign-in told."""

MOST = 500
"""Organisations of one person that are looked at."""


class PlainSession:
    """ASGI middleware, within the one that reads the session's cookie."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = scope.get("session")
        told = session.get("oauth_info") if session else None
        user = told.get("userinfo") if isinstance(told, dict) else None
        if isinstance(told, dict) and isinstance(user, dict):
            scope[ORGANISATIONS] = tuple(_names(user.get("orgs")))
            plain = {name: value for name, value in user.items() if not isinstance(value, list | dict)}
            if plain != user:
                scope["session"]["oauth_info"] = {**told, "userinfo": plain}
        await self._app(scope, receive, send)


def _names(told: Any) -> Iterator[str]:
    """The organisations' names on the Hub, as its sign-in tells them (`preferred_username`)."""
    for each in told[:MOST] if isinstance(told, list) else ():
        name = each.get("preferred_username") if isinstance(each, dict) else None
        if isinstance(name, str) and name:
            yield name
