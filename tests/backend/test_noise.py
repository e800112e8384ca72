"""Gaussian noise: Philox's words in Box and Muller's formula, counted by seed, step, row and column."""

import math

import numpy as np
import pytest

from nettrain.backend.philox import add_noise, key_words, philox_words

NO_LAYER = 2**32 - 1


def noisy(x, seeds, sigma, *, step=0, first=0):
    """x (1|R, B, D) with noise, a member for each seed."""
    out = np.full((len(seeds), *x.shape[1:]), np.nan, x.dtype)
    keys = np.array([key_words(seed) for seed in seeds], np.uint64)
    sigmas = np.broadcast_to(np.asarray(sigma, x.dtype), (len(seeds),)).copy()
    add_noise(out, x, keys, np.array([step], np.uint64), first, sigmas)
    return out


def drawn(seed, step, row, column):
    """One number, transcribed from Box & Muller 1958."""
    words = np.zeros((1, 4), np.uint64)
    counter = np.array([[step, NO_LAYER, row, column // 4]], np.uint64)
    philox_words(words, counter, np.array(key_words(seed), np.uint64))
    v, w = (int(word) for word in words[0, column // 2 % 2 * 2 :][:2])
    size, angle = math.sqrt(-2 * math.log((v + 0.5) / 2**32)), 2 * math.pi * w / 2**32
    return size * (math.sin(angle) if column % 2 else math.cos(angle))


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 11])
def test_noise_is_what_the_words_say(columns):
    x = np.random.default_rng(0).normal(0, 1, (1, 3, columns))
    out = noisy(x, [2**40 + 5], 0.7, step=9, first=6)
    for row in range(3):
        for column in range(columns):
            expected = x[0, row, column] + 0.7 * drawn(2**40 + 5, 9, 6 + row, column)
            assert out[0, row, column] == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_noise_is_normal():
    x = np.zeros((1, 1000, 200))
    out = noisy(x, [3], 2.0).ravel() / 2.0
    n = out.size
    assert abs(out.mean()) < 5 / math.sqrt(n)
    assert abs(out.var() - 1) < 5 * math.sqrt(2 / n)
    assert abs((out**3).mean()) < 5 * math.sqrt(15 / n)
    assert abs((out**4).mean() - 3) < 5 * math.sqrt(96 / n)
    ordered, quantiles = np.sort(out), (np.arange(n) + 0.5) / n
    normal = np.array([math.erfc(-z / math.sqrt(2)) / 2 for z in ordered[::50]])
    assert np.abs(normal - quantiles[::50]).max() < 1.95 / math.sqrt(n)  # Kolmogorov: 1 in 1000
    near, far = out.reshape(1000, 200)[:, :-1], out.reshape(1000, 200)[:, 1:]
    assert abs((near * far).mean()) < 5 / math.sqrt(n)


def test_noise_depends_on_seed_step_row_and_on_nothing_else():
    x = np.random.default_rng(1).normal(0, 1, (1, 4, 30)).astype(np.float32)
    base = noisy(x, [1], 0.5)
    assert np.array_equal(noisy(x, [9, 1, 8], [0.1, 0.5, 0.9])[1], base[0])  # not on the other members
    assert np.array_equal(noisy(np.repeat(x, 3, axis=0), [9, 1, 8], 0.5)[1], base[0])
    assert np.array_equal(noisy(x[:, :2].copy(), [1], 0.5), base[:, :2])  # not on the batch size
    assert np.array_equal(noisy(x[:, 1:].copy(), [1], 0.5, first=1), base[:, 1:])
    for other in (noisy(x, [2], 0.5), noisy(x, [1], 0.5, step=1), noisy(x, [1], 0.5, first=1)):
        assert not np.isclose(other, base).all()
    assert not np.array_equal((base - x)[0, 0], (base - x)[0, 1])


def test_no_noise_leaves_the_very_bits():
    x = np.array([[[-0.0, 0.0, 1e-45, np.float32(1 / 3)]]], np.float32)
    out = noisy(x, [1, 2], [0.0, 0.5])
    assert out[0].tobytes() == x[0].tobytes()
    assert not np.array_equal(out[1], x[0])


def test_single_precision_is_double_precision_rounded():
    x = np.zeros((1, 5, 12))
    wide, narrow = noisy(x, [4], 1.0), noisy(x.astype(np.float32), [4], 1.0)
    assert np.array_equal(wide.astype(np.float32), narrow)
