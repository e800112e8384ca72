"""From trials to jobs: each trial resolved with its data, which is prepared once for all that share it.

Where the data have folds, a trial is a network for each of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from nettrain.catalogue.members import grouping_key
from nettrain.catalogue.metrics import metrics_for
from nettrain.data.fold_errors import naming_fold
from nettrain.data.fold_notes import joint_notes
from nettrain.data.giveaways import giveaway_notes
from nettrain.data.prepare import Prepared, prepare
from nettrain.data.prepared_folds import prepare_folds
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import DataError, NettrainError, SpecError, nearest
from nettrain.experiment.resolution import batch_notes, data_settings_of, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.experiment.sweep_goals import COSTS
from nettrain.experiment.task import network_of, task_of
from nettrain.store.data_fingerprint import DataFingerprint, data_difference, fingerprint
from nettrain.store.digest import content_digest
from nettrain.sweep.search_space import Trial, list_briefly
from nettrain.sweep.shared_data import SharedData, map_shared, write_shared
from nettrain.training.rows.batches import BatchPlan
from nettrain.training.rows.planned_batches import batches_of
from nettrain.training.side_by_side import populations

NO_DATA: Mapping[str, Sequence[DataFingerprint]] = {}
ARRAYS_PER_LAYER = 3  # before and after the activation, and its slope
STEP_COST = 30_000  # of the calls of one step, in multiplications
UPDATE_COST = 30.0  # of the update of one weight, in multiplications


@dataclass(frozen=True)
class TrialJob:
    """A trial that is ready to train: its experiment for each fold, its data, its estimated work and memory.

    Of networks that differ from fold to fold, as where a category is missing in one, the largest counts.
    `populations` are the positions of the folds whose networks can train side by side; those of trials with
    the same `key` can train beside them.
    """

    trial: int
    experiments: tuple[Experiment, ...]
    data: SharedData
    cost: float  # multiplications, roughly
    bytes: int
    key: str
    populations: tuple[tuple[int, ...], ...] = ((0,),)
    parameters: int = 0  # of a network

    @property
    def networks(self) -> int:
        """One for each fold."""
        return len(self.experiments)


@dataclass(frozen=True)
class Jobs:
    """All jobs, and the notes on their data."""

    jobs: tuple[TrialJob, ...]
    notes: tuple[str, ...]


class Preparation:
    """Makes jobs of trials, and prepares each distinct `data` block once, in files in `folder`.

    `figures` are those that are asked of trials: their names, by the keys that name them. `memory` has the
    tables of experiments whose data are in memory. `known` are the fingerprints of data that trials of an
    earlier call had; each is recorded here by the digest of its block.
    """

    def __init__(
        self,
        folder: Path,
        figures: Mapping[str, str],
        memory: MemoryTables | None = None,
        known: Mapping[str, Sequence[DataFingerprint]] = NO_DATA,
    ) -> None:
        self.folder, self.figures, self.memory = folder, figures, memory
        self.fingerprints = dict(known)
        self._shared: dict[str, SharedData] = {}  # by the key of the data block

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def jobs(self, trials: Sequence[Trial]) -> Jobs:
        """These trials, each resolved with its data.

        Raises SpecError with every problem, each with the location of the trial's value.
        """
        batch = _Batch(self.figures)
        for key, group in _by_data(trials).items():
            self._add(batch, key, group)
        if batch.problems:
            raise SpecError(f"{line} ({list_briefly(of)})" for line, of in batch.problems.items())
        jobs = sorted(batch.jobs, key=lambda job: job.trial)
        return Jobs(tuple(jobs), tuple(batch.notes))

    def _add(self, batch: "_Batch", key: str, trials: Sequence[Trial]) -> None:
        if key in self._shared:
            shared = self._shared[key]
            batch.add(trials, map_shared(shared), shared)
            return
        try:
            folds = _prepared(trials[0], self.memory)
        except NettrainError as error:
            batch.report(error, trials)
            return
        self._recognise(key, trials[0], folds)
        self._shared[key] = write_shared(folds, self.folder / str(len(self._shared)))
        batch.note([data.notes for data in folds])
        batch.note([giveaway_notes(folds[0].preprocessing, folds[0].train)])
        batch.add(trials, folds, self._shared[key])

    def _recognise(self, key: str, trial: Trial, folds: Sequence[Prepared]) -> None:
        """Record data by their fingerprints. Raises DataError when trials before had others."""
        digest, found = content_digest(key), [fingerprint(data) for data in folds]
        before = self.fingerprints.setdefault(digest, found)
        differences = (data_difference(*pair) for pair in zip(before, found, strict=True))
        different = next(filter(None, differences), None)
        if different:
            source, folder = data_settings_of(trial.experiment).source, self.folder.parent
            way_out = "go on with the data as they were, or begin anew with --out"
            raise DataError(
                f"data.source: {source} has changed since {folder} was begun: {different}; {way_out}"
            )


def _by_data(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """The trials that have a `data` block in common, by its key."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        key = f"{grouping_key(data_settings_of(trial.experiment))} {trial.experiment.backend.dtype}"
        groups.setdefault(key, []).append(trial)
    return groups


