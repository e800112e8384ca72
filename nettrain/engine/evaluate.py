"""Loss and metrics of a set of rows in inference mode: no dropout, no penalties, no smoothing."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Backend
from nettrain.catalogue.metrics import metrics, metrics_for
from nettrain.engine.build import Run, Table, loss_of
from nettrain.engine.members import stack
from nettrain.engine.population import Pool
from nettrain.engine.predict import chunks
from nettrain.engine.step import activation_numbers
from nettrain.model.architecture import Architecture
from nettrain.spec.experiment import Experiment

Figures = dict[str, npt.NDArray[np.float64]]


class Measured(Protocol):
    """What a network needs to be measured: a run has it, and so has what a run left behind."""

    @property
    def experiment(self) -> Experiment: ...
    @property
    def backend(self) -> Backend: ...
    @property
    def plan(self) -> Architecture: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def targets(self) -> str: ...
    @property
    def target_scale(self) -> Array: ...


class Evaluation:
    """The loss and every fitting metric of one table, for parameters (R, P) that may change in place."""

    def __init__(self, run: Measured, table: Table, parameters: Array, members: Any) -> None:
        self._backend, self._table = run.backend, table
        self._loss, self._settings = loss_of(run.experiment), members.loss
        self._scale, self._size = run.target_scale, int(parameters.shape[0])
        self._metrics = {name: metrics[name] for name in metrics_for(run.targets)}
        numbers = activation_numbers(run.backend, run.plan, members)
        self._chunks = chunks(run.backend, run.plan, parameters, numbers, table.x, run.pool)
        self._mass = float(run.backend.to_host(table.weight).astype(np.float64).sum())

    def figures(self) -> Figures:
        """The weighted means over all rows, each (R,) on the host: loss and metrics."""
        sums = {name: np.zeros(self._size) for name in ("loss", *self._metrics)}
        for chunk in self._chunks:
            chunk.compute()
            for name, rows in self._rows(chunk.output, chunk.rows).items():
                # float64 before the sum: its order of additions must not depend on R
                weighted = rows.astype(np.float64) * self._table.weight[chunk.rows]
                sums[name] += self._backend.to_host(weighted.sum(axis=1))
        means = {name: total / self._mass for name, total in sums.items()}
        finished = {name: metric.finish(np, means[name]) for name, metric in self._metrics.items()}
        return means | finished

    def _rows(self, output: Array, part: slice) -> dict[str, Array]:
        """What is averaged, each (R, B)."""
        xp, y = self._backend.xp, self._table.y[part][None]
        rows = {name: metric.rows(xp, output, y, self._scale) for name, metric in self._metrics.items()}
        return {"loss": self._loss.rows(xp, self._settings, output, y), **rows}


def final_figures(run: Run, experiments: Any) -> dict[str, Figures]:
    """Loss and metrics of every member's final weights on train, validation and test rows."""
    members = stack(experiments)
    parameters = run.backend.from_host(run.final)
    with np.errstate(over="ignore", invalid="ignore"):  # of members that have diverged
        return {
            name: Evaluation(run, table, parameters, members).figures() for name, table in run.tables.items()
        }
