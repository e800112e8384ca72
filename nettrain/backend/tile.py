"""A tile of a matrix product, kept in vector registers: what Numba's loops cannot say.

The tile is emitted as LLVM's own vector instructions. Every element of it is begun with its start, then takes
its products in the order of the inner index, each by one fused multiply-add: its bits depend on nothing but
these numbers, whatever the tile's shape and wherever it lies.
"""

from typing import Any

import llvmlite.binding as machine
from llvmlite import ir

from nettrain.backend.kernel import cgutils, intrinsic, types

FEATURES: dict[str, bool] = dict(machine.get_host_cpu_features())
FUSED = FEATURES.get("fma", False)  # without it a fused multiply-add is a call of a function
BYTES = 64 if FEATURES.get("avx512f", False) else 32  # of a vector register
WIDE = BYTES // 16  # vectors of the widest tile: so many registers there are
LOW, TALL = 4, BYTES // 8  # rows of it, and of the narrower ones
INDEX = ir.IntType(32)


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def tile(
    _: Any,
    rows: Any,
    vectors: Any,
    masked: Any,
    out: Any,
    a: Any,
    b: Any,
    start: Any,
    clamp_min: Any,
    relu_mask: Any,
) -> Any:
    """out (n, k) = max(start + a @ b, clamp_min) where relu_mask > 0, else 0.

    Its first `rows` rows and `vectors` vectors, cut off where the k columns end if `masked`, else all must
    lie within them: these three are literals. a (n, m) has any strides; b (m, k), start (k,),
    relu_mask (n, k) and out have no gaps in their rows.
    """
    signature = types.void(rows, vectors, masked, out, a, b, start, clamp_min, relu_mask)
    shape = rows.literal_value, vectors.literal_value, masked.literal_value

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[3:], args[3:], strict=True)
            if kind is not clamp_min
        ]
        _Tile(builder, out.dtype.bitwidth, shape).emit(args[7], *arrays)
        return context.get_dummy_value()

    return signature, generate


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def turned_square(_: Any, out: Any, w: Any) -> Any:
    """out (n, m) = the transpose of w (m, n), as far as a square with sides of one vector goes.

    Rows have no gaps.
    """
    signature = types.void(out, w)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, args, strict=True)
        ]
        _Tile(builder, out.dtype.bitwidth, (1, 1, True)).turn(*arrays)
        return context.get_dummy_value()

    return signature, generate


def lanes(itemsize: int) -> int:
    """Numbers of this size in a vector."""
    return BYTES // itemsize


