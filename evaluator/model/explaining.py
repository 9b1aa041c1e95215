"""What an evaluation of a model would do, read from its small files: no weights, no machine learning library.

`explain` answers before anything is downloaded; an evaluation tells the same of what it did (`Environment`).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self

from evaluator.cleaning import SHORT, clean_text
from evaluator.model.assembling import assemble
from evaluator.model.cards import Card, card_of, mentions_prompts
from evaluator.model.choices import resolve_loader, resolve_pooling, wanted_precision
from evaluator.model.parts import Composition, base_of, is_of_a_library, looked_at, texts_of
from evaluator.model.prompts import Prompting
from evaluator.model.recipes import Recipe, recipe_of
from evaluator.model.repository import Repository
from evaluator.records import CardExample, Record
from evaluator.spec import RANKING_KINDS, ModelKind, ModelSpec
from evaluator.task import Task

WarningCode = Literal[
    "prompt_not_used",  # the card shows a prompt, and none would be used
    "unused_prompts",  # the repository declares prompts under names that no task looks up
    "remote_code",  # the repository brings code of its own
    "gated_base",  # what the repository is an adapter to may not be read
    "end_token",  # the card ends texts with the end token, the tokenizer's configuration does not
    "other_commit",  # what the registry says was read off another commit
    "card_differs",  # the example on the card gives other similarities here
    "other_data",  # a data set at its pinned commit has other rows than are known: found when it is read
]


class Warned(Record):
    """Something that a submitter should look at, in both languages."""

    code: WarningCode
    ko: str
    en: str


class PromptOf(Record):
    """The text before each input of one side, and who says so."""

    text: str
    source: str


class Adapter(Record):
    """What an adapter_config.json says: of which `model`, of which PEFT kind, put on which `base` at which commit."""

    model: str
    kind: str
    base: str
    commit: str


class Explanation(Record):
    """What would happen, each choice with its source. `prompts`: task id -> side -> prompt, of the tasks that are
    applicable to its `kind` of model.

    `adapters`, the topmost first. `parts`: other repository that the model is made of -> its commit. `encoding` is
    "own" where texts go through the model's own `encode`, with the `task=` of `encode_tasks`. `recipe` names the
    environment that it runs in, and `lock` is the SHA-256 of that environment's lock.
    `card_example`: the card's own example, where the model was loaded to compute it (`evaluator.model.conformance`).
    """

    model: str
    revision: str | None
    kind: ModelKind
    loader: str
    architecture: str | None
    precision: str
    precision_source: str
    pooling: str | None
    pooling_source: str
    max_tokens: int | None
    truncate_dim: int | None
    card: str | None
    prompts: dict[str, dict[str, PromptOf]]
    unused_prompts: tuple[str, ...]
    remote_code: dict[str, str]
    adapters: tuple[Adapter, ...]
    parts: dict[str, str]
    encoding: str | None
    recipe: str | None
    lock: str | None
    encode_tasks: dict[str, dict[str, str]]
    warnings: tuple[Warned, ...]
    card_example: CardExample | None = None

    def with_example(self, example: CardExample) -> Self:
        """The same with the card's example, and with a warning if it differs."""
        differs = Warned(
            code="card_differs",
            ko="모델 카드의 예시를 다시 계산하니 카드에 적힌 유사도와 다릅니다.",
            en="The example on the card gives other similarities here than the card prints.",
        )
        warnings = (*self.warnings, differs) if example.verdict == "differs" else self.warnings
        return self.model_copy(update={"card_example": example, "warnings": warnings})


def explain(
    spec: ModelSpec, tasks: Iterable[Task], *, cache: Path | None = None, token: Literal[False] | None = None
) -> Explanation:
    """What an evaluation of `spec` on `tasks` would do. Reads the model's small files, from the Hub or its folder.

    `cache` and `token`: as `fetch_small`.

    Raises:
        EvaluationError: not_found, gated, hub_unavailable, load_failed.
    """
    return explanation_of(looked_at(spec, cache=cache, token=token), tasks)


