"""Synthetic sources: points in the plane and a curve, all a function of the seed alone.

Conventions: every entry returns ROWS rows as columns (N,) by name, the target last. Rows of the classes
alternate (0, 1, 2, 0, ...), so that classes are as equal as they can be.
"""

from collections.abc import Callable

import numpy as np

from nettrain.data.tables.arrays import Floats, Indices
from nettrain.data.tables.table import Table

ROWS = 1000
SYNTHETIC = 0x64617461_00000003  # purpose of these draws: "data" in ASCII, then a number
ColumnArrays = dict[str, Floats | Indices]
Make = Callable[[np.random.Generator], ColumnArrays]
SYNTHETICS: dict[str, Make] = {}


def read_synthetic(name: str, seed: int) -> Table:
    """The rows of a synthetic source; the target is the last column."""
    generator = np.random.Generator(np.random.Philox(key=[seed, SYNTHETIC]))
    return Table.of(SYNTHETICS[name](generator), f"synthetic:{name}")


def synthetic(make: Make) -> Make:
    """Decorator: the function's name becomes the name of a source."""
    SYNTHETICS[make.__name__] = make
    return make


def alternating(classes: int) -> Indices:
    """Labels (N,): 0, 1, ..., classes - 1, 0, ..."""
    return np.arange(ROWS) % classes


def points(
    x: Floats, y: Floats, labels: Indices, noise: float, generator: np.random.Generator
) -> ColumnArrays:
    """Columns of points in the plane, each moved by N(0, noise²)."""
    moved = noise * generator.standard_normal((2, ROWS))
    return {"x0": x + moved[0], "x1": y + moved[1], "class": labels}


@synthetic
def blobs(generator: np.random.Generator) -> ColumnArrays:
    """Three round clouds on a triangle; a straight line nearly separates each two."""
    labels = alternating(3)
    angle = 2 * np.pi * labels / 3 + np.pi / 2
    return points(2 * np.cos(angle), 2 * np.sin(angle), labels, 0.8, generator)


@synthetic
def moons(generator: np.random.Generator) -> ColumnArrays:
    """Two half circles that interlock."""
    labels = alternating(2)
    angle = np.pi * generator.random(ROWS)
    x = np.where(labels == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(labels == 0, np.sin(angle), 0.5 - np.sin(angle))
    return points(x, y, labels, 0.15, generator)


@synthetic
def circles(generator: np.random.Generator) -> ColumnArrays:
    """A ring around a smaller ring: no straight line separates them."""
    labels = alternating(2)
    angle = 2 * np.pi * generator.random(ROWS)
    radius = np.where(labels == 0, 1.0, 0.5)
    return points(radius * np.cos(angle), radius * np.sin(angle), labels, 0.08, generator)


@synthetic
def spirals(generator: np.random.Generator) -> ColumnArrays:
    """Three arms that wind once around each other."""
    labels = alternating(3)
    along = np.sqrt(generator.random(ROWS))
    angle = 2 * np.pi * (along + labels / 3)
    return points(along * np.cos(angle), along * np.sin(angle), labels, 0.02, generator)


@synthetic
def xor(generator: np.random.Generator) -> ColumnArrays:
    """Four noisy corners of a square; opposite ones are of one class."""
    corner = np.arange(ROWS) % 4
    x, y = corner // 2, corner % 2
    return points(x.astype(np.float64), y.astype(np.float64), x ^ y, 0.15, generator)


@synthetic
def coins(generator: np.random.Generator) -> ColumnArrays:
    """Ten columns of N(0, 1), and classes that do not depend on them: nothing to learn but by heart."""
    columns = generator.standard_normal((10, ROWS))
    return {f"x{k}": column for k, column in enumerate(columns)} | {"class": alternating(2)}


@synthetic
def sine(generator: np.random.Generator) -> ColumnArrays:
    """y = sin x + N(0, 0.1²), x uniform over two periods: a target of numbers."""
    x = generator.uniform(-2 * np.pi, 2 * np.pi, ROWS)
    return {"x": x, "y": np.sin(x) + 0.1 * generator.standard_normal(ROWS)}


@synthetic
def fan(generator: np.random.Generator) -> ColumnArrays:
    """y = sin x + N(0, s²), x uniform over two periods; s grows with x from 0.05 to 0.45."""
    x = generator.uniform(-2 * np.pi, 2 * np.pi, ROWS)
    spread = 0.25 + 0.1 * x / np.pi
    return {"x": x, "y": np.sin(x) + spread * generator.standard_normal(ROWS)}


@synthetic
def valley(generator: np.random.Generator) -> ColumnArrays:
    """y = steep + 10·flat; the features have mean 0, standard deviations 1 and 0.1, and no correlation.

    On all rows, the squared error of a linear model is exactly 100 times as curved across its valley as along
    it.
    """
    drawn = generator.standard_normal((ROWS, 2))
    orthogonal, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    steep, flat = np.sqrt(ROWS) * orthogonal.T * [[1.0], [0.1]]
    return {"steep": steep, "flat": flat, "y": steep + 10 * flat}
