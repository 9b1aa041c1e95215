"""The token of a session: one session, one sign-in."""

from types import SimpleNamespace
from typing import Any

from submissions.session import SessionTokens
from tests.attacks import Attacks


def request(session: str | None, access_token: str | None = None) -> Any:
    cookie = {"oauth_info": {"access_token": access_token}} if access_token else {}
    return SimpleNamespace(session_hash=session, request=SimpleNamespace(scope={"session": cookie}))


def test_a_token_fits_its_own_session_and_sign_in_only(attacks: Attacks) -> None:
    tokens = SessionTokens()
    mine = request("mine", "hf_oauth_maintainer")
    own = tokens.issue(mine)
    assert tokens.fits(own, mine)
    others = (request("mine"), request("mine", "hf_oauth_other"), request("other", "hf_oauth_maintainer"))
    false: list[Any] = [tokens.issue(other) for other in others]
    false += [tokens.issue(request("min", "ehf_oauth_maintainer")), SessionTokens().issue(mine)]
    false += [None, "", own[1:], own.upper(), own + " ", "한글", "\ud800", 1, [own], own.encode(), True]
    for token in false:
        assert not tokens.fits(token, mine), token
    assert not tokens.fits("", request(None))
    assert not tokens.fits("", request(""))
    attacks.held("the page", "a token that is false, or another session's", len(false) + 2)


def test_with_a_secret_a_token_outlives_a_restart() -> None:
    here = request("mine", "hf_oauth_maintainer")
    assert SessionTokens("secret").fits(SessionTokens("secret").issue(here), here)
    assert not SessionTokens("secret").fits(SessionTokens("other").issue(here), here)


def test_a_page_without_sign_in_has_tokens_too() -> None:
    bare = SimpleNamespace(session_hash="mine", request=SimpleNamespace(scope={}))
    tokens = SessionTokens()
    assert tokens.fits(tokens.issue(bare), bare)
