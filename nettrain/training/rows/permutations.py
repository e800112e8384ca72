"""Permutations of rows for many epochs at once, to the bit those of NumPy's generator with a counted Philox.

To set and to call NumPy's takes some microseconds for each of them, half as long as a tiny network's epoch.

Source: Philox4x64-10 of Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"; the
shuffle of Fisher and Yates from the last place to the first, as NumPy does it.
"""

from functools import cache

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.helper import expanded
from nettrain.backend.kernel import Kernel, kernel
from nettrain.training.rows.batches import ORDER, Index, Seeds

M0, M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
W0, W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
LOW, S32, ONE = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(1)
HALVES = 8  # of the four words of a block
Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@expanded
def high_product(a: np.uint64, b: np.uint64) -> np.uint64:
    """The upper 64 bits of a·b, from products of halves."""
    a_low, a_high, b_low, b_high = a & LOW, a >> S32, b & LOW, b >> S32
    middle = a_high * b_low + (a_low * b_low >> S32)
    other = a_low * b_high + (middle & LOW)
    return a_high * b_high + (middle >> S32) + (other >> S32)


@expanded
def philox4x64(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Words:
    """Ten rounds on a counter of four and a key of two words."""
    for _ in range(10):
        h0, h1 = high_product(M0, c0), high_product(M1, c2)
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, M1 * c2, h0 ^ c3 ^ k1, M0 * c0
        k0, k1 = k0 + W0, k1 + W1
    return c0, c1, c2, c3


def permute(  # pragma: no cover - machine code
    orders: Array, keys: Array, counters: Array, halves: Array
) -> None:
    """orders (K, N) = the numbers from 0 to N - 1, in the order of each key (K, 2) and counter (K, 4).

    The blocks of numbers begin with that of the counter + 1, each word with its lower half. The number that
    says where the last place goes is the first, of as few bits as that takes, that is not too large. halves
    (8,) is scratch memory.
    """
    for k in range(orders.shape[0]):
        order, block, used, mask = orders[k], counters[k, 0], halves.size, LOW
        for i in range(order.size):
            order[i] = i
        for last in range(order.size - 1, 0, -1):
            while mask >> ONE >= np.uint64(last):
                mask >>= ONE
            place = LOW
            while place > np.uint64(last):
                if used == halves.size:
                    block, used = block + ONE, 0
                    words = philox4x64(
                        block, counters[k, 1], counters[k, 2], counters[k, 3], keys[k, 0], keys[k, 1]
                    )
                    for w in range(4):
                        halves[2 * w], halves[2 * w + 1] = words[w] & LOW, words[w] >> S32
                place = halves[used] & mask
                used += 1
            order[last], order[place] = order[place], order[last]


def permuted_rows_of_epochs(seeds: Seeds, epochs: range, rows: int, per_member: int) -> Index:
    """`permuted_rows` (E, R·k, N) of several epochs, of each seed (R,) and of k sub-members; fewer than 2^32.

    To load the machine code takes as long as NumPy does for some hundred orders of a tiny table.
    """
    keys = np.zeros((len(epochs), len(seeds), per_member, 2), np.uint64)
    counters = np.zeros((*keys.shape[:3], 4), np.uint64)
    keys[..., 0], keys[..., 1] = seeds[:, None], ORDER
    counters[..., 2], counters[..., 3] = np.arange(per_member), np.array(epochs)[:, None, None]
    orders = np.empty((*keys.shape[:3], rows), np.intp)
    halves = np.empty(HALVES, np.uint64)
    _in_machine_code()(orders.reshape(-1, rows), keys.reshape(-1, 2), counters.reshape(-1, 4), halves)
    return orders.reshape(len(epochs), -1, rows)


@cache
def _in_machine_code() -> Kernel:
    """`permute`, compiled: for the host alone, so that it is none of the kernels that a GPU has too."""
    return kernel(permute)
