"""How members end: the first reason to stop counts, and their final parameters are copied out."""

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Flags
from nettrain.training.events import MemberStopped
from nettrain.training.progress import Progress
from nettrain.training.run import TrainingRun

Rows = npt.NDArray[np.intp]


class Endings:
    """The members that have stopped, in `stopped` by their number at the start."""

    def __init__(self, run: TrainingRun, progress: Progress) -> None:
        self._run, self._progress = run, progress
        self.stopped: dict[int, MemberStopped] = {}
        self._unreported: list[MemberStopped] = []

    def report(self) -> list[MemberStopped]:
        """The members that have stopped since the last call."""
        stopped, self._unreported = self._unreported, []
        return stopped

    def end(self, reason: str, flags: Flags | bool) -> None:
        """Stop the flagged members (R,) that are still active."""
        if flags is False:
            return
        (rows,) = (self._run.population["active"] & flags).nonzero()
        if len(rows):
            self._end(rows, reason)

    def save_best(self, better: Flags) -> None:
        """Copy parameters and statistics of members that are better than ever, to restore them at the end."""
        if self._restores_best and better.any():
            rows, population = np.flatnonzero(better), self._run.population
            for name in ("parameters", "statistics"):
                population[f"best_{name}"][rows] = population[name][rows]

    def reopen(self, stopped: list[MemberStopped], reasons: set[str]) -> None:
        """Restore how members have stopped; those with one of these reasons train again if they can."""
        population = self._run.population
        row_of = {int(member): row for row, member in enumerate(population["original"])}
        for one in stopped:
            if one.reason in reasons and one.member in row_of:
                population["active"][row_of[one.member]] = True
            else:
                self.stopped[one.member] = one

    def _end(self, rows: Rows, reason: str) -> None:
        # their rows go on being computed until they are moved
        population = self._run.population
        best_epochs = population["best_epoch"][rows]
        # a member that reached its target ends with the parameters that did
        restored = (best_epochs > 0) & (self._restores_best and reason != "target")
        self._copy_out("best_", rows[restored])
        self._copy_out("", rows[~restored])
        population["active"][rows] = False
        for row, best, back in zip(rows, best_epochs, restored, strict=True):
            stopped = MemberStopped(
                member=int(population["original"][row]),
                epoch=self._progress.epoch,
                step=self._progress.step,
                reason=reason,
                best_epoch=_plain(best) or None,
                restored=bool(back),
                rises=int(population["rises"][row]) if "rises" in population else None,
            )
            self.stopped[stopped.member] = stopped
            self._unreported.append(stopped)

    @property
    def _restores_best(self) -> bool:
        stopping = self._run.experiment.training.early_stopping
        return stopping is not None and stopping.restore_best

    def _copy_out(self, prefix: str, rows: Rows) -> None:
        """These rows of parameters and statistics, or of the best ones, are what their members end with."""
        if not len(rows):
            return
        run = self._run
        parameters, statistics = (
            run.backend.to_host(run.population[f"{prefix}{name}"][rows])
            for name in ("parameters", "statistics")
        )
        run.final.set(run.population["original"][rows], parameters, statistics)


def _plain(epoch: float) -> float:
    """An epoch, as int where it is whole."""
    return int(epoch) if epoch == int(epoch) else float(epoch)
