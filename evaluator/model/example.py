"""The example on a model's card: which texts it embeds, how it compares them, and the similarities that it prints.

A stranger wrote the card. Its Python is parsed and never run: names stand for texts, for embeddings of texts and for
similarities of embeddings, and whatever else a card does makes a name unknown. Everything is bounded.
"""

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Literal

from evaluator.model.printed import Matrix, comments_below, matrix_in, python_blocks
from evaluator.spec import valid_model_id

MOST_TEXTS = 100
MOST_CHARACTERS = 20_000
"""Texts on one side of an example, and characters of one of them."""

MOST_STATEMENTS = 5000
MOST_PRINTS = 50
"""Statements of a card, and similarities shown without numbers that can be read, before it has no example."""

Side = Literal["query", "document"]
How = Literal["own", "cosine", "dot"]
FUNCTIONS: dict[str, How] = {"cos_sim": "cosine", "pytorch_cos_sim": "cosine", "dot_score": "dot"}
"""Functions of sentence-transformers that compare two sets of embeddings."""

ENCODERS: dict[str, Side | None] = {"encode": None, "encode_query": "query", "encode_document": "document"}
HARMLESS = {
    "encode": {
        *("batch_size", "show_progress_bar", "convert_to_tensor", "convert_to_numpy", "device", "max_length"),
        *("return_dense", "return_sparse", "return_colbert_vecs"),
    },
    "model": {
        *("trust_remote_code", "device", "devices", "revision", "model_kwargs", "tokenizer_kwargs", "config_kwargs"),
        *("processor_kwargs", "cache_folder", "token", "local_files_only", "use_fp16", "backend"),
    },
}
"""Arguments that do not change the embeddings by more than a precision does."""

SAME = {"tolist", "numpy", "cpu", "cuda", "detach", "float", "half", "bfloat16", "eval", "to"}
"""Methods that give what they are called on, in another type or place."""


@dataclass(frozen=True)
class Encoded:
    """Texts, and how the card has them encoded.

    `side` is that of `encode_query` and `encode_document`. `prompt` is a text before each input, `prompt_name` the name
    of one. `single`: one text that was not in a list, whose embedding is a vector. `truncate_dim`: kept dimensions.
    """

    texts: tuple[str, ...]
    side: Side | None = None
    prompt: str | None = None
    prompt_name: str | None = None
    normalized: bool = False
    single: bool = False
    truncate_dim: int | None = None


@dataclass(frozen=True)
class Compared:
    """How similar each text on the left is to each on the right: by the model's own function, or another; scaled."""

    left: Encoded
    right: Encoded
    how: How
    scale: float = 1.0


@dataclass(frozen=True)
class Example:
    """What a card computes, and what it prints of that: a row for each text on the left."""

    compared: Compared
    printed: Matrix


@dataclass(frozen=True)
class _Model:
    normalized: bool = False
    truncate_dim: int | None = None


def example_of(card: str, model: str) -> Example | None:
    """The first example on a card (Markdown) whose similarities are printed; None where there is none.

    An example that loads another model than `model`, by its id on the Hub, is none; a local model has any name.
    """
    reader = _Reader(model)
    for code in python_blocks(card):
        if found := reader.example(code):
            return found
    return None


def _parsed(code: str) -> list[ast.stmt]:
    """The statements of some code; none where it is no Python, or nested too deeply."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python will refuse one day
            return list(_flat(ast.parse(code).body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _flat(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements in the order in which they run; those under `with` and `if __name__` as if they stood outside."""
    for statement in statements:
        match statement:
            case ast.With(body=body) | ast.If(test=ast.Compare(left=ast.Name(id="__name__")), body=body):
                yield from _flat(body)
            case _:
                yield statement


