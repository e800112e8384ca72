"""TabM (Gorishniy, Kotelnikov & Babenko 2024): k sub-members share weight matrices (Wen, Tran & Ba 2020).

Signals are (B, k, n), as in the authors' code, so that a layer is one product of B·k rows.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from transcriptions.parts import Part, Values


class Copies(nn.Module):
    """Shared rows x (B, m) for all k sub-members; rows of their own (B, k, m) stay."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: Tensor) -> Tensor:
        return x if x.dim() == 3 else x[:, None].expand(-1, self.count, -1)


class BatchEnsemble(Part):
    """((x_i ∘ r_i) W) ∘ s_i + b_i: weight W (m, n) shared; r (k, m) scales the input, s (k, n) the output."""

    def __init__(self, weight: Values, input_scale: Values, output_scale: Values, bias: Values) -> None:
        super().__init__(
            weight=("weight", weight),
            bias=("bias", bias),
            input_scale=("scale", input_scale),
            output_scale=("scale", output_scale),
        )

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.input_scale) @ self.weight * self.output_scale + self.bias


class OwnScale(Part):
    """x_i ∘ r_i, r (k, m): the only thing that sub-members of `mini` do not share but for their heads."""

    def __init__(self, scale: Values) -> None:
        super().__init__(scale=("scale", scale))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


class Heads(Part):
    """x_i W_i + b_i: W (k, m, n), b (k, n)."""

    def __init__(self, weight: Values, bias: Values) -> None:
        super().__init__(weight=("weight", weight), bias=("bias", bias))

    def forward(self, x: Tensor) -> Tensor:
        return (x.transpose(0, 1) @ self.weight).transpose(0, 1) + self.bias


class Members(nn.Module):
    """A network for single rows, applied to those of each sub-member: (B, k, m) → (B, k, n)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x) if x.dim() == 2 else self.network(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def mean_answer(outputs: Tensor, *, classes: bool) -> Tensor:
    """What the network predicts from its outputs (B, k, K): the mean of the softmax, or of the outputs."""
    return (torch.softmax(outputs, dim=2) if classes else outputs).mean(dim=1)


class TabM(nn.Sequential):
    """Blocks of BatchEnsemble, ReLU and dropout, then separate heads, with the initial values of the authors.

    Only the first r is random, 1 or -1; all inputs are numeric columns.
    """

    def __init__(self, inputs: int, widths: Sequence[int], outputs: int, count: int, dropout: float) -> None:
        parts: list[nn.Module] = [Copies(count)]
        for k, (m, n) in enumerate(pairwise([inputs, *widths])):
            bias = uniform((n,), m).expand(count, n).clone()
            r = torch.randint(0, 2, (count, m)) * 2.0 - 1 if k == 0 else torch.ones(count, m)
            parts += [BatchEnsemble(uniform((m, n), m), r, torch.ones(count, n), bias), nn.ReLU()]
            parts += [nn.Dropout(dropout)]
        last = widths[-1]
        heads = Heads(uniform((count, last, outputs), last), uniform((count, outputs), last))
        super().__init__(*parts, heads)


def uniform(shape: tuple[int, ...], fan_in: int) -> Tensor:
    """Numbers from U(±1/√fan_in)."""
    return (2 * torch.rand(shape) - 1) / fan_in**0.5
