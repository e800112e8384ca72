"""Figures of a set of rows in inference mode: no dropout, no penalties, no smoothing.

In every epoch the loss and the quick metrics, on the device; at the end, and of a metric that a run is
stopped by, what `inference.measure` makes of the responses on the host.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.backend.pool import Pool
from nettrain.catalogue.members import on_device, shaped, stack
from nettrain.catalogue.metrics import Task, metrics, metrics_for
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.dataset import Dataset
from nettrain.inference.measure import Measured, Measurement, apply_output, mean_prediction
from nettrain.inference.predict import Given, RowChunk, chunks
from nettrain.model.architecture import Architecture
from nettrain.model.blocks import member_architectures, stacked_layers
from nettrain.model.network import Network

THRESHOLD = ("threshold", "threshold_f1")
Figures = dict[str, npt.NDArray[np.float64]]


class Measurable(Protocol):
    """What a network needs to be measured: a run has it, and so has what a run left behind."""

    @property
    def experiment(self) -> Experiment: ...
    @property
    def backend(self) -> Backend: ...
    @property
    def architecture(self) -> Architecture: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def task(self) -> Task: ...
    @property
    def target_scale(self) -> Array: ...


class MeasurableRun(Measurable, Protocol):
    """A run with its rows, by split, and what its members have ended with: (R, P) and (R, Q) on the host."""

    @property
    def tables(self) -> dict[str, Dataset]: ...
    @property
    def final(self) -> HostArray: ...
    @property
    def final_statistics(self) -> HostArray: ...


class Evaluation:
    """Figures of one table, for a network whose parameters and running statistics may change in place.

    `watched` are metrics that `figures` gives beside the quick ones.
    """

    def __init__(
        self,
        run: Measurable,
        table: Dataset,
        net: Network,
        members: Any,
        watched: Iterable[str] = (),
        pool: Pool | None = None,
    ) -> None:
        self._backend, self._table, self._task = run.backend, table, run.task
        loss = shaped(loss_of(members), 1, run.backend.dtype)
        self._loss = on_device(loss, run.backend.from_host)
        self._scale, self._size = run.target_scale, int(net.parameters.shape[0])
        self._quick = {name: metrics[name] for name in metrics_for(run.task, quick=True)}
        self._watched = [name for name in watched if name not in self._quick]
        weight = table.mass if table.prefetcher else run.backend.xp.asarray(table.mass)
        self._chunks = chunks(net, Given(table.x, (table.y, weight), table.prefetcher), pool or run.pool)
        self._mass = float(table.mass.sum())

    def figures(self) -> Figures:
        """The loss, the quick metrics and the watched ones, each (R,) on the host."""
        means, measured = self._walk(self._quick, self._watched)
        for name, metric in self._quick.items():
            means[name] = metric.finish(np, means[name])
        for name in self._watched:
            means[name] = np.array([member.scalars[name] for member in measured])
        return means

    def measured(self, names: Iterable[str] | None = None) -> tuple[npt.NDArray[np.float64], list[Measured]]:
        """The loss (R,) and these metrics of each member, every metric of the task unless named."""
        means, measured = self._walk({}, metrics_for(self._task) if names is None else list(names))
        return means["loss"], measured

    def together(self) -> Measured:
        """Every metric of the mean of the members' responses."""
        mean = Measurement(self._task)
        for chunk in self._chunks:
            chunk.compute()
            outputs, part = self._backend.to_host(chunk.output), chunk.rows
            y = own_units(self._task, self._table.target[part])
            mean.add(y, mean_prediction(self._loss, self._task, outputs), self._table.mass[part])
        return mean.finish()

    def _walk(self, quick: dict[str, Any], names: list[str]) -> tuple[Figures, list[Measured]]:
        """Means over all rows of the loss and of the quick metrics, and each member's measurement."""
        sums: dict[str, Any] = dict.fromkeys(("loss", *quick), 0.0)
        members = [Measurement(self._task, names) for _ in range(self._size)] if names else []
        for chunk in self._chunks:
            chunk.compute()
            for name, rows in self._rows(quick, chunk).items():
                sums[name] = sums[name] + self._weighted(rows, chunk.beside[1])
            if members:
                self._measure(members, self._backend.to_host(chunk.output), chunk.rows)
        means = {name: total / self._mass for name, total in fetched(self._backend, sums).items()}
        return means, [member.finish() for member in members]

    def _rows(self, quick: dict[str, Any], chunk: RowChunk) -> dict[str, Array]:
        """What is averaged, each (R, B) or (R, B, T)."""
        xp, output, y = self._backend.xp, chunk.output, chunk.beside[0][None]
        shown = output
        if self._task.targets == "numbers" and self._loss.output_activation != "linear":
            shown = self._loss.predictions(xp, output)
        rows = {name: metric.rows(xp, shown, y, self._scale) for name, metric in quick.items()}
        return {"loss": self._loss.rows(xp, output, y), **rows}

    def _weighted(self, rows: Array, weight: Array) -> Array:
        """Σ weight·rows over rows (R, B) or (R, B, T), weight (B,)."""
        # float64 before the sum: its order of additions must not depend on R
        return (rows.astype(np.float64) * weight.reshape(-1, *[1] * (rows.ndim - 2))).sum(axis=1)

    def _measure(self, members: list[Measurement], outputs: HostArray, part: slice) -> None:
        """Each member by itself, so that no bit can depend on the others."""
        y, weight = own_units(self._task, self._table.target[part]), self._table.mass[part]
        for member, output in zip(members, outputs, strict=True):
            member.add(y, apply_output(self._loss, self._task, output), weight)


