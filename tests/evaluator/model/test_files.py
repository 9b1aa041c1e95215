"""What is fetched of a repository, and counted as its weights: what a loader reads, decided folder by folder."""

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from evaluator.errors import EvaluationError
from evaluator.model.download import fetch, fetch_small, resolve_revision
from evaluator.model.files import needed
from evaluator.model.loading import load_encoder
from evaluator.spec import ModelSpec, local_spec
from submissions.checks import CheckFailed, check_model
from tests.evaluator.model.test_wild import dense_for_pytorch_beside_safetensors, embed

if TYPE_CHECKING:
    from tests.hub.repositories import Repositories

LEFT_OVER = (
    *("onnx/model.onnx", "onnx/model.onnx_data", "openvino/openvino_model.bin", "model-Q4_K_M.gguf", "model.ckpt"),
    *("tf_model.h5", "flax_model.msgpack", "rust_model.ot", "model.ckpt-100.data-00000-of-00001", "original/model.pth"),
    *("training_args.bin", "optimizer.pt", "optimizer.bin", "scheduler.pt", "rng_state.pth", "rng_state_0.pth"),
    *("checkpoint-500/model.safetensors", "checkpoint-500/config.json", "runs/host/events.out.tfevents.1"),
    *("2_Dense/training_args.bin", "pytorch_model.bin", "consolidated.safetensors"),
)
PYTORCH_SHARDS = (
    "pytorch_model-00001-of-00002.bin",
    "pytorch_model-00002-of-00002.bin",
    "pytorch_model.bin.index.json",
)


def test_a_repository_is_fetched_without_what_training_and_other_runtimes_left(
    tmp_path: Path, hub: "Repositories"
) -> None:
    folder = dense_for_pytorch_beside_safetensors(tmp_path)
    repository = hub.add_folder("models", "files/left-over", folder)
    junk = dict.fromkeys(LEFT_OVER, struct.pack("<Q", 2) + b"{}")  # safetensors that hold nothing
    hub.commit(repository, junk, message="everything", parent=None)
    spec = resolve_revision(ModelSpec(model="files/left-over"))

    own = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    fetched = fetch(spec, max_bytes=sum(path.stat().st_size for path in own.values()))
    assert {path.relative_to(fetched).as_posix() for path in fetched.rglob("*") if path.is_file()} == {
        *own,
        ".gitattributes",
    }
    assert not list(fetch_small(spec, cache=tmp_path / "small").rglob("checkpoint-500"))
    np.testing.assert_array_equal(embed(load_encoder(spec, "cpu")), embed(load_encoder(local_spec(folder), "cpu")))
    weights = [own["model.safetensors"], own["2_Dense/pytorch_model.bin"]]
    assert check_model("files/left-over").metadata.weight_bytes == sum(path.stat().st_size for path in weights)


@pytest.mark.parametrize(
    ("there", "left_out"),
    [
        (("model.safetensors", "pytorch_model.bin"), {"pytorch_model.bin"}),
        (
            ("model-00001-of-00001.safetensors", "model.safetensors.index.json", *PYTORCH_SHARDS),
            set(PYTORCH_SHARDS),
        ),
        (("model.safetensors", "2_Dense/pytorch_model.bin"), set()),
        (
            ("pytorch_model.bin", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"),
            {"2_Dense/pytorch_model.bin"},
        ),
        (("pytorch_model.bin", "adapter_model.safetensors", "adapter_model.bin"), {"adapter_model.bin"}),
        (("pytorch_model.bin", "colbert_linear.pt", "optimizer.py", "1_Pooling/config.json"), set()),
    ],
)
def test_weights_in_two_formats_are_fetched_as_safetensors(there: tuple[str, ...], left_out: set[str]) -> None:
    assert set(there) - set(needed(there)) == left_out


def test_a_repository_with_nothing_but_a_trainings_files_has_no_weights(hub: "Repositories") -> None:
    repository = hub.create("models", "files/no-weights")
    files = {"config.json": b"{}", "training_args.bin": b"x", "checkpoint-1/model.safetensors": b"x"}
    hub.commit(repository, files, message="m", parent=None)
    with pytest.raises(CheckFailed, match="has no weights"):
        check_model("files/no-weights")
    hub.commit(repository, {"model.gguf": b"x"}, message="m", parent=None)
    with pytest.raises(EvaluationError, match="The only weights are GGUF files"):
        fetch(resolve_revision(ModelSpec(model="files/no-weights")))


def test_a_repository_of_very_many_files_is_refused(hub: "Repositories", monkeypatch: pytest.MonkeyPatch) -> None:
    hub.commit(
        hub.create("models", "files/many"), {f"{name}.json": b"{}" for name in "abcdef"}, message="m", parent=None
    )
    monkeypatch.setattr("evaluator.model.download.MOST_FILES", 5)
    for read in (fetch, fetch_small):
        with pytest.raises(EvaluationError, match="more than 5 files") as caught:
            read(resolve_revision(ModelSpec(model="files/many")))
        assert caught.value.failure == "load_failed"
