"""Piecewise linear embeddings: a number as how far it has come through the bins of the training rows.

Through full bins an encoding is 1, and behind the bin of the number 0. Its product with V is therefore a sum
of V's first rows and a share of one more: the kernels look up that sum instead of multiplying by zeros.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.backend.kernel import kernel, prange
from nettrain.catalogue.initializers.base import uniform
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, LearnedArray
from nettrain.model.layers.number_embeddings.base import (
    NumberEmbedding,
    Places,
    embeddings,
    lower_limit,
    part,
)

if TYPE_CHECKING:
    from nettrain.model.tape import Tape


@embeddings.register(
    "piecewise_linear", source="Gorishniy, Rubachev & Babenko 2022; their package's version B"
)
class PiecewiseLinear(NumberEmbedding):
    """e = x·w + c + PLE(x) @ V, a curve with a bend at each quantile of the training rows.

    PLE(x) has a number for each bin: 0 below it, 1 above it, and on the way from 0 to 1 in it; the first and
    the last go on beyond. V starts at 0, so that training begins with lines. The edges of a column are its
    distinct quantiles, of which there may be fewer than `bins`.
    """

    dimension: int = option(16, "numbers d that a column becomes", ge=1)
    bins: int = option(48, "bins of a column, as many rows in each as in the others", ge=1)
    relu: bool = option(False, "cut the numbers off at 0")

    @property
    def width(self) -> int:
        return self.dimension

    @property
    def rectifies(self) -> bool:
        return self.relu

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        line = (inputs, self.dimension)
        return {
            "slope": LearnedArray(line, "embedding"),
            "projection": LearnedArray((inputs * self.bins, self.dimension), blocks=inputs),
            "bias": LearnedArray(line, "bias"),
        }

    def statistics(self, inputs: int) -> dict[str, LearnedArray]:
        """The edges of each column in ascending order; where they are fewer, the last one is repeated."""
        return {"edges": LearnedArray((inputs, self.bins + 1))}

    def products(self, inputs: int) -> list[tuple[int, int]]:
        return [(2, self.dimension)] * inputs

    def initial_values(self, inputs: int, generator: np.random.Generator) -> dict[str, Floats]:
        limit, shape = 1 / np.sqrt(self.dimension), (inputs, self.dimension)
        return {
            "slope": uniform(generator, limit, *shape),
            "projection": np.zeros((inputs * self.bins, self.dimension)),
            "bias": uniform(generator, limit, *shape),
        }

    def initial_statistics(self, x: HostArray) -> dict[str, Floats]:
        columns = (np.asarray(x[:, c], dtype=np.float64) for c in range(x.shape[1]))
        return {"edges": np.array([edges(column, self.bins) for column in columns])}

    def forward(self, tape: "Tape", ctx: Context, x: Array, y: Array, places: Places) -> None:
        inputs, d = len(places.inputs), self.dimension
        table = ctx.buffer("table", (len(y), inputs, self.bins + 1, d))
        projection, bias = ctx.start("projection"), ctx.start("bias")
        tape.launch(partial_sums, table, ctx.parameters, projection, bias)
        bins = ctx.buffer("bins", (len(y), y.shape[1], inputs), np.int64)
        shares = ctx.buffer("shares", (len(y), y.shape[1], inputs))
        tape.launch(
            find_bins,
            bins,
            shares,
            x,
            ctx.statistics,
            ctx.statistic_start("edges"),
            self.bins,
            places.inputs,
            work=bins.size * self.bins,
        )
        tape.launch(
            piecewise_lines,
            *(bins, shares, x, y, table),
            *(ctx.parameters, ctx.start("slope"), projection),
            *(places.inputs, places.outputs, lower_limit(ctx.backend, self.relu)),
            work=bins.size * d,
        )

    def backward(self, tape: "Tape", ctx: Context, delta: Array, places: Places) -> None:
        """Sums of δ and of its share in each bin; dV of a bin has all of δ from the bins behind it."""
        inputs, rows = len(places.inputs), min(ctx.backend.rows_per_sum, delta.shape[1])
        shape = (len(delta), inputs, -(-delta.shape[1] // rows), 2 * self.bins + 2, self.dimension)
        sums = ctx.buffer("sums", shape, np.float64)
        buffers = (ctx.buffers[name] for name in ("y", "x", "bins", "shares"))
        low = lower_limit(ctx.backend, self.relu)
        work = ctx.buffers["bins"].size * self.dimension
        columns = (places.inputs, places.outputs)
        tape.launch(sum_by_bin, delta, *buffers, sums, rows, *columns, low, work=work)
        starts = (ctx.start(name) for name in ("slope", "projection", "bias"))
        tape.launch(piecewise_gradients, sums, ctx.gradient, *starts)

    def x_gradient(self, ctx: Context, delta: Array, places: Places) -> Array:
        """δ·w, and δ·V of its bin by the bin's width."""
        xp, inputs = ctx.backend.xp, len(places.inputs)
        columns, bins = places.columns(xp, self.dimension), ctx.buffers["bins"]
        slopes = delta[:, :, columns]
        if self.relu:
            slopes = slopes * (ctx.buffers["y"][:, :, columns] > 0)
        edge = ctx.statistics_layout.view(ctx.statistics, ctx.number, "edges")[:, None]
        width = xp.take_along_axis(edge, bins[..., None] + 1, -1) - xp.take_along_axis(
            edge, bins[..., None], -1
        )
        rise = xp.take_along_axis(part(ctx, "projection", inputs)[:, None], bins[..., None, None], 3)[
            ..., 0, :
        ]
        steepness = xp.where(width > 0, rise / xp.where(width > 0, width, 1), 0)
        return (slopes * (part(ctx, "slope", inputs).swapaxes(1, 2) + steepness)).sum(axis=-1)

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        steps = encoding(xp, x, ctx.statistics["edges"]).swapaxes(1, 2)
        rises = ctx.arrays["projection"].reshape(-1, x.shape[-1], self.bins, self.dimension)
        slope, bias = ctx.arrays["slope"][:, None], ctx.arrays["bias"][:, None]
        e = x[..., None] * slope + bias + (steps @ rises).swapaxes(1, 2)
        return xp.maximum(e, 0.0) if self.relu else e

    def summary(self) -> str:
        return f"{super().summary()}, {self.bins} bins"


