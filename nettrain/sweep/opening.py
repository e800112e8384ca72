"""Opening a sweep: its folder is locked, its trials are validated, its data prepared and its chunks made."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nettrain.backend.device import count_devices, find_device, memory
from nettrain.data.reading.memory import MemoryTables
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.monitors import goal
from nettrain.experiment.sweep_goals import COSTS, SECONDS, SweepMetric
from nettrain.experiment.sweep_settings import SweepSettings
from nettrain.experiment.threads import available_cores
from nettrain.files import refuse_overwriting, safe_name
from nettrain.locks import locked
from nettrain.store.sweep_folder import SweepFolder
from nettrain.sweep.chunks import FEWEST, CacheSizing, DeviceSizing, Sizing, chunks_of
from nettrain.sweep.cluster.connection import Cluster
from nettrain.sweep.constraints import constraints_of
from nettrain.sweep.halving import without
from nettrain.sweep.jobs import Preparation
from nettrain.sweep.ranking import Criteria, Goal
from nettrain.sweep.refusals import oversized
from nettrain.sweep.search_space import SearchSpace, Trial
from nettrain.sweep.sweep import Sweep, brackets_of, learned_values, unfinished
from nettrain.sweep.sweep_journal import SweepJournal


@contextmanager
def open_sweep(
    loaded: LoadedExperiment,
    out: Path,
    *,
    total: int | None,
    workers: int | None,
    folder: Path | None = None,
    memory: MemoryTables | None = None,
    cluster: Cluster | None = None,
) -> Iterator[Sweep]:
    """The sweep of an experiment, ready to run, in a folder that is locked meanwhile.

    The folder is named like the experiment and lies in `out`, unless a `folder` is given. `total` is the
    number of trials, by default the experiment's, of which 0 takes those that the folder knows already;
    `workers` the number of processes, by default one for each GPU or processor, or the most workers of a
    `cluster`. `memory` has the tables of an experiment whose data are in memory. Raises SpecError or
    DataError, before the first trial trains, when any of the trials would be refused.
    """
    space = SearchSpace(loaded)
    gpus = sweep_devices(space)
    size, planned = space.method.size, space.total if total is None else total
    # refused before there is a folder
    trials = space.trials(planned if size is None or planned is None else min(size, planned))
    path = folder or out / safe_name(loaded.experiment.experiment)
    is_first = not path.parent.exists()
    files = SweepFolder.open(path)
    for file in files.files:
        refuse_overwriting(file, loaded.input_files)
    try:
        with locked(files.path) as note, _data_folder(files.data):
            resources = _Resources(workers or _workers(cluster, gpus), gpus, cluster, workers)
            notes = [*([note] if note else []), *(cluster.notes if cluster else [])]
            yield _prepared(space, trials, planned or 0, files, resources, notes, memory)
    finally:
        files.remove_if_empty(is_first=is_first)


def sweep_devices(space: SearchSpace) -> tuple[int, ...]:
    """The GPUs that a sweep uses: the one that its file names, otherwise all; none with NumPy.

    Raises a BackendError with the location of the key when one is not there.
    """
    if space.backend.name != "cupy":
        return ()
    with space.loaded.locating_errors():
        if space.loaded.sets("backend", "device"):
            return (find_device(space.loaded.experiment.backend.device).number,)
        return tuple(find_device(number).number for number in range(count_devices()))


@contextmanager
def _data_folder(path: Path) -> Iterator[None]:
    """An empty folder for the data that workers share, removed afterwards."""
    shutil.rmtree(path, ignore_errors=True)  # of a sweep that was killed
    path.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class _Resources:
    """What a sweep trains with: processes, and GPUs that they share out."""

    workers: int
    devices: tuple[int, ...]
    cluster: Cluster | None
    most_workers: int | None

    def sizing(self, generation: int | None) -> Sizing:
        """How jobs are divided into chunks for these workers, which share out each generation."""
        if not self.devices:
            return CacheSizing(self.workers, FEWEST if generation is None else 1)
        free = min(memory(number)[0] for number in self.devices)
        return DeviceSizing(self.workers, free)


def _workers(cluster: Cluster | None, gpus: Sequence[int]) -> int:
    """How many there are by default; of a cluster that has none yet, the first is waited for."""
    if cluster is not None:
        return max(len(cluster.threads), 1)
    return len(gpus) or available_cores()


def _prepared(
    space: SearchSpace,
    trials: list[Trial],
    planned: int,
    folder: SweepFolder,
    resources: _Resources,
    notes: Sequence[str],
    memory: MemoryTables | None,
) -> Sweep:
    size = space.method.size
    journal = SweepJournal(folder.journal, space)
    if journal.total > len(trials):
        trials = space.trials(journal.total, journal.values)
    criteria = criteria_of(space.settings)
    brackets = brackets_of(space, trials, journal)
    journal.forget(unfinished(brackets, journal.results))
    open_trials = [trial for trial in trials if trial.number not in journal.results]
    preparation = Preparation(folder.data, _asked(space.settings), memory, journal.data)
    jobs = preparation.jobs(open_trials)
    refused = oversized(jobs.jobs, criteria)
    out = {one.trial for one in refused}
    idle = {one.trial for one in journal.results.values() if one.status == "infeasible"} | out
    brackets = without(brackets, idle)
    # nothing is written before the data is known to fit
    journal.extend(len(trials), learned=learned_values(space, trials))
    journal.add_data(preparation.fingerprints)
    sizing = resources.sizing(size)
    left = [job for job in jobs.jobs if job.trial not in out]
    chunks = chunks_of(left, brackets, sizing, criteria.first.metric)
    return Sweep(
        space,
        trials,
        criteria,
        folder,
        journal,
        resources.workers,
        chunks,
        brackets,
        (*notes, *space.loaded.notes, *space.notes, *_notes(space), *jobs.notes),
        resources.devices,
        preparation,
        sizing,
        kept_in=folder.networks if space.method.evolves else None,
        planned=0 if size is None else planned,
        cluster=resources.cluster,
        most_workers=resources.most_workers,
        parameters={job.trial: job.parameters for job in jobs.jobs},
        refused=refused,
    )


def criteria_of(settings: SweepSettings) -> Criteria:
    """What a search is after."""
    return Criteria(tuple(map(_goal, settings.metrics)), constraints_of(settings.bounds))


def _goal(metric: SweepMetric) -> Goal:
    usual = "minimize" if metric.name in COSTS else goal(metric.name)
    return Goal(metric.name, (metric.goal or usual) == "maximize")


def _asked(settings: SweepSettings) -> dict[str, str]:
    """The names of the figures that a search needs of trials, by the keys that name them."""
    if isinstance(settings.metric, list):
        named = {f"sweep.metric.{place}.name": one.name for place, one in enumerate(settings.metric)}
    else:
        named = {"sweep.metric.name": settings.metric.name}
    return named | {f"sweep.constraints.{name}": name for name in settings.bounds}


def _notes(space: SearchSpace) -> list[str]:
    """Notes on settings that a sweep does not follow to the letter."""
    halving, threads = space.settings.early_terminate, space.loaded.experiment.backend.threads
    notes = []
    if halving is not None and halving.type == "hyperband":
        notes.append("early_terminate: hyperband is run as successive_halving")
    if threads not in ("auto", 1):
        notes.append(f"backend.threads: {threads} is 1 in a sweep, which has its workers side by side")
    if SECONDS in criteria_of(space.settings).figures:
        notes.append(f"{SECONDS} is read from a clock, so another sweep of this file may find other trials")
    return notes
