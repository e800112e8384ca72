"""The one owner of the member axis.

Every array with a row per member is registered here, on the host and on the device alike, and `compact` moves
the rows of the members that go on to the front of all of them. No view may be kept across it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array
from nettrain.catalogue.members import select
from nettrain.experiment.settings import Experiment
from nettrain.model.layers import Layer

COMPACT_FROM = 8  # rows are moved when one in so many has stopped


class Population:
    """R members that train side by side; `members` holds their stacked settings, `layers` those by layer.

    `original` (R,) says which of the members at the start each row is, `active` (R,) which still train.
    """

    def __init__(self, members: Experiment, size: int, layers: Sequence[Layer] = ()) -> None:
        self.members, self.layers = members, list(layers)
        self.size = size
        self._rows: dict[str, Array] = {}
        self._views: dict[str, Array] = {}  # of the members that are still here; an epoch asks for many
        self._scratch: set[str] = set()
        self.register("original", np.arange(size))
        self.register("active", np.ones(size, dtype=bool))

    def register(self, name: str, array: Array, *, scratch: bool = False) -> None:
        """Register an array whose first axis is the members; every step overwrites one that is `scratch`."""
        self._rows[name] = array
        self._views[name] = array[: self.size]
        if scratch:
            self._scratch.add(name)

    def persistent(self) -> list[str]:
        """Names of the arrays on which the rest of the run depends."""
        return [name for name in self._rows if name not in self._scratch]

    def __contains__(self, name: object) -> bool:
        """Whether an array of this name is registered."""
        return name in self._rows

    def __getitem__(self, name: str) -> Array:
        """The rows of the members that are still here; a view, void after `compact`."""
        return self._views[name]

    def part(self, start: int, stop: int) -> "Population":
        """The rows from `start` to `stop` as a population of their own, of which no array is copied.

        Void after `compact`.
        """
        rows = np.arange(start, stop)
        part = Population.__new__(Population)
        part.members, part.layers, part.size = (
            select(self.members, rows),
            select(self.layers, rows),
            len(rows),
        )
        part._rows = {name: array[start:stop] for name, array in self._rows.items()}
        part._views, part._scratch = part._rows, self._scratch
        return part

    def should_compact(self) -> bool:
        """Whether enough members have stopped that moving the others pays."""
        stopped = self.size - int(self["active"].sum())
        return 0 < stopped < self.size and stopped * COMPACT_FROM >= self.size

    def compact(self, keep: npt.NDArray[np.bool_]) -> None:
        """Move the rows to keep (R,) to the front of every registered array."""
        self.select(np.flatnonzero(keep))

    def select(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep only these rows, in this order."""
        for array in self._rows.values():
            array[: len(rows)] = array[rows]
        self.members = select(self.members, rows)
        self.layers = select(self.layers, rows)
        self.size = len(rows)
        self._views = {name: array[: self.size] for name, array in self._rows.items()}