def fetched(backend: Backend, arrays: dict[str, Array]) -> dict[str, HostArray]:
    """Arrays (R,) or (R, T) on the host, all of them in one transfer."""
    columns = [array.reshape(array.shape[0], -1) for array in arrays.values()]
    together, place, found = backend.to_host(backend.xp.concatenate(columns, axis=1)), 0, {}
    for (name, array), column in zip(arrays.items(), columns, strict=True):
        part = together[:, place : place + column.shape[1]]
        found[name] = part.reshape(array.shape)
        place += column.shape[1]
    return found


def own_units(task: Task, y: HostArray) -> HostArray:
    """Targets as the data has them: numbers in their own units, classes and labels as they are."""
    return task.unscale(y) if task.targets == "numbers" else y


@dataclass(frozen=True)
class Networks:
    """What is measured when a run ends: parameters (R, P) and statistics (R, Q) on the host."""

    parameters: HostArray
    statistics: HostArray
    experiments: Sequence[Experiment]  # of each network

    def sound(self) -> "Networks":
        """Those that have not diverged."""
        rows = np.flatnonzero(np.isfinite(self.parameters).all(axis=1))
        chosen = [self.experiments[int(row)] for row in rows]
        return Networks(self.parameters[rows], self.statistics[rows], chosen)

    def on(self, run: Measurable) -> Network:
        """These networks on the backend of a run of their architecture."""
        own = member_architectures(run.architecture, [experiment.model for experiment in self.experiments])
        fitted = run.backend.from_host(self.parameters), run.backend.from_host(self.statistics)
        return Network(run.backend, run.architecture, *fitted, stacked_layers(own))


def final_figures(run: MeasurableRun, experiments: Sequence[Experiment]) -> dict[str, Figures]:
    """Loss and every metric of each member's final network on train, validation and test rows."""
    return figures_of(run, Networks(run.final, run.final_statistics, experiments))


def figures_of(run: MeasurableRun, networks: Networks) -> dict[str, Figures]:
    """Loss and every metric of each network, (R,), on train, validation and test rows."""
    found: dict[str, Figures] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # of members that have diverged
        for name, evaluation in _evaluations(run, networks):
            loss, measured = evaluation.measured()
            told = [_told(name, member) for member in measured]
            names = [*metrics_for(run.task), *(key for key in THRESHOLD if key in told[0])]
            figures = {key: np.array([member.get(key, np.nan) for member in told]) for key in names}
            found[name] = {"loss": loss, **figures}
    return found


def joint_figures(run: MeasurableRun, networks: Networks) -> dict[str, dict[str, float]]:
    """Every metric of the mean response of several networks on train, validation and test rows."""
    return {name: _told(name, one.together()) for name, one in _evaluations(run, networks)}


def _evaluations(run: MeasurableRun, networks: Networks) -> Iterator[tuple[str, Evaluation]]:
    members = stack(networks.experiments)
    # snapshots: more than the run's scratch memory is for
    pool = Pool(run.backend) if len(networks.parameters) > len(run.final) else run.pool
    net = networks.on(run)
    for name, table in run.tables.items():
        yield name, Evaluation(run, table, net, members, pool=pool)


def _told(part: str, measured: Measured) -> dict[str, float]:
    # the threshold is chosen on validation rows alone, so that test rows can still say what it is worth
    return {**measured.scalars, **(measured.threshold() if part == "validation" else {})}
