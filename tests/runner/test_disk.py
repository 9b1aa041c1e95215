"""A disk that is full, for real: a small file system of its own."""

import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluator.errors import EvaluationError
from evaluator.model.download import fetch
from evaluator.spec import ModelSpec
from evaluator.sweep.workspace import Workspace
from runner.disk import Room, is_full
from runner.work import Worker
from submissions.record import ModelMetadata, Status
from submissions.stored import Queue
from tests.attacks import Attacks
from tests.hub.repositories import Repositories
from tests.runner.conftest import Evaluations, queued

NO_WEIGHTS = struct.pack("<Q", 2) + b"{}"
"""The head of a safetensors file."""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 12 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_embeddings_without_room_end_before_the_first_one(small: Path, attacks: Attacks) -> None:
    with pytest.raises(EvaluationError) as full:
        Workspace(small, texts=10_000, dimension=768)
    assert full.value.failure == "disk_full"
    assert not (small / "embeddings.f32").exists()
    Workspace(small, texts=1000, dimension=768).embeddings[:] = 1.0  # what is there is really there
    attacks.held("the worker", "a full disk while embedding or downloading", 1)


@pytest.mark.filterwarnings("ignore:Not enough free disk space")
def test_a_model_without_room_is_disk_full_and_not_the_hubs_fault(
    small: Path, hub: Repositories, tmp_path: Path, attacks: Attacks
) -> None:
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(NO_WEIGHTS + bytes(16 * 2**20))
    revision = hub.add_folder("models", "disk/large", folder).head.oid
    with pytest.raises(EvaluationError) as full:
        fetch(ModelSpec(model="disk/large", revision=revision), cache=small / "hub")
    assert full.value.failure == "disk_full"
    attacks.held("the worker", "a full disk while embedding or downloading", 1)


def test_a_model_over_the_limit_is_refused_before_a_byte_is_fetched(
    hub: Repositories, tmp_path: Path, attacks: Attacks
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(NO_WEIGHTS + bytes(2 * 2**20))
    (folder / "pytorch_model.bin").write_bytes(bytes(2 * 2**20))  # not needed beside safetensors, and not counted
    revision = hub.add_folder("models", "disk/limit", folder).head.oid
    wanted = ModelSpec(model="disk/limit", revision=revision)
    with pytest.raises(EvaluationError, match="this worker fetches up to") as refused:
        fetch(wanted, cache=tmp_path / "cache", max_bytes=2**20)
    assert refused.value.failure == "too_large"
    assert not (tmp_path / "cache").exists()
    assert fetch(wanted, cache=tmp_path / "cache", max_bytes=3 * 2**20).is_dir()
    attacks.held("the worker", "a model larger than the limit of downloads")


def test_a_submission_without_room_is_left_to_others(queue: Queue, make_worker: Callable[..., Worker]) -> None:
    large = queued(queue, "org/large", metadata=ModelMetadata(weight_bytes=2**52))
    small = queued(queue, "org/small", metadata=ModelMetadata(weight_bytes=1000))
    make_worker().run(once=True)
    assert (queue.find(large.id).status, queue.find(large.id).attempt) == (Status.QUEUED, 0)
    assert queue.find(small.id).status is Status.FINISHED


def test_one_that_filled_the_disk_here_is_tried_elsewhere(
    queue: Queue, evaluations: Evaluations, make_worker: Callable[..., Worker], said: list[dict[str, Any]]
) -> None:
    evaluations.follow(loaded={"fail": ["disk_full", "The machine's disk is full."]})
    submission = queued(queue)
    make_worker("full").run(once=True)
    waiting = queue.find(submission.id)
    assert (waiting.status, waiting.attempt) == (Status.QUEUED, 1)
    assert [line["event"] for line in said] == ["claimed", "failed", "no_room"]
    make_worker("roomy").run(once=True)
    assert queue.find(submission.id).status is Status.FINISHED


def test_a_full_folder_is_known(small: Path) -> None:
    assert not is_full(small / "not" / "yet")
    (small / "ballast").write_bytes(bytes(8 * 2**20))
    assert is_full(small)
    assert Room(small).free < 8 * 2**20
