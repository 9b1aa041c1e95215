"""Sign in with the stand-in: the OpenID provider that a Space's login button talks to.

The page behind /oauth/authorize asks for nothing but a choice of user. Gradio uses it with SYSTEM=spaces, SPACE_ID,
OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_SCOPES and OPENID_PROVIDER_URL set.
"""

import secrets
import time
from html import escape
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.hub.repositories import HubError, Repositories, User


class OpenId:
    """The provider's routes. Codes and access tokens live as long as the process."""

    def __init__(self, repositories: Repositories) -> None:
        self.repositories = repositories
        self._key = RSAKey.generate_key(2048, parameters={"kid": "stand-in", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, tuple[User, str, str | None]] = {}
        self.routes = [
            Route("/.well-known/openid-configuration", self.configuration),
            Route("/oauth/authorize", self.authorize),
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/userinfo", self.userinfo),
            Route("/oauth/jwks", self.keys),
        ]

    async def configuration(self, request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/oauth/authorize",
                "token_endpoint": f"{base}/oauth/token",
                "userinfo_endpoint": f"{base}/oauth/userinfo",
                "jwks_uri": f"{base}/oauth/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def authorize(self, request: Request) -> Response:
        """Without `user` a page with a link for each user; with it the way back to the page, with a code."""
        asked = request.query_params
        names = sorted({user.name for user in self.repositories.users.values()})
        if "user" not in asked:
            links = "".join(
                f'<p><a href="{escape(str(request.url.include_query_params(user=name)))}">{escape(name)}</a></p>'
                for name in names
            )
            return HTMLResponse(f"<!doctype html><title>Sign in</title><h1>Sign in as</h1>{links}")
        code = secrets.token_urlsafe(16)
        self._codes[code] = (self._user(asked["user"]), asked["client_id"], asked.get("nonce"))
        back = {"code": code} | ({"state": asked["state"]} if "state" in asked else {})
        target = asked["redirect_uri"]  # Gradio's has a query of its own
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(back)}", status_code=302)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        try:
            user, client, nonce = self._codes.pop(str(form.get("code")))
        except KeyError:
            raise HubError(400, None, "invalid_grant") from None
        now = int(time.time())
        claims = {
            **self._claims(user),
            "iss": str(request.base_url).rstrip("/"),
            "aud": client,
            "iat": now,
            "exp": now + 3600,
        } | ({"nonce": nonce} if nonce else {})
        access = f"hf_oauth_{secrets.token_hex(16)}"
        self.repositories.users[access] = user
        return JSONResponse(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": 3600,
                "scope": "openid profile",
                "id_token": jwt.encode({"alg": "RS256", "kid": "stand-in"}, claims, self._key),
            }
        )

    async def userinfo(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.repositories.users:
            raise HubError(401, None, "Invalid token")
        return JSONResponse(self._claims(self.repositories.users[token]))

    async def keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    def _user(self, name: str) -> User:
        for user in self.repositories.users.values():
            if user.name == name:
                return user
        raise HubError(404, None, f"there is no user {name}")

    @staticmethod
    def _claims(user: User) -> dict[str, object]:
        return {
            "sub": user.name,
            "name": user.name,
            "preferred_username": user.name,
            "profile": f"https://huggingface.co/{user.name}",
            "picture": "",
            "isPro": False,
            "canPay": False,
            "orgs": [{"sub": org, "name": org, "preferred_username": org} for org in user.orgs],
        }
