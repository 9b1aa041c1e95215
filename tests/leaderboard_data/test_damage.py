"""Whatever is in a record file: a record, or an error that names the file. And the board is drawn of what is left."""

import io
import logging
import random
import resource
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.evidence.bootstrap import RESAMPLES
from evaluator.evidence.samples import dump_samples, load_samples
from evaluator.reading import BadFile
from evaluator.records import Environment, ModelInfo, dump_result, load_result
from evaluator.spec import ModelSpec
from evaluator.suite import KO_V1, OVERALL
from leaderboard_data.board import table
from leaderboard_data.importing import dump_lines
from leaderboard_data.index import INDEX_PATH, MEANS_PATH, _mean_intervals, dump_index, load_index
from leaderboard_data.load import parse_results
from leaderboard_data.page.live import LiveBoard
from leaderboard_data.page.page_data import page_data
from leaderboard_data.publish import publish_change, seed
from leaderboard_data.significance import dump_replicates, load_replicates
from store.memory import MemoryStore
from store.update import update
from submissions.live import NOTHING_YET, LiveQueue
from submissions.record import Event, Lease, ModelMetadata, Status, Submission, dump_submission, load_submission
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.leaderboard_data.damage import damaged, odd_arrays, odd_json, odd_table
from tests.leaderboard_data.examples import MOMENT, entry, measured, pair_samples

DAMAGES = 10_000

Damage = Callable[[bytes, random.Random], bytes]


def a_submission() -> bytes:
    spec = ModelSpec(model="org/name", revision="0" * 40)
    history = (Event(at=MOMENT, who="visitor", to_status=Status.PENDING),)
    lease = Lease(worker="w", nonce="n", until=MOMENT, progress={"task": "KLUE-STS", "tokens_done": 5, "rate": 0.5})
    return dump_submission(
        Submission(
            id="20261123T031940Z-6f3a9c",
            spec=spec,
            status=Status.RUNNING,
            submitted_by="visitor",
            submitted_at=MOMENT,
            note="메모",
            metadata=ModelMetadata(architecture="BertModel", parameters=100, license="mit"),
            lease=lease,
            history=history,
        )
    )


def a_result() -> bytes:
    environment = Environment(dtype="float32", versions={"torch": "2"}, prompts={"KLUE-STS": {"text": "query: "}})
    info = ModelInfo(parameters=1000, license="mit")
    result = measured(environment=environment, failed=("KorSTS",)).model_copy(update={"model": info})
    run = next(iter(result.runs.values())).model_copy(update={"tokens": 10, "seconds": {"encode": 2.0}})
    tasks = {name: task.model_copy(update={"run": run.id}) for name, task in result.tasks.items()}
    return dump_result(result.model_copy(update={"runs": {run.id: run}, "tasks": tasks}))


def some_replicates() -> bytes:
    chance = np.random.default_rng(3)
    return dump_replicates(
        {(task, KO_V1.rules[task].id): chance.uniform(0, 1, RESAMPLES) for task in KO_V1.task_ids[:3]}
    )


def an_index() -> dict[str, bytes]:
    scores = [measured(f"org/name{number}", number / 10) for number in range(2)]
    return dump_index([entry(result, f"results/{number}.json") for number, result in enumerate(scores)])


def draw(entries: Any) -> None:
    """What the page makes of entries: it must not raise."""
    assert "NaN" not in page_data(entries, "0" * 40, KO_V1).decode()
    table(entries, OVERALL, KO_V1)


def read_lines(content: bytes) -> None:
    results, why = parse_results("the-file.jsonl", content)
    if why is not None:
        raise BadFile("the-file", why)
    assert all(result.spec.model for result in results)


