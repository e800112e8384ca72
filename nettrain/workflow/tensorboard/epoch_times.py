"""When the epochs of a run ended."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Self

from nettrain.store.epoch_seconds import read_times
from nettrain.store.history import HistoryRow
from nettrain.store.run_folder import RunFolder


@dataclass(frozen=True)
class EpochTimes:
    """When (seconds since 1970) the epochs of a run ended, as far as its files say."""

    ended: float
    epochs: Sequence[float]
    step_seconds: Sequence[float]
    seconds: Sequence[float]

    @classmethod
    def of(cls, files: RunFolder) -> Self:
        """By the times of its epochs, the last of which ended when the history was written."""
        newest = next(
            (one for one in (files.history, files.summary, files.config) if one.is_file()), files.path
        )
        rows = read_times(files.timing)
        return cls(
            newest.stat().st_mtime,
            [one.epoch for one in rows],
            [one.step_seconds for one in rows],
            [one.seconds for one in rows],
        )

    @property
    def began(self) -> float:
        """When the first epoch began."""
        return self.ended - sum(self.seconds)

    def at(self, epoch: float) -> float:
        """When an epoch ended."""
        return self.began + self._passed[bisect_right(self.epochs, epoch)]

    @cached_property
    def _passed(self) -> list[float]:
        return [0.0, *accumulate(self.seconds)]

    def rows(self, history: Sequence[HistoryRow]) -> Iterator[tuple[float, int, float, float]]:
        """Each timed epoch with its last step, which the history has of those that were evaluated."""
        steps = {row["epoch"]: int(row["step"]) for row in history}
        for epoch, of_steps, of_all in zip(self.epochs, self.step_seconds, self.seconds, strict=True):
            if epoch in steps:
                yield epoch, steps[epoch], of_steps, of_all
