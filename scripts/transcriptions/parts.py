"""Layers that several networks have in common, and the modules that all transcriptions are made of."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

Values = np.ndarray | Tensor  # what parameters start with
DRAWS = 65536  # equally likely numbers of 16 bits


class Part(nn.Module):
    """A module that learns the given arrays, each of a parameter group: {name: (group, start)}."""

    def __init__(self, **arrays: tuple[str, Values]) -> None:
        super().__init__()
        self.groups = {name: group for name, (group, _) in arrays.items()}
        for name, (_, start) in arrays.items():
            self.register_parameter(name, nn.Parameter(torch.as_tensor(start)))


class Dense(Part):
    """x W + b."""

    def __init__(self, weight: Values, bias: Values) -> None:
        super().__init__(weight=("weight", weight), bias=("bias", bias))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class TangentDense(Part):
    """x W / √m + b: the neural-tangent parametrization (Jacot, Gabriel & Hongler 2018)."""

    def __init__(self, weight: Values, bias: Values) -> None:
        super().__init__(weight=("weight", weight), bias=("bias", bias))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight / self.weight.shape[0] ** 0.5 + self.bias


class Scale(Part):
    """s ∘ x."""

    def __init__(self, scale: Values) -> None:
        super().__init__(scale=("scale", scale))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x


class Parametric(Part):
    """x + α (σ(x) - x), with α for each unit."""

    def __init__(self, alpha: Values, sigma: nn.Module) -> None:
        super().__init__(alpha=("activation", alpha))
        self.sigma = sigma

    def forward(self, x: Tensor) -> Tensor:
        return x + self.alpha * (self.sigma(x) - x)


class Dropout(nn.Module):
    """Dropout with counted masks: those of the `number`-th dropout layer of a network with this seed.

    x is (B, n), or (B, k, n) of sub-members. A unit draws 16 bits, and is dropped where they are below
    round(65536 p). `at(step, rate)` chooses the draws and the rate p of a step.
    """

    def __init__(self, number: int, seed: int = 0) -> None:
        super().__init__()
        self.number, self.seed, self.step, self.dropped = number, seed, 0, 0

    def at(self, step: int, rate: float) -> None:
        self.step, self.dropped = step, round(rate * DRAWS)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        if x.dim() == 3:  # the rows of sub-members are numbered one after the other
            return self(x.transpose(0, 1).flatten(0, 1)).unflatten(0, (x.shape[1], -1)).transpose(0, 1)
        kept = drawn_bits(self.seed, self.step, self.number, *x.shape) >= self.dropped
        return x * torch.tensor(kept) * (DRAWS / (DRAWS - self.dropped))


def drawn_bits(seed: int, step: int, number: int, rows: int, units: int) -> np.ndarray:
    """Random numbers (rows, units) below 65536, by Philox4x32-10 (Salmon et al. 2011).

    A row's units 8j to 8j + 7 are the halves of the four words of counter (step, number, row, j), each word's
    low half first. The key is the seed.
    """
    blocks = -(-units // 8)
    row, j = np.divmod(np.arange(rows * blocks, dtype=np.uint64), np.uint64(blocks))
    c = [np.full_like(row, step), np.full_like(row, number), row, j]
    key, low = [seed % 2**32, seed >> 32], np.uint64(2**32 - 1)
    for _ in range(10):
        first, second = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        upper, lower = (product >> np.uint64(32) for product in (second, first))
        c = [upper ^ c[1] ^ np.uint64(key[0]), second & low, lower ^ c[3] ^ np.uint64(key[1]), first & low]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    halves = [half for word in c for half in (word & np.uint64(65535), word >> np.uint64(16))]
    return np.stack(halves, axis=1).astype(np.int64).reshape(rows, 8 * blocks)[:, :units]


class Columns(nn.Module):
    """The inputs from left to right: columns that an embedding takes become its numbers, others stay.

    `embeddings` maps the positions of the columns to the embedding that takes them all, x (B, j) → (B, j, d).
    """

    def __init__(self, embeddings: Mapping[tuple[int, ...], nn.Module]) -> None:
        super().__init__()
        self.positions = list(embeddings)
        self.embeddings = nn.ModuleList(embeddings.values())

    def forward(self, x: Tensor) -> Tensor:
        parts = {j: x[:, j : j + 1] for j in range(x.shape[1])}
        for positions, embedding in zip(self.positions, self.embeddings, strict=True):
            embedded = embedding(x[:, list(positions)])
            parts.update({j: embedded[:, place] for place, j in enumerate(positions)})
        return torch.cat([parts[j] for j in sorted(parts)], dim=1)


def smooth_clip(x: Tensor) -> Tensor:
    """x / √(1 + (x/3)²)."""
    return x / torch.sqrt(1 + (x / 3) ** 2)


def robust_scale(x: Tensor) -> Tensor:
    """(x - median) / (q75 - q25) of each column; 2 / (max - min) where that is 0; 0 where all are equal."""
    scaled = torch.zeros_like(x)
    for j, column in enumerate(x.T):
        low, median, high = torch.quantile(column, torch.tensor([0.25, 0.5, 0.75], dtype=x.dtype))
        spread, reach = high - low, column.max() - column.min()
        if spread > 0:
            scaled[:, j] = (column - median) / spread
        elif reach > 0:
            scaled[:, j] = (column - median) * 2 / reach
    return scaled
