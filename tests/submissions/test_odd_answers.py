"""Whatever the Hub answers about a model, its check ends in a sentence, or in texts and numbers that are bounded."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from submissions.checks import CheckedModel, CheckFailed, HubUnavailable, check_model
from submissions.record import ModelMetadata
from tests.attacks import Attacks
from tests.hub.server import serving
from tests.ports import free_port

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GOOD: dict[str, Any] = {
    "id": "org/model",
    "sha": COMMIT,
    "siblings": [{"rfilename": "config.json", "size": 2}, {"rfilename": "model.safetensors", "size": 40}],
    "config": {"architectures": ["BertModel"]},
    "cardData": {"license": "mit"},
    "safetensors": {"parameters": {"F32": 10}, "total": 10},
    "gated": False,
    "disabled": False,
    "likes": 3,
}
Answered = Callable[[bytes], CheckedModel | CheckFailed]


@pytest.fixture(scope="module")
def answered() -> Iterator[Answered]:
    """What the check makes of an answer of the Hub: a server that gives these bytes, through the real client."""
    body = b""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        told = json.dumps([{"id": COMMIT}]).encode() if "/commits/" in scope["path"] else body  # its history is well
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": told})

    def ask(answer: bytes) -> CheckedModel | CheckFailed:
        nonlocal body
        body = answer
        try:
            return check_model("org/model")
        except CheckFailed as error:
            refusal = error
        assert refusal.korean.strip()
        assert refusal.english.strip()
        assert len(str(refusal)) < 1000
        return refusal

    port = free_port()
    with pytest.MonkeyPatch.context() as patch, serving(app, port) as url:
        patch.setattr("huggingface_hub.constants.ENDPOINT", url)
        patch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", url)
        yield ask


def answer(**fields: object) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()


def test_a_good_answer_passes(answered: Answered) -> None:
    checked = answered(answer())
    assert isinstance(checked, CheckedModel)
    assert (checked.model, checked.revision) == ("org/model", COMMIT)
    assert checked.metadata == ModelMetadata(
        architecture="BertModel", parameters=10, license="mit", weight_bytes=40, gated=False, likes=3
    )


CLEANED: dict[str, tuple[bytes, dict[str, object]]] = {
    "licence of 3 MB": (answer(cardData={"license": "x" * 3_000_000}), {"license": "x" * 99 + "…"}),
    "licence list": (answer(cardData={"license": ["mit", "gemma"]}), {"license": "mit, gemma"}),
    "licence list of numbers": (answer(cardData={"license": [1, None, {}]}), {"license": None}),
    "licence object": (answer(cardData={"license": {"name": "mit"}}), {"license": None}),
    "licence number": (answer(cardData={"license": 3}), {"license": None}),
    "licence with controls": (answer(cardData={"license": "m\u202ei\x00t\nx"}), {"license": "mit x"}),
    "licence surrogate": (answer(cardData={"license": "m\ud800it"}), {"license": "mit"}),
    "card a text": (answer(cardData="license: mit"), {"license": None}),
    "card a list": (answer(cardData=["mit"]), {"license": None}),
    "architectures object": (answer(config={"architectures": {"a": 1}}), {"architecture": None}),
    "architectures text": (answer(config={"architectures": "BertModel"}), {"architecture": "BertModel"}),
    "architectures numbers": (answer(config={"architectures": [1, 2]}), {"architecture": None}),
    "architectures empty": (answer(config={"architectures": []}), {"architecture": None}),
    "architecture of 1 MB": (answer(config={"architectures": ["A" * 10**6]}), {"architecture": "A" * 99 + "…"}),
    "config a text": (answer(config="BertModel"), {"architecture": None}),
    "config a list": (answer(config=[1]), {"architecture": None}),
    "total a fraction": (answer(safetensors={"parameters": {}, "total": 1.5}), {"parameters": None}),
    "total a text": (answer(safetensors={"parameters": {}, "total": "10"}), {"parameters": None}),
    "total negative": (answer(safetensors={"parameters": {}, "total": -1}), {"parameters": None}),
    "total huge": (answer(safetensors={"parameters": {}, "total": 10**30}), {"parameters": None}),
    "total not a number": (answer(safetensors={"parameters": {}, "total": float("nan")}), {"parameters": None}),
    "total true": (answer(safetensors={"parameters": {}, "total": True}), {"parameters": None}),
    "likes negative": (answer(likes=-3), {"likes": None}),
    "likes a text": (answer(likes="many"), {"likes": None}),
    "likes endless": (answer(likes=float("inf")), {"likes": None}),
    "gated a list": (answer(gated=["auto"]), {"gated": False}),
    "gated auto": (answer(gated="auto"), {"gated": True}),
    "gated a number": (answer(gated=7), {"gated": False}),
    "siblings without size": (
        answer(siblings=[{"rfilename": "config.json"}, {"rfilename": "model.safetensors"}]),
        {"weight_bytes": None},
    ),
    "sizes odd": (
        answer(siblings=[{"rfilename": "config.json", "size": []}, {"rfilename": "m.safetensors", "size": -4}]),
        {"weight_bytes": None},
    ),
    "siblings with odd names": (answer(siblings=[*GOOD["siblings"], {"rfilename": 3}]), {"weight_bytes": 40}),
}


@pytest.mark.parametrize("case", CLEANED)
def test_odd_fields_are_cleaned_or_left_out(case: str, answered: Answered, attacks: Attacks) -> None:
    body, expected = CLEANED[case]
    checked = answered(body)
    assert isinstance(checked, CheckedModel), checked
    assert {name: getattr(checked.metadata, name) for name in expected} == expected
    attacks.held("the page", "an odd field in what the Hub says of a model")


REFUSED = {
    "no commit": without("sha"),
    "commit null": answer(sha=None),
    "commit short": answer(sha="main"),
    "commit a list": answer(sha=[COMMIT]),
    "no id": without("id"),
    "id a number": answer(id=3),
    "id a path": answer(id="../../etc"),
    "id with markup": answer(id="org/<script>"),
    "id null": answer(id=None),
    "siblings a text": answer(siblings="config.json"),
    "siblings of texts": answer(siblings=["config.json"]),
    "siblings without names": answer(siblings=[{"size": 3}]),
    "siblings null": answer(siblings=None),
    "total missing": answer(safetensors={"parameters": {}}),
    "safetensors a list": answer(safetensors=[1]),
    "dates odd": answer(lastModified=[3]),
    "transformers info odd": answer(transformersInfo={"odd": 1}),
    "not JSON": b"<html>hello</html>",
    "nothing": b"",
    "a list": b"[]",
    "a number": b"3",
    "deep": b"[" * 100_000,
    "not UTF-8": b"\xff\xfe\x00",
    "a number of 5000 digits": b'{"id": ' + b"9" * 5000 + b"}",
    "64 MB": json.dumps([" " * 1000] * 64_000).encode(),
}


@pytest.mark.parametrize("case", REFUSED)
def test_answers_of_another_shape_are_refused_with_a_sentence(case: str, answered: Answered, attacks: Attacks) -> None:
    refusal = answered(REFUSED[case])
    assert isinstance(refusal, CheckFailed), refusal
    if case != "siblings null":
        assert isinstance(refusal, HubUnavailable)
        assert "The Hub's answer about org/model cannot be read" in refusal.english
    attacks.held("the page", "an answer of the Hub that is none")


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**17, 10**40)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["license", "architectures", "total", "rfilename", "size", "a"]), inner)
    ),
    max_leaves=8,
)


def test_any_field_may_hold_anything(answered: Answered, attacks: Attacks) -> None:
    tried = 0

    @settings(max_examples=400, deadline=None, database=None)
    @given(st.dictionaries(st.sampled_from([*GOOD, "card_data", "evalResults", "lastModified"]), ANYTHING, max_size=4))
    def attack(fields: dict[str, object]) -> None:
        nonlocal tried
        checked = answered(answer(**fields))
        if isinstance(checked, CheckedModel):
            for value in checked.metadata.model_dump().values():
                assert not isinstance(value, str) or 0 < len(value) <= 100
                assert not isinstance(value, int) or 0 <= value < 2**53
        tried += 1

    attack()
    attacks.held("the page", "answers of the Hub with anything in any field", tried)
