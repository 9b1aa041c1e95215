"""Ten thousand ways to damage a file: bytes flipped, cut and swapped, values exchanged for odd ones."""

import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ODD_JSON = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "1e30", "9" * 400, "9" * 5000, "null", "true", "[]", "{}", '""'),
    *('"\\ud800"', '"\\u202e\\u0000"', '"' + "x" * 400 + '"', "[" * 300 + "]" * 300, '{"a":' * 300 + "1" + "}" * 300),
    *(
        '"9999-12-31T23:59:59-12:00"',
        '"0001-01-01T00:00:00+14:00"',
        "1e15",
        '"<script>"',
        '{"a": 1, "a": 2}',
        "'",
        "\\",
    ),
)
ODD_NUMBERS = (float("nan"), float("inf"), -float("inf"), 1e300, -5.0, None)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """`content` with a few bytes flipped, cut, doubled or moved."""
    found = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        a, b = sorted(chance.randrange(len(found) + 1) for _ in range(2))
        match chance.randrange(8):
            case 0:
                del found[a:]
            case 1:
                del found[a : a + chance.randrange(1, 9)]
            case 2:
                found[a:a] = found[a : min(b, a + 64)]
            case 3:
                found[a : a + 4] = chance.choice((b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f"))
            case _:
                if found:
                    found[min(a, len(found) - 1)] ^= 1 << chance.randrange(8)
        if not found:
            return b""
    return bytes(found)


def odd_json(content: bytes, chance: random.Random) -> bytes:
    """JSON with one to three of its values, or keys, exchanged for something odd."""
    value = json.loads(content)
    marks: dict[str, str] = {}
    for number in range(chance.choice((1, 1, 2, 3))):
        places = list(_places(value))
        holder, key = chance.choice(places)
        mark = f"@{number}@"
        marks[mark] = chance.choice(ODD_JSON)
        if isinstance(holder, dict) and chance.random() < 0.15:
            holder["".join(chance.choice("ab\u202e\u0000~9") for _ in range(chance.randrange(6)))] = holder.pop(key)
        elif isinstance(holder, dict) and chance.random() < 0.1:
            del holder[key]
        else:
            holder[key] = mark
    text = json.dumps(value)
    for mark, odd in marks.items():
        text = text.replace(f'"{mark}"', odd)
    return text.encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key or number) in a value, itself left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield value, key
        yield from _places(held)


def odd_arrays(content: bytes, chance: random.Random) -> bytes:
    """An archive in which one array has other values, another shape, type or name."""
    with np.load(io.BytesIO(content)) as archive:
        arrays = dict(archive.items())
    name = chance.choice(sorted(arrays))
    values = arrays.pop(name)
    odd: Callable[[], Any] = chance.choice(
        (
            lambda: np.where(
                np.arange(len(values)) == chance.randrange(len(values)), chance.choice(ODD_NUMBERS[:5]), 0
            ),
            lambda: values[: chance.randrange(len(values))],
            lambda: values.reshape(2, -1),
            lambda: values.astype(chance.choice(("<f2", ">f4", "<i8", "<c8", "S3", "?", "<f8"))),
            lambda: np.float32(0.5),
            lambda: np.zeros(chance.randrange(100_000), np.float32),
            lambda: values.astype([("a", "<f4")]),
        )
    )
    arrays[chance.choice((name, name, "../x/../../y", "x" * 400, "KLUE-STS", "no task", "a/b/c", ""))] = odd()
    sink = io.BytesIO()
    with np.errstate(all="ignore"):
        chance.choice((np.savez, np.savez_compressed))(sink, **arrays)
    return sink.getvalue()


def odd_table(content: bytes, chance: random.Random) -> bytes:
    """A parquet file in which one column has odd values, another type, or is not there; or rows are missing."""
    table = pq.read_table(io.BytesIO(content))
    place = chance.randrange(table.num_columns)
    name, kind = table.column_names[place], table.schema.field(place).type
    values = table.column(place).to_pylist()
    match chance.randrange(10):
        case 0:
            table = table.slice(chance.randrange(table.num_rows), chance.randrange(table.num_rows))
        case 1:
            table = table.drop_columns([name])
        case 2:
            table = table.set_column(place, name, pa.array([[1]] * table.num_rows))
        case 3:
            table = table.append_column(chance.choice((name, "more")), table.column(place))
        case 4:
            table = table.take(pa.array([chance.randrange(table.num_rows) for _ in range(table.num_rows)]))
        case _:
            for _ in range(chance.choice((1, 3, len(values)))):
                values[chance.randrange(len(values))] = _odd_value(kind, chance)
            table = table.set_column(place, table.schema.field(place), pa.array(values, kind))
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=chance.choice(("zstd", "none", "snappy")))
    return sink.getvalue()


def _odd_value(kind: pa.DataType, chance: random.Random) -> Any:
    if pa.types.is_string(kind):
        return chance.choice((None, "", "x" * 5000, "rumours", "../..", "9999-12-31", "\u202e\u0000", "<script>"))
    if pa.types.is_floating(kind):
        return chance.choice(ODD_NUMBERS)
    if pa.types.is_boolean(kind):
        return chance.choice((None, True, False))
    return chance.choice((None, -1, 0, 2**31 - 1))
