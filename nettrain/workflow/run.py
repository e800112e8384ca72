"""Trained runs in Python."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.workflow.run_files import StoredRun, unused_folder
from nettrain.workflow.source import FilePath, row_source

if TYPE_CHECKING:
    import polars as pl

    import nettrain
    from nettrain.data.unpredictable import PredictableRows
    from nettrain.experiment.settings import Experiment
    from nettrain.store.evaluation import EvaluationReport
    from nettrain.store.run_folder import RunFolder
    from nettrain.store.summary import RunSummary
    from nettrain.store.trained_folds import Predictor
    from nettrain.store.trained_run import TrainedRun
    from nettrain.training.events import AdviceGiven
    from nettrain.workflow.run_data import SplitName

Predictions: TypeAlias = "npt.NDArray[np.float64] | npt.NDArray[np.int64] | npt.NDArray[np.str_]"


class RunContents(Protocol):
    """The results of a run, in memory or in its folder."""

    @property
    def folder(self) -> Path | None: ...
    @property
    def summary(self) -> "RunSummary": ...
    @property
    def experiment(self) -> "Experiment": ...
    @property
    def predictor(self) -> "Predictor": ...
    @property
    def folds(self) -> "pl.DataFrame | None": ...
    @property
    def out_of_fold(self) -> "pl.DataFrame | None": ...
    def fold(self, number: int) -> "RunContents":
        """The results of one fold. Raises SpecError when there is no such fold."""
        ...

    @property
    def history(self) -> "pl.DataFrame": ...
    @property
    def diagnostics(self) -> "pl.DataFrame | None": ...
    @property
    def steps(self) -> "pl.DataFrame | None": ...

    def save(self, folder: "RunFolder") -> None:
        """Write all files of the run into an empty folder."""


class Run:
    """A trained run: its metrics, its history, and its networks, which predict and can be evaluated.

    `nettrain.train`, `nettrain.resume` and `nettrain.open_run` return one. When there are several networks,
    an ensemble, snapshots and the folds of a cross-validation predict with their mean, and repeats with the
    first one.

    Attributes
    ----------
    folder : pathlib.Path or None
        The run folder; None for a run in memory.
    summary : dict
        The content of `summary.json`: how the run ended, its metrics, times and environment.
    notes : tuple of str
        Notes that the command prints before training.

    Examples
    --------
    >>> import nettrain
    >>> run = nettrain.train({"data": {"source": "builtin:iris"}}, "training.epochs=2")
    >>> run.status
    'finished'
    """

    def __init__(
        self, contents: RunContents, notes: tuple[str, ...] = (), memory: MemoryTables | None = None
    ) -> None:
        self.folder, self.summary, self.notes = contents.folder, contents.summary, notes
        self.memory, self._contents = memory, contents

    @property
    def status(self) -> str:
        """`finished`, `diverged` or `interrupted`."""
        return self.summary["status"]

    @property
    def stop_reason(self) -> str:
        """Why training stopped: `epochs`, `early_stopping`, `converged`, `target`, `max_seconds`, ..."""
        return self.summary["stop_reason"]

    @property
    def epochs(self) -> int:
        """The number of trained epochs."""
        return self.summary["epochs_run"]

    @property
    def best_epoch(self) -> float | None:
        """The epoch with the best monitored figure; None when members differ in it."""
        return self.summary["best_epoch"]

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """The loss and every metric by split: `metrics["test"]["accuracy"]`.

        The splits are train, val and test, as far as there are such rows; a metric that the rows do not
        define is NaN. The metrics of repeats are means, those of an ensemble or of snapshots are those of
        the mean prediction. With calibration or a threshold (`summary["postprocessing"]`) they are those of
        calibrated predictions and of decisions by the threshold; the loss is not.
        """
        return {split: _numbers(named) for split, named in self.summary["metrics"].items()}

    @property
    def baseline(self) -> dict[str, dict[str, float]]:
        """What the best constant predictions score, by split, like `metrics`; {} in runs of earlier versions.

        They are fitted on the training rows: the most frequent class, or the mean and for mae the median. The
        loss is that of the classes' shares.
        """
        baseline = self.summary.get("baseline")
        return {split: _numbers(named) for split, named in baseline["metrics"].items()} if baseline else {}

    @property
    def history(self) -> "pl.DataFrame":
        """A Polars frame with one row per evaluated epoch: epoch, step, learning rate, figures, better.

        The first row is epoch 0, the networks before training. `epoch` has integers, or fractions where
        evaluate_every is a part of an epoch.
        With several members there is one row per epoch and member, and a column member; with folds likewise
        a column fold.
        """
        return self._contents.history

    @property
    def diagnostics(self) -> "pl.DataFrame | None":
        """A Polars frame with one row per evaluated epoch and layer, None without `training.diagnostics`.

        Its columns are epoch, step, layer, update_ratio (null before the first step), gradient_norm,
        activation_mean, activation_spread, saturated, dead and weight_norm, with several members also member.
        """
        return self._contents.diagnostics

    @property
    def advice(self) -> tuple["AdviceGiven", ...]:
        """The lines of advice that were given while training, with `training.diagnostics`."""
        from nettrain.training.events import AdviceGiven

        return tuple(AdviceGiven(**one) for one in self.summary.get("advice", []))

    @property
    def steps(self) -> "pl.DataFrame | None":
        """A Polars frame with one row per step, None without `training.history: step`.

        Its columns are epoch, step, learning_rate and batch_loss, the loss of the step's batch before the
        step, with several members also member.
        """
        return self._contents.steps

    @property
    def folds(self) -> "pl.DataFrame | None":
        """A Polars frame with one row per fold, as in `folds.csv`; None unless the run is cross-validated."""
        return self._contents.folds

    @property
    def out_of_fold(self) -> "pl.DataFrame | None":
        """The predictions of the rows that each fold held out; None unless the run is cross-validated.

        A Polars frame as in `out_of_fold.parquet`: the number of the row, the repeat and the fold, the true
        target, and the prediction of the networks that were not trained on the row.
        """
        return self._contents.out_of_fold

    def fold(self, number: int) -> "Run":
        """The run of one fold, as `train` returns it with `data.folds.take=number`.

        Parameters
        ----------
        number : int
            From 1, over all repeats.

        Returns
        -------
        Run

        Raises
        ------
        SpecError
            When there is no such fold, or the run is not cross-validated.
        """
        numbers = [one["fold"] for one in self.summary.get("folds", [])]
        if number not in numbers:
            has = f"it has 1 to {len(numbers)}" if numbers else "it is not cross-validated"
            raise SpecError(f"fold: {number} is not there, {has}")
        return Run(self._contents.fold(number), memory=self.memory)

    @property
    def experiment(self) -> dict[str, object]:
        """The experiment with every key as plain data, like `config.yaml`; `train` accepts it."""
        return self._contents.experiment.model_dump()

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the order of `predict_proba`; empty for other targets."""
        return tuple(self.predictor.preprocessing.classes)

    def predict(
        self,
        data: object = None,
        *,
        member: int | None = None,
        split: "SplitName | None" = None,
        strict: bool = False,
    ) -> Predictions:
        """Predict the class, the labels or the numbers of rows.

        Parameters
        ----------
        data : array, frame, mapping or source, optional
            Rows with or without the target: a NumPy array (N, C), a Polars or pandas frame, a mapping from
            names to columns, a file, or a name such as "builtin:iris";
            default: the run's own test rows, in the order of their source.
        member : int, optional
            Predict with this member alone.
        split : {"train", "validation", "test"}, optional
            Which split of the run's own data; for a source that brings test rows too, train or test.
        strict : bool
            Whether rows that differ from the training data are an error instead of a `DataWarning`: values
            that were not there, gaps where there were none, numbers or dates further outside the range than
            the range is long, columns that were not there, and rows without any value.

        Returns
        -------
        numpy.ndarray
            (N,) for one target, (N, K) for several. Classes are text, or integers if they were in the data.

        Raises
        ------
        DataError
            When the rows cannot be read, lack a column, or one of them cannot be predicted.
        SpecError
            When there is no such member, or the networks diverged.
        """
        trained = self._select(member)
        predicted = self._predict(trained, data, split, strict=strict).get_columns()[
            : len(trained.task.names)
        ]
        columns = [column.to_numpy() for column in predicted]
        columns = [one.astype(np.str_) if one.dtype == object else one for one in columns]
        return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)

    def predict_proba(
        self,
        data: object = None,
        *,
        member: int | None = None,
        split: "SplitName | None" = None,
        strict: bool = False,
    ) -> npt.NDArray[np.float64]:
        """Predict the probability of every class, or of every label, calibrated if the run does that.

        Parameters
        ----------
        data, member, split, strict
            See `predict`.

        Returns
        -------
        numpy.ndarray
            (N, K), with the classes in the order of `classes`.

        Raises
        ------
        SpecError
            When the targets are numbers, or the loss makes predictions scores that are not probabilities.
        DataError
            See `predict`.
        """
        trained = self._select(member)
        task = trained.task
        if task.targets == "numbers":
            raise SpecError(f"predict_proba: {trained.name} predicts numbers, which have no probabilities")
        if not task.probabilities:
            raise SpecError(f"predict_proba: {trained.name} predicts scores, not probabilities")
        columns = self._predict(trained, data, split, strict=strict).get_columns()[len(task.names) :]
        return np.column_stack([column.to_numpy() for column in columns])

    def predict_interval(
        self,
        data: object = None,
        level: float = 0.9,
        *,
        member: int | None = None,
        split: "SplitName | None" = None,
        strict: bool = False,
    ) -> npt.NDArray[np.float64]:
        """Predict an interval that holds each number with this probability.

        Parameters
        ----------
        data : array, frame, mapping or source, optional
            See `predict`.
        level : float
            The probability, between 0 and 1; loss pinball has the intervals between its trained quantiles,
            gaussian_nll all.
        member, split, strict
            See `predict`.

        Returns
        -------
        numpy.ndarray
            (N, 2) of the lower and the upper end, for several targets (N, K, 2).

        Raises
        ------
        SpecError
            When the run was trained with another loss, or without the quantiles at the ends.
        DataError
            See `predict`.
        """
        from nettrain.workflow.intervals import levels_of

        trained = self._select(member)
        return self._quantiles(trained, data, levels_of(trained, level), split, strict=strict)

    def predict_quantiles(
        self,
        data: object = None,
        levels: Sequence[float] | None = None,
        *,
        member: int | None = None,
        split: "SplitName | None" = None,
        strict: bool = False,
    ) -> npt.NDArray[np.float64]:
        """Predict quantiles of each number.

        Parameters
        ----------
        data : array, frame, mapping or source, optional
            See `predict`.
        levels : sequence of float, optional
            Which quantiles, between 0 and 1; default: all that were trained, or 0.05, 0.5 and 0.95.
        member, split, strict
            See `predict`.

        Returns
        -------
        numpy.ndarray
            (N, L), for several targets (N, K, L).

        Raises
        ------
        SpecError
            When the run was trained with another loss than pinball and gaussian_nll, or without these levels.
        DataError
            See `predict`.
        """
        from nettrain.workflow.intervals import checked_levels

        trained = self._select(member)
        return self._quantiles(trained, data, checked_levels(trained, levels), split, strict=strict)

    def evaluate(
        self,
        data: object = None,
        *,
        split: "SplitName | None" = None,
        member: int | None = None,
        worst: int = 5,
        importance: bool = False,
        metric: str | None = None,
        shuffles: int = 5,
        seed: int = 0,
        interval: float | Sequence[float] = (),
        keep: str | Sequence[str | int] = (),
        strict: bool = False,
    ) -> "EvaluationReport":
        """Evaluate the run on labelled rows, by default on its own test rows.

        Parameters
        ----------
        data : array, frame, mapping or source, optional
            Labelled rows as for `predict`, or a pair (X, y); default: rows of the run's own data.
        split : {"train", "validation", "test"}, optional
            Which split of the run's own data; for a source that brings test rows too, train or test.
        member : int, optional
            Predict with this member alone.
        worst : int
            How many rows with the largest loss to list.
        importance : bool
            Whether to measure how much worse predictions get when each column is shuffled.
        metric : str, optional
            The metric of the importance; default: accuracy or rmse.
        shuffles, seed : int
            The number of shuffles per column, and their seed.
        interval : float or sequence of float
            The probabilities of the prediction intervals to measure, of losses pinball and gaussian_nll;
            default: those between trained quantiles, or 0.9.
        keep : str, or sequence of str or int
            Columns of the data, by name or position, of which `worst` has the cells.
        strict : bool
            Whether rows that differ from the training data are an error, see `predict`; otherwise the report
            lists how they differ.

        Returns
        -------
        EvaluationReport
            With `metrics`, `classes`, `confusion`, `confused`, `worst`, `best_f1` (of all thresholds),
            `postprocessing` (calibration and threshold), `importance`, `distribution` (intervals and
            quantiles), `deviations`, `notes`.

        Raises
        ------
        SpecError
            When the run has no such rows, member or metric, or cannot give such an interval.
        DataError
            When the rows cannot be read, or do not fit the run.
        """
        from nettrain.workflow.argument_names import arguments_named
        from nettrain.workflow.evaluation import EvaluationOptions, ImportanceOptions, evaluate_run

        shuffled = ImportanceOptions(metric, shuffles, seed) if importance or metric else None
        intervals = [interval] if isinstance(interval, int | float) else list(interval)
        options = EvaluationOptions(split, member, worst, shuffled, strict, keep, intervals)
        source = None if data is None else row_source(data)
        with arguments_named("interval"):
            return evaluate_run(self.predictor, source, options, memory=self.memory).report

    def report(self, out: FilePath | None = None) -> Path:
        """Write a page of HTML on the run, which needs no other file and no network.

        Parameters
        ----------
        out : str or path, optional
            The page; default: report.html in the run folder.

        Returns
        -------
        pathlib.Path
            The page.

        Raises
        ------
        SpecError
            When the file is not a page of ours, or the run is in memory and `out` is not given.
        NettrainError
            When it cannot be written.
        """
        import nettrain  # the public function: what draws stands above this room

        return nettrain.report(self, out)

    def save(self, folder: FilePath) -> Path:
        """Write the files of the run into a folder, which the commands read like their own.

        Parameters
        ----------
        folder : str or path
            A folder that is empty or does not exist.

        Returns
        -------
        pathlib.Path
            The folder.

        Raises
        ------
        SpecError
            When the folder is not empty, or is a file.
        NettrainError
            When it cannot be written.
        """
        path = Path(folder)
        with unused_folder(path) as (files, _):
            self._contents.save(files)
        return path

    def to_sklearn(self) -> "nettrain.MLPClassifier | nettrain.MLPRegressor":
        """Return a fitted scikit-learn estimator that predicts what the run predicts.

        It takes the columns that the run has as inputs, and goes on by `partial_fit` and warm starts if the
        run has a checkpoint. A clone of it trains by the same experiment. Needs `nettrain[sklearn]`.

        Returns
        -------
        MLPClassifier or MLPRegressor
            By the target of the run.

        Raises
        ------
        SpecError
            When the run diverged, or is cross-validated.
        ImportError
            Without scikit-learn.

        Examples
        --------
        >>> estimator = nettrain.open_run("runs/iris").to_sklearn()  # doctest: +SKIP
        """
        import nettrain  # the public classes: their room is above this one

        numbers = self.trained.preprocessing.target_kind == "numbers"
        return (nettrain.MLPRegressor if numbers else nettrain.MLPClassifier).from_run(self)

    @property
    def contents(self) -> RunContents:
        """What the run consists of, as other rooms of nettrain use it."""
        return self._contents

    @property
    def resolved(self) -> "Experiment":
        """The experiment, resolved with its data, as other rooms of nettrain use it."""
        return self._contents.experiment

    @property
    def predictor(self) -> "Predictor":
        """The networks that predict, also those of folds. Raises SpecError when all of them diverged."""
        predictor = self._contents.predictor
        if not any(np.isfinite(run.parameters).all(axis=1).any() for run in predictor.runs):
            raise SpecError(f"{predictor.name}: the run diverged, its weights are not finite")
        return predictor

    @property
    def trained(self) -> "TrainedRun":
        """The networks of one training, as other rooms of nettrain use them.

        Raises SpecError when all of them diverged, and for a cross-validated run.
        """
        return self.predictor.alone()

    def _select(self, member: int | None) -> "Predictor":
        return self.predictor.select_members(member)

    def _predict(
        self, trained: "Predictor", data: object, split: "SplitName | None", *, strict: bool
    ) -> "pl.DataFrame":
        """The predictions of all rows. Raises DataError when one cannot be predicted."""
        from nettrain.workflow.prediction import predict_rows

        return predict_rows(trained, self._rows(trained, data, split, strict=strict))

    def _quantiles(
        self,
        trained: "Predictor",
        data: object,
        levels: Sequence[float],
        split: "SplitName | None",
        *,
        strict: bool,
    ) -> npt.NDArray[np.float64]:
        """These quantiles of all rows, (N, L) of one target. Raises DataError as `_predict` does."""
        from nettrain.workflow.prediction import distribution_of_rows

        distribution = distribution_of_rows(trained, self._rows(trained, data, split, strict=strict))
        assert distribution is not None, "levels are checked before"
        values = distribution.quantiles(levels)
        return values[:, 0] if values.shape[1] == 1 else values

    def _rows(
        self, trained: "Predictor", data: object, split: "SplitName | None", *, strict: bool
    ) -> "PredictableRows":
        """The rows to predict. Raises DataError when one cannot be predicted."""
        from nettrain.workflow.prediction import read_rows, refuse_imperfect, unpredictable_lines
        from nettrain.workflow.strictness import refuse_lines, warn_of_lines

        source = None if data is None else row_source(data)
        rows = read_rows(trained, source, split, self.memory)
        if strict:
            refuse_imperfect(rows)
        refuse_lines(unpredictable_lines(rows))
        warn_of_lines(rows.comparison.lines(rows.label), stacklevel=4)
        return rows

    def __repr__(self) -> str:
        place = f" in {self.folder}" if self.folder else ""
        split = next((name for name in ("test", "val", "train") if name in self.metrics), "")
        shown = ", ".join(f"{name} {value:.4g}" for name, value in list(self.metrics[split].items())[:2])
        name = self.summary["experiment"]
        return f"<Run {name}{place}: {self.status} after {self.epochs} epochs, {split} {shown}>"


def open_run(folder: FilePath, *, backend: str | None = None, device: int | None = None) -> Run:
    """Open the folder of a finished run.

    Parameters
    ----------
    folder : str or path
        A run folder, such as "runs/iris".
    backend : {"auto", "numpy", "cupy"}, optional
        The backend that computes predictions; default: the one that trained the run, or NumPy without it.
    device : int, optional
        Number of the GPU.

    Returns
    -------
    Run

    Raises
    ------
    SpecError
        When there is no such run, or it has not finished.

    Examples
    --------
    >>> run = nettrain.open_run("runs/iris")  # doctest: +SKIP
    >>> run.metrics["test"]["accuracy"]  # doctest: +SKIP
    0.9667
    """
    return Run(StoredRun.open(Path(folder), backend, device))


def as_run(run: "Run | FilePath", backend: str | None = None, device: int | None = None) -> Run:
    """The run itself, or the one in a folder, which predicts on this backend and device."""
    return run if isinstance(run, Run) else open_run(run, backend=backend, device=device)


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float("nan") if value is None else value for name, value in values.items()}
