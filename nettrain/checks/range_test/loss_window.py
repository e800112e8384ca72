"""The mean loss of some steps of a training, which need not be an epoch."""

import numpy as np

from nettrain.backend.base import Floats
from nettrain.training.run import TrainingRun

START_ROWS = 64  # at least, over which the loss at the start is averaged


class LossWindow:
    """Called after every step of a run; ends it after step `last`, counted from 1.

    `start` (R,) is the mean loss of the first rows, before training has changed much, and `losses` (R,) that
    of the steps from `first` to `last`; NaN where a member has stopped before.
    """

    def __init__(self, run: TrainingRun, first: int, last: int) -> None:
        self._run, self._first, self._last = run, first, last
        batches = run.data.batches
        self._epoch = batches.steps
        self._start = min(-(-START_ROWS // batches.batch_size), batches.steps, last)
        self._step = 0
        self._sums = np.zeros((len(run.final.parameters), 2))
        self.start = np.full(len(self._sums), np.nan)

    def __call__(self) -> bool:
        self._step += 1
        if self._step == self._start:
            self.start = self._means(self._totals())
        at_end = self._step == self._last
        if self._step >= self._first and (at_end or self._step % self._epoch == 0):
            self._sums += self._totals()  # which begin anew with every epoch
        if self._step == self._first - 1:
            # not subtracted later: losses may have been so large that nothing would remain of these
            self._run.population["total"][:] = 0
        return at_end

    @property
    def losses(self) -> Floats:
        """The mean loss (R,) of the window; NaN before its end."""
        return self._means(self._sums) if self._step >= self._last else np.full(len(self._sums), np.nan)

    def _totals(self) -> Floats:
        """The sums of losses and of weights (R, 2); NaN of members that have left."""
        population = self._run.population
        totals = np.full_like(self._sums, np.nan)
        totals[population["original"]] = self._run.backend.to_host(population["total"])
        return totals

    def _means(self, sums: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Floats = sums[:, 0] / sums[:, 1]
        return means
