"""The session of who has signed in, as Gradio can read it.

Gradio makes objects of a session's values and fails at a list of objects, which the Hub tells of everybody who is in an
organisation. The page needs none of it: what is no plain value is taken out before Gradio sees the session.
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class PlainSession:
    """ASGI middleware, within the one that reads the session's cookie."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = scope.get("session")
        told = session.get("oauth_info") if session else None
        user = told.get("userinfo") if isinstance(told, dict) else None
        if isinstance(told, dict) and isinstance(user, dict):
            plain = {name: value for name, value in user.items() if not isinstance(value, list | dict)}
            if plain != user:
                scope["session"]["oauth_info"] = {**told, "userinfo": plain}
        await self._app(scope, receive, send)
