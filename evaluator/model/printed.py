"""Python blocks in Markdown, and the matrices of numbers that they show. Linear in the length of what it reads."""

import math
import re
from collections.abc import Iterator

Matrix = tuple[tuple[float, ...], ...]

LARGEST_CARD = 2**20
LARGEST_CODE = 100_000
MOST_BLOCKS = 100
LARGEST_OUTPUT = 300_000
MOST_LINES = 1000
"""Characters of a card, of all its code and of what is printed, blocks, and lines of output, that are looked at."""

PYTHON = {"python", "py", "python3", "pycon", "ipython", "ipython3"}
OUTPUT = {"", "text", "txt", "output", "plaintext", "console"}
BETWEEN = 3
"""Lines between a block of code and a block with its output."""

_FENCE = re.compile(r"([ \t]*+)(`{3,}+|~{3,}+)([^\n]*+)")
_MATRIX = re.compile(r"\[ ?(?:\[[^\[\]]*+\][, ]*+)++\]|\[[^\[\]]*+\]")
_NUMBER = re.compile(r"[-+]?\d{1,12}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,2})?")
_MATRICES = 10
"""Brackets that are looked at for numbers, for words stand in brackets too."""


def python_blocks(card: str) -> Iterator[str]:
    """The code of each Python block of a Markdown text, in which output is made comments."""
    left = LARGEST_CODE
    for lines in _blocks(card):
        code = "\n".join(_commented(lines))
        if len(code) <= left:
            left -= len(code)
            yield code


def _blocks(card: str) -> list[list[str]]:
    """The lines of each Python block; a block of output that follows one is among them, as comments."""
    found: list[list[str]] = []
    inside: list[str] | None = None
    indent = fence = language = ""
    since = 0
    for line in card[:LARGEST_CARD].replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        marked = _FENCE.match(line)
        if inside is not None:
            if marked and marked[2].startswith(fence) and not marked[3].strip():
                _keep(inside, language, since, found)
                inside, since = None, 0
            else:
                inside.append(line.removeprefix(indent))
        elif marked and not (marked[2][0] == "`" and "`" in marked[3]):
            indent, fence, inside = marked[1], marked[2], []
            language = marked[3].strip(" \t{}.").partition(" ")[0].lower()
        else:
            since += bool(line.strip())
        if len(found) == MOST_BLOCKS:
            break
    return found


def _keep(block: list[str], language: str, since: int, found: list[list[str]]) -> None:
    """Keep a block that is Python, or the output of the one before it."""
    if language in PYTHON or (language == "" and any(".encode" in line for line in block)):
        found.append(block)
    elif language in OUTPUT and found and since <= BETWEEN:
        found[-1] += [f"# {line}" for line in block]


def _commented(lines: list[str]) -> Iterator[str]:
    """Code without the prompts of an interactive session, and with output that stands among it as comments."""
    interactive = any(line.startswith(">>>") for line in lines)
    depth = 0
    for line in lines:
        if interactive and line.startswith((">>>", "...")):
            yield line[4:]
        elif interactive or depth > 0 or line.startswith(("tensor(", "array(", "[[")):
            depth += line.count("[") - line.count("]")
            yield f"# {line}"
        else:
            yield line


def comments_below(lines: list[str], end: int, column: int) -> str:
    """The comments behind and directly below what ends on line `end` (from 1) of some code, at byte `column`."""
    behind = lines[end - 1].encode()[column:].decode(errors="replace").lstrip()
    told = [behind[1:]] if behind.startswith("#") else []
    for line in lines[end : end + MOST_LINES]:
        if line.strip() and not line.lstrip().startswith("#"):
            break
        told.append(line.lstrip().lstrip("#"))
    return "\n".join(told)


def matrix_in(text: str, shape: tuple[int, int]) -> Matrix | None:
    """The first numbers in brackets in a text, as torch, numpy or Python print them, if they have this shape.

    A row alone is a matrix of one row, or of one column. None where a number is NaN, infinite or left out ("...").
    """
    for number, found in enumerate(_MATRIX.finditer(" ".join(text[:LARGEST_OUTPUT].split()))):
        if number == _MATRICES:
            break
        inner = re.findall(r"\[([^\[\]]*+)\]", found[0])
        rows = [re.split(r"[, ]+", row.strip(", ")) for row in inner]
        if not all(_NUMBER.fullmatch(value) for row in rows for value in row):
            continue
        matrix = tuple(tuple(map(float, row)) for row in rows)
        if not found[0].startswith(("[[", "[ [")) and shape[1] == 1:
            matrix = tuple((value,) for value in matrix[0])
        if (len(matrix), *{len(row) for row in matrix}) != shape:
            return None
        return matrix if all(math.isfinite(value) for row in matrix for value in row) else None
    return None
