"""Embeddings of numeric columns and of categories.

Each takes j columns x (B, j) and returns (B, j, d). Arrays have a row for each column. Sources: Gorishniy,
Rubachev & Babenko 2022; of pbld Holzmüller, Grinsztajn & Steinwart 2024.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from transcriptions.parts import Part, Values


class LinearRelu(Part):
    """ReLU(x w + b): slope w and bias b (j, d)."""

    def __init__(self, slope: Values, bias: Values) -> None:
        super().__init__(slope=("embedding", slope), bias=("bias", bias))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x[:, :, None] * self.slope + self.bias)


class Periodic(Part):
    """ReLU(z W_j + b_j), z = [cos 2πw x, sin 2πw x].

    Frequencies w (j, n), projection W (j, 2n, d) and bias b (j, d). The lite form has one projection (2n, d)
    and bias (d,) for all columns.
    """

    def __init__(self, frequencies: Values, projection: Values, bias: Values) -> None:
        super().__init__(
            frequencies=("embedding", frequencies), projection=("weight", projection), bias=("bias", bias)
        )

    def forward(self, x: Tensor) -> Tensor:
        angle = 2 * math.pi * self.frequencies * x[:, :, None]
        z = torch.cat([torch.cos(angle), torch.sin(angle)], dim=2)  # (B, j, 2n)
        if self.projection.dim() == 2:
            return torch.relu(z @ self.projection + self.bias)
        return torch.relu(torch.einsum("bjn,jnd->bjd", z, self.projection) + self.bias)


class PiecewiseLinear(Part):
    """x w + c + PLE(x) V, optionally with a ReLU: slope w and bias c (j, d), projection V (j, T, d).

    `edges` are those of each column, b_0 < … < b_T; a column with fewer than T bins uses as many rows of V.
    """

    def __init__(
        self,
        slope: Values,
        projection: Values,
        bias: Values,
        edges: list[Values],
        relu: bool = False,
    ) -> None:
        super().__init__(slope=("embedding", slope), projection=("weight", projection), bias=("bias", bias))
        self.edges, self.relu = [torch.as_tensor(own) for own in edges], relu

    def forward(self, x: Tensor) -> Tensor:
        pieces = [
            encoded(x[:, j], edges) @ self.projection[j, : len(edges) - 1]
            for j, edges in enumerate(self.edges)
        ]
        e = x[:, :, None] * self.slope + self.bias + torch.stack(pieces, dim=1)
        return torch.relu(e) if self.relu else e


def encoded(x: Tensor, edges: Tensor) -> Tensor:
    """PLE(x) (B, T): how far x (B,) is through each bin, below the first and above the last one too."""
    last = len(edges) - 2
    columns = []
    for t in range(last + 1):
        r = (x - edges[t]) / (edges[t + 1] - edges[t])
        if t > 0:
            r = r.clamp(min=0)
        if t < last:
            r = r.clamp(max=1)
        columns.append(r)
    return torch.stack(columns, dim=1)


def quantile_edges(x: Tensor, bins: int) -> Tensor:
    """The distinct quantiles of a column (N,) at linspace(0, 1, bins + 1)."""
    return torch.quantile(x, torch.linspace(0, 1, bins + 1, dtype=x.dtype)).unique()


class Pbld(Part):
    """[x, cos(2πw x + b₁) W₂ + b₂].

    Frequencies w and phases b₁ (j, n), mixing W₂ (j, n, d - 1), bias b₂ (j, d - 1).
    """

    def __init__(self, frequencies: Values, phases: Values, mixing: Values, bias: Values) -> None:
        super().__init__(
            frequencies=("embedding", frequencies),
            phases=("bias", phases),
            mixing=("embedding", mixing),
            bias=("bias", bias),
        )

    def forward(self, x: Tensor) -> Tensor:
        c = torch.cos(2 * math.pi * self.frequencies * x[:, :, None] + self.phases)
        u = torch.einsum("bjn,jnd->bjd", c, self.mixing) + self.bias
        return torch.cat([x[:, :, None], u], dim=2)


class Categories(Part):
    """A row of the column's table for each code, of which a column has `counts`; code 0 is missing or unseen.

    The tables lie one below the other: (Σ counts, d).
    """

    def __init__(self, table: Values, counts: Sequence[int]) -> None:
        super().__init__(table=("embedding", table))
        self.counts = list(counts)

    def forward(self, x: Tensor) -> Tensor:
        tables = self.table.split(self.counts)
        return torch.stack([own[x[:, j].long()] for j, own in enumerate(tables)], dim=1)
