"""Does the model do what its card shows? The card's own example, computed as the evaluation would compute it."""

from typing import TYPE_CHECKING

import numpy as np

from evaluator.model.example import Compared, Encoded, Example, Side, example_of
from evaluator.model.prompts import DOCUMENT, Declared, Prompting
from evaluator.records import CardExample
from evaluator.task import DataSource, Task

if TYPE_CHECKING:
    from evaluator.model.encoder import Encoder
    from evaluator.model.repository import Repository
    from evaluator.spec import ModelSpec

TOLERANCE = 0.02
"""How far a similarity of the card may be off, for similarities up to 1; of larger ones, this part of the largest."""

NO_EXAMPLE = CardExample(verdict="none")

_SEARCH = Task(id="", column="", kind="retrieval", type="Retrieval", data=DataSource(path="", revision="", splits=()))
"""A retrieval task without a name of its own: a card's queries and documents are not those of one of ours."""


def card_example(encoder: "Encoder", prompting: Prompting) -> CardExample:
    """The verdict on the example of the model's card; "none" where it has none that can be read."""
    if encoder.item is not None:
        return NO_EXAMPLE  # the examples that can be read are those of dense models
    example = example_of(encoder.repository.card, encoder.name)
    return NO_EXAMPLE if example is None else compare(encoder, example, prompting, encoder.repository)


def card_example_of(spec: "ModelSpec") -> CardExample:
    """The same of a model that is not loaded: it is, on the CPU.

    Raises:
        EvaluationError: as `load_encoder`.
    """
    from evaluator.model.loading import load_encoder, quiet_libraries

    with quiet_libraries():
        encoder = load_encoder(spec, "cpu")
        return card_example(encoder, Prompting(spec, encoder.declared))


def compare(encoder: "Encoder", example: Example, prompting: Prompting, repository: "Repository") -> CardExample:
    """The example's similarities, computed as the evaluation loads and prompts the model, beside the card's.

    An example that cannot be computed, or that keeps other dimensions than this evaluation, says nothing: "none".
    """
    compared = example.compared
    if {compared.left.truncate_dim, compared.right.truncate_dim} != {encoder.truncate_dim}:
        return NO_EXAMPLE
    try:
        left, right = (
            _embeddings(encoder, side, prompt_before(side, prompting, repository.declared_prompts))
            for side in (compared.left, compared.right)
        )
        found = _similarities(left, right, compared, encoder.similarity)
        expected = np.array(example.printed)
        tolerance = TOLERANCE * max(abs(compared.scale), float(np.abs(expected).max()))
        close = bool((np.abs(found - expected) <= tolerance).all())
        return CardExample(
            verdict="matches" if close else "differs",
            expected=example.printed,
            found=tuple(tuple(row) for row in found.round(6).tolist()),
            tolerance=tolerance,
        )
    except BaseException as error:  # a stranger wrote the texts, and whatever a model makes of them is not a verdict
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # of tokenizers, in Rust
            raise
        return NO_EXAMPLE


def prompt_before(encoded: Encoded, prompting: Prompting, declared: Declared) -> str:
    """The text before each input of a card's `encode`.

    A prompt that the card gives as text is that; without any, the repository's default is put, as the library does. A
    side of a search gets what the evaluation puts there, so that a prompt that was forgotten shows; but instructions
    differ by task, and a card's query has its own where the repository declares one.

    Raises:
        KeyError: the card names a prompt of no side, which the repository does not declare.
    """
    if encoded.prompt is not None:
        return encoded.prompt
    side = encoded.side or _side_of(encoded.prompt_name)
    if side is None:
        return declared.prompts[encoded.prompt_name] if encoded.prompt_name else declared.default or ""
    used = prompting.prompt(_SEARCH, side)
    names = [encoded.prompt_name] if encoded.prompt_name else DOCUMENT if side == "document" else ("query",)
    own = next((declared.prompts[name] for name in names if name in declared.prompts), None)
    return own if used.of_template and own is not None else used.text


def _side_of(name: str | None) -> Side | None:
    """Which side of a search the name of a prompt is for, e.g. "s2p_query"; None: none, or another task."""
    if name is None:
        return None
    if "query" in name.lower():
        return "query"
    return "document" if any(word in name.lower() for word in DOCUMENT) else None


def _embeddings(encoder: "Encoder", encoded: Encoded, prompt: str) -> np.ndarray:
    """One row a text, (n, dimension) float64. Texts go through the model one by one: few, and maybe long."""
    route = encoded.side if encoder.routed else None
    rows: dict[str, np.ndarray] = {}
    for text in encoded.texts:
        if text not in rows:
            tokens = encoder.tokenize([text], prompt, route)
            rows[text] = encoder.embed(tokens, prompt, route)[0].astype(np.float64)
    embeddings = np.stack([rows[text] for text in encoded.texts])
    return _normalized(embeddings) if encoded.normalized else embeddings


def _normalized(embeddings: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.divide(embeddings, norms, out=np.zeros_like(embeddings), where=norms > 0)


def _similarities(left: np.ndarray, right: np.ndarray, compared: Compared, own: str) -> np.ndarray:
    """Each row on the left with each on the right, (n, m); distances are negative, as in sentence-transformers.

    Raises:
        ValueError: no such function.
    """
    match own if compared.how == "own" else compared.how:
        case "cosine":
            found = _normalized(left) @ _normalized(right).T
        case "dot":
            found = left @ right.T
        case "euclidean":
            found = -np.stack([np.linalg.norm(right - row, axis=1) for row in left])
        case "manhattan":
            found = -np.stack([np.abs(right - row).sum(axis=1) for row in left])
        case name:
            raise ValueError(f"{name} is no similarity")
    return found * compared.scale