def edges(column: Floats, bins: int) -> Floats:
    """The distinct quantiles (bins + 1,) of a column (N,), the last one repeated where they are fewer."""
    distinct = np.unique(np.quantile(column, np.linspace(0.0, 1.0, bins + 1)))
    return np.concatenate([distinct, np.full(bins + 1 - len(distinct), distinct[-1])])


def encoding(xp: ArrayModule, x: Any, edges: Array) -> Any:
    """PLE(x) (1, B, C, T) of x (1, B, C) between edges (1, C, T + 1); 0 in bins without a width."""
    lower, upper = edges[:, None, :, :-1], edges[:, None, :, 1:]
    real, top = upper > lower, edges[:, None, :, -1:]
    r = (x[..., None] - lower) / xp.where(real, upper - lower, 1.0)
    first = xp.arange(lower.shape[-1]) == 0
    r = xp.where(first, r, xp.maximum(r, 0.0))
    r = xp.where(upper == top, r, xp.minimum(r, 1.0))
    return xp.where(real, r, 0.0)


@kernel
def partial_sums(table: Array, w: Array, rises: Array, bias: Array) -> None:
    """table (R, C, T + 1, d): t is the bias plus the first t rows of V; both lie in w (R, P)."""
    inputs, bins, width = table.shape[1], table.shape[2] - 1, table.shape[3]
    for k in prange(table.shape[0] * inputs):
        r, c = k // inputs, k % inputs
        total, shift = table[r, c, bins], w[r, bias + c * width : bias + c * width + width]
        for j in range(width):
            total[j] = shift[j]
        for t in range(bins):
            at = rises + (c * bins + t) * width
            to, rise = table[r, c, t], w[r, at : at + width]
            for j in range(width):
                to[j] = total[j]
                total[j] += rise[j]


@kernel
def find_bins(
    bins: Array, shares: Array, x: Array, statistics: Array, start: Array, count: Array, inputs: Array
) -> None:
    """The bin (R, B, C) of each embedded number, and how far through it the number has come.

    The count + 1 edges of each input stand in statistics (R, Q) from `start` on. Below the first edge and
    above the last one the share is outside [0, 1]; in a bin without a width it is 0.
    """
    for k in prange(bins.shape[0] * bins.shape[1]):
        r, i = k // bins.shape[1], k % bins.shape[1]
        for c in range(inputs.size):
            value = x[r % x.shape[0], i, inputs[c]]
            first = start + c * (count + 1)
            edge = statistics[r, first : first + count + 1]
            top, found = edge[count], 0
            for t in range(1, count):
                found += 1 if (value >= edge[t]) & (edge[t] < top) else 0
            wide = edge[found + 1] - edge[found]
            bins[r, i, c] = found
            shares[r, i, c] = (value - edge[found]) / wide if wide > 0 else wide


