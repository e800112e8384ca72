"""Advice on a training: while it goes on, and on a run that has ended."""

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from nettrain.checks.advice.advisor import Advisor, advice_on
from nettrain.experiment.settings import Experiment
from nettrain.inference.baseline import fit_baseline
from nettrain.store.diagnostics import diagnostics_rows, read_rows
from nettrain.store.history import history_row, read_history_rows
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary
from nettrain.training.events import AdviceGiven, EpochDone
from nettrain.workflow.preparation import PreparedTraining

if TYPE_CHECKING:
    import polars as pl

    from nettrain.workflow.run_results import RunResults


def advice_on_run(run: "RunResults") -> list[AdviceGiven]:
    """The advice that a run would have been given, from its history and, if recorded, its diagnostics."""
    return advice_on_frames(
        Experiment.model_validate(run.experiment), run.summary, run.history, run.diagnostics
    )


def advice_on_frames(
    experiment: Experiment,
    summary: RunSummary | None,
    history: "pl.DataFrame",
    diagnostics: "pl.DataFrame | None",
) -> list[AdviceGiven]:
    """The same from what a run folder holds, of a run that need not have ended."""
    metrics = summary["baseline"]["metrics"] if summary and "baseline" in summary else {}
    loss = metrics.get("train", {}).get("loss")
    rows, layers = history.to_dicts(), [] if diagnostics is None else diagnostics.to_dicts()
    return advice_on(experiment, rows, layers, np.nan if loss is None else loss)


class TrainingAdvice:
    """The advice on a training, in the order in which it is given."""

    def __init__(self, prepared: PreparedTraining, folder: RunFolder | None) -> None:
        """The files of a `folder` hold what a training that is resumed has been through."""
        self._advisor = Advisor(prepared.experiment, cache(partial(_baseline_loss, prepared)))
        if folder is not None:
            self._advisor.replay(read_history_rows(folder.history), read_rows(folder.diagnostics))

    @property
    def given(self) -> list[AdviceGiven]:
        """All of it so far."""
        return self._advisor.given

    def add(self, event: EpochDone) -> list[AdviceGiven]:
        """What is due after an epoch."""
        if not event.evaluated:
            return []
        figures = [history_row(event, k) for k in range(len(event.members))]
        return self._advisor.add(figures, diagnostics_rows(event))


def _baseline_loss(prepared: PreparedTraining) -> float:
    """The training loss of the best constant predictions."""
    model, rows = prepared.training.run.model, prepared.data.train_by_column
    with np.errstate(all="ignore"):
        baseline = fit_baseline(model.loss, model.task, rows, model.architecture.outputs)
        return float(baseline.metrics(model.loss, model.task, rows)["loss"])
