"""Rows of a table by number."""

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange


@kernel
def take_rows(table: Array, index: Array, out: Array) -> None:
    """out (B, D) = table[index], rows of table (N, D) picked by index (B,)."""
    for k in prange(index.shape[0]):
        row, to = table[index[k]], out[k]
        for j in range(to.size):
            to[j] = row[j]
