"""Counted random bits: Philox4x32-10, a function of (key, counter) with no state.

Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"; the constants are
those of the Random123 library, whose known answers are the test.
"""

import math

import numpy as np

from nettrain.backend.base import Array
from nettrain.backend.kernel import expanded, kernel, prange
from nettrain.backend.pool import Allocate

M0, M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
W0, W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF)
S32, S16 = np.uint64(32), np.uint64(16)
PER_WORD = 2.0**-32
Words = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
UNITS = 8  # one block of 4 x 32 bits decides 8 units, 16 bits each


@expanded
def philox4x32(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> Words:
    """Ten rounds on a counter of four and a key of two 32-bit words, each held in a uint64."""
    for _ in range(10):
        # masked to 32 bits, although they are: vector instructions multiply only such numbers in one go
        p0, p1 = M0 * (c0 & LOW), M1 * (c2 & LOW)
        c0, c1, c2, c3 = (p1 >> S32) ^ c1 ^ k0, p1 & LOW, (p0 >> S32) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + W0) & LOW, (k1 + W1) & LOW
    return c0, c1, c2, c3


@kernel
def philox_words(words: Array, counters: Array, key: Array) -> None:
    """words (n, 4) = the random words of counters (n, 4) under key (2,), all uint64 below 2^32."""
    for i in prange(words.shape[0]):
        words[i] = philox4x32(counters[i, 0], counters[i, 1], counters[i, 2], counters[i, 3], key[0], key[1])


@kernel
def keep_mask(
    mask: Array,
    words: Array,
    bits: Array,
    keys: Array,
    step: Array,
    layer: Array,
    first: Array,
    threshold: Array,
    scale: Array,
) -> None:
    """mask (R, B, H) = scale (R,) where a unit is kept, 0 where it is dropped.

    Counter (step, layer, first + row in batch, unit // 8), key (R, 2); a unit is kept when its 16 bits are at
    least threshold (R,) = round(p·65536). Nothing depends on R or on the other members. The words (R, B,
    blocks, 4) and the same memory as bits (R, B, 8·blocks) come from `mask_words`; two plain loops, one that
    draws and one that compares, are twice as fast as one that does both.
    """
    members, rows, blocks = words.shape[:3]
    for k in prange(members * rows):
        r, row = k // rows, k % rows
        c0, c1, c2 = np.uint64(step[0]), np.uint64(layer), np.uint64(first + row)
        k0, k1, drawn = keys[r, 0], keys[r, 1], words[r, row]
        for i in range(blocks):
            w = philox4x32(c0, c1, c2, np.uint64(i), k0, k1)
            drawn[i, 0], drawn[i, 1], drawn[i, 2], drawn[i, 3] = w[0], w[1], w[2], w[3]
        limit, kept, zero = np.int32(threshold[r]), scale[r], mask.dtype.type(0)
        out, unit_bits = mask[r, row], bits[r, row]
        for j in range(out.size):
            out[j] = kept if np.int32(unit_bits[j]) >= limit else zero


@kernel
def add_noise(out: Array, x: Array, keys: Array, step: Array, first: Array, sigma: Array) -> None:
    """out (R, B, D) = x (1|R, B, D) + sigma (R,) · Gaussian noise; x itself where sigma is 0.

    Counter (step, 2^32 - 1, first + row in batch, column // 4), key (R, 2): the four words of a block are two
    pairs (v, w), each two numbers √(-2 ln u)·cos 2πt and ·sin 2πt with u = (v + ½)/2^32, t = w/2^32, computed
    in float64. Source: Box & Muller 1958.
    """
    members, rows, columns = out.shape
    for k in prange(members * rows):
        r, row = k // rows, k % rows
        g = r % x.shape[0]  # 0 where the axis is 1
        noisy, clean = out[r, row], x[g, row]
        if sigma[r] == 0:
            for j in range(columns):  # an assignment of slices takes Numba two seconds to compile
                noisy[j] = clean[j]
        else:
            c0, c2 = np.uint64(step[0]), np.uint64(first + row)
            for block in range((columns + 3) // 4):
                w = philox4x32(c0, LOW, c2, np.uint64(block), keys[r, 0], keys[r, 1])
                begin, end = 4 * block, min(4 * block + 4, columns)
                four, plain = noisy[4 * block : end], clean[begin:end]
                for j in range(0, four.size, 2):
                    size = math.sqrt(-2 * math.log((w[j] + 0.5) * PER_WORD))
                    angle = math.tau * (w[j + 1] * PER_WORD)
                    draw = out.dtype.type(size * math.cos(angle))
                    four[j] = plain[j] + sigma[r] * draw
                    if j + 1 < four.size:
                        draw = out.dtype.type(size * math.sin(angle))
                        four[j + 1] = plain[j + 1] + sigma[r] * draw


def mask_words(allocate: Allocate, name: str, shape: tuple[int, int, int]) -> tuple[Array, Array]:
    """Memory for the words of a mask (R, B, H), and the same as 16 bits per unit, the low half first."""
    members, rows, units = shape
    words = allocate(name, (members, rows, -(-units // UNITS), 4), np.dtype("<u4"))
    return words, words.view(np.dtype("<u2")).reshape(members, rows, -1)


def key_words(seed: int) -> tuple[int, int]:
    """A 64-bit seed as the two 32-bit words of a key, low word first."""
    return seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF
