"""What a comparison will train and read: every experiment resolved with its data, and its runs."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nettrain.data.prepare import Prepared, prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.evaluated_rows import MOST
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.replicas import replica
from nettrain.experiment.resolution import batch_notes, data_settings_of, remarks, resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.workflow.comparison.entries import ComparedEntry, ComparedRun
from nettrain.workflow.comparison.labels import common_settings, differing_settings_of, labels_of
from nettrain.workflow.comparison.population import PlannedRun
from nettrain.workflow.comparison.sources import FoundSource, joined_over_seeds
from nettrain.workflow.find_rate import with_rate_found
from nettrain.workflow.folds.plan import plan_cross_validation
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.preparation import check_trainable
from nettrain.workflow.run import Run
from nettrain.workflow.side_by_side import populations

MOST_NAMES, LONGEST_NAME = 3, 48  # experiments, and characters, that make a name


@dataclass(frozen=True, eq=False)
class PlannedComparison:
    """The entries of a comparison before training: labels, experiments, and the runs that are missing.

    `runs` are to be trained, `read` are the runs of the entries that were read, by entry.
    """

    labels: tuple[str, ...]
    sources: tuple[FoundSource, ...]
    experiments: tuple[Experiment, ...]
    runs: tuple[PlannedRun, ...]
    read: dict[int, list[ComparedRun]]
    notes: tuple[str, ...]
    memory: MemoryTables | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What the comparison is called: like its experiments, or else the folder of their files."""
        names = [*dict.fromkeys(experiment.experiment for experiment in self.experiments)]
        joined = "-".join(names)
        if len(names) <= MOST_NAMES and len(joined) <= LONGEST_NAME:
            return joined
        folders = {Path(source.name).parent for source in self.sources}
        return folders.pop().name or "comparison" if len(folders) == 1 else "comparison"

    @property
    def population_count(self) -> int:
        """In how many populations the runs train, one after the other."""
        return len(populations(self.runs))

    @property
    def differing(self) -> tuple[str, ...]:
        """The keys in which the experiments differ."""
        return tuple(differing_settings_of(self.experiments)[1])

    @property
    def common(self) -> tuple[str, ...]:
        """The most important settings that all share, in words."""
        return tuple(common_settings(self.experiments))

    def entries_with(self, trained: Sequence[MemoryRun | None]) -> tuple[ComparedEntry, ...]:
        """The entries with their runs, given those that were trained."""
        runs: dict[int, list[ComparedRun]] = {k: list(read) for k, read in self.read.items()}
        for planned, run in zip(self.runs, trained, strict=True):
            if run is not None:
                compared = ComparedRun(
                    Run(run, memory=self.memory), fold=planned.fold, held_out=planned.held_out
                )
                runs.setdefault(planned.entry, []).append(compared)
        leaves, keys = differing_settings_of(self.experiments)
        figures = frozenset(figure for some in runs.values() for run in some for figure in run.figures)
        return tuple(
            ComparedEntry(
                label,
                source.name,
                experiment.model_dump(),
                {key: settings[key].value for key in keys if key in settings},
                tuple(runs.get(k, [])),
                figures,
            )
            for k, (label, source, experiment, settings) in enumerate(
                zip(self.labels, self.sources, self.experiments, leaves, strict=True)
            )
        )


def plan_comparison(
    sources: Sequence[FoundSource], repeat: int | None = None, memory: MemoryTables | None = None
) -> PlannedComparison:
    """Resolve all experiments with their data, which are prepared once for all that share them.

    `repeat` is the number of seeds, by default that of each experiment. Raises SpecError or DataError with
    the location of what is wrong, and SpecError when fewer than two things are compared.
    """
    if len(sources) < 2:
        name = sources[0].name if sources else "nothing"
        raise SpecError(f"{name}: is alone; name more to compare it with, or --vary KEY=VALUE,VALUE")
    _check_repeat(sources, repeat)
    sources = joined_over_seeds(sources)
    planning = _Planning(memory, repeat)
    for entry, source in enumerate(sources):
        planning.add(entry, source)
    labels = labels_of(planning.experiments, [source.name for source in sources])
    return PlannedComparison(
        tuple(labels),
        tuple(sources),
        tuple(planning.experiments),
        tuple(planning.runs),
        planning.read,
        tuple(planning.notes),
        memory,
    )


def _check_repeat(sources: Sequence[FoundSource], repeat: int | None) -> None:
    if repeat is None:
        return
    if repeat < 1:
        raise SpecError(f"--repeat: {repeat} is not at least 1")
    read = [source.name for source in sources if source.run is not None]
    if read:
        raise SpecError(f"--repeat: {read[0]} is a run, which is read, not trained again")


