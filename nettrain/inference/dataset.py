"""Sets of rows: on the device when they fit there, else in host memory, from where they stream."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend, HostArray, Prefetcher
from nettrain.backend.device import format_bytes
from nettrain.catalogue.losses import targets_for
from nettrain.data.labelled import Rows
from nettrain.errors import DataError
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of

SHARE = 15 / 16  # of the free memory that is given out; programs of kernels and gaps between arrays take some
NAMES = {"train": "training"}  # as people are told of the rows


@dataclass(frozen=True)
class Dataset:
    """One set of rows: x (N, D), y (N,) or (N, K), weight (N,).

    They lie on the device, or on the host with a `prefetcher` that brings them there. `target` and `mass` are
    y and weight on the host, as the data gave them.
    """

    x: Array
    y: Array
    weight: Array
    even: bool  # all rows weigh 1
    target: HostArray
    mass: HostArray
    prefetcher: Prefetcher | None = None

    @property
    def rows(self) -> int:
        return int(self.x.shape[0])

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        return self.x, self.y, self.weight

    @property
    def nbytes(self) -> int:
        return sum(int(array.nbytes) for array in self.arrays)

    def bytes_of(self, rows: int) -> int:
        """Of so many of its rows, about."""
        return rows * -(-self.nbytes // self.rows)


def place(
    tables: dict[str, Dataset], backend: Backend, working: int, passing: Mapping[str, int]
) -> tuple[dict[str, Dataset], list[str]]:
    """Tables of the host, each put on the device while it fits beside `working` bytes; and what to say of it.

    The first has the first choice. `passing` says how many bytes one takes there when it streams; those that
    it does not name are put there in any case.
    """
    prefetcher, placed, notes = backend.prefetcher(), dict[str, Dataset](), []
    free = fitting(prefetcher, working)
    for name, table in tables.items():
        if prefetcher is None or name not in passing or table.nbytes <= free:
            placed[name] = _on_device(table, backend)
            free -= table.nbytes
        else:
            placed[name] = replace(table, prefetcher=prefetcher)
            free -= passing[name]
            size, shown = format_bytes(table.nbytes), NAMES.get(name, name)
            notes.append(f"the {shown} rows, {size}, stay in host memory: they stream to the device")
    return placed, notes


def fitting(prefetcher: Prefetcher | None, working: int = 0) -> int:
    """Bytes of rows that fit beside what work takes; 0 where there is no device, and nothing to fit on."""
    return 0 if prefetcher is None else int(SHARE * prefetcher.free_bytes()) - working


def in_dtype(array: HostArray, dtype: "np.dtype[Any]") -> HostArray:
    """A host array as `from_host` would store it: numbers in the run's dtype."""
    return np.ascontiguousarray(array, dtype if array.dtype.kind == "f" else None)


def _on_device(table: Dataset, backend: Backend) -> Dataset:
    x, y, weight = (backend.from_host(array) for array in table.arrays)
    return replace(table, x=x, y=y, weight=weight)


def table_of(rows: Rows, experiment: Experiment, dtype: "np.dtype[Any]", outputs: int) -> Dataset:
    """Rows on the host, their targets in the form that the loss reads for so many outputs.

    Numbers are in the run's dtype. Raises DataError for targets that the loss cannot take.
    """
    loss = loss_of(experiment)
    target = targets_for(loss, rows.y, outputs)
    objection = loss.objection(target)
    if objection:
        raise DataError(f"loss: {loss.name} needs {objection}")
    return Dataset(
        in_dtype(rows.x, dtype),
        in_dtype(target, dtype),
        in_dtype(rows.weight, dtype),
        even=bool((rows.weight == 1).all()),
        target=rows.y,
        mass=rows.weight,
    )
