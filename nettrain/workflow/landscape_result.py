"""What a loss landscape is: surfaces of the loss on planes, and the path of training."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Floats
from nettrain.inference.loss_surface import Grid

TINY = 1e-9  # of a step of a grid


@dataclass(frozen=True, eq=False)
class Surface:
    """The losses (B, A) on a grid of a plane, and where the path of training lies on it, (E, 2).

    The final weights are at (0, 0). `explained` is the share of the path's variance in the plane.
    """

    kind: Literal["random", "path"]
    grid: Grid
    losses: Floats
    path: Floats
    explained: float | None = None

    def distance_of(self, loss: float) -> float | None:
        """How far from the final weights the loss is first above `loss` on average over all directions.

        In units of the coordinates; None where it is not before the nearest edge of the grid.
        """
        distances = np.hypot(*self.grid.coordinates.T)
        step = float(self.grid.a[1] - self.grid.a[0])
        rings = np.rint(distances / step).astype(int)
        edge = int(np.abs([*self.grid.a[[0, -1]], *self.grid.b[[0, -1]]]).min() / step + TINY)
        for ring in range(1, edge + 1):
            values = self.losses.ravel()[rings == ring]
            if values.size and not values.mean() <= loss:
                return ring * step
        return None


class SurfaceJson(TypedDict):
    """A surface: `losses` has a row for each b and a column for each a; null where not finite."""

    directions: Literal["random", "path"]
    a: list[float]
    b: list[float]
    losses: list[list[float | None]]
    path: list[tuple[float, float]]
    explained: float | None


class LandscapeJson(TypedDict):
    """What `nettrain landscape --json` prints."""

    experiment: str
    split: str
    rows: int
    networks: int
    loss: float
    doubling_distance: float | None
    epochs: list[int]
    path_losses: list[float | None]
    surfaces: list[SurfaceJson]
    notes: list[str]
    seconds: float


@dataclass(frozen=True, eq=False, repr=False)
class Landscape:
    """The loss around the final weights of a run.

    Attributes
    ----------
    loss : float
        The loss at the final weights, on `rows` rows of the `split`, without dropout and penalties.
    surfaces : tuple of Surface
        On the plane of two random directions, filter-normalized, and on that of the path.
    epochs : tuple of int
        After which epochs the path has a point; empty without a path.
    path_losses : numpy.ndarray
        (E,), the losses at the points of the path itself.
    networks : int
        How many networks were evaluated.
    """

    experiment: str
    split: str
    rows: int
    networks: int
    loss: float
    epochs: tuple[int, ...]
    path_losses: Floats
    surfaces: tuple[Surface, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def doubling_distance(self) -> float | None:
        """How far one goes until the loss has doubled, on average over directions of the random plane.

        At 1 every unit's weights are changed by as much as their length: the smaller, the sharper is the
        minimum. None where it is further than the plane reaches.
        """
        return self.surfaces[0].distance_of(2 * self.loss) if self.loss > 0 else None

    @property
    def plain(self) -> LandscapeJson:
        """The result as the command prints it."""
        return {
            "experiment": self.experiment,
            "split": self.split,
            "rows": self.rows,
            "networks": self.networks,
            "loss": self.loss,
            "doubling_distance": self.doubling_distance,
            "epochs": list(self.epochs),
            "path_losses": _finite(self.path_losses),
            "surfaces": [_plain(surface) for surface in self.surfaces],
            "notes": list(self.notes),
            "seconds": self.seconds,
        }

    def __repr__(self) -> str:
        return f"<Landscape {self.experiment}: loss {self.loss:.4g}, {self.networks} networks>"


def _plain(surface: Surface) -> SurfaceJson:
    return {
        "directions": surface.kind,
        "a": surface.grid.a.tolist(),
        "b": surface.grid.b.tolist(),
        "losses": [_finite(row) for row in surface.losses],
        "path": [(float(a), float(b)) for a, b in surface.path],
        "explained": surface.explained,
    }


def _finite(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
