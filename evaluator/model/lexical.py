"""Lexical models: BM25 over words, over words and character bigrams, and over morphemes. Nothing is learnt.

They are the board's own, named `lexical/...`, and what an embedding model has to be better than. A model's commit
(`ModelSpec.revision`) is a hash of all that decides its scores: how a text becomes terms, the formula with its
parameters, and the exact versions of the libraries that count. Another version is another commit.

Scores are Lucene's BM25 in float64: the sum over a query's terms (one that is said twice counts twice) of
idf(t) * tf / (tf + k1 * (1 - b + b * length / mean length)), idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)).
Source: Kamphuis et al., Which BM25 Do You Mean? (ECIR 2020); the library is bm25s (docs/decisions/0059).
"""

import hashlib
import importlib.metadata
import json
import os
import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluator.errors import EvaluationError
from evaluator.spec import LEXICAL, ModelSpec

if TYPE_CHECKING:
    import numpy as np

Terms = Callable[[Iterable[str]], Iterator[list[str]]]
"""Texts -> the terms of each, in their order."""

K1, B = 1.5, 0.75
"""Term frequency's saturation, and how much a long document is held against itself: bm25s' defaults."""

DECIMALS = 10
"""Scores are rounded so far: equal texts tie, whatever the order of summation was."""

KEPT_TAGS = ("N", "V", "XR", "SL", "SH", "SN", "SW", "W", "UN")
"""Morphemes that are terms, by the beginning of their tag: nouns, verbs and adjectives, roots, foreign words, numbers,
symbols, addresses, unknown words. Particles, endings, affixes, adverbs, determiners, interjections and punctuation
are not: those that the Korean analyser of Lucene ("nori") leaves out by default."""

_WORD = re.compile(r"\w+")


def words(texts: Iterable[str]) -> Iterator[list[str]]:
    """Runs of letters, digits and underscores, in Unicode's form NFKC and in small letters."""
    return (_words(text) for text in texts)


def words_and_bigrams(texts: Iterable[str]) -> Iterator[list[str]]:
    """The words, and each word's pairs of neighbouring characters; of a word of one character, that character again."""
    for text in texts:
        found = _words(text)
        yield found + [word[at : at + 2] for word in found for at in range(max(1, len(word) - 1))]


def morphemes(texts: Iterable[str]) -> Iterator[list[str]]:
    """The morphemes that kiwipiepy finds with its model "cong", without those that only serve grammar."""
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=len(os.sched_getaffinity(0)), model_type="cong")
    for found in kiwi.tokenize(unicodedata.normalize("NFKC", text) for text in texts):
        yield [token.form.lower() for token in found if token.tag.startswith(KEPT_TAGS)]


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


@dataclass(frozen=True, kw_only=True)
class Lexical:
    """One of the lexical models. `terms` is described by `how`, which is part of its commit; `libraries` are the exact
    versions of what counts."""

    terms: Terms
    how: str
    libraries: Mapping[str, str]

    @property
    def definition(self) -> dict[str, Any]:
        """All that decides its scores, as plain values."""
        return {"terms": self.how, "bm25": "lucene", "k1": K1, "b": B, "libraries": dict(self.libraries)}

    @property
    def revision(self) -> str:
        """40 hexadecimal digits: SHA-256 of the definition."""
        canonical = json.dumps(self.definition, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:40]

    def index(self, documents: Iterable[str]) -> "Index":
        """The documents, ready to be searched."""
        return Index(self.terms, documents)


_BM25S = {"bm25s": "0.3.16"}
_WORDS = "NFKC, small letters, runs of \\w"
MODELS: Mapping[str, Lexical] = {
    f"{LEXICAL}/bm25-word": Lexical(terms=words, how=_WORDS, libraries=_BM25S),
    f"{LEXICAL}/bm25-bigram": Lexical(
        terms=words_and_bigrams, how=f"{_WORDS}, and the character bigrams of each", libraries=_BM25S
    ),
    f"{LEXICAL}/bm25-morpheme": Lexical(
        terms=morphemes,
        how=f"NFKC, morphemes of the model cong tagged {', '.join(KEPT_TAGS)}, small letters",
        libraries={**_BM25S, "kiwipiepy": "0.24.1", "kiwipiepy_model": "0.24.0"},
    ),
}
"""Every lexical model by its id."""


def lexical_spec(model: str, revision: str | None = None) -> ModelSpec:
    """The spec of a lexical model at its present commit.

    Raises:
        ValueError: there is no such model, or `revision` is another commit than the present one.
    """
    if model not in MODELS:
        raise ValueError(f"{model[:120]!r} is no lexical model; there are {', '.join(MODELS)}")
    present = MODELS[model].revision
    if revision is not None and revision != present:
        raise ValueError(f"{model} is at {present} here; it cannot be had at {revision[:120]!r}")
    return ModelSpec(model=model, source="lexical", revision=present)


def lexical_of(spec: ModelSpec) -> Lexical:
    """The model that a spec names, with the libraries that it needs.

    Raises:
        EvaluationError: not_found, there is no such model, or its commit is of another version of this evaluator;
            load_failed, this machine has other versions of its libraries.
    """
    found = MODELS.get(spec.model)
    if found is None:
        raise EvaluationError("not_found", f"There is no lexical model {spec.model}; there are {', '.join(MODELS)}.")
    if spec.revision != found.revision:
        raise EvaluationError(
            "not_found",
            f"{spec.model} is at {found.revision[:12]} in this version of the evaluator, and not at "
            f"{(spec.revision or '')[:12]}; submit it anew.",
        )
    for name, version in found.libraries.items():
        if (there := _installed(name)) != version:
            raise EvaluationError(
                "load_failed",
                f"{spec.model} counts with {name} {version}; this machine has {there or 'none'}. Install what "
                "evaluator/requirements.txt names.",
            )
    return found


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


class Index:
    """Documents that BM25 can search. Its statistics are those of all the documents that it was given."""

    def __init__(self, terms: Terms, documents: Iterable[str]) -> None:
        import bm25s

        vocabulary: dict[str, int] = {}
        held = [array("i", [vocabulary.setdefault(term, len(vocabulary)) for term in of]) for of in terms(documents)]
        self._terms = terms
        self._vocabulary = vocabulary
        self._count = len(held)
        self._bm25 = None
        if vocabulary:
            self._bm25 = bm25s.BM25(method="lucene", k1=K1, b=B, dtype="float64", backend="numpy", csc_backend="numpy")
            self._bm25.index((held, vocabulary), create_empty_token=False, show_progress=False)

    def __len__(self) -> int:
        """How many documents there are."""
        return self._count

    def scores(self, queries: Sequence[str]) -> "Iterator[np.ndarray]":
        """Each query's score of every document, (documents,) float64; 0 where they share no term."""
        import numpy as np

        for terms in self._terms(queries):
            known = [self._vocabulary[term] for term in terms if term in self._vocabulary]
            if self._bm25 is None or not known:
                yield np.zeros(self._count)
            else:
                yield np.round(self._bm25.get_scores(known), DECIMALS)
