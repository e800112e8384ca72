"""Predictions of a trained run for rows, and how good they are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from nettrain.errors import SpecError
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.run_results import RunResults
from nettrain.workflow.source import row_source

if TYPE_CHECKING:
    import polars as pl

    from nettrain.data.unpredictable import PredictableRows
    from nettrain.store.evaluation import EvaluationReport
    from nettrain.store.trained_folds import Predictor
    from nettrain.workflow.run_data import SplitName


Predictions: TypeAlias = "npt.NDArray[np.float64] | npt.NDArray[np.int64] | npt.NDArray[np.str_]"


class PredictingRun(RunResults):
    """A run whose networks predict, and are evaluated on labelled rows."""

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
        """Predict an interval of this level for each number.

        Parameters
        ----------
        data : array, frame, mapping or source, optional
            See `predict`.
        level : float
            The probability with which it should hold the number, between 0 and 1; loss pinball has the
            intervals between its trained quantiles, gaussian_nll all.
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
            The levels of the prediction intervals to measure, of losses pinball and gaussian_nll;
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
        from nettrain.workflow.evaluation import EvaluationOptions, ImportanceOptions, evaluate_run

        shuffled = ImportanceOptions(metric, shuffles, seed) if importance or metric else None
        intervals = [interval] if isinstance(interval, int | float) else list(interval)
        options = EvaluationOptions(split, member, worst, shuffled, strict, keep, intervals)
        source = None if data is None else row_source(data)
        with arguments_named("interval", "member", "keep", part="split"):
            return evaluate_run(self.predictor, source, options, memory=self.memory).report

    def _select(self, member: int | None) -> "Predictor":
        with arguments_named("member"):
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
        with arguments_named(part="split"):
            rows = read_rows(trained, source, split, self.memory)
        if strict:
            refuse_imperfect(rows)
        refuse_lines(unpredictable_lines(rows))
        warn_of_lines(rows.comparison.lines(rows.label), stacklevel=4)
        return rows
