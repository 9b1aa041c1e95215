"""What Korean costs a result, and on which device: told where it was counted, and never mixed up between devices."""

import dataclasses
from datetime import timedelta

from evaluator.observed import KoreanTexts
from evaluator.records import Environment, ModelInfo, Run, TaskScore
from evaluator.suite import KO_V1
from leaderboard_data.costs import costs_of, device_of
from leaderboard_data.entry import entries_of, entry_of
from leaderboard_data.index import dump_cells, load_index
from leaderboard_data.sound import wrong_with
from tests.leaderboard_data.examples import MOMENT, measured, scored

CPU, GPU = Environment(device="cpu x86_64"), Environment(device="cuda:0 NVIDIA H200")


def run(environment: Environment, minutes: int, **more: object) -> Run:
    return Run.model_validate(
        {
            "environment": environment,
            "at": MOMENT + timedelta(minutes=minutes),
            "tokens": 1000,
            "seconds": {"encode": 10.0},
            **more,
        }
    )


def result_of(*runs: Run):  # type: ignore[no-untyped-def]
    tasks: dict[str, TaskScore] = {}
    for number, task_id in enumerate(KO_V1.task_ids):
        told = {"run": runs[number % len(runs)].id, "tokens": 200, "seconds": 1.5, "cut": 0.25}
        tasks[task_id] = scored(task_id, 0.5).model_copy(update=told)
    result = measured("org/name", tasks={task: score.model_copy(update={"run": None}) for task, score in tasks.items()})
    fields = {"tasks": tasks, "runs": {each.id: each for each in runs}, "model": ModelInfo(matryoshka=True)}
    return type(result).model_validate(result.model_copy(update=fields).model_dump(by_alias=True))


def test_costs_are_sums_over_the_runs() -> None:
    korean = [
        KoreanTexts(texts=1, syllables=100, tokens=150, unknown=3),
        KoreanTexts(texts=1, syllables=300, tokens=250),
    ]
    result = result_of(
        run(CPU, 0, korean=korean[0], peak_bytes=7),
        run(CPU, 1, korean=korean[1], peak_bytes=9),
    )
    told = costs_of(result, KO_V1)
    assert told["syllable_tokens"] == 100.0
    assert told["unknown_tokens"] == 0.02  # of the run whose tokenizer tells it
    assert told["peak_bytes"] == 9
    tasks = len(KO_V1.task_ids)
    assert told["suite_seconds"] == tasks * (200 / 100 + 1.5)
    assert told["device"] == "cpu x86_64"


def test_results_of_two_kinds_of_device_have_no_speed_of_either() -> None:
    both = result_of(run(CPU, 0), run(GPU, 1))
    assert device_of(both) is None
    assert costs_of(both, KO_V1)["suite_seconds"] is None
    assert device_of(result_of(run(GPU, 0), run(Environment(device="cuda:1 NVIDIA H200"), 1))) == "cuda NVIDIA H200"
    two = Environment(device="cuda:0 NVIDIA H200,cuda:1 NVIDIA H200")
    assert device_of(result_of(run(two, 0))) == "2 x cuda NVIDIA H200"


def test_costs_come_back_from_the_index() -> None:
    korean = KoreanTexts(texts=1, syllables=100, tokens=150, unknown=3)
    entries = list(
        entries_of("results/a.json", result_of(run(GPU, 0, korean=korean, device_peak_bytes=5, peak_bytes=9)))
    )
    (read,) = (entry for entry in load_index(dump_cells(entries)) if entry.suite == KO_V1.id)
    assert (read.device, read.syllable_tokens, read.unknown_tokens) == ("cuda NVIDIA H200", 150.0, 0.02)
    assert (read.peak_bytes, read.matryoshka, read.cells[0].cut) == (5, True, 0.25)


def test_numbers_that_are_none_are_left_out() -> None:
    entry = entry_of("results/a.json", result_of(run(CPU, 0)), KO_V1)
    assert wrong_with(entry) is None
    for name, value in (("syllable_tokens", float("nan")), ("unknown_tokens", 1.5), ("suite_seconds", -1.0)):
        assert wrong_with(dataclasses.replace(entry, **{name: value}))  # type: ignore[arg-type]
    cells = (dataclasses.replace(entry.cells[0], cut=2.0), *entry.cells[1:])
    assert wrong_with(dataclasses.replace(entry, cells=cells))
