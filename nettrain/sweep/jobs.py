"""From trials to jobs: each trial resolved with its data, which is prepared once for all that share it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nettrain.catalogue.members import grouping_key
from nettrain.catalogue.metrics import metrics_for
from nettrain.data.giveaways import giveaway_notes
from nettrain.data.prepare import Prepared, prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import NettrainError, SpecError, nearest
from nettrain.experiment.resolution import batch_notes, data_settings_of, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of, task_of
from nettrain.sweep.search_space import Trial
from nettrain.sweep.shared_data import SharedData, write_shared
from nettrain.training.build import batches_of
from nettrain.training.rows.batches import BatchPlan

ARRAYS_PER_LAYER = 3  # before and after the activation, and its slope
STEP_COST = 30_000  # of the calls of one step, in multiplications
UPDATE_COST = 30.0  # of the update of one weight, in multiplications


@dataclass(frozen=True)
class TrialJob:
    """A trial that is ready to train: its experiment, its data, and its estimated work and memory."""

    trial: int
    experiment: Experiment
    data: SharedData
    cost: float  # multiplications, roughly
    bytes: int


@dataclass(frozen=True)
class Jobs:
    """All jobs, and the notes on their data."""

    jobs: tuple[TrialJob, ...]
    notes: tuple[str, ...]


@np.errstate(all="ignore")  # what is not finite is reported in words
def prepare_jobs(
    trials: Sequence[Trial], folder: Path, metric: str, memory: MemoryTables | None = None
) -> Jobs:
    """Prepare each distinct `data` block once, in files in `folder`, and resolve every trial with its data.

    Raises SpecError with every problem, each with the location of the trial's value.
    """
    preparation = _Preparation(folder, metric, memory)
    for number, group in enumerate(_by_data(trials)):
        preparation.add(number, group)
    if preparation.problems:
        raise SpecError(preparation.problems)
    jobs = sorted(preparation.jobs, key=lambda job: job.trial)
    return Jobs(tuple(jobs), tuple(preparation.notes))


def _by_data(trials: Iterable[Trial]) -> Iterable[list[Trial]]:
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        key = f"{grouping_key(data_settings_of(trial.experiment))} {trial.experiment.backend.dtype}"
        groups.setdefault(key, []).append(trial)
    return groups.values()


@dataclass
class _Preparation:
    """Jobs, problems and notes as they accumulate, each problem and note once."""

    folder: Path
    metric: str
    memory: MemoryTables | None
    jobs: list[TrialJob] = field(default_factory=list)
    problems: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, number: int, trials: Sequence[Trial]) -> None:
        """Prepare the data that these trials share, and make their jobs."""
        try:
            data = _prepared(trials[0], self.memory)
        except NettrainError as error:
            self._report(error, trials[0])
            return
        self.notes |= dict.fromkeys((*data.notes, *giveaway_notes(data.preprocessing, data.train)))
        shared = write_shared(data, self.folder / str(number))
        for trial in trials:
            try:
                self.jobs.append(_job(trial, data, shared, self.metric))
                self.notes |= dict.fromkeys(batch_notes(trial.experiment, data))
            except NettrainError as error:
                self._report(error, trial)

    def _report(self, error: NettrainError, trial: Trial) -> None:
        lines = (f"{line} (trial {trial.number})" for line in str(error).splitlines())
        self.problems |= dict.fromkeys(lines)


def _prepared(trial: Trial, memory: MemoryTables | None) -> Prepared:
    experiment = trial.experiment
    with trial.loaded.locating_errors():
        settings, dtype = data_settings_of(experiment), experiment.backend.dtype
        return prepare(settings, seed=settings.seed or 0, dtype=dtype, memory=memory)


def _job(trial: Trial, data: Prepared, shared: SharedData, metric: str) -> TrialJob:
    with trial.loaded.locating_errors():
        experiment = resolve_with_data(trial.experiment, data)
        batches = batches_of(experiment, data.train)
        _check_metric(metric, experiment, data)
    cost, size = _cost(experiment, data, batches), network_bytes(experiment, data, batches)
    return TrialJob(trial.number, experiment, shared, cost, size)


def _cost(experiment: Experiment, data: Prepared, batches: BatchPlan) -> float:
    """Estimated multiplications: each row takes one with every weight forward, and two backward."""
    weights, rows = network_of(experiment, data).parameters, len(data.train.x)
    steps = batches.steps * (UPDATE_COST * weights + STEP_COST)
    return experiment.training.epochs * (3.0 * rows * weights + steps)


def network_bytes(experiment: Experiment, data: Prepared, batches: BatchPlan) -> int:
    """Estimated memory: parameters with their gradient and optimizer state, and the arrays of a step."""
    architecture = network_of(experiment, data)
    copies = 3 + len(experiment.optimizer.slots())
    arrays = ARRAYS_PER_LAYER * max(batches.sizes) * sum(architecture.widths)
    return 4 * (copies * architecture.parameters + arrays)


def _check_metric(metric: str, experiment: Experiment, data: Prepared) -> None:
    split, _, name = metric.partition("_")
    allowed = ["loss", *metrics_for(task_of(data.preprocessing, experiment))]
    if split not in ("val", "train") or name not in allowed:
        names = [f"{split}_{name}" for split in ("val", "train") for name in allowed]
        hint = ", test rows are for the run of the best" if split == "test" else nearest(metric, names)
        raise SpecError(f'sweep.metric.name: unknown "{metric}"{hint}')
    if split == "val" and data.validation is None:
        raise SpecError(f'sweep.metric.name: "{metric}" needs validation rows, but there are none')