@dataclass
class _Planning:
    """Experiments, runs and notes as they accumulate, each note once."""

    memory: MemoryTables | None
    repeat: int | None
    experiments: list[Experiment] = field(default_factory=list)
    runs: list[PlannedRun] = field(default_factory=list)
    read: dict[int, list[ComparedRun]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    prepared: dict[str, Prepared] = field(default_factory=dict)

    def add(self, entry: int, source: FoundSource) -> None:
        """Resolve an experiment and plan its runs, or take those of a run."""
        if source.run is not None:
            self.experiments.append(source.run.resolved)
            read = (source.run, *source.others)
            self.read[entry] = [one for run in read for one in _runs_of(run)]
            self.notes |= dict.fromkeys(_interruption(run) for run in read if _is_interrupted(run))
        else:
            self._add_experiment(entry, source)

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def _add_experiment(self, entry: int, source: FoundSource) -> None:
        loaded = source.loaded
        assert loaded is not None, "a source is a run or an experiment"
        if loaded.experiment.data.trains_folds:
            self._add_folds(entry, loaded)
            return
        with loaded.locating_errors():
            experiment = resolve(loaded.experiment)
            data = self._prepared(experiment)
            experiment = resolve_with_data(_with_training_figures(experiment, data), data)
            check_trainable(experiment, data)
            experiment, found = with_rate_found(experiment, data)
        notes = (*loaded.notes, *found, *batch_notes(loaded.experiment, data), *data.notes)
        self.notes |= dict.fromkeys((*notes, *remarks(experiment)))
        self.experiments.append(experiment)
        self.runs += [PlannedRun(one, data, entry) for one in _over_seeds(experiment, self.repeat)]

    def _add_folds(self, entry: int, loaded: LoadedExperiment) -> None:
        """Plan a run for each fold, which are what the entry has in place of seeds."""
        training = loaded.experiment.training
        if self.repeat is not None or training.repeat > 1:
            option = "--repeat" if self.repeat is not None else "training.repeat"
            raise SpecError(f"{option}: does not go with data.folds; data.folds.repeats splits more often")
        planned = plan_cross_validation(loaded, self.memory)
        self.notes |= dict.fromkeys(planned.notes)
        self.experiments.append(planned.experiment)
        self.runs += [
            PlannedRun(_with_training_figures(fold.experiment, fold.data), fold.data, entry, fold.number)
            for fold in planned.folds
        ]

    def _prepared(self, experiment: Experiment) -> Prepared:
        """The data of an experiment, prepared once for all with the same settings."""
        settings = data_settings_of(experiment)
        seed, dtype = settings.seed or 0, experiment.backend.dtype
        key = f"{settings.model_dump_json()} {seed} {dtype}"
        if key not in self.prepared:
            self.prepared[key] = prepare(settings, seed=seed, dtype=dtype, memory=self.memory)
        return self.prepared[key]


def _with_training_figures(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment with training rows evaluated where that is left at auto: their gap is to be seen."""
    if experiment.training.evaluate_train != "auto":
        return experiment
    rows = "all" if len(data.train.x) <= MOST else MOST
    training = experiment.training.model_copy(update={"evaluate_train": rows})
    return experiment.model_copy(update={"training": training})


def _over_seeds(experiment: Experiment, repeat: int | None) -> list[Experiment]:
    """The experiment of each run: with other seeds, in steps of the networks of an ensemble."""
    count, networks = repeat or experiment.training.repeat, experiment.training.ensemble
    once = experiment.model_copy(update={"training": experiment.training.model_copy(update={"repeat": 1})})
    return [replica(once, networks * k) for k in range(count)]


def _is_interrupted(run: Run) -> bool:
    return run.summary["status"] == "interrupted"


def _interruption(run: Run) -> str:
    """How far a run came, and how it goes on."""
    done, epochs = run.summary["epochs_run"], run.resolved.training.epochs
    goes_on = f"; nettrain resume {shlex.quote(str(run.folder))} goes on" if run.folder else ""
    name = run.folder or run.summary["experiment"]
    return (
        f"{name}: was interrupted after {done:,} of {epochs:,} epochs, its figures are those of then{goes_on}"
    )


def _runs_of(run: Run) -> list[ComparedRun]:
    """The run or, where it is a repeat or has folds, each of its networks as a run."""
    if "folds" in run.summary:
        return [
            ComparedRun(
                run.fold(one["fold"]),
                fold=one["fold"],
                held_out=one["rows"].get("val", 0) / one["rows"]["train"],
            )
            for one in run.summary["folds"]
        ]
    members = run.summary.get("members", [])
    if len(members) < 2 or run.summary.get("joint"):
        return [ComparedRun(run)]
    return [ComparedRun(run, member=k) for k in range(len(members))]
