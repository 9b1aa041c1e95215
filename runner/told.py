"""What an evaluation tells of the model and of what it ran with: cleaned and bounded, for only it can know."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from evaluator.bounds import TRAINING_SET_LENGTH
from evaluator.cleaning import LARGEST_LENGTH, SHORT, bounded_int, clean_text
from evaluator.evidence.environment import LIBRARIES
from evaluator.model.lexical import MODELS
from evaluator.observed import KoreanTexts
from evaluator.records import CardExample, Environment, ModelInfo
from runner.bounds import bounded_float, prompt_text

if TYPE_CHECKING:
    from runner.child import Job
    from submissions.record import Submission

SIDES = ("text", "query", "document")
PROMPT_LENGTH = 4000
MANY = 10**15
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXTS = (
    *("device", "dtype", "attention", "linear", "loader", "encoding", "recipe"),
    *("pooling", "pooling_source", "precision_source", "similarity"),
)


def model_facts(given: ModelInfo) -> ModelInfo:
    """The model's facts."""
    return ModelInfo(
        parameters=bounded_int(given.parameters, 0, MANY),
        embedding_dimension=bounded_int(given.embedding_dimension, 1, LARGEST_LENGTH),
        max_tokens=bounded_int(given.max_tokens, 1, LARGEST_LENGTH),  # beyond it there is no limit
        license=clean_text(given.license, SHORT),
        architecture=clean_text(given.architecture, SHORT),
        memory_bytes=bounded_int(given.memory_bytes, 0, MANY),
        llm_based=given.llm_based,
        open_weights=given.open_weights,
        datasets=_training(given.datasets),
        base_models=_training(given.base_models),
        matryoshka=given.matryoshka,
    )


def korean(given: KoreanTexts | None) -> KoreanTexts | None:
    """What Korean texts cost, as the evaluation counted; nothing where it counted more unknown tokens than tokens."""
    if given is None or (given.unknown or 0) > given.tokens or not given.syllables:
        return None
    return given


def submitted_facts(submission: "Submission") -> dict[str, Any]:
    """What a result says that its submission told: fields of `ModelResult`."""
    training = tuple(sorted({name for name in submission.training if name}))
    return {"committed_at": submission.metadata.committed_at, "training": training}


def _training(given: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """What the card names, as its record bounds it."""
    names = (clean_text(name, TRAINING_SET_LENGTH) for name in given or ())
    return tuple(dict.fromkeys(name for name in names if name)) or None


def environment(given: Environment, job: "Job") -> Environment:
    """What the evaluation ran with, as it says: only it can know."""
    texts = {name: clean_text(getattr(given, name), 200) for name in _TEXTS}
    lexical = MODELS[job.spec.model].libraries if job.spec.model in MODELS else ()
    versions = {name: clean_text(given.versions.get(name), 60) for name in ("python", *LIBRARIES, *lexical)}
    prompts = {
        task: {side: prompt_text(given.prompts[task][side], PROMPT_LENGTH) for side in SIDES if side in sides}
        for task, sides in given.prompts.items()
        if task in job.tasks
    }
    return Environment(
        **texts,  # type: ignore[arg-type]
        versions={name: version for name, version in versions.items() if version is not None},
        batch_tokens=bounded_int(given.batch_tokens, 1, LARGEST_LENGTH),
        max_tokens=bounded_int(given.max_tokens, 1, LARGEST_LENGTH),
        prompts=prompts,
        prompt_sources=_by_side(given.prompt_sources, job),
        unused_prompts=_names(given.unused_prompts),
        truncate_dim=bounded_int(given.truncate_dim, 1, LARGEST_LENGTH),
        warnings=_warnings(given),
        seed=bounded_int(given.seed, 0, LARGEST_LENGTH),
        encode_tasks=_by_side(given.encode_tasks, job),
        parts=dict(job.spec.parts),
        lock=given.lock if given.lock and _SHA256.fullmatch(given.lock) else None,
        card_example=_card_example(given.card_example),
    )


def _warnings(given: Environment) -> tuple[str, ...]:
    """As the evaluation tells them; a card's example that differs is one, whether it tells that or not."""
    differs = given.card_example is not None and given.card_example.verdict == "differs"
    return tuple(sorted({*_names(given.warnings), *(["card_differs"] if differs else [])}))


def _by_side(given: Mapping[str, Mapping[str, str]], job: "Job") -> dict[str, dict[str, str]]:
    """Short texts by task and side, of the job's tasks."""
    cleaned = {
        task: {side: told for side in SIDES if (told := clean_text(sides.get(side), 200))}
        for task, sides in given.items()
        if task in job.tasks
    }
    return {task: sides for task, sides in cleaned.items() if sides}


def _card_example(given: CardExample | None) -> CardExample | None:
    """Bounded by its record; a matrix of another shape than the one it is compared with tells nothing."""
    if given is None or [len(row) for row in given.expected] != [len(row) for row in given.found]:
        return None
    return given


def _names(given: Iterable[str]) -> tuple[str, ...]:
    """At most a hundred short names."""
    return tuple(name for each in islice(given, 100) if (name := clean_text(each, 100)))


def numbers(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    """Those of `names` that are numbers."""
    found = {name: bounded_float(given.get(name), 0.0, MANY) for name in names}
    return {name: value for name, value in found.items() if value is not None}
