"""Prepared data on their way to workers of a cluster, which need no file of the side that asks.

Dask moves them to each worker once, from any worker that has them, and frees them when nobody needs them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nettrain.data.prepare import Prepared
from nettrain.errors import NettrainError
from nettrain.store.digest import bytes_digest
from nettrain.sweep.shared_data import SharedData, SharedFold, prepared_from


@dataclass(eq=False)
class SentData:
    """The content of a file of shared data, with its fingerprint."""

    content: npt.NDArray[np.uint8]
    folds: tuple[SharedFold, ...]
    fingerprint: str
    _prepared: list[Prepared] = field(default_factory=list)  # once the content has been checked

    @classmethod
    def read(cls, shared: SharedData) -> "SentData":
        """What is in the file. Raises NettrainError when it cannot be read."""
        try:
            content = np.fromfile(shared.path, np.uint8)
        except OSError as error:
            raise NettrainError(f"{shared.path}: cannot be read: {error.strerror}") from error
        return cls(content, shared.folds, _fingerprint(content))

    def prepared(self) -> Sequence[Prepared]:
        """The data of each fold. Raises NettrainError when what has arrived is not what was sent."""
        if not self._prepared:
            if _fingerprint(self.content) != self.fingerprint:
                raise NettrainError("the data have arrived with another fingerprint than they were sent with")
            content = self.content if self.content.flags.writeable else self.content.copy()
            self._prepared = prepared_from(self.folds, content)
        return self._prepared

    def __sizeof__(self) -> int:
        """For the bookkeeping of Dask, which moves data to disk when a worker's memory is short."""
        return self.content.nbytes

    def __reduce__(self) -> tuple[object, ...]:
        """What is sent: arrays that are views would be sent a second time."""
        return SentData, (self.content, self.folds, self.fingerprint)


def _fingerprint(content: npt.NDArray[np.uint8]) -> str:
    return bytes_digest(content.data)