def explanation_of(composition: Composition, tasks: Iterable[Task]) -> Explanation:
    """The same of files that are there.

    Raises:
        EvaluationError: load_failed, the repository holds no model.
    """
    spec, repository = composition.spec, assemble(composition)
    wanted = [task for task in tasks if spec.can_do(task.kind)]
    card = card_of(spec.model)
    recipe = recipe_of(spec)
    loader, pooling, pooling_source = _loading(spec, composition, repository, recipe)
    precision, precision_source = wanted_precision(spec, repository)
    prompting = Prompting(spec, repository.declared_prompts)
    prompts = {task.id: {side: prompting.prompt(task, side) for side in _sides(task)} for task in wanted}
    used = any(prompt.text for sides in prompts.values() for prompt in sides.values())
    encode_tasks = {
        task.id: {side: named for side in _sides(task) if (named := prompting.encode_task(task, side))}
        for task in wanted
    }
    unused = prompting.unused(wanted)
    code = remote_code(composition) if recipe is None or recipe.own_code else {}
    return Explanation(
        model=spec.model,
        revision=spec.revision,
        kind=spec.kind,
        loader=loader,
        architecture=repository.architecture,
        precision=precision,
        precision_source=precision_source,
        pooling=pooling,
        pooling_source=pooling_source,
        max_tokens=spec.max_tokens or (recipe.max_tokens if recipe else None) or _max_tokens(repository),
        truncate_dim=spec.truncate_dim or repository.declared_truncation,
        card=card.name if card else None,
        prompts={
            task: {side: PromptOf(text=prompt.text, source=prompt.source) for side, prompt in sides.items()}
            for task, sides in prompts.items()
        },
        unused_prompts=unused,
        remote_code=code,
        adapters=tuple(_adapters(composition)),
        parts=dict(spec.parts),
        encoding="own" if recipe is not None or any(encode_tasks.values()) else None,
        recipe=recipe.name if recipe is not None else None,
        lock=recipe.lock_digest if recipe is not None else None,
        encode_tasks={task: sides for task, sides in encode_tasks.items() if sides},
        warnings=tuple(_warnings(composition, repository, card, used, unused, code)),
    )


def _sides(task: Task) -> tuple[str, ...]:
    return ("query", "document") if task.kind in RANKING_KINDS else ("text",)


def _loading(
    spec: ModelSpec, composition: Composition, repository: Repository, recipe: Recipe | None
) -> tuple[str, str | None, str]:
    """The loader, the pooling and who says so."""
    if recipe is not None and recipe.pooling is not None and spec.pooling == "auto":
        return recipe.program, recipe.pooling, f"recipe {recipe.name}"
    loader = resolve_loader(spec, repository) if composition.whole else "transformers"
    return recipe.program if recipe is not None else loader, *_pooling(spec, repository, loader)


def _pooling(spec: ModelSpec, repository: Repository, loader: str) -> tuple[str | None, str]:
    if loader != "sentence-transformers":
        return resolve_pooling(spec, repository)
    for module in repository.all_modules:
        if module.kind == "Pooling":
            config = repository.read_of(module, "config.json")
            on = [
                key.removeprefix("pooling_mode_") for key in config if key.startswith("pooling_mode_") and config[key]
            ]
            modes = config.get("pooling_mode") or [key.partition("_token")[0] for key in on]
            named = [mode for mode in (modes if isinstance(modes, list) else [modes]) if isinstance(mode, str)]
            return clean_text("+".join(named), SHORT), "modules.json"
    return None, "modules.json"


def _max_tokens(repository: Repository) -> int | None:
    """The length that the repository's own files name: sentence-transformers' first, then tokenizer and positions."""
    for module in repository.all_modules:
        config = repository.read_of(module, "sentence_bert_config.json")
        if isinstance(config.get("max_seq_length"), int):
            return int(config["max_seq_length"])
    lengths = [
        value
        for value in (
            repository.read_object("tokenizer_config.json").get("model_max_length"),
            repository.config.get("max_position_embeddings"),
        )
        if isinstance(value, int) and 0 < value < 10**9  # transformers writes 10**30 for "no limit"
    ]
    return min(lengths, default=None)


