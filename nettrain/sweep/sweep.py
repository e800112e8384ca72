"""A sweep in its folder: opened or taken up again, run, and written down."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nettrain.backend.device import device, devices, memory
from nettrain.experiment.load import Loaded, available_cores, to_yaml
from nettrain.experiment.settings import Experiment, goal
from nettrain.files import write_whole
from nettrain.locks import locked
from nettrain.store.run_folder import csv_text, write_json
from nettrain.store.sweep_folder import SweepFolder
from nettrain.store.sweep_summary import BestTrial, SweepSummary
from nettrain.sweep.halving import Bracket, brackets
from nettrain.sweep.messages import Result, TrialChunk
from nettrain.sweep.plan import cut, prepare_jobs
from nettrain.sweep.ranking import Goal, Influence, at_border, best_first, influences, spelled
from nettrain.sweep.search import SweepProgress, search
from nettrain.sweep.sweep_journal import SweepJournal
from nettrain.sweep.trials import Search, Trial
from nettrain.sweep.worker_pool import WorkerPool
from nettrain.training.environment import environment

TIMING = ("trial", "seconds", "members")
STATUSES = ("finished", "pruned", "diverged", "failed")


@dataclass
class Sweep:
    """A search with its folder locked; `chunks` are what is left to do."""

    search: Search
    trials: list[Trial]
    goal: Goal
    folder: SweepFolder
    ledger: SweepJournal
    workers: int
    chunks: list[TrialChunk]
    brackets: list[Bracket]
    notes: tuple[str, ...]
    devices: tuple[int, ...] = ()  # GPUs at which the workers take turns

    @property
    def results(self) -> dict[int, Result]:
        """Results of the trials up to the total, by number."""
        numbers = [trial.number for trial in self.trials if trial.number in self.ledger.results]
        return {number: self.ledger.results[number] for number in numbers}

    def run(self, interrupted: Callable[[], bool]) -> Iterator[SweepProgress]:
        """Do what is left; every result is in the journal before it is told."""
        known = list(self.results.values())
        with WorkerPool(min(self.workers, len(self.chunks)), self.devices) as crew:
            work = search(
                self.chunks, self.brackets, known, goal=self.goal, crew=crew, interrupted=interrupted
            )
            for moment in work:
                self.ledger.add(moment.new)
                yield moment

    @property
    def best(self) -> list[Result]:
        """Finished trials, the best first."""
        return best_first(list(self.results.values()), self.goal)

    def experiment_of(self, trial: int) -> Experiment:
        """The experiment of a trial, to be trained by itself."""
        made = self.trials[trial - 1].experiment
        return made.model_copy(update={"experiment": f"{made.experiment}-best"})

    def influences(self) -> list[Influence]:
        """What each parameter did."""
        return influences(self.search.parameters, self.trials, self.results, self.goal)

    def borders(self) -> list[str]:
        """Warnings about numbers of the best trial at the ends of their ranges."""
        return at_border(self.search, self.trials[self.best[0].trial - 1].values) if self.best else []

    @property
    def written(self) -> bool:
        """Whether the folder's tables tell all results already."""
        try:
            told = self.folder.trials.read_text(encoding="utf-8") == self.table()
        except OSError:
            return False
        return told and self.folder.summary.is_file()

    def write(self, seconds: float) -> SweepSummary:
        """Tables, summary and the best experiment; returns the summary. `seconds` are this run's."""
        results = self.results.values()
        times = [(one.trial, round(one.seconds, 6), one.members) for one in results]
        write_whole(self.folder.trials, self.table())
        write_whole(self.folder.timing, csv_text(TIMING, times))
        if self.best:
            first = self.best[0]
            told = f"{self.goal.metric} {first.figures[self.goal.metric]!r}"
            head = f"# Trial {first.trial} of {self.folder.path}: {told}\n"
            write_whole(self.folder.best, head + to_yaml(self.experiment_of(first.trial)))
        summary = self.summary(seconds)
        write_json(self.folder.summary, summary)
        return summary

    def table(self) -> str:
        """`trials.csv`: a row per trial that has a result."""
        keys = [parameter.key for parameter in self.search.parameters]
        figures = sorted({name for one in self.results.values() for name in one.figures})
        rows = []
        for number, one in self.results.items():
            values = self.trials[number - 1].values
            drawn = [spelled(values[key]) if key in values else None for key in keys]
            told = [one.figures.get(name) for name in figures]
            rows.append([number, one.status, *drawn, one.epochs, one.best_epoch, *told])
        return csv_text(["trial", "status", *keys, "epochs", "best_epoch", *figures], rows)

    def summary(self, seconds: float) -> SweepSummary:
        """What `summary.json` holds."""
        results, best = list(self.results.values()), self.best
        return {
            "experiment": self.search.loaded.experiment.experiment,
            "status": "finished" if len(results) == len(self.trials) else "interrupted",
            "trials": {
                "total": len(self.trials),
                **{status: sum(one.status == status for one in results) for status in STATUSES},
            },
            "metric": self.goal.metric,
            "goal": "maximize" if self.goal.maximize else "minimize",
            "best": self._told(best[0]) if best else None,
            "failures": {str(one.trial): one.message for one in results if one.status == "failed"},
            "influence": {one.key: one.strength for one in self.influences()},
            "borders": self.borders(),
            "timing": {
                "total_seconds": seconds,
                "trial_seconds": sum(one.seconds for one in results),
                "workers": self.workers,
            },
            "environment": environment(1, self.search.backend.name, self.devices[0] if self.devices else 0),
            "seed": self.search.settings.seed,
        }

    def _told(self, result: Result) -> BestTrial:
        values = self.trials[result.trial - 1].values
        return {"trial": result.trial, "parameters": values, "metrics": result.figures}


