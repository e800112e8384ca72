"""Rows of a table by number; of coded rows the numbers that bytes stand for, see `coded_rows`."""

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange


@kernel
def take_rows(table: Array, index: Array, out: Array) -> None:
    """out (B, D) = table[index], rows of table (N, D) picked by index (B,)."""
    for k in prange(index.shape[0]):
        row, to = table[index[k]], out[k]
        for j in range(to.size):
            to[j] = row[j]


@kernel
def decode_alike(codes: Array, rows: Array, index: Array, table: Array, out: Array) -> None:
    """out (B, D) = table (256,) at the bytes of codes (N, D), in the rows that rows[index] (B,) names."""
    for i in prange(index.shape[0]):
        row, to = codes[rows[index[i]]], out[i]
        for j in range(to.size):
            to[j] = table[row[j]]


@kernel
def decode_by_column(codes: Array, rows: Array, index: Array, table: Array, out: Array) -> None:
    """`decode_alike` by a table (D, 256) that has another row for each column."""
    for i in prange(index.shape[0]):
        row, to = codes[rows[index[i]]], out[i]
        for j in range(to.size):
            to[j] = table[j, row[j]]