def remote_code(composition: Composition) -> dict[str, str]:
    """ "file, class" -> the code that would be loaded for it, for everything that asks for code of its own.

    Files of a base model begin with its id.
    """
    found: dict[str, str] = {}
    for layer in composition.layers:
        whose = "" if layer is composition.layers[0] else f"{layer.spec.model}: "
        for name in ("config.json", "tokenizer_config.json"):
            declared = layer.repository.read_object(name).get("auto_map")
            for automatic, code in declared.items() if isinstance(declared, dict) else ():
                classes = list(texts_of(code))
                found[f"{whose}{name}, {clean_text(automatic, SHORT)}"] = clean_text(classes, 2 * SHORT) or "?"
        for module in layer.repository.all_modules:
            if not is_of_a_library(module.type):
                found[f"{whose}{module.said_in}"] = clean_text(module.type, SHORT) or "?"
    return found


def _adapters(composition: Composition) -> Iterable[Adapter]:
    for layer in composition.adapters:
        config = layer.repository.read_object(str(layer.adapter_config))
        base = (base_of(layer) or "").lower()
        model, commit = next(part for part in composition.spec.parts.items() if part[0].lower() == base)
        kind = clean_text(config.get("peft_type"), SHORT) or "?"
        yield Adapter(model=layer.spec.model, kind=kind, base=model, commit=commit)


def _warnings(
    composition: Composition,
    repository: Repository,
    card: Card | None,
    used: bool,
    unused: tuple[str, ...],
    code: Mapping[str, str],
) -> Iterable[Warned]:
    spec = composition.spec
    mentioned = mentions_prompts(repository.card)
    if mentioned and not used:
        yield Warned(
            code="prompt_not_used",
            ko=f"모델 카드에는 {mentioned} 같은 프롬프트가 나오는데, 아무 프롬프트도 쓰이지 않습니다.",
            en=f"The card shows {mentioned}, but no prompt would be used.",
        )
    if unused:
        names = clean_text(list(unused), 300)
        yield Warned(
            code="unused_prompts",
            ko=f"저장소가 선언한 프롬프트 가운데 어느 과제도 찾지 않는 이름이 있습니다: {names}",
            en=f"The repository declares prompts under names that no task looks up: {names}",
        )
    if code:
        yield Warned(
            code="remote_code",
            ko="저장소가 가져온 코드를 실행해야 합니다. 관리자가 커밋을 정해 허락해야 평가할 수 있습니다.",
            en="The repository brings its own code; a maintainer has to allow it for one commit.",
        )
    if not composition.whole:
        base = base_of(composition.layers[-1])
        yield Warned(
            code="gated_base",
            ko=f"어댑터를 얹을 {base}은(는) 접근 승인이 필요해 읽을 수 없습니다. 평가에는 권한이 필요합니다.",
            en=f"The adapter's base {base} is gated and cannot be read here; the worker needs access to it.",
        )
    tokenizer = repository.read_object("tokenizer_config.json")
    if card is not None and card.ends_with_eos and not tokenizer.get("add_eos_token"):
        yield Warned(
            code="end_token",
            ko="모델 카드는 문장 끝에 종료 토큰을 붙이지만 tokenizer_config.json에는 그런 설정이 없습니다.",
            en="The card ends each text with the end token; tokenizer_config.json does not say so.",
        )
    known = card.models.get(spec.model) if card is not None else None
    if known and spec.revision and known != spec.revision:
        yield Warned(
            code="other_commit",
            ko=f"카드 등록부는 다른 커밋({known[:12]})을 보고 적었습니다.",
            en=f"The card registry was written from another commit ({known[:12]}).",
        )
