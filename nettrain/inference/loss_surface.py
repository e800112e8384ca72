"""Loss surfaces: the loss of a network on a plane through its weights.

A plane is spanned by two directions in the space of all parameters. Every point of a grid on it is one
network, and all of them are evaluated as one population, in inference mode.

Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, Visualizing the loss landscape of neural nets, 2018:
section 4 (filter-normalized directions) and section 7 (the plane that holds most of a training's path).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.backend.pool import Pool
from nettrain.catalogue.optimizers.groups import WEIGHT
from nettrain.experiment.task import loss_of
from nettrain.inference.dataset import Dataset
from nettrain.inference.evaluate import Evaluator
from nettrain.inference.model import Model, TrainedNetworks
from nettrain.inference.predict import chunk_rows
from nettrain.model.parameters import ParameterLayout

CHUNK_BYTES = 256e6  # of parameters and signals of the networks that are evaluated at once
TINY = 1e-12  # share of a path's variance below which it does not leave a line


@dataclass(frozen=True, eq=False)
class Plane:
    """The parameters center (P,) + a·directions[0] + b·directions[1], with directions (2, P)."""

    center: Floats
    directions: Floats

    def parameters(self, coordinates: Floats) -> Floats:
        """The parameters (N, P) of points with coordinates (N, 2)."""
        points: Floats = self.center + coordinates @ self.directions
        return points

    def coordinates(self, parameters: HostArray) -> Floats:
        """The coordinates (N, 2) of the points of the plane that are nearest to parameters (N, P)."""
        offsets = (parameters - self.center) @ self.directions.T
        gram = self.directions @ self.directions.T
        return np.asarray(np.linalg.lstsq(gram, offsets.T)[0].T)


def filter_normalized_plane(layout: ParameterLayout, parameters: HostArray, seed: int) -> Plane:
    """The plane of two random directions around parameters (P,), normalized filter by filter.

    A filter is the weights of one unit, a column of a weight matrix. Each one of a direction is as long as
    that of the network, which makes surfaces of different networks comparable. Other parameters stay.
    """
    center = parameters.astype(np.float64)
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    directions = np.stack([_filter_normalized(layout, center, generator) for _ in range(2)])
    return Plane(center, directions)


def _filter_normalized(layout: ParameterLayout, center: Floats, generator: np.random.Generator) -> Floats:
    """A random direction (P,), of which each filter has the length of that of `center`."""
    direction = np.zeros((1, layout.size))
    for slot in layout.slots:
        if slot.group != WEIGHT:
            continue
        matrices = (slot.blocks, -1, slot.shape[1])
        weights = layout.view(center[None], slot.layer, slot.name).reshape(matrices)
        drawn = generator.standard_normal(weights.shape)
        lengths = np.linalg.norm(weights, axis=1, keepdims=True)
        scaled = drawn * lengths / np.linalg.norm(drawn, axis=1, keepdims=True)
        layout.view(direction, slot.layer, slot.name)[...] = scaled.reshape(1, *slot.shape)
    first: Floats = direction[0]
    return first


@dataclass(frozen=True, eq=False)
class PathPlane(Plane):
    """The plane of a path's two principal components, of length 1; they have `explained` of its variance."""

    explained: float


def path_plane(path: HostArray, center: HostArray) -> PathPlane:
    """The plane through `center` (P,) that holds most of a path (E, P): its principal components.

    Coordinates are distances in the space of parameters. The path begins where both are positive.
    """
    middle = center.astype(np.float64)
    offsets = path.astype(np.float64) - middle
    # eigenvectors of the small matrix of inner products; the covariance itself would be (P, P)
    variances, vectors = np.linalg.eigh(offsets @ offsets.T)
    total = float(variances.clip(0).sum())
    components = [
        _unit(offsets.T @ vectors[:, k]) for k in (-1, -2) if len(path) >= -k and variances[k] > TINY * total
    ]
    directions = np.stack(_completed(components, len(middle)))
    starts = directions @ offsets[0]
    directions *= np.where(starts < 0, -1.0, 1.0)[:, None]
    explained = float(variances[-2:].clip(0).sum()) / total if total else 1.0
    return PathPlane(middle, directions, explained)


def _unit(vector: Floats) -> Floats:
    scaled: Floats = vector / np.linalg.norm(vector)
    return scaled


def _completed(components: list[Floats], size: int) -> list[Floats]:
    """Two orthogonal directions: the components, and random ones where the path has fewer."""
    generator, found = np.random.Generator(np.random.Philox(0)), list(components)
    while len(found) < 2:
        drawn = generator.standard_normal(size)
        for one in found:
            drawn -= (drawn @ one) * one
        found.append(_unit(drawn))
    return found


@dataclass(frozen=True, eq=False)
class Grid:
    """The points with coordinates a (A,) and b (B,) on a plane."""

    a: Floats
    b: Floats

    @classmethod
    def square(cls, center: Floats, half: float, resolution: int) -> "Grid":
        """`resolution` points on each side of a square around the point `center` (2,)."""
        steps = np.linspace(-half, half, resolution)
        return cls(center[0] + steps, center[1] + steps)

    @property
    def coordinates(self) -> Floats:
        """The coordinates (B·A, 2) of all points, row by row of equal b."""
        a, b = np.meshgrid(self.a, self.b)
        return np.column_stack([a.ravel(), b.ravel()])


class PointEvaluator:
    """The loss of many networks of one model, which differ in nothing but their parameters.

    `statistics` (Q,) are the running statistics of all of them.
    """

    def __init__(self, networks: TrainedNetworks, dataset: Dataset, points: int) -> None:
        self._size = min(points, networks_at_once(networks.model, networks.backend.chunk_bytes))
        repeated = networks.select([0] * self._size)
        self._backend, self._network = networks.backend, repeated.network()
        loss, pool = loss_of(repeated.members), Pool(networks.backend)
        self._evaluator = Evaluator(networks.model, self._network, loss, dataset, pool)

    def losses(self, plane: Plane, coordinates: Floats) -> Floats:
        """The loss (N,) of the points of a plane with coordinates (N, 2)."""
        chunks = self._chunks(coordinates)
        return np.concatenate([self._losses(plane.parameters(chunk)) for chunk in chunks])

    def losses_of(self, parameters: HostArray) -> Floats:
        """The loss (N,) of networks with parameters (N, P)."""
        return np.concatenate([self._losses(chunk) for chunk in self._chunks(parameters)])

    def _chunks(self, rows: HostArray) -> Iterator[HostArray]:
        yield from (rows[first : first + self._size] for first in range(0, len(rows), self._size))

    def _losses(self, parameters: HostArray) -> Floats:
        """The loss (N,) of parameters (N, P), not more than fit at once."""
        self._network.parameters[: len(parameters)] = self._backend.from_host(parameters)
        with np.errstate(all="ignore"):  # far from the center a loss may be infinite
            return self._evaluator.figures()["loss"][: len(parameters)]


def networks_at_once(model: Model, chunk_bytes: int) -> int:
    """How many networks are evaluated side by side."""
    architecture = model.architecture
    signals = chunk_rows(architecture, chunk_bytes) * sum(architecture.widths)
    return max(1, int(CHUNK_BYTES // (8 * (model.layout.size + signals))))
