"""Rows of bytes that stand for numbers, such as the pixels of images: a quarter of the memory of float32.

An input is a function of one byte. Its value for each of the 256 is computed once, by the code that computes
inputs of any kind, and looked up where rows are gathered, so that no bit depends on how rows are held.
"""

from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Call, DType, HostArray

if TYPE_CHECKING:
    from nettrain.backend.base import Backend

VALUES = 256  # of a byte
BLOCK = 128  # rows that are decoded at once
Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


class CodedRows:
    """Inputs x (N, D): x[i, j] = table[j, codes[rows[i], j]], of codes (M, D), rows (N,), table (D, 256).

    It has the shape and type of the array that it stands for, and is read like one: what is asked for is
    decoded. `codes` may be shared, by splits for instance.
    """

    ndim = 2

    def __init__(self, codes: Bytes, rows: Rows, table: HostArray) -> None:
        self._codes, self._rows, self._table = codes, rows, table
        self._alike = bool((table == table[0]).all())
        self.shape, self.dtype, self.itemsize = (len(rows), codes.shape[1]), table.dtype, table.dtype.itemsize
        self.size = len(rows) * codes.shape[1]
        self.nbytes = self.size * self.itemsize

    def as_array_type(self) -> HostArray:
        """Itself, for the annotations of arrays."""
        return cast(HostArray, self)

    def gather(self, backend: "Backend", index: Array, out: Array) -> Call:
        """A call of the host's backend: out (…, D) = the rows that index (…) names."""
        from nettrain.backend.rows import decode_alike, decode_by_column

        kernel_of = decode_alike if self._alike else decode_by_column
        table = self._table[0] if self._alike else self._table
        flat = index.reshape(-1), table, out.reshape(index.size, -1)
        return backend.launch(kernel_of, out.size, self._codes, self._rows, *flat)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: object) -> HostArray:
        if isinstance(key, slice | np.ndarray | list):
            return self._decoded(self._rows[key])
        everything: Array = np.asarray(self)
        part: HostArray = everything[key]
        return part

    def __array__(self, dtype: DType | None = None, copy: bool | None = None) -> HostArray:
        return self._decoded(self._rows).astype(dtype or self.dtype, copy=False)

    def at(self, index: Rows) -> HostArray:
        """The rows (M,) that index names, coded too."""
        return CodedRows(self._codes, self._rows[index], self._table).as_array_type()

    def copy(self) -> HostArray:
        """All rows as an array."""
        return np.asarray(self)

    @property
    def T(self) -> HostArray:
        """The columns of all rows as an array (D, N)."""
        return np.asarray(self).T

    def _decoded(self, rows: Rows) -> HostArray:
        columns = 0 if self._alike else np.arange(self.shape[1])
        decoded = np.empty((len(rows), self.shape[1]), self.dtype)
        for start in range(0, len(rows), BLOCK):  # as NumPy makes a number of 8 bytes of each byte
            some = slice(start, start + BLOCK)
            decoded[some] = self._table[columns, self._codes[rows[some]]]
        return decoded