class _Tile:
    """Writes the instructions of one tile."""

    def __init__(self, builder: Any, bits: int, shape: tuple[int, int, bool]) -> None:
        self.builder, (self.rows, self.vectors, self.masked) = builder, shape
        self.size, self.lanes = bits // 8, lanes(bits // 8)
        self.vector = ir.VectorType({32: ir.FloatType(), 64: ir.DoubleType()}[bits], self.lanes)
        self.tag = f"v{self.lanes}f{bits}"

    def emit(self, clamp_min: Any, out: Any, a: Any, b: Any, start: Any, relu_mask: Any) -> None:
        """The loop over the inner index, with the whole tile in registers."""
        builder = self.builder
        (_, columns), (_, depth) = (cgutils.unpack_tuple(builder, array.shape) for array in (out, a))
        (down, _), (lower, along), (below, _), (beside, _) = (
            cgutils.unpack_tuple(builder, array.strides) for array in (out, a, b, relu_mask)
        )
        self.masks = [self._mask(columns, j) for j in range(self.vectors)]
        begun = [self._load(start.data, j) for j in range(self.vectors)]
        sums = [[cgutils.alloca_once_value(builder, v) for v in begun] for _ in range(self.rows)]
        with cgutils.for_range(builder, depth) as loop:
            line = self._moved(b.data, loop.index, below)
            loaded = [self._load(line, j) for j in range(self.vectors)]
            column = self._moved(a.data, loop.index, along)
            for i in range(self.rows):
                factor = self._spread(builder.load(self._moved(column, i, lower)))
                for j in range(self.vectors):
                    fused = [factor, loaded[j], builder.load(sums[i][j])]
                    builder.store(self._call("fma", self.vector, fused), sums[i][j])
        for i in range(self.rows):
            line, open_ = self._moved(out.data, i, down), self._moved(relu_mask.data, i, beside)
            for j in range(self.vectors):
                self._store(self._let(builder.load(sums[i][j]), clamp_min, self._load(open_, j)), line, j)

    def turn(self, out: Any, w: Any) -> None:
        """Rows of w are shuffled in pairs until they are columns: each time, halves move together."""
        builder = self.builder
        (rows, columns), (beside, _) = (cgutils.unpack_tuple(builder, part) for part in (w.shape, w.strides))
        down, _ = cgutils.unpack_tuple(builder, out.strides)
        half, zeros = self.lanes // 2, ir.Constant(self.vector, [0.0] * self.lanes)
        self.masks = [self._mask(columns, 0)]
        lines = [cgutils.alloca_once_value(builder, zeros) for _ in range(self.lanes)]
        for i, line in enumerate(lines):
            with self._if_below(i, rows):
                builder.store(self._load(self._moved(w.data, i, beside), 0), line)
        found = [builder.load(line) for line in lines]
        for _ in range(self.lanes.bit_length() - 1):
            pairs = [(found[i], found[i + half]) for i in range(half)]
            found = [self._mixed(*pair, first) for pair in pairs for first in (0, half)]
        self.masks = [self._mask(rows, 0)]
        for j, value in enumerate(found):
            with self._if_below(j, columns):
                self._store(value, self._moved(out.data, j, down), 0)

    def _mixed(self, one: Any, other: Any, first: int) -> Any:
        """Half of each, in turns, from this lane on."""
        order = [INDEX(first + k // 2 + k % 2 * self.lanes) for k in range(self.lanes)]
        return self.builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(INDEX, self.lanes), order))

    def _if_below(self, number: int, count: Any) -> Any:
        return self.builder.if_then(self.builder.icmp_signed("<", count.type(number), count), likely=True)

    def _mask(self, columns: Any, j: int) -> Any:
        """Which lanes of the vector `j` lie within the columns."""
        ramp = [columns.type(k + j * self.lanes) for k in range(self.lanes)]
        places = ir.Constant(ir.VectorType(columns.type, self.lanes), ramp)
        return self.builder.icmp_signed("<", places, self._spread(columns))

    def _let(self, value: Any, clamp_min: Any, relu_mask: Any) -> Any:
        """max(value, clamp_min) where relu_mask > 0, else 0; what is no number stays so."""
        builder, least = self.builder, self._spread(clamp_min)
        raised = builder.select(builder.fcmp_ordered("<", value, least), least, value)
        zeros = ir.Constant(self.vector, [0.0] * self.lanes)
        return builder.select(builder.fcmp_ordered(">", relu_mask, zeros), raised, zeros)

    def _moved(self, pointer: Any, count: Any, stride: Any) -> Any:
        """The pointer after so many strides, which are in bytes."""
        steps = stride.type(count) if isinstance(count, int) else count
        return cgutils.pointer_add(self.builder, pointer, self.builder.mul(steps, stride))

    def _spread(self, value: Any) -> Any:
        """A vector with this value in every lane."""
        kind = ir.VectorType(value.type, self.lanes)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, INDEX(0))
        zeros = ir.Constant(ir.VectorType(INDEX, self.lanes), [INDEX(0)] * self.lanes)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def _load(self, pointer: Any, j: int) -> Any:
        place = self._vector_at(pointer, j)
        if not self.masked:
            return self.builder.load(place, align=self.size)
        zeros = ir.Constant(self.vector, [0.0] * self.lanes)
        return self._call("masked.load", self.vector, [place, INDEX(self.size), self.masks[j], zeros])

    def _store(self, value: Any, pointer: Any, j: int) -> None:
        place = self._vector_at(pointer, j)
        if self.masked:
            self._call("masked.store", ir.VoidType(), [value, place, INDEX(self.size), self.masks[j]])
        else:
            self.builder.store(value, place, align=self.size)

    def _vector_at(self, pointer: Any, j: int) -> Any:
        step = self.builder.gep(pointer, [ir.IntType(64)(j * self.lanes)])
        return self.builder.bitcast(step, self.vector.as_pointer())

    def _call(self, name: str, result: Any, args: list[Any]) -> Any:
        """A call of LLVM's intrinsic of this name for this kind of vector."""
        pointer = "" if name == "fma" else ".p0"
        kind = ir.FunctionType(result, [arg.type for arg in args])
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.{name}.{self.tag}{pointer}"
        )
        return self.builder.call(function, args)
