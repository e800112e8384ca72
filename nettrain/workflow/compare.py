"""Compare experiments: train several, or read their runs, and set their figures side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.store.comparison_folder import ComparisonFolder
from nettrain.store.comparison_summary import ComparisonSummary
from nettrain.store.run_overview import main_metric
from nettrain.training.loop import never
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.comparison.comparability import incomparable_figures
from nettrain.workflow.comparison.entries import ComparedEntry, ComparedRun, check_figure, is_maximized
from nettrain.workflow.comparison.json_summary import summary_of
from nettrain.workflow.comparison.plan import PlannedComparison, plan_comparison
from nettrain.workflow.comparison.population import ComparedEpoch, OnComparedEpoch, train_runs
from nettrain.workflow.comparison.recording import write_comparison
from nettrain.workflow.comparison.significance import SeedTest, holm, paired_test, unpaired_test
from nettrain.workflow.comparison.sources import ComparedSource, Vary, find_sources
from nettrain.workflow.run_files import unused_folder
from nettrain.workflow.source import FilePath

if TYPE_CHECKING:
    import polars as pl

BY_WHICH = ("val", "test", "train")  # splits, by the first of which that there is entries are ranked


def ignore(epoch: ComparedEpoch) -> None:
    """The default for `on_event`."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Experiments side by side: their runs over the same seeds, their figures, and what differs.

    Attributes
    ----------
    entries : tuple of ComparedEntry
        The experiments in the order given, each with a run for every seed.
    differing : tuple of str
        The keys in which the experiments differ.
    common : tuple of str
        The most important settings that they share, in words.
    incomparable : dict
        Figures that must not be compared, with the reason: other rows, another loss.
    notes : tuple of str
        Notes on the experiments and their data.
    interrupted : bool
        Whether training was interrupted; entries then have the runs that were begun.
    seconds : float
        How long it took, with reading the data.

    Examples
    --------
    >>> import nettrain
    >>> spec = {"data": {"source": "builtin:iris"}, "training": {"epochs": 5}}
    >>> compared = nettrain.compare(spec, vary={"optimizer": ["sgd", "adam"]}, repeat=3)
    >>> [entry.label for entry in compared.entries]
    ['sgd', 'adam']
    >>> len(compared.entries[0].runs)
    3
    """

    entries: tuple[ComparedEntry, ...]
    differing: tuple[str, ...]
    common: tuple[str, ...]
    incomparable: Mapping[str, str]
    notes: tuple[str, ...]
    interrupted: bool = False
    seconds: float = field(default=0.0)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """The figures that any entry has, such as "val_loss" and "test_accuracy"."""
        return tuple(dict.fromkeys(name for entry in self.entries for name in entry.figures))

    @property
    def decisive(self) -> str:
        """The figure that ranks the entries: the main metric of validation rows, or else of test rows.

        Where all entries have the same, or the metric must not be compared, it is the loss.
        """
        names = [name for name in (main_metric(self.figures), "loss") if name]
        found = (f"{split}_{name}" for name in names for split in BY_WHICH)
        begun = [entry for entry in self.entries if entry.runs]
        shared = [one for one in found if begun and all(one in entry.figures for entry in begun)]
        first = {one.partition("_")[2]: one for one in reversed(shared)}  # of each metric, the first split
        candidates = [first[name] for name in names if name in first]
        telling = (one for one in candidates if 0 < len(self._best(one)) < len(self.entries))
        return next(telling, next(iter(candidates), ""))

    @property
    def over(self) -> str:
        """What the runs of an entry differ in: `fold` where all are cross-validated, otherwise `seed`."""
        return "fold" if all(entry.over == "fold" for entry in self.entries if entry.runs) else "seed"

    @property
    def all_diverged(self) -> bool:
        """Whether every run diverged, so that there is nothing to compare."""
        return all(entry.diverged == len(entry.runs) for entry in self.entries)

    def entry(self, label: str) -> ComparedEntry:
        """The entry of this label. Raises KeyError when there is none."""
        return {entry.label: entry for entry in self.entries}[label]

    def _known(self, figure: str | None) -> str:
        """The figure, by default the decisive one. Raises SpecError when no entry has it."""
        if figure is not None:
            check_figure(figure, self.figures)
        return self.decisive if figure is None else figure

    def best(self, figure: str | None = None) -> tuple[int, ...]:
        """The positions of the entries with the best mean of a figure, by default the decisive one.

        Several are equally good; none where the figure must not be compared. The means are those of the runs
        that did not diverge: an entry of which most did is the best only among its like. Raises
        SpecError when no entry has such a figure.
        """
        return self._best(self._known(figure))

    def _best(self, figure: str) -> tuple[int, ...]:
        if not figure:  # before anything was measured
            return ()
        means = {k: mean for k, entry in enumerate(self.entries) if (mean := entry.mean(figure)) is not None}
        if len(means) < 2 or figure in self.incomparable:
            return ()
        steady = {k: mean for k, mean in means.items() if not self.entries[k].mostly_diverged}
        means = steady or means
        top = max(means.values()) if is_maximized(figure) else min(means.values())
        return tuple(k for k, mean in means.items() if np.isclose(mean, top, rtol=1e-12, atol=0))

    def tests(self, figure: str | None = None) -> tuple[SeedTest, ...]:
        """The other entries against the best one in a figure, by default the decisive one.

        Over the same seeds this is the two-sided paired t-test, over different ones Welch's; over folds it is
        corrected for the training rows that they share (Nadeau & Bengio 2003). `p` is adjusted for their
        number (Holm 1979).
        """
        figure = self._known(figure)
        best = self._best(figure)
        others = [k for k, entry in enumerate(self.entries) if entry.runs and k != best[0]] if best else []
        return tuple(holm([self.test(best[0], other, figure) for other in others]))

    def test(self, entry: int, other: int, figure: str) -> SeedTest:
        """One entry against another in a figure, by their positions; `p` is not adjusted."""
        self._known(figure)
        first, second = self.entries[entry], self.entries[other]
        pairs = [pair for pair in first.pairs if pair in second.pairs]
        if len(pairs) < min(len(first.runs), len(second.runs)) or first.over != second.over:
            return unpaired_test(entry, other, (first.values(figure), second.values(figure)))
        by_pair = [dict(zip(one.pairs, one.values(figure), strict=True)) for one in (first, second)]
        values = [np.array([one[pair] for pair in pairs], dtype=np.float64) for one in by_pair]
        held_out = float(np.mean([run.held_out for run in first.runs])) if first.runs else 0.0
        maximize = is_maximized(figure)
        return paired_test(entry, other, (values[0], values[1]), maximize=maximize, held_out=held_out)

    @property
    def table(self) -> "pl.DataFrame":
        """A Polars frame with one row per run: label, seed, status, epochs, seconds, and every figure.

        Runs of folds also have their number.
        """
        import polars as pl

        rows = [
            {
                "label": entry.label,
                **({"fold": run.fold} if run.fold is not None else {}),
                "seed": run.seed,
                "status": run.status,
                "epochs": run.epochs,
                "seconds": run.seconds,
                **{figure: run.value(figure) for figure in self.figures},
            }
            for entry in self.entries
            for run in entry.runs
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    @property
    def history(self) -> "pl.DataFrame":
        """The histories of all runs in one Polars frame, with columns label and seed in front."""
        import polars as pl

        joined = self._joined(lambda run: run.history if len(run.history) else None)
        return pl.DataFrame() if joined is None else joined

    @property
    def diagnostics(self) -> "pl.DataFrame | None":
        """The diagnostics of all runs, likewise; None without `training.diagnostics`."""
        return self._joined(lambda run: run.diagnostics)

    def _joined(self, frame_of: "Callable[[ComparedRun], pl.DataFrame | None]") -> "pl.DataFrame | None":
        """A frame of each run, below each other, with columns label and seed in front."""
        import polars as pl

        frames = [
            frame.select(
                pl.lit(entry.label).alias("label"),
                *([] if run.fold is None else [pl.lit(run.fold, pl.Int64).alias("fold")]),
                pl.lit(run.seed, pl.Int64).alias("seed"),
                pl.all(),
            )
            for entry in self.entries
            for run in entry.runs
            if (frame := frame_of(run)) is not None
        ]
        return pl.concat(frames, how="diagonal_relaxed") if frames else None

    @property
    def summary(self) -> ComparisonSummary:
        """All of it as plain data, as the command prints it with --json."""
        return summary_of(self)

    def save(self, folder: FilePath) -> Path:
        """Write figures, histories and experiments into a folder that is empty or does not exist.

        Raises SpecError when it is not empty, or is a file.
        """
        with unused_folder(Path(folder)) as (files, _):
            write_comparison(self, ComparisonFolder(files.path))
        return Path(folder)

    def __repr__(self) -> str:
        best = [self.entries[k].label for k in self.best()]
        found = f", best {self.decisive}: {' = '.join(best)}" if best else ""
        return f"<Comparison of {', '.join(entry.label for entry in self.entries)}{found}>"


def compare(
    *sources: "ComparedSource | Sequence[ComparedSource]",
    overrides: Sequence[str] = (),
    vary: Vary | None = None,
    repeat: int | None = None,
    data: object = None,
    on_event: OnComparedEpoch = ignore,
    stop: Callable[[], bool] = never,
) -> Comparison:
    """Compare experiments: train them over the same seeds on the same rows, or read runs.

    Experiments that differ in numbers alone train side by side as one population, and end bit-equal to what
    `train` makes of each. Nothing is written.

    Parameters
    ----------
    *sources : str, path, mapping, Run, or a sequence of these
        Experiment files or their contents, and runs or their folders, which are read. A folder of experiment
        files stands for all of them.
    overrides : sequence of str
        Changes to all experiments as on the command line, such as "training.epochs=20".
    vary : mapping, optional
        Values of a key to compare, such as {"optimizer.learning_rate": [0.01, 0.1]}; of several keys, all
        combinations.
    repeat : int, optional
        How many seeds each experiment is trained with; default: what its `training.repeat` says.
    data : array, frame, mapping or pair, optional
        As for `train`, for all experiments.
    on_event : callable, optional
        Called with a `ComparedEpoch` after every epoch of a population.
    stop : callable, optional
        Called between steps, every 50 ms or so; training is interrupted when it returns True.

    Returns
    -------
    Comparison

    Raises
    ------
    SpecError
        When an experiment is wrong, or there is nothing to compare.
    DataError
        When data cannot be read, or do not fit an experiment.
    BackendError
        When a backend is not available.

    Examples
    --------
    >>> import nettrain
    >>> rates = {"optimizer.learning_rate": [0.001, 0.1]}
    >>> compared = nettrain.compare({"data": {"source": "builtin:iris"}}, vary=rates, repeat=5)
    >>> compared.entries[1].mean("val_loss") < compared.entries[0].mean("val_loss")
    True
    """
    started = perf_counter()
    memory = None if data is None else MemoryTables.of(data)
    with arguments_named("vary", "repeat"):
        found = find_sources(_flat(sources), overrides, vary, memory)
        plan = plan_comparison(found, repeat, memory)
    return run_comparison(plan, on_event, stop, started=started)


def run_comparison(
    plan: PlannedComparison,
    on_event: OnComparedEpoch = ignore,
    stop: Callable[[], bool] = never,
    *,
    started: float | None = None,
) -> Comparison:
    """Train what is planned; the time counts from `started` on perf_counter, by default from this call."""
    started = perf_counter() if started is None else started
    trained = train_runs(plan.runs, on_event, stop)
    entries = plan.entries_with(trained)
    return Comparison(
        entries,
        plan.differing,
        plan.common,
        incomparable_figures(plan.experiments, entries),
        plan.notes,
        interrupted=any(run is None or run.summary["status"] == "interrupted" for run in trained),
        seconds=perf_counter() - started,
    )


def _flat(sources: "Sequence[ComparedSource | Sequence[ComparedSource]]") -> list[ComparedSource]:
    """The sources one by one. Raises SpecError when there are none."""
    flat: list[ComparedSource] = []
    for source in sources:
        flat += source if isinstance(source, list | tuple) else [source]  # type: ignore[list-item]
    if not flat:
        raise SpecError("nothing to compare: name experiment files or runs")
    return flat