class _Reader:
    """What the names of a card's code stand for, over all its blocks; None: something that is not understood."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._names: dict[str, Any] = {}
        self._statements, self._prints = MOST_STATEMENTS, MOST_PRINTS

    def example(self, code: str) -> Example | None:
        """The first printed similarities of this code."""
        statements = _parsed(code)[: self._statements]
        self._statements -= len(statements)
        for statement, following in zip_longest(statements, statements[1:]):
            try:
                compared = self._shown(statement)
            except RecursionError:
                self._forget(statement)
                continue
            if compared is None:
                continue
            self._prints -= 1
            if self._prints < 0:
                return None
            shape = len(compared.left.texts), len(compared.right.texts)
            if printed := matrix_in(_output(code.split("\n"), statement, following), shape):
                return Example(compared, printed)
        return None

    def _shown(self, statement: ast.stmt) -> Compared | None:
        """The similarities that a statement shows; what any other does to names is noted."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._names[name] = None
                self._names[name] = self._value(value)
            case ast.Assign(targets=[ast.Attribute(attr="max_seq_length")]):
                pass
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=arguments)):
                values = [self._value(argument) for argument in arguments]
                shown = [value for value in values if not isinstance(value, str)]
                if len(shown) == 1 and isinstance(shown[0], Compared):
                    return shown[0]
            case ast.Expr(value=value):
                shown_alone = self._value(value)
                if isinstance(shown_alone, Compared):
                    return shown_alone
                if shown_alone is None:
                    self._forget(statement)
            case _:
                self._forget(statement)
        return None

    def _forget(self, statement: ast.stmt) -> None:
        """Make unknown what a statement may change: names that it binds, objects of which it sets or calls a part."""
        for node in ast.walk(statement):
            match node:
                case (
                    ast.Name(id=name, ctx=ast.Store() | ast.Del())
                    | ast.FunctionDef(name=name)
                    | ast.ClassDef(name=name)
                    | ast.Call(func=ast.Attribute(value=ast.Name(id=name)))
                ):
                    self._names[name] = None
                case ast.Attribute(value=value, ctx=ast.Store()) | ast.Subscript(value=value, ctx=ast.Store()):
                    self._names |= {part.id: None for part in ast.walk(value) if isinstance(part, ast.Name)}

    def _value(self, node: ast.expr) -> Any:
        """What an expression stands for: a literal, texts (a tuple), `Encoded`, `Compared`, `_Model`; else None."""
        match node:
            case ast.Constant(value=value):
                return None if isinstance(value, str) and len(value) > MOST_CHARACTERS else value
            case ast.Name(id=name):
                return self._names.get(name)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) if len(elements) <= MOST_TEXTS:
                texts = tuple(self._value(element) for element in elements)
                return texts if all(isinstance(text, str) for text in texts) else None
            case ast.BinOp(left=left, op=operator, right=right):
                return self._operation(left, operator, right)
            case ast.Subscript(value=value, slice=part):
                return self._part(self._value(value), part)
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)):
                return self._method(receiver, name, node)
            case ast.Call(func=ast.Name(id=name)):
                return self._function(name, node)
        return None

    def _operation(self, left: ast.expr, operator: ast.operator, right: ast.expr) -> Any:
        one = self._value(left)
        if isinstance(operator, ast.MatMult):
            transposed = _transposed(right)
            other = self._value(transposed or right)
            if isinstance(one, Encoded) and isinstance(other, Encoded) and (transposed or other.single):
                return Compared(one, other, "dot")
            return None
        other = self._value(right)
        match operator, one, other:
            case ast.Add(), str(), str():
                return one + other if len(one) + len(other) <= MOST_CHARACTERS else None
            case ast.Add(), tuple(), tuple():
                return one + other if len(one) + len(other) <= MOST_TEXTS else None
            case ast.Mult(), Compared(scale=scale), int() | float() if 0 < abs(other) <= 1e6:
                return replace(one, scale=scale * other)
            case ast.Mult(), int() | float(), Compared(scale=scale) if 0 < abs(one) <= 1e6:
                return replace(other, scale=scale * one)
        return None

    def _part(self, whole: Any, part: ast.expr) -> Any:
        """`whole[part]`, for a number or a slice of numbers, and for the dense vectors of FlagEmbedding."""
        if isinstance(whole, Encoded) and isinstance(part, ast.Constant) and part.value == "dense_vecs":
            return whole
        texts = whole.texts if isinstance(whole, Encoded) and not whole.single else whole
        if not isinstance(texts, tuple):
            return None
        try:
            ends = (part.lower, part.upper, part.step) if isinstance(part, ast.Slice) else (part,)
            numbers = [None if end is None else ast.literal_eval(end) for end in ends]
            index: Any = slice(*numbers) if isinstance(part, ast.Slice) else numbers[0]
            kept: Any = texts[index]
        except (ValueError, TypeError, IndexError):
            return None
        if not isinstance(whole, Encoded):
            return kept
        single = isinstance(kept, str)
        return replace(whole, texts=(kept,) if single else kept, single=single)

    def _method(self, receiver: ast.expr, name: str, call: ast.Call) -> Any:
        if name in ENCODERS or name == "similarity":
            known = self._names.get(receiver.id, _Model()) if isinstance(receiver, ast.Name) else self._value(receiver)
            if not isinstance(known, _Model):
                return None
            return self._compared(call, "own") if name == "similarity" else self._encoded(known, name, call)
        if name in SAME:
            value = self._value(receiver)
            return value if isinstance(value, Encoded | Compared | _Model) else None
        return self._function(name, call)

    def _function(self, name: str, call: ast.Call) -> Any:
        if name in FUNCTIONS:
            return self._compared(call, FUNCTIONS[name])
        if name in ("SentenceTransformer", "BGEM3FlagModel"):
            return self._loaded(call, normalized=name == "BGEM3FlagModel")
        return None

    def _loaded(self, call: ast.Call, *, normalized: bool) -> _Model | None:
        given = self._given(call, HARMLESS["model"])
        named = self._value(call.args[0]) if len(call.args) == 1 else None
        if given is None or set(given) - {"truncate_dim"} or self._is_another(named):
            return None
        return _Model(normalized, given.get("truncate_dim"))

    def _is_another(self, named: Any) -> bool:
        """Whether a text is the id of another model on the Hub."""
        try:
            other = valid_model_id(named).lower() if isinstance(named, str) else None
        except ValueError:
            return False
        return other not in (None, self._model.lower()) and not self._model.startswith("local/")

    def _encoded(self, model: _Model, name: str, call: ast.Call) -> Encoded | None:
        given = self._given(call, HARMLESS["encode"])
        texts = self._value(call.args[0]) if len(call.args) == 1 else None
        single = isinstance(texts, str)
        if single:
            texts = (texts,)
        if given is None or not isinstance(texts, tuple) or not texts:
            return None
        normalized = bool(given.pop("normalize_embeddings", False)) or model.normalized
        fields: dict[str, Any] = {"truncate_dim": model.truncate_dim, **given, "normalized": normalized}
        if set(given) - {"prompt", "prompt_name", "truncate_dim"}:
            return None
        return Encoded(texts, ENCODERS[name], single=single, **fields)

    def _given(self, call: ast.Call, harmless: set[str]) -> dict[str, Any] | None:
        """The keyword arguments of a call that may change embeddings; None where one of them is not understood."""
        given: dict[str, Any] = {}
        for keyword in call.keywords:
            if keyword.arg in harmless:
                continue
            value = self._value(keyword.value)
            whole = isinstance(keyword.value, ast.Constant) and value is None
            wanted = {"normalize_embeddings": bool, "truncate_dim": int}.get(keyword.arg or "", str)
            if keyword.arg is None or not (whole or type(value) is wanted):
                return None
            if not whole:
                given[keyword.arg] = value
        return given

    def _compared(self, call: ast.Call, how: How) -> Compared | None:
        sides = [self._value(argument) for argument in call.args]
        if len(sides) != 2 or call.keywords or not all(isinstance(side, Encoded) for side in sides):
            return None
        return Compared(sides[0], sides[1], how)


def _transposed(node: ast.expr) -> ast.expr | None:
    """What `.T`, `.t()` or `.transpose(...)` is written behind."""
    match node:
        case ast.Attribute(value=value, attr="T"):
            return value
        case ast.Call(func=ast.Attribute(value=value, attr="t" | "transpose" | "mT")):
            return value
    return None


def _output(lines: list[str], statement: ast.stmt, following: ast.stmt | None) -> str:
    """What a card says below a statement: comments, or a text that stands alone as the next statement."""
    told = comments_below(lines, statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
    match following:
        case ast.Expr(value=ast.Constant(value=str() as text)):
            return f"{told}\n{text}"
    return told
