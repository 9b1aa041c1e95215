"""Which machine a model needs, and for how long it may be had."""

import pytest

from runner.budget import SETUP_SECONDS, Contract
from runner.flavors import fitting, flavors_of, gpu_counts, gpus_for
from settings import Settings
from store.memory import MemoryStore
from submissions.record import Failure, ModelMetadata, Submission
from submissions.stored import Queue
from tests.runner.conftest import spec

FLAVORS = flavors_of(Settings().jobs_flavors)


def submission(precision: str = "auto", **metadata: int) -> Submission:
    queue = Queue(MemoryStore(), MemoryStore())
    return queue.submit(spec(precision=precision), who="visitor", metadata=ModelMetadata(**metadata))


def test_the_cheapest_machine_with_room_is_taken() -> None:
    taken = {
        "nothing is told": submission(),
        "0.6 B": submission(parameters=600_000_000, weight_bytes=1_200_000_000),
        "4 B": submission(parameters=4_000_000_000, weight_bytes=8_000_000_000),
        "8 B": submission(parameters=8_000_000_000, weight_bytes=16_000_000_000),
        "8 B, float32": submission("float32", parameters=8_000_000_000, weight_bytes=16_000_000_000),
        "27 B": submission(parameters=27_000_000_000, weight_bytes=54_000_000_000),
        "70 B": submission(parameters=70_000_000_000, weight_bytes=140_000_000_000),
        "50 B": submission(parameters=50_000_000_000, weight_bytes=100_000_000_000),
    }
    named = {size: (flavor.name if (flavor := fitting(FLAVORS, each)) else None) for size, each in taken.items()}
    assert named == {
        "nothing is told": "l4x1",
        "0.6 B": "l4x1",
        "4 B": "l4x1",
        "8 B": "l40sx1",
        "8 B, float32": "l40sx1",
        "27 B": "a100-large",
        "70 B": None,
        "50 B": "h200",
    }


def test_a_disk_that_is_too_small_is_not_taken() -> None:
    small = flavors_of("small-disk 80 50 1.0, large-disk 80 500 2.0")
    taken = fitting(small, submission(weight_bytes=40 * 2**30))
    assert taken is not None
    assert taken.name == "large-disk"


@pytest.mark.parametrize("text", ["l4x1", "l4x1 22 400", "l4x1 22 400 0", "L4 22 400 1", "l4x1 22 400 -1", "a 1 1 1;b"])
def test_a_table_of_another_form_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"l4x1 22 400 0\.80"):
        flavors_of(text)


def test_the_time_comes_from_the_estimate_and_doubles_when_it_was_over() -> None:
    estimated = Contract(flavors=FLAVORS, estimate=lambda _: 7200.0)
    assert estimated.time(submission()) == 3 * 7200 + SETUP_SECONDS
    late = submission().model_copy(update={"failure": Failure(failure="timeout", message="late")})
    assert estimated.time(late) == 6 * 7200 + SETUP_SECONDS
    assert Contract(flavors=FLAVORS, estimate=lambda _: 60.0).time(submission()) == 3600 + SETUP_SECONDS
    unknown = Contract(flavors=FLAVORS, seconds=5 * 3600)
    assert unknown.time(submission(parameters=2_000_000_000)) == pytest.approx(3 * 3600 + SETUP_SECONDS)
    assert unknown.time(submission(parameters=70_000_000_000)) == 5 * 3600 + SETUP_SECONDS


def test_larger_models_are_left_to_others_and_one_machine_may_be_for_all() -> None:
    limited = Contract(flavors=FLAVORS, most_parameters=10**9)
    assert limited.machine(submission(parameters=2 * 10**9)) is None
    one = Contract(flavors=FLAVORS, flavor=FLAVORS[-1])
    machine = one.machine(submission(parameters=10**8))
    assert machine is not None
    assert machine.name == "h200"


def test_gpus_by_size() -> None:
    counts = gpu_counts("12e9 4, 4e9 2")
    assert [gpus_for(counts, size) for size in (None, 10**9, 4 * 10**9, 13 * 10**9)] == [1, 1, 2, 4]
    with pytest.raises(ValueError, match="4e9 2"):
        gpu_counts("many")
