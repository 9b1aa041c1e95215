"""Who declares what a model was trained on: MTEB's registry, the model's card, those who submitted it, a maintainer.

What is declared of a model at one commit holds for all its results: MTEB's registry says it of models, and a later
commit does not forget what an earlier one has seen.

A maintainer's correction is one file, `facts/corrections/<org>__<name>.json`, with a source (docs/board.md).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from evaluator.bounds import Name, TrainingSets, Utc
from evaluator.reading import MEBIBYTE, reading
from evaluator.records import Record
from evaluator.spec import ModelId
from leaderboard_data.entry import Entry
from leaderboard_data.model_facts import FACTS
from leaderboard_data.told import load_told

CORRECTIONS = Path(__file__).parent / "facts" / "corrections"

MTEB_REGISTRY = "https://github.com/embeddings-benchmark/mteb/tree/2.26.24/mteb/models/model_implementations"
MTEB_RESULTS = "https://github.com/embeddings-benchmark/results/tree/main/results"

SourceName = Literal["registry", "results", "card", "submitter", "maintainer"]
"""Who declares: MTEB's registry of models, a `model_meta.json` among MTEB's results, the model's card, who submitted
the model, or a maintainer of this board."""


def _is_link(address: str) -> str:
    if not address.startswith(("https://", "http://")) or any(character.isspace() for character in address):
        raise ValueError("a source is the http(s) address of a page that says so")
    return address


class Correction(Record):
    """What a maintainer found out about a model's training data. `adds` are names that were not declared, `removes`
    are declared names that it was not trained on, `adapted_from` the model that it was made of. `source` says so."""

    model: ModelId
    adds: TrainingSets = ()
    removes: TrainingSets = ()
    adapted_from: ModelId | None = None
    source: Annotated[str, Field(max_length=500), AfterValidator(_is_link)]
    by: Name
    at: Utc
    why: Annotated[str, Field(max_length=1000)] = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.adds or self.removes or self.adapted_from):
            raise ValueError("a correction says at least one of adds, removes, adapted_from")
        return self


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What one source declares of a model: names of data sets or tasks. `link` is where it does, None for nowhere that
    a visitor can go; `submission` the submission in which its submitter did."""

    source: SourceName
    names: tuple[str, ...]
    link: str | None = None
    submission: str | None = None


@dataclass(frozen=True, kw_only=True)
class Base:
    """A model that another one was made of, and who says so."""

    model: str
    source: SourceName
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Declared:
    """All that is declared of one model. No declarations: nothing is known of what it was trained on."""

    model: str
    declarations: tuple[Declaration, ...] = ()
    bases: tuple[Base, ...] = ()


def declared_by_all(
    entries: Iterable[Entry] = (), corrections: Iterable[Correction] | None = None
) -> Mapping[str, Declared]:
    """Everything that is declared, by the models' ids in small letters: by MTEB's registry, by the shipped corrections
    (or by those given), and by the results behind `entries`."""
    found = dict(declared_by_mteb())
    for entry in entries:
        if entry.declared is not None:
            _join(found, entry.model, _by_result(entry))
    for correction in shipped_corrections() if corrections is None else corrections:
        _correct(found, correction)
    return found


@cache
def declared_by_mteb() -> Mapping[str, Declared]:
    """What MTEB's registry says of each model: of its main revision, where the file has several."""
    lines = [json.loads(line) for line in FACTS.read_text("utf-8").splitlines()]
    lines.sort(key=lambda line: bool(line.get("is_main_revision")))
    return {line["model"].casefold(): _by_mteb(line) for line in lines}


def _by_mteb(line: Mapping[str, Any]) -> Declared:
    """A line of the facts. A `model_meta.json` that names nothing says nothing: MTEB's code does not read it either."""
    registered = line.get("training_source") == "registry"
    link = MTEB_REGISTRY if registered else f"{MTEB_RESULTS}/{line['model'].replace('/', '__')}"
    source: SourceName = "registry" if registered else "results"
    names = line.get("training_datasets")
    base = line.get("adapted_from")
    return Declared(
        model=line["model"],
        declarations=(Declaration(source=source, names=tuple(names or ()), link=link),) if names or registered else (),
        bases=(Base(model=base, source="registry", link=MTEB_REGISTRY),) if base else (),
    )


def _by_result(entry: Entry) -> Declared:
    told = load_told(entry.declared or "{}")
    card = f"https://huggingface.co/{entry.model}/blob/{told.revision or 'main'}/README.md"
    card_link = None if entry.local else card
    declarations = []
    if told.training:
        declarations.append(Declaration(source="submitter", names=told.training, submission=told.submission))
    if told.datasets:
        declarations.append(Declaration(source="card", names=told.datasets, link=card_link))
    bases = tuple(Base(model=base, source="card", link=card_link) for base in told.base_models)
    return Declared(model=entry.model, declarations=tuple(declarations), bases=bases)


def _join(found: dict[str, Declared], model: str, more: Declared) -> None:
    """Add what one result says; the same said twice is kept once."""
    known = found.get(model.casefold(), Declared(model=model))
    said = {(each.source, each.names) for each in known.declarations}
    bases = {base.model.casefold() for base in known.bases}
    found[model.casefold()] = Declared(
        model=known.model,
        declarations=(*known.declarations, *(e for e in more.declarations if (e.source, e.names) not in said)),
        bases=(*known.bases, *(b for b in more.bases if b.model.casefold() not in bases)),
    )


def _correct(found: dict[str, Declared], correction: Correction) -> None:
    known = found.get(correction.model.casefold(), Declared(model=correction.model))
    kept = [
        Declaration(
            source=each.source,
            names=tuple(name for name in each.names if name not in correction.removes),
            link=each.link,
            submission=each.submission,
        )
        for each in known.declarations
    ]
    if correction.adds:
        kept.append(Declaration(source="maintainer", names=correction.adds, link=correction.source))
    bases = known.bases
    if correction.adapted_from:
        bases = (*bases, Base(model=correction.adapted_from, source="maintainer", link=correction.source))
    found[correction.model.casefold()] = Declared(model=known.model, declarations=tuple(kept), bases=bases)


@cache
def shipped_corrections() -> tuple[Correction, ...]:
    """The corrections that ship with the project.

    Raises:
        ValueError: a file cannot be read, or is not named by its model; the text says which.
    """
    return tuple(load_correction(file) for file in sorted(CORRECTIONS.glob("*.json")))


def load_correction(file: Path) -> Correction:
    """The correction in a file.

    Raises:
        ValueError: it is none, or the file is not named by its model.
    """
    with reading(file.name, content := file.read_bytes(), MEBIBYTE):
        correction = Correction.model_validate_json(content)
    if file.stem != (wanted := correction.model.replace("/", "__")):
        raise ValueError(f"the correction of {correction.model} belongs in {wanted}.json, not in {file.name}")
    return correction
