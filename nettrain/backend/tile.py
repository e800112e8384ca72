"""A tile of a matrix product in vector registers: hand-written LLVM, for what Numba's loops cannot express.

Every element starts with its bias, then takes its products in the order of the inner index, each by one fused
multiply-add: its bits depend on nothing but these numbers, whatever the tile's shape and wherever it lies.

An intrinsic of Numba is a function of the argument types, which returns a signature and a function that
generates the instructions. This is the only file that uses llvmlite and Numba's internals for that; if it
cannot be imported, or its code cannot be built, products go through a BLAS (see `backend.numpy`).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir

from nettrain.backend.helper import LaterModule, intrinsic

if TYPE_CHECKING:
    from numba.core import cgutils, types
    from numba.core.base import BaseContext
    from numba.core.typing.templates import Signature
else:
    cgutils, types = LaterModule("numba.core.cgutils"), LaterModule("numba.core.types")

FEATURES: dict[str, bool] = dict(llvm.get_host_cpu_features())
FUSED = FEATURES.get("fma", False)  # without it a fused multiply-add is a call of a function
BYTES = 64 if FEATURES.get("avx512f", False) else 32  # of a vector register
WIDE = BYTES // 16  # vectors in a row of the widest tile: as many as registers allow
LOW, TALL = 6, BYTES // 8  # rows of the widest tile, and of the narrower ones
INDEX = ir.IntType(32)
Generate = Callable[["BaseContext", ir.IRBuilder, "Signature", tuple[ir.Value, ...]], ir.Value]
Struct = Any  # an array in compiled code, with data, shape and strides; Numba makes a class for each type


class TileShape(NamedTuple):
    """Rows and vectors per row; a masked tile may reach beyond the last column."""

    rows: int
    vectors: int
    masked: bool


def _define_tile(
    _: object,
    rows: "types.IntegerLiteral",
    vectors: "types.IntegerLiteral",
    masked: "types.BooleanLiteral",
    out: "types.Array",
    a: "types.Array",
    b: "types.Array",
    bias: "types.Array",
    clamp_min: "types.Float",
    relu_mask: "types.Array",
) -> "tuple[Signature, Generate]":
    signature = types.void(rows, vectors, masked, out, a, b, bias, clamp_min, relu_mask)
    shape = TileShape(rows.literal_value, vectors.literal_value, masked.literal_value)

    def generate(
        context: "BaseContext", builder: ir.IRBuilder, signature: "Signature", values: tuple[ir.Value, ...]
    ) -> ir.Value:
        kinds = signature.args[3:]
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(kinds, values[3:], strict=True)
            if kind is not clamp_min
        ]
        _Tile(builder, _bits(out), shape).multiply(values[7], *arrays)
        return context.get_dummy_value()

    return signature, generate


# tile(rows, vectors, masked, out, a, b, bias, clamp_min, relu_mask), for kernels: one tile of
# out (n, k) = max(bias + a @ b, clamp_min) where relu_mask > 0, else 0.
# The tile begins at out[0, 0]. The first three are literals, see TileShape. a (n, m) may have any strides;
# rows of b (m, k), bias (k,), relu_mask (n, k) and out have no gaps.
tile: Callable[..., None] = intrinsic(_define_tile, prefer_literal=True)


def _define_transpose_square(_: object, out: "types.Array", w: "types.Array") -> "tuple[Signature, Generate]":
    signature = types.void(out, w)

    def generate(
        context: "BaseContext", builder: ir.IRBuilder, signature: "Signature", values: tuple[ir.Value, ...]
    ) -> ir.Value:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, values, strict=True)
        ]
        _Tile(builder, _bits(out), TileShape(1, 1, True)).transpose(*arrays)
        return context.get_dummy_value()

    return signature, generate


# transpose_square(out, w), for kernels: out (n, m) = the transpose of w (m, n), of at most as many rows and
# columns as a vector has elements. Rows have no gaps.
transpose_square: Callable[..., None] = intrinsic(_define_transpose_square, prefer_literal=True)


def _define_copy_rows(
    _: object, vectors: "types.IntegerLiteral", out: "types.Array", w: "types.Array"
) -> "tuple[Signature, Generate]":
    shape = TileShape(1, vectors.literal_value, True)

    def generate(
        context: "BaseContext", builder: ir.IRBuilder, signature: "Signature", values: tuple[ir.Value, ...]
    ) -> ir.Value:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[1:], values[1:], strict=True)
        ]
        _Tile(builder, _bits(out), shape).copy(*arrays)
        return context.get_dummy_value()

    return types.void(vectors, out, w), generate


# copy_rows(vectors, out, w), for kernels: the first columns of out (m, k) = those of w (m, n), as many as so
# many vectors have elements, or n. Rows have no gaps; vectors is a literal.
copy_rows: Callable[..., None] = intrinsic(_define_copy_rows, prefer_literal=True)


def _bits(array: "types.Array") -> int:
    """Of one element."""
    dtype = array.dtype
    assert isinstance(dtype, types.Float)
    return dtype.bitwidth


class _Tile:
    """Generates the instructions of one tile."""

    def __init__(self, builder: ir.IRBuilder, bits: int, shape: TileShape) -> None:
        self.builder, (self.rows, self.vectors, self.masked) = builder, shape
        self.size = bits // 8
        self.width = BYTES // self.size  # elements of a vector
        self.vector = ir.VectorType({32: ir.FloatType(), 64: ir.DoubleType()}[bits], self.width)
        self.tag = f"v{self.width}f{bits}"

    def multiply(
        self, clamp_min: ir.Value, out: Struct, a: Struct, b: Struct, bias: Struct, relu_mask: Struct
    ) -> None:
        """The loop over the inner index, with the whole tile in registers; then both finishing steps."""
        builder = self.builder
        (_, columns), (_, depth) = (cgutils.unpack_tuple(builder, array.shape) for array in (out, a))
        (out_row, _), (a_row, a_column), (b_row, _), (mask_row, _) = (
            cgutils.unpack_tuple(builder, array.strides) for array in (out, a, b, relu_mask)
        )
        self.masks = [self._mask(columns, j) for j in range(self.vectors)]
        starts = [self._load(bias.data, j) for j in range(self.vectors)]
        sums = [[cgutils.alloca_once_value(builder, start) for start in starts] for _ in range(self.rows)]
        with cgutils.for_range(builder, depth) as loop:
            line = self._offset(b.data, loop.index, b_row)
            loaded = [self._load(line, j) for j in range(self.vectors)]
            column = self._offset(a.data, loop.index, a_column)
            for i in range(self.rows):
                factor = self._broadcast(builder.load(self._offset(column, i, a_row)))
                for j in range(self.vectors):
                    operands = [factor, loaded[j], builder.load(sums[i][j])]
                    builder.store(self._call("fma", self.vector, operands), sums[i][j])
        for i in range(self.rows):
            line, mask = self._offset(out.data, i, out_row), self._offset(relu_mask.data, i, mask_row)
            for j in range(self.vectors):
                value = self._finish(builder.load(sums[i][j]), clamp_min, self._load(mask, j))
                self._store(value, line, j)

    def transpose(self, out: Struct, w: Struct) -> None:
        """Shuffle rows of w in pairs until they are columns: each time, halves move together."""
        builder = self.builder
        (rows, columns), (w_row, _) = (cgutils.unpack_tuple(builder, part) for part in (w.shape, w.strides))
        out_row, _ = cgutils.unpack_tuple(builder, out.strides)
        half, zeros = self.width // 2, ir.Constant(self.vector, [0.0] * self.width)
        self.masks = [self._mask(columns, 0)]
        lines = [cgutils.alloca_once_value(builder, zeros) for _ in range(self.width)]
        for i, line in enumerate(lines):
            with self._if_below(i, rows):
                builder.store(self._load(self._offset(w.data, i, w_row), 0), line)
        vectors = [builder.load(line) for line in lines]
        for _ in range(self.width.bit_length() - 1):
            pairs = [(vectors[i], vectors[i + half]) for i in range(half)]
            vectors = [self._interleaved(*pair, first) for pair in pairs for first in (0, half)]
        self.masks = [self._mask(rows, 0)]
        for j, value in enumerate(vectors):
            with self._if_below(j, columns):
                self._store(value, self._offset(out.data, j, out_row), 0)

    def copy(self, out: Struct, w: Struct) -> None:
        """Load and store row after row."""
        builder = self.builder
        (rows, columns), (w_row, _) = (cgutils.unpack_tuple(builder, part) for part in (w.shape, w.strides))
        out_row, _ = cgutils.unpack_tuple(builder, out.strides)
        self.masks = [self._mask(columns, j) for j in range(self.vectors)]
        with cgutils.for_range(builder, rows) as loop:
            line, to = self._offset(w.data, loop.index, w_row), self._offset(out.data, loop.index, out_row)
            for j in range(self.vectors):
                self._store(self._load(line, j), to, j)

    def _interleaved(self, one: ir.Value, other: ir.Value, first: int) -> ir.Value:
        """Half of the elements of each, alternating, from element `first` on."""
        order = [INDEX(first + k // 2 + k % 2 * self.width) for k in range(self.width)]
        return self.builder.shuffle_vector(one, other, ir.Constant(ir.VectorType(INDEX, self.width), order))

    def _if_below(self, number: int, count: ir.Value) -> AbstractContextManager[object]:
        condition = self.builder.icmp_signed("<", count.type(number), count)
        block: AbstractContextManager[object] = self.builder.if_then(condition, likely=True)
        return block

    def _mask(self, columns: ir.Value, j: int) -> ir.Value:
        """Which elements of vector `j` lie within the columns."""
        numbers = [columns.type(k + j * self.width) for k in range(self.width)]
        positions = ir.Constant(ir.VectorType(columns.type, self.width), numbers)
        return self.builder.icmp_signed("<", positions, self._broadcast(columns))

    def _finish(self, value: ir.Value, clamp_min: ir.Value, relu_mask: ir.Value) -> ir.Value:
        """max(value, clamp_min) where relu_mask > 0, else 0; NaN stays NaN."""
        builder, least = self.builder, self._broadcast(clamp_min)
        clamped = builder.select(builder.fcmp_ordered("<", value, least), least, value)
        zeros = ir.Constant(self.vector, [0.0] * self.width)
        return builder.select(builder.fcmp_ordered(">", relu_mask, zeros), clamped, zeros)

    def _offset(self, pointer: ir.Value, count: ir.Value | int, stride: ir.Value) -> ir.Value:
        """The pointer, advanced by `count` strides, which are in bytes."""
        steps = stride.type(count) if isinstance(count, int) else count
        return cgutils.pointer_add(self.builder, pointer, self.builder.mul(steps, stride))

    def _broadcast(self, value: ir.Value) -> ir.Value:
        """A vector with this value in every element."""
        kind = ir.VectorType(value.type, self.width)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, INDEX(0))
        zeros = ir.Constant(ir.VectorType(INDEX, self.width), [INDEX(0)] * self.width)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def _load(self, pointer: ir.Value, j: int) -> ir.Value:
        address = self._vector_at(pointer, j)
        if not self.masked:
            return self.builder.load(address, align=self.size)
        zeros = ir.Constant(self.vector, [0.0] * self.width)
        return self._call("masked.load", self.vector, [address, INDEX(self.size), self.masks[j], zeros])

    def _store(self, value: ir.Value, pointer: ir.Value, j: int) -> None:
        address = self._vector_at(pointer, j)
        if self.masked:
            self._call("masked.store", ir.VoidType(), [value, address, INDEX(self.size), self.masks[j]])
        else:
            self.builder.store(value, address, align=self.size)

    def _vector_at(self, pointer: ir.Value, j: int) -> ir.Value:
        step = self.builder.gep(pointer, [ir.IntType(64)(j * self.width)])
        return self.builder.bitcast(step, self.vector.as_pointer())

    def _call(self, name: str, result: ir.Type, operands: list[ir.Value]) -> ir.Value:
        """A call of LLVM's intrinsic of this name for this kind of vector."""
        pointer = "" if name == "fma" else ".p0"
        kind = ir.FunctionType(result, [operand.type for operand in operands])
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.{name}.{self.tag}{pointer}"
        )
        return self.builder.call(function, operands)
