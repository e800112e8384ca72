"""From trials to chunks: data prepared once, trials of one grouping key together, cut to fit the caches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nettrain.catalogue.members import group, grouping_key
from nettrain.catalogue.metrics import metrics_for
from nettrain.data.prepare import Prepared, prepare
from nettrain.errors import NettrainError, SpecError, nearest
from nettrain.experiment.resolution import resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import network_of, task_of
from nettrain.sweep.messages import TrialChunk
from nettrain.sweep.shared import Shared, share
from nettrain.sweep.trials import Trial
from nettrain.training.build import batches_of

CACHE = 12 << 20  # bytes that the arrays of a population may take; more members then gain nothing
FEWEST, MOST = 8, 64  # members of a chunk that is cut for the caches alone
MOST_ON_DEVICE = 1024  # members of a chunk on a GPU, which is busy with far fewer
SHARE = 0.5  # of the device's free memory that a chunk is meant to take, as far as that is known before
PLENTY = 32  # members that share the calls of a step so well that more of them gain little
TURNS = 2  # chunks of a large group for each worker, so that nobody waits long for the last one
KEPT = 3  # signals of a layer: before and behind the activation, and the slope


@dataclass(frozen=True)
class TrialJob:
    """A trial ready to train: its settled experiment, its data, and about how much work and memory it is."""

    trial: int
    experiment: Experiment
    data: Shared
    cost: float
    bytes: int


@dataclass(frozen=True)
class Jobs:
    """All jobs, and what is said of their data."""

    jobs: tuple[TrialJob, ...]
    notes: tuple[str, ...]


def prepare_jobs(trials: Sequence[Trial], folder: Path, metric: str) -> Jobs:
    """Prepare each distinct data block once, in files of `folder`, and settle every trial on its data.

    Raises SpecError with all that the data refuse, each with the line that the trial's value comes from.
    """
    by_data: dict[str, list[Trial]] = {}
    for trial in trials:
        key = f"{grouping_key(trial.experiment.data)} {trial.experiment.backend.dtype}"
        by_data.setdefault(key, []).append(trial)
    jobs: list[TrialJob] = []
    wrong: dict[str, None] = {}
    notes: dict[str, None] = {}
    for number, some in enumerate(by_data.values()):
        try:
            with some[0].loaded.placing_errors():
                data = _prepared(some[0].experiment)
        except NettrainError as error:
            wrong |= dict.fromkeys(_of_trial(error, some[0]))
            continue
        notes |= dict.fromkeys(data.notes)
        shared = share(data, folder / str(number))
        for trial in some:
            try:
                jobs.append(_job(trial, data, shared, metric))
            except NettrainError as error:
                wrong |= dict.fromkeys(_of_trial(error, trial))
    if wrong:
        raise SpecError(wrong)
    return Jobs(tuple(sorted(jobs, key=lambda job: job.trial)), tuple(notes))


def _prepared(experiment: Experiment) -> Prepared:
    return prepare(experiment.data, seed=experiment.data.seed or 0, dtype=experiment.backend.dtype)


def _of_trial(error: NettrainError, trial: Trial) -> list[str]:
    return [f"{line} (trial {trial.number})" for line in str(error).splitlines()]


def _job(trial: Trial, data: Prepared, shared: Shared, metric: str) -> TrialJob:
    with trial.loaded.placing_errors():
        settled = resolve_with_data(trial.experiment, data)
        batches = batches_of(settled, data.train)
        _check_metric(metric, settled, data)
    plan = network_of(settled, data)
    rows, epochs = len(data.train.x), settled.training.epochs
    weights = plan.parameters
    # a row costs a multiplication with every weight forward and two backward, a step the update and its calls
    cost = epochs * (3.0 * rows * weights + batches.steps * (30.0 * weights + 30_000))
    state = 3 + len(settled.optimizer.slots())
    signals = KEPT * max(batches.sizes) * sum(plan.widths)
    return TrialJob(trial.number, settled, shared, cost, 4 * (state * weights + signals))


def _check_metric(metric: str, experiment: Experiment, data: Prepared) -> None:
    part, _, name = metric.partition("_")
    allowed = ["loss", *metrics_for(task_of(data.preprocessing, experiment))]
    if part not in ("val", "train") or name not in allowed:
        names = [f"{part}_{name}" for part in ("val", "train") for name in allowed]
        hint = ", test rows are for the run of the best" if part == "test" else nearest(metric, names)
        raise SpecError(f'sweep.metric.name: unknown "{metric}"{hint}')
    if part == "val" and data.validation is None:
        raise SpecError(f'sweep.metric.name: "{metric}" needs validation rows, but there are none')


def cut(
    jobs: Sequence[TrialJob],
    workers: int,
    metric: str,
    rungs: tuple[int, ...] = (),
    memory: int | None = None,
) -> list[TrialChunk]:
    """Chunks of these jobs, those with the most work first, so that the last ones are short.

    They fit the caches or, on a GPU, its free `memory` (bytes).
    """
    chunks = []
    for rows in group([job.experiment for job in jobs]):
        some_jobs = [jobs[row] for row in rows]
        for some in parts(some_jobs, workers) if memory is None else large(some_jobs, workers, memory):
            trials = tuple(job.trial for job in some)
            experiments = tuple(job.experiment for job in some)
            cost = sum(job.cost for job in some)
            chunks.append(TrialChunk(0, trials, experiments, some[0].data, metric, rungs, cost))
    return sorted(chunks, key=lambda chunk: (-chunk.cost, chunk.trials))


def parts(jobs: Sequence[TrialJob], workers: int) -> list[list[TrialJob]]:
    """Jobs of one group, cut into parts of equal size that fit the caches and give each worker its turns."""
    fitting = min(max(CACHE // jobs[0].bytes, FEWEST), MOST)
    once, turns = math.ceil(len(jobs) / workers), math.ceil(len(jobs) / (workers * TURNS))
    share = max(min(once, max(turns, PLENTY)), FEWEST)
    count = math.ceil(len(jobs) / min(fitting, share))
    if count > workers:
        count = math.ceil(count / workers) * workers
    return _even(jobs, count)


def large(jobs: Sequence[TrialJob], workers: int, memory: int) -> list[list[TrialJob]]:
    """Jobs of one group, cut into as few parts of equal size as fit a GPU and give each worker one."""
    fitting = max(min(int(SHARE * memory) // jobs[0].bytes, MOST_ON_DEVICE), 1)
    once = math.ceil(len(jobs) / workers)
    return _even(jobs, math.ceil(len(jobs) / min(fitting, once)))


def _even(jobs: Sequence[TrialJob], count: int) -> list[list[TrialJob]]:
    """So many parts of nearly equal size."""
    bounds = [round(k * len(jobs) / count) for k in range(count + 1)]
    return [list(jobs[start:stop]) for start, stop in pairwise(bounds)]