@kernel
def piecewise_lines(
    bins: Array,
    shares: Array,
    x: Array,
    y: Array,
    table: Array,
    w: Array,
    slope: Array,
    rises: Array,
    inputs: Array,
    outputs: Array,
    least: Array,
) -> None:
    """y = max(x·w + table[bin] + share·V[bin], least (1,)) in the columns of each embedded input."""
    count, width, low = table.shape[2] - 1, table.shape[3], least[0]
    for k in prange(y.shape[0] * y.shape[1]):
        r, i = k // y.shape[1], k % y.shape[1]
        for c in range(inputs.size):
            value, share, t = x[r % x.shape[0], i, inputs[c]], shares[r, i, c], bins[r, i, c]
            to, reached = y[r, i, outputs[c] : outputs[c] + width], table[r, c, t]
            factor = w[r, slope + c * width : slope + c * width + width]
            at = rises + (c * count + t) * width
            rise = w[r, at : at + width]
            for j in range(width):
                line = value * factor[j] + reached[j] + share * rise[j]
                to[j] = low if line < low else line


@kernel
def sum_by_bin(
    delta: Array,
    y: Array,
    x: Array,
    bins: Array,
    shares: Array,
    sums: Array,
    rows: Array,
    inputs: Array,
    outputs: Array,
    least: Array,
) -> None:
    """sums (R, C, S, 2T + 2, d) float64, each of the S of so many rows, of delta where y > least (1,).

    First Σδ of the numbers in each bin, then Σ share·δ of the same, then Σ x·δ of all; the last one is 0.
    """
    columns, sections = sums.shape[1], sums.shape[2]
    count, width = (sums.shape[3] - 2) // 2, sums.shape[4]
    low, zero = least[0], delta.dtype.type(0)
    for k in prange(sums.shape[0] * columns * sections):
        r, c, section = k // (columns * sections), k // sections % columns, k % sections
        for t in range(2 * count + 2):
            row = sums[r, c, section, t]
            for j in range(width):
                row[j] = 0.0
        along = sums[r, c, section, 2 * count]
        for i in range(section * rows, min(section * rows + rows, delta.shape[1])):
            value, share, b = x[r % x.shape[0], i, inputs[c]], shares[r, i, c], bins[r, i, c]
            step = delta[r, i, outputs[c] : outputs[c] + width]
            signal = y[r, i, outputs[c] : outputs[c] + width]
            whole, partly = sums[r, c, section, b], sums[r, c, section, count + b]
            for j in range(width):
                passed = step[j] if signal[j] > low else zero
                whole[j] += np.float64(passed)
                partly[j] += np.float64(share * passed)
                along[j] += np.float64(value * passed)


@kernel
def piecewise_gradients(sums: Array, gradient: Array, slope: Array, rises: Array, bias: Array) -> None:
    """dw, dV and dc from the sums of `sum_by_bin`, in the order of the rows; V's from the last bin on."""
    inputs, sections = sums.shape[1], sums.shape[2]
    count, width = (sums.shape[3] - 2) // 2, sums.shape[4]
    for k in prange(sums.shape[0] * inputs):
        r, c = k // inputs, k % inputs
        for section in range(1, sections):
            for t in range(2 * count + 1):
                total, more = sums[r, c, 0, t], sums[r, c, section, t]
                for j in range(width):
                    total[j] += more[j]
        behind, along = sums[r, c, 0, 2 * count + 1], sums[r, c, 0, 2 * count]
        for back in range(count):
            t = count - 1 - back
            at = rises + (c * count + t) * width
            to_rise, full, begun = gradient[r, at : at + width], sums[r, c, 0, t], sums[r, c, 0, count + t]
            for j in range(width):
                to_rise[j] = begun[j] + behind[j]
                behind[j] += full[j]
        to_slope = gradient[r, slope + c * width : slope + c * width + width]
        to_bias = gradient[r, bias + c * width : bias + c * width + width]
        for j in range(width):
            to_slope[j] = along[j]
            to_bias[j] = behind[j]
