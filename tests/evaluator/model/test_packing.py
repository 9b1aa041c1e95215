"""Packed linear layers give the same embeddings, and a model that cannot have them keeps its own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel

from evaluator.model.encoder import Encoder
from evaluator.model.loading import load_encoder
from evaluator.model.packing import PackedLinear, pack_linear_layers, unpack_linear_layers
from evaluator.spec import local_spec
from tests.evaluator import models

LINEAR_LAYERS = 2 * 6 + 1  # query, key, value, output and the two of the feed-forward of each layer; the pooler


@pytest.fixture
def bert(tmp_path: Path) -> nn.Module:
    model: nn.Module = AutoModel.from_pretrained(models.bert(tmp_path / "bert")).eval()
    return model


def hidden(model: nn.Module, rows: int = 3) -> torch.Tensor:
    ids = torch.arange(rows * 7).reshape(rows, 7) % 100
    with torch.inference_mode():
        states: torch.Tensor = model(input_ids=ids).last_hidden_state
    return states


def test_packed_layers_compute_the_same(bert: nn.Module) -> None:
    expected = hidden(bert)
    assert pack_linear_layers(bert) == LINEAR_LAYERS
    assert sum(isinstance(module, PackedLinear) for module in bert.modules()) == LINEAR_LAYERS
    assert sum(isinstance(module, PackedLinear) and module.gelu is not None for module in bert.modules()) == 2
    torch.testing.assert_close(hidden(bert), expected, rtol=0, atol=2e-6)


def test_unpacking_restores_every_bit(bert: nn.Module) -> None:
    before = {name: weight.clone() for name, weight in bert.state_dict().items()}
    expected = hidden(bert)
    pack_linear_layers(bert)
    unpack_linear_layers(bert)
    after = bert.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert torch.equal(hidden(bert), expected)


def test_shared_weights_hooked_layers_and_other_precisions_are_left_alone() -> None:
    tied = nn.Sequential(nn.Embedding(8, 4), nn.Linear(4, 8, bias=False))
    tied[1].weight = tied[0].weight
    hooked = nn.Linear(4, 4)
    hooked.register_forward_hook(lambda *_: None)
    attention = nn.MultiheadAttention(4, 2)  # its out_proj is a subclass, whose weight PyTorch reads itself
    model = nn.ModuleList([tied, hooked, attention, nn.Linear(4, 4, dtype=torch.bfloat16)])
    assert pack_linear_layers(model) == 0
    without_bias = nn.Sequential(nn.Linear(4, 2, bias=False))
    expected = without_bias(torch.ones(1, 4))
    assert pack_linear_layers(without_bias) == 1
    torch.testing.assert_close(without_bias(torch.ones(1, 4)), expected)


def test_the_result_says_how_linear_layers_were_computed(tmp_path: Path) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    encoder = load_encoder(local_spec(folder), "cpu")
    assert encoder.linear == "onednn-packed"
    assert encoder.info().parameters == sum(w.numel() for w in AutoModel.from_pretrained(folder).parameters())
    assert load_encoder(local_spec(folder, precision="bfloat16"), "cpu").linear is None


@pytest.mark.parametrize("fault", ["raises", "differs"])
def test_a_model_that_does_not_take_packed_layers_keeps_its_own(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = models.with_pooling(models.bert(tmp_path / "bert"))
    expected = embeddings(load_encoder(local_spec(folder), "cpu"))

    def broken(self: PackedLinear, features: torch.Tensor) -> torch.Tensor:
        if fault == "raises":
            return nn.functional.linear(features, self.weight)  # a layout that only oneDNN reads
        return torch.zeros(*features.shape[:-1], self.out_features)

    monkeypatch.setattr(PackedLinear, "forward", broken)
    encoder = load_encoder(local_spec(folder), "cpu")
    assert encoder.linear is None
    np.testing.assert_allclose(embeddings(encoder), expected, atol=1e-6)


def embeddings(encoder: Encoder) -> np.ndarray:
    return encoder.embed(encoder.tokenize(list(models.KOREAN), "", None), "", None)