KINDS: dict[str, tuple[Callable[[], bytes], Damage, Callable[[bytes], object]]] = {
    "submission": (a_submission, odd_json, lambda content: dump_submission(load_submission(content, "the-file"))),
    "result": (a_result, odd_json, lambda content: dump_result(load_result(content, "the-file"))),
    "results": (
        lambda: dump_lines([load_result(a_result())] * 2),
        lambda content, chance: b"\n".join(odd_json(line, chance) for line in content.splitlines()),
        read_lines,
    ),
    "replicates": (some_replicates, odd_arrays, lambda content: load_replicates(content, "the-file")),
    "index": (lambda: an_index()[INDEX_PATH], odd_table, lambda content: draw(load_index(content))),
    "means": (
        lambda: an_index()[MEANS_PATH],
        odd_table,
        _mean_intervals,
    ),
    "samples": (
        lambda: dump_samples({"KLUE-STS": pair_samples(0.5), "KorSTS": pair_samples(0.7)}),
        odd_table,
        lambda content: load_samples(content, "the-file"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_named(kind: str, attacks: Attacks) -> None:
    make, odd, read = KINDS[kind]
    content, chance = make(), random.Random(kind)
    read(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused: list[BadFile] = []
    every = 20 if odd is odd_table else 3  # an odd table takes a hundred times as long to make as a flipped byte
    for number in range(DAMAGES):
        hostile = odd(content, chance) if number % every == 0 else damaged(content, chance)
        try:
            read(hostile)
        except BadFile as error:
            refused.append(BadFile(error.name, error.why))
    assert len(refused) > DAMAGES / 10
    for named in refused:
        assert named.name in ("the-file", INDEX_PATH, MEANS_PATH)
        assert len(str(named)) < 400
        assert str(named).isprintable()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 300, f"{grown:.0f} MB for a file of {len(content)} bytes"
    attacks.held("the page", f"a damaged file: {kind}", DAMAGES)


def test_a_small_archive_does_not_unfold(attacks: Attacks) -> None:
    hostile = {}
    sink = io.BytesIO()
    large: dict[str, Any] = {"KLUE-STS/sts8": np.zeros(60_000_000, np.float64)}
    np.savez_compressed(sink, **large)
    hostile["one large array"] = sink.getvalue()
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5000):
            archive.writestr(f"T{number}/sts8.npy", b"")
    hostile["many members"] = sink.getvalue()
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("KLUE-STS/sts8.npy", _npy("(1000000000000,)"))
        archive.writestr("KorSTS/sts8.npy", _npy("(" * 60 + "1000,)"))
    hostile["a shape that is a lie"] = sink.getvalue()
    lying = bytearray(hostile["one large array"])
    place = lying.rindex(b"PK\x01\x02") + 24
    lying[place : place + 4] = (8128).to_bytes(4, "little")
    hostile["a size that is a lie"] = bytes(lying)
    for content in hostile.values():
        tracemalloc.start()
        with pytest.raises(BadFile, match="the-file"):
            load_replicates(content, "the-file")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 20e6
    attacks.held("the page", "a file that unfolds", len(hostile))


def _npy(shape: str) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def test_a_text_said_a_million_times_is_not_repeated(attacks: Attacks) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(300_000, np.int32)), ["x" * 1_000_000])
    for read, names in ((load_samples, ("task", "item")), (load_index, ("path", "model"))):
        sink = io.BytesIO()
        pq.write_table(pa.table(dict.fromkeys(names, text)), sink, store_schema=False)
        assert len(sink.getvalue()) < 3_000_000
        before = pa.total_allocated_bytes()
        with pytest.raises(BadFile, match="text of more than"):
            read(sink.getvalue())
        assert pa.total_allocated_bytes() - before < 50e6
    sink = io.BytesIO()
    pq.write_table(pa.table({"task": pa.nulls(10_000_000, pa.string()), "item": pa.nulls(10_000_000)}), sink)
    with pytest.raises(BadFile, match="too many"):
        load_samples(sink.getvalue())
    attacks.held("the page", "a file that unfolds", 3)


def test_the_board_is_renewed_of_what_is_good(caplog: pytest.LogCaptureFixture, attacks: Attacks) -> None:
    store = MemoryStore()
    seed(store)
    for name in ("org/good", "org/odd", "org/worse"):
        update(store, publish_change(measured(name, 0.9), dump_samples({"KLUE-STS": pair_samples(0.5)})))
    table = pq.read_table(io.BytesIO(store.read(INDEX_PATH)))
    models = table["model"].to_pylist()
    hostile = 0
    for column, odd in (
        *((name, None) for name in ("path", "spec_id", "suite", "model", "local", "origin", "by", "keep_duplicates")),
        *(("origin", "rumours"), ("suite", "no-suite"), ("model", "<script>"), ("at", "9999-12-31"), ("n", -1)),
        *(("score", float("nan")), ("score", float("inf")), ("score", 5.0), ("low", None), ("high", float("nan"))),
        *(("label", "x" * 3000), ("tokens_per_second", float("nan")), ("task", None), ("parameters", -1)),
    ):
        values = table[column].to_pylist()
        for row, model in enumerate(models):
            if model == "org/odd":
                values[row] = odd
        place = table.schema.get_field_index(column)
        changed = table.set_column(place, table.schema.field(column), pa.array(values, table.schema.field(column).type))
        sink = io.BytesIO()
        pq.write_table(changed, sink)
        path = next(path for path in store.list("replicates") if "worse" in path)
        store.commit({INDEX_PATH: sink.getvalue(), path: b"odd"}, "an odd index", store.head())
        seen: list[str] = []
        live = LiveBoard(store, 3600, (lambda state, seen=seen: seen.append(state.revision),))  # type: ignore[misc]
        with caplog.at_level(logging.WARNING):
            assert live.refresh(), f"{column} = {odd!r}"
        names = {each.model for each in live.state.entries}
        assert {"org/good", "org/worse"} <= names
        assert "org/odd" not in names or column in ("low", "high", "task"), f"{column} = {odd!r}"
        draw(live.state.entries)
        assert "worse" in caplog.text
        hostile += 1
    attacks.held("the page", "an index with something odd in it", hostile)


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ('"submitted_at": "2026-11-23T03:00:00Z"', '"submitted_at": "9999-12-31T23:59:59Z"'),
        ('"submitted_at": "2026-11-23T03:00:00Z"', '"submitted_at": "9999-12-31T23:59:59-23:00"'),
        ('"until": "2026-11-23T03:00:00Z"', '"until": "0001-01-01T00:00:00+23:00"'),
        ('"rate": 0.5', '"rate": NaN'),
        ('"rate": 0.5', '"rate": 1e999'),
        ('"note": "메모"', '"note": "\\ud800"'),
    ],
)
def test_the_queue_names_an_odd_submission_and_goes_on(field: str, odd: str, attacks: Attacks) -> None:
    requests = MemoryStore()
    good = a_submission().decode().replace("6f3a9c", "000000")
    text = a_submission().decode()
    assert field in text
    files = {
        "open/20261123T031940Z-000000.json": good.encode(),
        "open/20261123T031940Z-6f3a9c.json": text.replace(field, odd).encode(),
    }
    requests.commit(files, "one is odd", requests.head())
    clock = [0.0]
    live = LiveQueue(Queue(requests, MemoryStore(), monotonic=lambda: clock[0]), 3600)
    live.refresh()
    assert b"6f3a9c" in (live.page() or NOTHING_YET["ko"]).content
    assert [s.id[-6:] for s in live.queue.listing().submissions] == ["000000"]
    assert live.queue.reclaim_expired("tests") == (), "it has just been seen"
    clock[0] += 7 * 86_400
    assert live.queue.reclaim_expired("tests")[0].id.endswith("000000")
    attacks.held("the page", "an odd submission in the queue")
