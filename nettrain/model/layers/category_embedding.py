"""Embeddings of categories: each code among the inputs is replaced by the numbers of its category.

Conventions of the kernels: x (1|R, B, D) holds codes as whole numbers, delta and out are (R, B, W); d numbers
belong to each category. All columns' tables lie below each other as one, w and gradient (R, P) from `start`
on. A code outside its column's table counts as 0, so that nothing is read that is not there. Every row of the
table is summed up over the batch in the order of its rows, by one iteration: nothing depends on R or threads.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from nettrain.backend.base import Array, ArrayModule, HostArray
from nettrain.backend.kernel import inline, kernel, prange
from nettrain.catalogue.settings import option
from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, layers
from nettrain.model.layers.positions import Positions, as_tuple, refuse_beyond

if TYPE_CHECKING:
    from nettrain.model.tape import Tape

Counts = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(as_tuple)]
# iterations that share out the rows of a column's table, each of which reads all codes: few on a processor,
# where that costs, and enough of all columns for a device
PARTS = 4
FEWEST = 16  # rows of a table that one iteration takes, if there are as many


@layers.register("category_embedding", source="Guo & Berkhahn 2016")
class CategoryEmbedding(Layer):
    """Each code is replaced by the d learned numbers of its category, all other inputs stay as they are.

    Code 0 stands for missing and unseen values. The numbers start from N(0, 1).
    """

    positions: Positions = option(..., "the inputs that are codes, in order")
    categories: Counts = option(..., "the number of codes of each of them")
    dimension: int = option(8, "numbers d for each category", ge=1)
    reads_output: ClassVar[bool] = False
    stream: ClassVar[str] = "weights"

    @model_validator(mode="after")
    def _one_table_for_each(self) -> Self:
        """Refuse what a damaged model file could say."""
        if len(self.positions) != len(self.categories):
            raise ValueError(f"{len(self.categories)} numbers of categories for {len(self.positions)} inputs")
        return self

    def width(self, inputs: int) -> int:
        refuse_beyond(self.positions, inputs)
        return inputs + len(self.positions) * (self.dimension - 1)

    def arrays(self, inputs: int) -> dict[str, LearnedArray]:
        return {"table": LearnedArray((sum(self.categories), self.dimension), "embedding")}

    def initial_values(
        self, inputs: int, generator: np.random.Generator, rows: HostArray | None = None
    ) -> dict[str, Any]:
        return {"table": generator.standard_normal((sum(self.categories), self.dimension))}

    def forward(self, tape: "Tape", ctx: Context, x: Array) -> Array:
        out = ctx.buffer("out", (ctx.members, x.shape[1], self.width(x.shape[2])))
        ctx.buffers["x"] = x
        plan = ctx.backend.from_host(self._sources(x.shape[2]))
        tape.launch(embed_categories, out, x, plan, ctx.parameters, ctx.start("table"), self.dimension)
        return out

    def backward(self, tape: "Tape", ctx: Context, delta: Array) -> Array:
        x = ctx.buffers["x"]
        blocks = ctx.backend.from_host(self._blocks(x.shape[2]))
        rest, work = (ctx.start("table"), self.dimension), delta.size + ctx.parameter("table").size
        tape.launch(sum_by_category, ctx.gradient, delta, x, blocks, *rest, work=work)
        if not ctx.needs_delta:
            return delta
        before = ctx.buffer("delta", (ctx.members, *x.shape[1:]))
        places = ctx.backend.from_host(self._places(x.shape[2]))
        tape.launch(pass_through, before, delta, places)
        return before

    def definition(self, xp: ArrayModule, ctx: DefinitionContext, x: Any) -> Any:
        table, parts, done, first = ctx.arrays["table"], [], 0, 0
        x = xp.broadcast_to(x, (table.shape[0], *x.shape[1:]))
        for position, count in zip(self.positions, self.categories, strict=True):
            codes = xp.floor(x[0, :, position])
            rows = np.where((codes > 0) & (codes < count), codes, 0).astype(np.int64)
            parts += [x[..., done:position], xp.take(table, first + rows, axis=1)]
            done, first = position + 1, first + count
        return xp.concatenate([*parts, x[..., done:]], axis=-1)

    def summary(self, behind: Sequence[Layer]) -> str:
        columns = len(self.positions)
        return f"{columns} column{'s' if columns > 1 else ''}, {self.dimension} numbers each"

    def backward_step(self) -> str:
        return "the sums by category"

    def _starts(self, inputs: int) -> HostArray:
        """The first column (D,) of the output that comes from each input."""
        widths = np.ones(inputs, dtype=np.int64)
        widths[list(self.positions)] = self.dimension
        starts: HostArray = np.cumsum(widths) - widths
        return starts

    def _places(self, inputs: int) -> HostArray:
        """The column (D,) of the output that each input is passed on to, -1 for a code."""
        places = self._starts(inputs)
        places[list(self.positions)] = -1
        return places

    def _sources(self, inputs: int) -> HostArray:
        """For each column of the output (3, W): its input, the number of codes, and where in the table.

        Where is the number that belongs to code 0; an input that is passed on has 0 codes.
        """
        plan = np.zeros((3, self.width(inputs)), dtype=np.int64)
        starts, first = self._starts(inputs), 0
        plan[0, starts] = np.arange(inputs)
        for position, count in zip(self.positions, self.categories, strict=True):
            here = slice(starts[position], starts[position] + self.dimension)
            plan[:, here] = [[position], [count], [first * self.dimension]]
            plan[2, here] += np.arange(self.dimension)
            first += count
        return plan

    def _blocks(self, inputs: int) -> HostArray:
        """Blocks of rows of the tables (K, 6), each of one column.

        That is its input, the number of its codes, its first column of the output, the first code of the
        block and the one behind the last, and the row of the first code in the table of all columns.
        """
        starts, first, blocks = self._starts(inputs), 0, []
        for position, count in zip(self.positions, self.categories, strict=True):
            together = max(FEWEST, -(-count // PARTS))
            for low in range(0, count, together):
                high = min(low + together, count)
                blocks.append([position, count, starts[position], low, high, first + low])
            first += count
        return np.array(blocks, dtype=np.int64).reshape(-1, 6)


@inline
def code_of(value: Array, count: Array) -> Array:
    """The code that an input holds; 0 if it is none of so many."""
    return np.int64(value) if value > 0 and value < count else np.int64(0)


@kernel
def embed_categories(out: Array, x: Array, plan: Array, w: Array, start: Array, numbers: Array) -> None:
    """out = x with the numbers of its category in place of each code; plan (3, W) as of `_sources`."""
    members, rows, _ = out.shape
    for k in prange(members * rows):
        r, i = k // rows, k % rows
        given, made, table = x[r % x.shape[0], i], out[r, i], w[r, start : w.shape[1]]
        source, count, first = plan[0], plan[1], plan[2]
        for j in range(made.size):
            if count[j] > 0:
                made[j] = table[first[j] + numbers * code_of(given[source[j]], count[j])]
            else:
                made[j] = given[source[j]]


@kernel
def sum_by_category(
    gradient: Array, delta: Array, x: Array, blocks: Array, start: Array, numbers: Array
) -> None:
    """The gradient of each row of the table: Σ delta over the rows with its code; blocks as of `_blocks`."""
    members, rows, _ = delta.shape
    for k in prange(members * blocks.shape[0]):
        r, block = k // blocks.shape[0], blocks[k % blocks.shape[0]]
        source, count, place, low, high = block[0], block[1], block[2], block[3], block[4]
        table = gradient[r, start + block[5] * numbers : start + (block[5] + high - low) * numbers]
        codes = x[r % x.shape[0]]
        for code in range(high - low):
            cleared = table[code * numbers : (code + 1) * numbers]
            for c in range(cleared.size):
                cleared[c] = 0
        for i in range(rows):
            code = code_of(codes[i, source], count)
            if code >= low and code < high:
                total = table[(code - low) * numbers : (code - low + 1) * numbers]
                slope = delta[r, i, place : place + numbers]
                for c in range(total.size):
                    total[c] += slope[c]


@kernel
def pass_through(before: Array, delta: Array, places: Array) -> None:
    """before (R, B, D) = delta (R, B, W) at the place of each input, 0 where that is -1."""
    members, rows, _ = before.shape
    for k in prange(members * rows):
        r, i = k // rows, k % rows
        slope, given = before[r, i], delta[r, i]
        for j in range(slope.size):
            slope[j] = given[places[j]] if places[j] >= 0 else before.dtype.type(0)
