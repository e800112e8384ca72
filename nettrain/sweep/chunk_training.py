"""The training of a chunk of trials as one population, from rung to rung."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from time import perf_counter

import numpy as np
import numpy.typing as npt

from nettrain.backend.choose import open_backend
from nettrain.backend.pool import Pool
from nettrain.catalogue.metrics import metrics_for
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.evaluate import Evaluator
from nettrain.inference.model import TrainedNetworks
from nettrain.model.network import Network
from nettrain.sweep.messages import (
    ChunkProgress,
    FromWorker,
    RungReached,
    Status,
    TrialChunk,
    TrialResult,
    TrialsEnded,
)
from nettrain.training.build import build
from nettrain.training.events import EpochDone, MemberStopped
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun

PREFIXES = {"train": "train", "validation": "val"}  # of the names of figures, by split
STATUS: dict[str, Status] = {"diverged": "diverged", "pruned": "pruned"}  # by reason; otherwise finished
RESULTS_INTERVAL = 1.0  # seconds for which results are gathered before they are sent
PROGRESS_INTERVAL = 0.25  # seconds between two messages about progress

Figures = dict[str, list[float]]  # by name, one for each member


class ChunkTraining:
    """A chunk in training; the trials in `pruned` stop at the rung where it waits."""

    def __init__(self, chunk: TrialChunk, data: Prepared, device: int | None = None) -> None:
        self.chunk, self.pruned = chunk, set[int]()
        self._run = _build(chunk, data, device)
        self._rungs: dict[int, dict[int, float]] = {}  # the metric, by trial and epoch
        self._stopped: list[MemberStopped] = []  # members whose results are not sent yet
        self._seconds = dict.fromkeys(chunk.trials, 0.0)
        self._epoch_began = self._last_sent = perf_counter()
        self._messages = self._train()

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def train_to_rung(self, send: Callable[[FromWorker], None]) -> bool:
        """Train to the next rung or to the end, sending messages; returns whether it waits at a rung."""
        for message in self._messages:
            send(message)
            if isinstance(message, RungReached):
                return True
        return False

    def _train(self) -> Iterator[FromWorker]:
        self._epoch_began = self._last_sent = perf_counter()
        for event in train(self._run, prune=self._prune):
            if isinstance(event, EpochDone):
                yield from self._epoch_done(event)
            elif isinstance(event, MemberStopped):
                self._stopped.append(event)
            if self._stopped and self._is_time(RESULTS_INTERVAL):
                yield self._ended(chunk_done=False)
        yield self._ended(chunk_done=True)

    def _epoch_done(self, event: EpochDone) -> Iterator[FromWorker]:
        now = perf_counter()
        for member in event.members:
            self._seconds[self.chunk.trials[member]] += (now - self._epoch_began) / len(event.members)
        self._epoch_began = now
        if event.epoch in self.chunk.rungs:
            if self._stopped:  # a bracket may be waiting for just these
                yield self._ended(chunk_done=False)
            yield self._rung_reached(int(event.epoch), event.members)
            self._epoch_began = perf_counter()  # the time spent waiting is no trial's
        elif self._is_time(PROGRESS_INTERVAL):
            yield ChunkProgress(self.chunk.number, int(event.epoch), event.epochs, len(event.members))

    def _is_time(self, interval: float) -> bool:
        """Whether the last regular message was sent longer ago than this; if so, the time starts again."""
        now = perf_counter()
        if now - self._last_sent <= interval:
            return False
        self._last_sent = now
        return True

    def _rung_reached(self, epoch: int, members: npt.NDArray[np.int64]) -> RungReached:
        """The metric of the trials that still train; their results will have it too."""
        run, population, metric = self._run, self._run.population, self.chunk.metric
        fitted = population["parameters"], population["statistics"]
        network = Network(run.backend, run.architecture, *fitted, population.layers)
        values = _measure(run, network, population.members, metric, {_split(metric)})[metric]
        by_member = dict(zip(population["original"].tolist(), values, strict=True))
        figures = {self.chunk.trials[member]: by_member[member] for member in members.tolist()}
        for trial, figure in figures.items():
            self._rungs.setdefault(trial, {})[epoch] = figure
        return RungReached(self.chunk.number, epoch, figures)

    def _prune(self, event: EpochDone) -> list[int]:
        members = [k for k, trial in enumerate(self.chunk.trials) if trial in self.pruned]
        self.pruned.clear()
        return members

    def _ended(self, *, chunk_done: bool) -> TrialsEnded:
        """The results of the members that have stopped since the last call."""
        stopped, self._stopped = self._stopped, []
        figures = _final_figures(self._run, self.chunk, [event.member for event in stopped])
        results = [
            self._result(event, {name: values[row] for name, values in figures.items()})
            for row, event in enumerate(stopped)
        ]
        return TrialsEnded(self.chunk.number, tuple(results), chunk_done)

    def _result(self, stopped: MemberStopped, figures: dict[str, float]) -> TrialResult:
        trial = self.chunk.trials[stopped.member]
        return TrialResult(
            trial,
            STATUS.get(stopped.reason, "finished"),
            stopped.epoch,
            stopped.best_epoch,
            figures,
            self._rungs.get(trial, {}),
            seconds=self._seconds[trial],
            members=len(self.chunk.trials),
        )


@np.errstate(all="ignore")  # what is not finite is reported in words
def _build(chunk: TrialChunk, data: Prepared, device: int | None) -> TrainingRun:
    settings = chunk.experiments[0].backend
    number = settings.device if device is None else device
    backend = open_backend(settings.name, dtype=settings.dtype, threads=1, device=number, tf32=settings.tf32)
    return build(chunk.experiments, data, backend)


def _final_figures(run: TrainingRun, chunk: TrialChunk, members: Sequence[int]) -> Figures:
    """The figures of some members' final networks; test rows are left for the run of the best trial."""
    if not members:
        return {}
    rows, experiments = list(members), [chunk.experiments[member] for member in members]
    final = run.final.parameters[rows], run.final.statistics[rows]
    networks = TrainedNetworks.of_members(run.model, run.backend, *final, experiments)
    splits = {"validation" if "validation" in run.data.datasets else "train", _split(chunk.metric)}
    return _measure(run, networks.network(), networks.members, chunk.metric, splits)


def _measure(
    run: TrainingRun, network: Network, members: Experiment, metric: str, splits: AbstractSet[str]
) -> Figures:
    """The loss, the quick metrics and `metric`, computed as a run computes them for its final weights."""
    # scratch memory of its own: the loop's may be too small, and is in use
    pool, loss = Pool(run.backend), loss_of(members)
    name = metric.partition("_")[2]
    names = dict.fromkeys([*metrics_for(run.model.task, quick=True), *([name] if name != "loss" else [])])
    figures: Figures = {}
    with np.errstate(over="ignore", invalid="ignore"):  # of members that have diverged
        for split in splits:
            evaluator = Evaluator(run.model, network, loss, run.data.datasets[split], pool)
            losses, measured = evaluator.member_metrics(names)
            figures[f"{PREFIXES[split]}_loss"] = losses.tolist()
            for name in measured[0].scalars:
                figures[f"{PREFIXES[split]}_{name}"] = [float(one.scalars[name]) for one in measured]
    return figures


def _split(metric: str) -> str:
    """The rows that a metric is computed on."""
    return {"val": "validation"}.get(metric.partition("_")[0], "train")
