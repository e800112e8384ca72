"""The entries of a comparison: an experiment each, with its runs over one or several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.metrics import metrics
from nettrain.errors import SpecError, nearest
from nettrain.experiment.monitors import LOSSES
from nettrain.store.summary import Ending, Metrics, Status
from nettrain.workflow.continuation import still_improving
from nettrain.workflow.predicting_run import Predictions
from nettrain.workflow.run import Run

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from nettrain.store.trained_run import TrainedRun
    from nettrain.workflow.run_data import SplitName

SPLITS = ("train", "val", "test")
ALL_FIGURES = tuple(f"{split}_{name}" for split in SPLITS for name in ("loss", *metrics))


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """One run of an entry: one seed, or one fold.

    Attributes
    ----------
    run : Run
        The run, as `train` and `open_run` return it.
    member : int or None
        Which of its networks this is, where the run is a repeat that was read from a folder.
    fold : int or None
        Which fold of a cross-validation it is, from 1 over all repeats.
    held_out : float
        How many rows the fold held out for each row that trained it; 0 without folds.
    """

    run: Run = field(repr=False)
    member: int | None = None
    fold: int | None = None
    held_out: float = 0.0

    @property
    def pair(self) -> int:
        """What it has in common with a run of another entry: the fold, or the seed."""
        return self.seed if self.fold is None else self.fold

    @property
    def seed(self) -> int:
        """The seed of its experiment."""
        return self.run.summary["seed"] + (self.member or 0)

    @property
    def status(self) -> Status:
        """`finished`, `diverged` or `interrupted`."""
        return self._ending["status"]

    @property
    def stop_reason(self) -> str:
        """Why training stopped: `epochs`, `early_stopping`, `diverged`, ..."""
        return self._ending["stop_reason"]

    @property
    def epochs(self) -> int:
        """The number of trained epochs."""
        return self._ending["epochs_run"]

    @property
    def best_epoch(self) -> float | None:
        """The epoch with the best monitored figure."""
        return self._ending["best_epoch"]

    @property
    def still_improving(self) -> bool:
        """Whether the epochs ran out while the monitored figure improved."""
        return still_improving(self._ending, self.run.resolved.training)

    @property
    def divergence(self) -> str:
        """Where and why it diverged, "" when it did not."""
        return self._ending["divergence"]["text"] if "divergence" in self._ending else ""

    @cached_property
    def metrics(self) -> dict[str, dict[str, float]]:
        """The loss and every metric of the final network by split, as of a `Run`."""
        member, summary = self.member, self.run.summary
        found: Metrics = summary["metrics"] if member is None else summary["members"][member]["metrics"]
        return {split: {name: _number(value) for name, value in of.items()} for split, of in found.items()}

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """The names of its figures, such as "val_loss" and "test_accuracy"."""
        return tuple(f"{split}_{name}" for split, of in self.metrics.items() for name in of)

    @property
    def seconds(self) -> float:
        """How long its steps took; of runs trained side by side, its share."""
        return self.run.summary["timing"]["train_seconds"] / self._side_by_side

    @property
    def parameters(self) -> int:
        """The number of parameters of its network."""
        return self.run.summary["parameters"]

    @cached_property
    def history(self) -> "pl.DataFrame":
        """A Polars frame with one row per evaluated epoch, as of a `Run`."""
        return self._of_member(self.run.history)

    @cached_property
    def diagnostics(self) -> "pl.DataFrame | None":
        """A Polars frame with one row per evaluated epoch and layer, as of a `Run`; None if not recorded."""
        frame = self.run.diagnostics
        return None if frame is None else self._of_member(frame)

    @property
    def trained(self) -> "TrainedRun":
        """Its networks. Raises SpecError when all of them diverged."""
        return self.run.trained.select_members(self.member)

    def predict(
        self, data: object = None, *, split: "SplitName | None" = None, strict: bool = False
    ) -> Predictions:
        """Predict the class, the labels or the numbers of rows; see `Run.predict`."""
        return self.run.predict(data, member=self.member, split=split, strict=strict)

    def predict_proba(
        self, data: object = None, *, split: "SplitName | None" = None, strict: bool = False
    ) -> "npt.NDArray[np.float64]":
        """Predict the probability of every class; see `Run.predict_proba`."""
        return self.run.predict_proba(data, member=self.member, split=split, strict=strict)

    def value(self, figure: str) -> float:
        """A figure of the final network, such as "test_accuracy"; NaN of a run that diverged or lacks it."""
        split, _, name = figure.partition("_")
        if self.status == "diverged":
            return float("nan")
        return self.metrics.get(split, {}).get(name, float("nan"))

    @property
    def _ending(self) -> Ending:
        summary = self.run.summary
        return summary if self.member is None else summary["members"][self.member]

    @property
    def _side_by_side(self) -> int:
        return 1 if self.member is None else len(self.run.summary["members"])

    def _of_member(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        if self.member is None or "member" not in frame.columns:
            return frame
        return frame.filter(frame["member"] == self.member).drop("member")


@dataclass(frozen=True, eq=False)
class ComparedEntry:
    """One of the compared experiments, with a run for each seed.

    Attributes
    ----------
    label : str
        In what it differs from the others, or its name.
    source : str
        The file or folder that it comes from, or the name of the experiment.
    experiment : dict
        The experiment with every key, which `train` accepts: that of its first run.
    settings : dict
        Its values of the keys in which the entries differ.
    runs : tuple of ComparedRun
        In the order of the seeds or folds; those that an interruption came before are missing.
    compared : frozenset of str
        The figures that any of the compared experiments has.
    """

    label: str
    source: str
    experiment: Mapping[str, object] = field(repr=False)
    settings: Mapping[str, object]
    runs: Sequence[ComparedRun] = field(repr=False)
    compared: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each run."""
        return tuple(run.seed for run in self.runs)

    @property
    def pairs(self) -> tuple[int, ...]:
        """By what each run is set beside one of another entry: its fold, or its seed."""
        return tuple(run.pair for run in self.runs)

    @property
    def over(self) -> str:
        """What its runs differ in: fold or seed."""
        return "fold" if any(run.fold is not None for run in self.runs) else "seed"

    @property
    def diverged(self) -> int:
        """How many of its runs diverged."""
        return sum(run.status == "diverged" for run in self.runs)

    @property
    def still_improving(self) -> bool:
        """Whether most of its runs improved until the epochs ran out."""
        return 2 * sum(run.still_improving for run in self.runs) > len(self.runs)

    @property
    def mostly_diverged(self) -> bool:
        """Whether more than half of its runs diverged."""
        return 2 * self.diverged > len(self.runs)

    @property
    def parameters(self) -> int | None:
        """The number of parameters of each of its networks; None without a run."""
        return self.runs[0].parameters if self.runs else None

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """The names of its figures, such as "val_loss" and "test_accuracy"."""
        return tuple(dict.fromkeys(figure for run in self.runs for figure in run.figures))

    def values(self, figure: str) -> Floats:
        """A figure of each run (n,); NaN of runs that diverged or lack it.

        Raises SpecError when neither nettrain nor any of the compared experiments has such a figure.
        """
        if figure not in self.compared:
            check_figure(figure, list(dict.fromkeys((*self.figures, *ALL_FIGURES))))
        return np.array([run.value(figure) for run in self.runs], dtype=np.float64)

    def mean(self, figure: str) -> float | None:
        """The mean of a figure over the runs that did not diverge; None when there are none."""
        finite = self._finite(figure)
        return float(finite.mean()) if len(finite) else None

    def sd(self, figure: str) -> float | None:
        """The standard deviation (n - 1) of a figure over its runs; None for fewer than two."""
        finite = self._finite(figure)
        return float(finite.std(ddof=1)) if len(finite) > 1 else None

    def _finite(self, figure: str) -> Floats:
        values = self.values(figure)
        return values[np.isfinite(values)]


def check_figure(figure: str, known: Sequence[str]) -> None:
    """Raise SpecError that names the nearest figure when this one is unknown."""
    if figure not in known:
        raise SpecError(f'no figure "{figure}"{nearest(figure, known)}')


def is_maximized(figure: str) -> bool:
    """Whether larger values of a figure such as "val_accuracy" are better."""
    name = figure.partition("_")[2]
    return name not in LOSSES and name in metrics and metrics[name].goal == "maximize"


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
