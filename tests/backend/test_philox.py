"""Philox4x32-10 against the known answers of Random123, and what masks are made of."""

import numpy as np
import pytest

from nettrain.backend.philox import keep_mask, key_words, mask_words, philox_words

KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter: list[int], key: list[int], words: list[int]) -> None:
    out = np.zeros((1, 4), np.uint64)
    philox_words(out, np.array([counter], np.uint64), np.array(key, np.uint64))
    assert out[0].tolist() == words


def mask(
    shape: tuple[int, int, int], seeds: list[int], p: float, step: int = 0, layer: int = 0, first: int = 0
) -> np.ndarray:
    out = np.full(shape, np.nan, np.float32)
    keys = np.array([key_words(seed) for seed in seeds], np.uint64)
    threshold = np.full(len(seeds), round(p * 65536), np.uint64)
    scale = np.full(len(seeds), 2.0, np.float32)
    drawn = mask_words(lambda name, shape, dtype: np.empty(shape, dtype), "words", shape)
    keep_mask(out, *drawn, keys, np.array([step], np.uint64), layer, first, threshold, scale)
    return out


def test_a_mask_is_what_the_words_say() -> None:
    out = mask((1, 3, 19), [5], 0.4, step=7, layer=2)
    for row in range(3):
        for unit in range(19):
            words = np.zeros((1, 4), np.uint64)
            counter = np.array([[7, 2, row, unit // 8]], np.uint64)
            philox_words(words, counter, np.array([5, 0], np.uint64))
            bits = int(words[0, unit % 8 // 2]) >> (16 * (unit % 2)) & 0xFFFF
            assert out[0, row, unit] == (2.0 if bits >= round(0.4 * 65536) else 0.0)


def test_a_mask_depends_on_seed_step_layer_row_and_on_nothing_else() -> None:
    base = mask((1, 4, 30), [1], 0.5)
    assert np.array_equal(mask((3, 4, 30), [9, 1, 8], 0.5)[1], base[0])  # not on the other members
    assert np.array_equal(mask((1, 2, 30), [1], 0.5), base[:, :2])  # not on the batch size
    assert np.array_equal(mask((1, 2, 30), [1], 0.5, first=2), base[:, 2:])
    for other in (
        mask((1, 4, 30), [2], 0.5),
        mask((1, 4, 30), [1], 0.5, 1),
        mask((1, 4, 30), [1], 0.5, 0, 1),
    ):
        assert not np.array_equal(other, base)
    assert not np.array_equal(base[0, 0], base[0, 1])


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_the_share_of_dropped_units(p: float) -> None:
    dropped = (mask((1, 100, 1000), [3], p) == 0).mean()
    assert abs(dropped - p) <= 5 * np.sqrt(p * (1 - p) / 100_000) + 1e-5


def test_seeds_beyond_32_bits_differ() -> None:
    assert key_words(2**40 + 7) == (7, 256)
    assert not np.array_equal(mask((1, 4, 30), [7], 0.5), mask((1, 4, 30), [2**40 + 7], 0.5))
