"""What the form sends, field by field: bounded, and what is wrong named at its field in both languages. Pure."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from evaluator.bounds import MOST_TRAINING_SETS, TRAINING_SET_LENGTH
from evaluator.model.prompts import known_keys
from evaluator.model.recipes import recipes
from evaluator.spec import (
    InstructionTemplate,
    Loader,
    ModelId,
    Parts,
    Pooling,
    Precision,
    Prompts,
    RecipeName,
)
from evaluator.suite import SUITES
from evaluator.tasks import discovered_tasks
from submissions.checks import CheckFailed
from submissions.texts import LIMIT

Told = tuple[str, str]
"""A sentence in Korean and in English."""

OF_THE_SPEC = (
    *("precision", "loader", "pooling", "prompts", "instruction_template", "instruct_documents", "instructions"),
    *("encode_task", "truncate_dim", "max_tokens", "recipe", "parts"),
)
"""The fields that are a `ModelSpec`'s, by the same names; the command line's `change` knows the same."""

_KEYS = ("열쇠는 과제 이름, 과제 종류, query, document입니다", "keys are task names, task types, query and document")

WRONG: Mapping[str, Told] = {
    "model": (
        "Hub 모델 id가 아닙니다. nlpai-lab/KURE-v1처럼 '조직/이름'으로 적어 주세요.",
        "This is no Hub model id; write it as organisation/name, for example nlpai-lab/KURE-v1.",
    ),
    "revision": (
        "리비전은 빈칸 없이 브랜치, 태그 또는 커밋 id로 적어 주세요.",
        "Give the revision as a branch, tag or commit id, without blanks.",
    ),
    "precision": ("정밀도를 목록에서 골라 주세요.", "Choose a precision from the list."),
    "loader": ("불러오는 방식을 목록에서 골라 주세요.", "Choose a loader from the list."),
    "pooling": ("풀링을 목록에서 골라 주세요.", "Choose a pooling from the list."),
    "prompts": (
        f"프롬프트는 4,000자까지이고 보이지 않는 문자를 쓸 수 없습니다. {_KEYS[0]}.",
        f"Prompts have at most 4,000 characters and none that nobody sees; {_KEYS[1]}.",
    ),
    "instruction_template": (
        "지시문 틀에는 {instruction}이 한 번 들어가야 하고 2,000자까지입니다. 예: Instruct: {instruction}",
        "The template holds {instruction} once and at most 2,000 characters, for example Instruct: {instruction}",
    ),
    "instruct_documents": ("켜거나 꺼 주세요.", "Switch this on or off."),
    "instructions": (
        f"지시문은 4,000자까지이고 보이지 않는 문자를 쓸 수 없습니다. {_KEYS[0]}.",
        f"Instructions have at most 4,000 characters and none that nobody sees; {_KEYS[1]}.",
    ),
    "encode_task": (
        f"encode의 task 이름은 100자까지입니다. {_KEYS[0]}.",
        f"Names for the task= of encode have at most 100 characters; {_KEYS[1]}.",
    ),
    "truncate_dim": (
        "차원은 1부터 100,000까지의 자연수로 적어 주세요.",
        "Give the dimensions as a whole number from 1 to 100,000.",
    ),
    "max_tokens": (
        "토큰 수는 1부터 1,000,000까지의 자연수로 적어 주세요.",
        "Give the tokens as a whole number from 1 to 1,000,000.",
    ),
    "parts": (
        "다른 저장소는 한 줄에 하나씩, 조직/이름@40자리 커밋으로 20개까지 적어 주세요.",
        "Name other repositories one a line as organisation/name@commit of 40 digits, at most 20.",
    ),
    "recipe": ("라이브러리 환경을 목록에서 골라 주세요.", "Choose an environment from the list."),
    "note": (f"메모는 {LIMIT:,}자까지 적을 수 있습니다.", f"A note has at most {LIMIT:,} characters."),
    "training": (
        f"학습 데이터는 {MOST_TRAINING_SETS}개까지, 이름은 {TRAINING_SET_LENGTH}자까지 적을 수 있습니다.",
        f"At most {MOST_TRAINING_SETS} training sets can be named, with at most {TRAINING_SET_LENGTH} characters each.",
    ),
    "suites": ("평가 묶음을 목록에서 골라 주세요.", "Choose suites from the list."),
}
"""Field -> what a right value is, for who gave a wrong one."""


class InvalidFields(ValueError):
    """Fields of the form hold what cannot be; nothing was done. `fields`: field -> what to write there."""

    def __init__(self, fields: Mapping[str, Told]) -> None:
        self.fields = dict(fields)
        self.korean, self.english = (" ".join(told[language] for told in self.fields.values()) for language in (0, 1))
        super().__init__(self.english)

    @classmethod
    def of(cls, field: str, error: CheckFailed) -> "InvalidFields":
        """What the Hub's answer says is wrong, at the field that it is about."""
        return cls({field: (error.korean, error.english)})

    def told(self) -> dict[str, Any]:
        """As plain values for JSON."""
        fields = {field: {"ko": korean, "en": english} for field, (korean, english) in self.fields.items()}
        return {"fields": fields, "ko": self.korean, "en": self.english}


def _seen(texts: Mapping[str, str]) -> None:
    hidden = {"Cc", "Cf", "Cs", "Co"}
    if any(unicodedata.category(each) in hidden and each not in "\n\t" for text in texts.values() for each in text):
        raise ValueError("a text holds characters that nobody sees")


def _by_key(texts: dict[str, str]) -> dict[str, str]:
    if unknown := set(texts) - known_keys(discovered_tasks().values()):
        raise ValueError(f"no task looks up {', '.join(sorted(unknown))}")
    _seen(texts)
    return texts


def _short(names: dict[str, str]) -> dict[str, str]:
    if any(len(name) > 100 for name in names.values()):
        raise ValueError("a name has more than 100 characters")
    return names


def _template(text: str) -> str:
    _seen({"template": text})
    return text


def _known_recipe(name: str) -> str:
    if name != "none" and name not in recipes():
        raise ValueError(f"there is no recipe {name}")
    return name


def _known_suites(ids: Iterable[str]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(ids))
    if unknown := set(named) - {suite.id for suite in SUITES.values() if suite.offered}:
        raise ValueError(f"there is no suite {', '.join(sorted(unknown))}")
    return named


ByKey = Annotated[Prompts, AfterValidator(_by_key)]


class Form(BaseModel):
    """A model and how it is to be evaluated, as somebody asks for it. Fields of a `ModelSpec` mean the same."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: Annotated[ModelId, Field(max_length=200)]
    revision: Annotated[str, Field(max_length=200, pattern=r"^\S*$")] = ""
    precision: Precision = "auto"
    loader: Loader = "auto"
    pooling: Pooling = "auto"
    prompts: ByKey | None = None
    instruction_template: Annotated[InstructionTemplate, AfterValidator(_template)] | None = None
    instruct_documents: bool | None = None
    instructions: ByKey | None = None
    encode_task: Annotated[ByKey, AfterValidator(_short)] | None = None
    truncate_dim: Annotated[int, Field(gt=0, le=100_000)] | None = None
    max_tokens: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    parts: Parts = {}
    recipe: Annotated[RecipeName, AfterValidator(_known_recipe)] | None = None
    note: Annotated[str, Field(max_length=LIMIT)] = ""
    training: Annotated[
        tuple[Annotated[str, Field(max_length=TRAINING_SET_LENGTH)], ...], Field(max_length=MOST_TRAINING_SETS)
    ] = ()
    suites: Annotated[tuple[str, ...], Field(max_length=10), AfterValidator(_known_suites)] = ()

    def spec_fields(self) -> dict[str, Any]:
        """The fields of a ModelSpec, as `evaluator.options.spec_fields` gives them.

        No prompts beside a template are none at all: so the same is asked for, and it has one id.
        """
        fields = {name: getattr(self, name) for name in OF_THE_SPEC}
        return {**fields, "prompts": self.prompts or None} if self.instruction_template else fields


def read_form(body: bytes) -> Form:
    """The form in a request's body.

    Raises:
        InvalidFields
        ValidationError: it is no form at all.
    """
    try:
        return Form.model_validate_json(body)
    except ValidationError as error:
        named = [str(each["loc"][0]) if each["loc"] else "" for each in error.errors(include_url=False)]
        if not named or not set(named) <= set(WRONG):
            raise
        raise InvalidFields({field: WRONG[field] for field in WRONG if field in named}) from error
