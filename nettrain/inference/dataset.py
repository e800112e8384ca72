"""Rows of one split as the loss reads them: on the device if they fit there, otherwise in host memory."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Array, Backend, DType, HostArray, Prefetcher
from nettrain.backend.coded_rows import CodedRows
from nettrain.backend.device import format_bytes
from nettrain.backend.host_prefetcher import HostPrefetcher
from nettrain.backend.scratch_file import is_scratch, rows_at
from nettrain.catalogue.losses import targets_for
from nettrain.data.labelled import Rows
from nettrain.errors import DataError
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of

USABLE = 15 / 16  # of the free memory: compiled kernels and gaps between arrays take some
NAMES = {"train": "training"}  # of splits, in messages


@dataclass(frozen=True)
class Dataset:
    """The rows of one split: x (N, D), y (N,) or (N, K) in the form that the loss reads, weight (N,).

    These arrays are on the device or, with a `prefetcher` that copies them there, on the host. `targets` and
    `weights` are y and weight on the host as they are in the data.
    """

    x: Array
    y: Array
    weight: Array
    unweighted: bool  # all weights are 1
    targets: HostArray
    weights: HostArray
    prefetcher: Prefetcher | None = None

    def select(self, index: HostArray | slice) -> "Dataset":
        """Some rows (M,) of a dataset on the host; a slice of them, of which nothing is copied, anywhere."""
        others = {name: getattr(self, name)[index] for name in ("y", "weight", "targets", "weights")}
        x = self.x[index] if isinstance(index, slice) else rows_at(self.x, index)
        return replace(self, x=x, **others)

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
        """About how many bytes this number of its rows takes."""
        return rows * -(-self.nbytes // self.rows)


def dataset_of(rows: Rows, experiment: Experiment, dtype: DType, outputs: int) -> Dataset:
    """Rows on the host, with numbers in the run's dtype and targets for a network of so many outputs.

    Raises DataError when the loss cannot take these targets.
    """
    loss = loss_of(experiment)
    y = targets_for(loss, rows.y, outputs)
    objection = loss.objection(y)
    if objection:
        raise DataError(f"loss: {loss.name} needs {objection}")
    return Dataset(
        as_dtype(rows.x, dtype),
        as_dtype(y, dtype),
        as_dtype(rows.weight, dtype),
        unweighted=bool((rows.weight == 1).all()),
        targets=rows.y,
        weights=rows.weight,
    )


def place_datasets(
    datasets: Mapping[str, Dataset], backend: Backend, reserved: int, streaming: Mapping[str, int]
) -> tuple[dict[str, Dataset], list[str]]:
    """Put each dataset of the host on the device as long as it fits, the first one first.

    `reserved` is the number of bytes that all else takes there, `streaming` how many bytes a dataset takes
    when its rows stream instead; one that it does not list is put on the device in any case. Rows on disk
    stream to memory too. Returns the datasets by split, and notes on those that stay on the host.
    """
    prefetcher, placed, notes = backend.prefetcher(), dict[str, Dataset](), []
    free = available_bytes(prefetcher, reserved)
    for split, dataset in datasets.items():
        if prefetcher is None and split in streaming and is_scratch(dataset.x):
            placed[split] = replace(dataset, prefetcher=HostPrefetcher())
        elif prefetcher is None or split not in streaming or dataset.nbytes <= free:
            placed[split] = _on_device(dataset, backend)
            free -= dataset.nbytes
        else:
            placed[split] = replace(dataset, prefetcher=prefetcher)
            free -= streaming[split]
            size, name = format_bytes(dataset.nbytes), NAMES.get(split, split)
            notes.append(f"the {name} rows, {size}, stay in host memory: they stream to the device")
    return placed, notes


def available_bytes(prefetcher: Prefetcher | None, reserved: int = 0) -> int:
    """Bytes of a device that rows may take beside those that are reserved; 0 without a device."""
    return 0 if prefetcher is None else int(USABLE * prefetcher.free_bytes()) - reserved


def as_dtype(array: HostArray, dtype: DType) -> HostArray:
    """A host array as `Backend.from_host` would store it: floating-point numbers in the run's dtype."""
    if isinstance(array, CodedRows):
        return array if array.dtype == dtype else np.asarray(array, dtype)
    return np.ascontiguousarray(array, dtype if array.dtype.kind == "f" else None)


def on_device(array: HostArray, backend: Backend) -> Array:
    """A host array where the backend computes; coded rows of the host stay coded."""
    if isinstance(array, CodedRows):
        return array if backend.prefetcher() is None else backend.from_host(np.asarray(array))
    return backend.from_host(array)


def _on_device(dataset: Dataset, backend: Backend) -> Dataset:
    x, y, weight = (on_device(array, backend) for array in dataset.arrays)
    return replace(dataset, x=x, y=y, weight=weight)