@contextmanager
def opened(loaded: Loaded, out: Path, *, total: int | None, workers: int | None) -> Iterator[Sweep]:
    """The sweep of an experiment file, ready to run, in a folder that nobody else may use meanwhile.

    Raises SpecError or DataError before the first trial, when any of them would be refused.
    """
    made = Search(loaded)
    devices = _devices(made)
    trials = made.trials(total)  # refused before there is a folder
    folder = SweepFolder.open(out, loaded.experiment.experiment)
    try:
        with locked(folder.path) as note:
            shutil.rmtree(folder.data, ignore_errors=True)  # of a sweep that was ended from outside
            folder.data.mkdir()
            try:
                workers = workers or len(devices) or available_cores()
                yield _prepared(made, trials, folder, workers, devices, note)
            finally:
                shutil.rmtree(folder.data, ignore_errors=True)
    finally:
        folder.remove_if_empty()


def _devices(made: Search) -> tuple[int, ...]:
    """The GPUs that a sweep uses: the one that somebody names, otherwise all; none under NumPy.

    Raises a BackendError that names the place when one is not there.
    """
    if made.backend.name != "cupy":
        return ()
    with made.loaded.placing_errors():
        if made.loaded.gives("backend", "device"):
            return (device(made.loaded.experiment.backend.device).number,)
        return tuple(device(number).number for number in range(devices()))


def _prepared(
    made: Search,
    trials: list[Trial],
    folder: SweepFolder,
    workers: int,
    gpus: tuple[int, ...],
    note: str | None,
) -> Sweep:
    metric = made.settings.metric.name
    aim = Goal(metric, (made.settings.metric.goal or _goal(metric)) == "maximize")
    ledger = SweepJournal(folder.journal, made)
    if ledger.total > len(trials):
        trials = made.trials(ledger.total)
    left = [trial for trial in trials if trial.number not in ledger.results]
    jobs = prepare_jobs(left, folder.data, metric)
    ledger.aim(len(trials))  # nothing is written before the data is known to fit
    groups = _brackets(made, trials, ledger)
    room = min(memory(number)[0] for number in gpus) if gpus else None
    chunks = cut(jobs.jobs, workers, metric, memory=room) if not groups else []
    for bracket in groups:
        some = [job for job in jobs.jobs if job.trial in bracket.trials]
        chunks += cut(some, workers, metric, bracket.rungs, room)
    notes = (*([note] if note else []), *made.notes, *_notes(made), *jobs.notes)
    return Sweep(made, trials, aim, folder, ledger, workers, chunks, groups, notes, gpus)


def _goal(metric: str) -> str:
    try:
        return goal(metric)
    except KeyError:
        return "minimize"  # unknown, which is said when the data is there


def _brackets(made: Search, trials: list[Trial], ledger: SweepJournal) -> list[Bracket]:
    halving = made.settings.early_terminate
    if halving is None:
        return []
    rungs = halving.rungs(max(trial.experiment.training.epochs for trial in trials))
    return brackets(ledger.segments, halving.bracket, rungs, halving.eta)


def _notes(made: Search) -> list[str]:
    """What is said of the sweep's settings."""
    halving, given = made.settings.early_terminate, made.loaded.experiment.backend.threads
    notes = []
    if halving is not None and halving.type == "hyperband":
        notes.append("early_terminate: hyperband is run as successive_halving")
    if given not in ("auto", 1):
        notes.append(f"backend.threads: {given} is 1 in a sweep, which has its workers side by side")
    return notes
