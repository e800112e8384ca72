"""The problem that all peers solve: digits as arrays, and the same starting weights for all."""

import gzip
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

WIDTHS = (784, 512, 512, 10)
BATCH = 128
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
THREADS = 2
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def read_idx(path: Path) -> Array:
    """An IDX file of bytes, gzipped: two zeros, type 8, the number of axes, big-endian lengths, the bytes."""
    data = gzip.decompress(path.read_bytes())
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: not an IDX file of bytes")
    axes = data[3]
    shape = np.frombuffer(data, ">u4", axes, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape.astype(int))


def digits(folder: Path) -> tuple[Array, Array]:
    """Training images x (N, 784) float32 from 0 to 1, and labels y (N,) int32."""
    images, labels = read_idx(folder / IMAGES), read_idx(folder / LABELS)
    x = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
    return x, labels.astype(np.int32)


def starting_weights() -> list[Array]:
    """A weight matrix (m, n) float32 per layer, of variance 2/m (He et al. 2015); biases start at 0."""
    generator = np.random.default_rng(0)
    return [generator.normal(0, (2 / m) ** 0.5, (m, n)).astype(np.float32) for m, n in pairwise(WIDTHS)]
