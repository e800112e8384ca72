"""What a trained run has come to: metrics, history, folds, and its networks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.workflow.run_contents import RunContents

if TYPE_CHECKING:
    import polars as pl

    from nettrain.experiment.settings import Experiment
    from nettrain.store.trained_folds import Predictor
    from nettrain.store.trained_run import TrainedRun
    from nettrain.training.events import AdviceGiven


class RunResults:
    """How a run ended, its metrics, its history, and its networks."""

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

    @property
    def experiment(self) -> dict[str, object]:
        """The experiment with every key as plain data, like `config.yaml`; `train` accepts it."""
        return self._contents.experiment.model_dump()

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the order of `predict_proba`; empty for other targets."""
        return tuple(self.predictor.preprocessing.classes)

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

    def __repr__(self) -> str:
        place = f" in {self.folder}" if self.folder else ""
        split = next((name for name in ("test", "val", "train") if name in self.metrics), "")
        figures = list(self.metrics.get(split, {}).items())[:2]
        shown = f", {split} {', '.join(f'{name} {value:.4g}' for name, value in figures)}" if figures else ""
        return f"<Run {self.summary['experiment']}{place}: {self.status} after {self.epochs} epochs{shown}>"


def _numbers(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float("nan") if value is None else value for name, value in values.items()}
