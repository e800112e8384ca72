"""A population of a sweep in training: networks of several trials, each on the rows of one fold."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from time import perf_counter, time

import numpy as np

from nettrain.backend.choose import open_backend
from nettrain.backend.pool import Pool
from nettrain.catalogue.metrics import metrics_for
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.evaluate import Evaluator
from nettrain.inference.fit_postprocessing import with_fitted_rules
from nettrain.inference.model import TrainedNetworks
from nettrain.sweep.kept_networks import KeptNetworks, TrialNetwork
from nettrain.sweep.watching import PopulationWatcher
from nettrain.training.build import build
from nettrain.training.events import EpochDone, MemberStopped
from nettrain.training.loop import TrainingLoop, never
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.run import TrainingRun

PREFIXES = {"train": "train", "validation": "val"}  # of the names of figures, by split

MemberFigures = dict[str, list[float]]  # by name, one for each member


@dataclass(frozen=True)
class EndedNetwork:
    """How the network of a trial on one fold ended, its figures by name, and its share of the time."""

    network: TrialNetwork
    reason: str
    epochs: int
    best_epoch: float | None
    figures: dict[str, float]
    seconds: float


class PopulationTraining:
    """Networks that train as one population from rung to rung, those of a fold next to each other.

    `experiments` and `data` are those of each network. Networks of the trials in `ended`, which others fill
    too, stop after an epoch; trials of which one network diverges are added to it. All stop at the
    `deadline`, a time of day (s). Networks that end by themselves or then are written as `kept` says.
    The `watcher` is told of every epoch. Trials are compared by the `metric`; `measured` are further figures
    of those that end. Where the population `evolves`, networks that diverge before the
    last rung have not ended: at the rung they go on from others.
    """

    def __init__(
        self,
        networks: Sequence[TrialNetwork],
        experiments: Sequence[Experiment],
        data: Sequence[Prepared],
        metric: str,
        ended: set[int],
        device: int | None = None,
        *,
        measured: Sequence[str] = (),
        deadline: float | None = None,
        evolves: bool = False,
        kept: "KeptNetworks | None" = None,
        watcher: PopulationWatcher | None = None,
    ) -> None:
        self.epoch, self.epochs = 0, experiments[0].training.epochs
        self.active = len(networks)  # networks that still train
        self._networks, self._experiments = networks, experiments
        self._metric, self._ended, self._seconds = metric, ended, [0.0] * len(networks)
        self._measured = (metric, *measured)  # at the end
        self._data, self._device, self._evolves = data, device, evolves
        self._run = build_population(experiments, data, device)
        self._deadline, self._kept, self._watcher = deadline, kept, watcher
        self._waited, self._waits_since = 0.0, perf_counter()
        self.at_rung: list[int] = []  # members that have come to the rung
        self._stopped: list[MemberStopped] = []  # members whose figures have not been taken yet
        self._fallen: list[MemberStopped] = []  # members that have diverged, and wait for a rung
        self._rung: int | None = None  # the next one
        self._begin()

    def train_to_rung(self, rung: int | None) -> Iterator[EpochDone]:
        """Train to the end of the epoch `rung`, or to the end of all; yields what happens in every epoch."""
        self.at_rung, self._rung, began = [], rung, perf_counter()
        self._waited += began - self._waits_since
        for event in self._events:
            if isinstance(event, EpochDone):
                self._epoch_done(event, perf_counter() - began)
                began = perf_counter()
                if event.epoch == rung:
                    self.at_rung = self._still_training() if self._evolves else event.members.tolist()
                    yield event
                    self._waits_since = perf_counter()
                    return
                yield event
            elif isinstance(event, MemberStopped):
                self._stop(event)
        self.epoch, self.active = self.epochs, 0
        self._stopped += self._fallen
        self._fallen = []

    def exchange(self, parents: Sequence[int], experiments: Sequence[Experiment]) -> None:
        """Let each member go on from the state of its parent, with an experiment of its own.

        The population is built anew, as when a run is resumed, so that every number of it follows from the
        experiments.
        """
        state = snapshot(self._loop).taken_over(parents)
        self._events.close()
        self._experiments, self._fallen = experiments, []
        self._run = build_population(experiments, self._data, self._device)
        self._begin()
        restore(self._loop, state)
        if self._kept is not None:
            self._kept.exchange(parents)

    def _begin(self) -> None:
        interrupted = never if self._deadline is None else self._is_late
        self._loop = TrainingLoop(self._run, interrupted, self._prune, self._clock)
        self._events = self._loop.events()

    def _still_training(self) -> list[int]:
        """The members that have not ended in the last epoch."""
        population = self._run.population
        members: list[int] = population["original"][population["active"]].tolist()
        return members

    def rung_figures(self) -> dict[TrialNetwork, float]:
        """The metric of the networks that have come to the rung."""
        figures: dict[int, float] = {}
        for part in self._run.parts:
            measured = _measure(part, _networks_now(part), [self._metric], {split_of(self._metric)})
            members = part.population["original"].tolist()
            figures |= zip(members, measured[self._metric], strict=True)
        return {self._networks[member]: figures[member] for member in self.at_rung}

    def take_ended(self) -> list[EndedNetwork]:
        """The networks that have stopped since the last call, with figures of what they ended with."""
        if self._watcher is not None:
            self._watcher.flush()
        stopped, self._stopped = self._stopped, []
        return [one for fold in self._folds() for one in self._ended_on(*fold, stopped)]

    @property
    def has_stopped(self) -> bool:
        """Whether there are networks to take."""
        return bool(self._stopped)

    def _is_late(self) -> bool:
        return self._deadline is not None and time() >= self._deadline

    def _clock(self) -> float:
        """The time (s) without that at rungs, which counts for no limit."""
        return perf_counter() - self._waited

    def _epoch_done(self, event: EpochDone, seconds: float) -> None:
        if self._kept is not None:
            self._kept.add(event)
        if self._watcher is not None:
            self._watcher.epoch(event)
        self.epoch, self.active = int(event.epoch), len(event.members)
        for member in event.members:
            self._seconds[member] += seconds / len(event.members)

    def _stop(self, event: MemberStopped) -> None:
        if self._evolves and self._rung is not None and event.reason == "diverged":
            self._fallen.append(event)
            return
        self._stopped.append(event)
        if event.reason == "diverged":
            self._ended.add(self._networks[event.member].trial)

    def _prune(self, event: EpochDone) -> list[int]:
        return [k for k, one in enumerate(self._networks) if one.trial in self._ended] if self._ended else []

    def _folds(self) -> list[tuple[TrainingRun, range]]:
        """The run of each fold, and which members it has."""
        run = self._run
        folds = [(run.of_fold(fold), fold.members) for fold in run.data.folds]
        return folds or [(run, range(len(self._networks)))]

    def _ended_on(
        self, run: TrainingRun, members: range, stopped: Sequence[MemberStopped]
    ) -> Iterator[EndedNetwork]:
        """Those of one fold."""
        events = [event for event in stopped if event.member in members]
        rows = [event.member - members.start for event in events]
        experiments = [self._experiments[event.member] for event in events]
        figures = _final_figures(run, rows, experiments, self._measured) if events else {}
        for row, event in enumerate(events):
            if self._kept is not None and event.reason not in ("pruned", "diverged"):
                self._kept.write(self._networks[event.member], event, run, experiments[row], rows[row])
            yield EndedNetwork(
                self._networks[event.member],
                event.reason,
                event.epoch,
                event.best_epoch,
                {name: values[row] for name, values in figures.items()},
                self._seconds[event.member],
            )


@np.errstate(all="ignore")  # what is not finite is reported in words
def build_population(
    experiments: Sequence[Experiment], data: Sequence[Prepared], device: int | None
) -> TrainingRun:
    """A population of these networks, with one thread; on the GPU `device`, unless the experiments say."""
    settings = experiments[0].backend
    number = settings.device if device is None else device
    backend = open_backend(settings.name, dtype=settings.dtype, threads=1, device=number, tf32=settings.tf32)
    return build(experiments, data, backend)


def _final_figures(
    run: TrainingRun, rows: Sequence[int], experiments: Sequence[Experiment], metrics: Sequence[str]
) -> MemberFigures:
    """The figures of some members' final networks; test rows are left for the run of the best trial."""
    final = run.final.parameters[rows], run.final.statistics[rows]
    networks = TrainedNetworks.of_members(run.model, run.backend, *final, experiments)
    splits = {"validation" if "validation" in run.data.datasets else "train", *map(split_of, metrics)}
    return _measure(run, networks, metrics, splits)