@dataclass
class _Batch:
    """Jobs, notes and problems as they accumulate, each problem with the trials that have it."""

    figures: Mapping[str, str]
    jobs: list[TrialJob] = field(default_factory=list)
    problems: dict[str, list[int]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, trials: Sequence[Trial], folds: Sequence[Prepared], shared: SharedData) -> None:
        """Make the jobs of trials that share these data."""
        for trial in trials:
            try:
                self.jobs.append(_job(trial, folds, shared, self.figures))
                self.note([batch_notes(trial.experiment, data) for data in folds])
            except NettrainError as error:
                self.report(error, [trial])

    def note(self, each: Sequence[Sequence[str]]) -> None:
        """Add notes on each fold, which are mostly the same."""
        self.notes |= dict.fromkeys(joint_notes(each) if len(each) > 1 else each[0])

    def report(self, error: NettrainError, trials: Sequence[Trial]) -> None:
        for line in str(error).splitlines():
            self.problems.setdefault(line, []).extend(trial.number for trial in trials)


def _prepared(trial: Trial, memory: MemoryTables | None) -> list[Prepared]:
    """The data of a trial, or those of each of its folds."""
    experiment = trial.experiment
    with trial.loaded.locating_errors():
        settings, dtype = data_settings_of(experiment), experiment.backend.dtype
        seed = settings.seed or 0
        if not settings.trains_folds:
            return [prepare(settings, seed=seed, dtype=dtype, memory=memory)]
        return [fold.data for fold in prepare_folds(settings, seed=seed, dtype=dtype, memory=memory)]


def _job(trial: Trial, folds: Sequence[Prepared], shared: SharedData, figures: Mapping[str, str]) -> TrialJob:
    with trial.loaded.locating_errors():
        networks = []
        for number, data in enumerate(folds, 1):
            with naming_fold(number) if len(folds) > 1 else nullcontext():
                networks.append(_network(trial, data))
        for key, name in figures.items():
            _check_metric(key, name, networks[0].experiment, folds[0])
    return TrialJob(
        trial.number,
        tuple(one.experiment for one in networks),
        shared,
        sum(one.cost for one in networks),
        sum(network_bytes(one.experiment, one.data, one.batches) for one in networks),
        " ".join(grouping_key(one.experiment) for one in networks),
        _populations(networks),
        max(one.parameters for one in networks),
    )


@dataclass(frozen=True, eq=False)
class _Network:
    """A trial on one fold: its experiment, resolved with the data."""

    experiment: Experiment
    data: Prepared
    batches: BatchPlan

    @cached_property
    def parameters(self) -> int:
        """How many numbers it learns."""
        return network_of(self.experiment, self.data).parameters

    @property
    def cost(self) -> float:
        """Estimated multiplications: each row takes one with every weight forward, and two backward."""
        weights, rows = self.parameters, len(self.data.train.x)
        steps = self.batches.steps * (UPDATE_COST * weights + STEP_COST)
        return self.experiment.training.epochs * (3.0 * rows * weights + steps)


def _network(trial: Trial, data: Prepared) -> _Network:
    experiment = resolve_with_data(trial.experiment, data)
    return _Network(experiment, data, batches_of(experiment, data.train))


def _populations(networks: Sequence[_Network]) -> tuple[tuple[int, ...], ...]:
    if len(networks) == 1:
        return ((0,),)
    return tuple(map(tuple, populations([(one.experiment, one.data) for one in networks])))


def network_bytes(experiment: Experiment, data: Prepared, batches: BatchPlan) -> int:
    """Estimated memory: parameters with their gradient and optimizer state, and the arrays of a step."""
    architecture = network_of(experiment, data)
    copies = 3 + len(experiment.optimizer.slots())
    arrays = ARRAYS_PER_LAYER * max(batches.sizes) * sum(architecture.widths)
    return 4 * (copies * architecture.parameters + arrays)


def _check_metric(key: str, metric: str, experiment: Experiment, data: Prepared) -> None:
    """Raise SpecError, beginning with its key, for a figure that trials of this experiment do not have."""
    if metric in COSTS:
        return
    split, _, name = metric.partition("_")
    allowed = ["loss", *metrics_for(task_of(data.preprocessing, experiment))]
    if split not in ("val", "train") or name not in allowed:
        names = [f"{split}_{name}" for split in ("val", "train") for name in allowed]
        hint = ", test rows are for the run of the best" if split == "test" else nearest(metric, names)
        raise SpecError(f'{key}: unknown "{metric}"{hint}')
    if split == "val" and data.validation is None:
        raise SpecError(f'{key}: "{metric}" needs validation rows, but there are none')
