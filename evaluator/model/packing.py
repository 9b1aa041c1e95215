"""Linear layers for the CPU, with weights that oneDNN has laid out for its kernels beforehand.

`torch.nn.Linear` multiplies through MKL, which packs the weights anew for every batch and is not at its best on every
processor. oneDNN's product with weights packed once is some 15 % faster in float32 (docs/evaluation.md has the
figures) and differs in the last bits only. PyTorch's compiler uses the same operators; calling them directly costs no
compilation for every new shape.
"""

from typing import Any

import torch
from torch import nn
from transformers.activations import GELUActivation

HINT_ROWS = 1024
"""Rows that the layout of the packed weights is chosen for: about a batch."""


class PackedLinear(nn.Module):
    """x -> x W^T + b with a packed W, and GELU of that where `gelu` is given, which costs nothing then.

    `weight` keeps its shape and dtype, but can only be multiplied with.
    """

    def __init__(self, linear: nn.Linear, gelu: nn.Module | None = None) -> None:
        super().__init__()
        self.gelu = gelu
        self.in_features = linear.in_features
        self.out_features = linear.out_features
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), HINT_ROWS)
        self.bias = linear.bias

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(..., in_features) -> (..., out_features)."""
        operation, algorithm = ("none", "") if self.gelu is None else ("gelu", "none")
        output: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            features, self.weight, self.bias, operation, [], algorithm
        )
        return output

    def unpacked(self) -> nn.Linear:
        """The layer as it was, to the bit."""
        linear = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        linear.weight = nn.Parameter(self.weight.to_dense(), requires_grad=False)
        linear.bias = self.bias
        return linear.eval()


def can_pack() -> bool:
    """Whether this build of PyTorch has the operators."""
    names = ("_reorder_linear_weight", "_linear_pointwise")
    return torch.backends.mkldnn.is_available() and all(hasattr(torch.ops.mkldnn, name) for name in names)


def pack_linear_layers(model: nn.Module) -> int:
    """Replace the model's plain float32 linear layers in place; returns how many.

    Left as they are: subclasses, layers with hooks, and weights that two modules share (an output layer tied to the
    token embeddings).
    """
    shared = _uses(model)
    replaced = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and _is_plain(child) and shared[id(child.weight)] == 1:
                setattr(parent, name, PackedLinear(child, _take_gelu(parent)))
                replaced += 1
    return replaced


def _take_gelu(parent: nn.Module) -> nn.Module | None:
    """The GELU that follows the only linear layer of a BERT-like intermediate layer, taken out of it."""
    activation = getattr(parent, "intermediate_act_fn", None)
    if [name for name, _ in parent.named_children()] != ["dense", "intermediate_act_fn"]:
        return None
    if not isinstance(activation, GELUActivation) or activation.act is not nn.functional.gelu:
        return None
    parent.intermediate_act_fn = nn.Identity()
    return activation


def unpack_linear_layers(model: nn.Module) -> None:
    """Undo `pack_linear_layers`."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, PackedLinear):
                setattr(parent, name, child.unpacked())
                if child.gelu is not None:
                    parent.intermediate_act_fn = child.gelu


def _uses(model: nn.Module) -> dict[int, int]:
    """Identity of a parameter -> the number of modules' attributes that it is."""
    uses: dict[int, int] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            uses[id(parameter)] = uses.get(id(parameter), 0) + 1
    return uses


def _is_plain(linear: nn.Linear) -> bool:
    hooks: Any = (linear._forward_hooks, linear._forward_pre_hooks)
    on_cpu = linear.weight.device.type == "cpu" and linear.weight.dtype == torch.float32
    return on_cpu and type(linear.weight) is nn.Parameter and not any(hooks)