def _networks_now(run: TrainingRun) -> TrainedNetworks:
    """The networks of a run as they are between two epochs."""
    population, backend = run.population, run.backend
    parameters, statistics = (backend.to_host(population[name]) for name in ("parameters", "statistics"))
    return TrainedNetworks(run.model, backend, parameters, statistics, population.members, population.layers)


def _measure(
    run: TrainingRun, networks: TrainedNetworks, metrics: Sequence[str], splits: AbstractSet[str]
) -> MemberFigures:
    """The loss, the quick metrics and these, computed as a run computes them for its final weights."""
    # scratch memory of its own: the loop's may be too small, and is in use
    pool, loss = Pool(run.backend), loss_of(networks.members)
    asked = [name for metric in metrics if (name := metric.partition("_")[2]) != "loss"]
    names = dict.fromkeys([*metrics_for(run.model.task, quick=True), *asked])
    figures: MemberFigures = {}
    with np.errstate(over="ignore", invalid="ignore"):  # of members that have diverged
        rules = with_fitted_rules(networks, run.data.datasets.get("validation")).postprocessing
        network = networks.network()
        for split in splits:
            dataset = run.data.datasets[split]
            evaluator = Evaluator(run.model, network, loss, dataset, pool, postprocessing=rules)
            losses, measured = evaluator.member_metrics(names)
            figures[f"{PREFIXES[split]}_loss"] = losses.tolist()
            for name in measured[0].scalars:
                figures[f"{PREFIXES[split]}_{name}"] = [float(one.scalars[name]) for one in measured]
    return figures


def split_of(metric: str) -> str:
    """The rows that a metric is computed on."""
    return {"val": "validation"}.get(metric.partition("_")[0], "train")
