"""A training that has ended: its final networks, their metrics and the summary."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.inference.baseline import fit_baseline
from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members, evaluate_uncalibrated
from nettrain.inference.fit_postprocessing import with_fitted_rules
from nettrain.inference.intervals import figures_by_split
from nettrain.inference.kept_sub_members import with_best_sub_members
from nettrain.inference.model import TrainedNetworks
from nettrain.store.summarise import summarise
from nettrain.store.summary import RunSummary
from nettrain.store.summary_additions import (
    with_baseline,
    with_distribution,
    with_joint_metrics,
    with_postprocessing,
    with_snapshots,
)
from nettrain.training.diagnostics.divergence import DivergenceReport, diagnose
from nettrain.training.events import MemberStopped, TrainingDone
from nettrain.training.resumption.state import TrainingState
from nettrain.training.run import TrainingRun
from nettrain.workflow.continuation import improving

LastState = Callable[[int], TrainingState | None]


@dataclass(frozen=True)
class EndedTraining:
    """A population whose members have all stopped, the experiment of each, and the data.

    `last_state` is the last recorded state of a diverged member before it diverged, None when there is none.
    """

    run: TrainingRun
    members: Sequence[Experiment]
    data: Prepared
    stopped: Mapping[int, MemberStopped]
    done: TrainingDone
    last_state: LastState

    def measure(self) -> tuple[TrainedNetworks, RunSummary]:
        """The final networks, and the summary with their figures."""
        run, members, stopped, datasets = self.run, self.members, self.stopped, self.run.data.datasets
        causes = self._diagnose()
        networks = self._with_rules(self._kept(run.networks(members)))
        figures = evaluate_members(networks, datasets, run.pool)
        summary = summarise(run, members, stopped, self.done, figures, causes)
        summary["parameters"] = networks.model.architecture.parameters
        if run.experiment.training.snapshots > 1:
            networks = self._with_rules(self._kept(run.snapshot_networks(stopped[0], members[0])))
            epochs = run.monitors.snapshots.epochs_of(stopped[0])
            figures = evaluate_members(networks, datasets, run.scratch(len(networks)))
            summary = with_snapshots(summary, epochs, figures)
        finite = networks.finite()
        if run.experiment.training.averages_predictions and len(finite):
            joint = evaluate_ensemble(finite, datasets, run.scratch(len(finite)))
            summary = with_joint_metrics(summary, joint)
        described = figures_by_split(finite, datasets, joint=run.experiment.training.averages_predictions)
        summary = with_distribution(self._compare_with_baseline(summary), described)
        summary = self._with_postprocessing(summary, networks)
        more = improving(summary, run, self.done.steps)
        return networks, summary if more is None else {**summary, "improving": more}

    def _kept(self, networks: TrainedNetworks) -> TrainedNetworks:
        """The networks with the sub-members that stay."""
        return with_best_sub_members(networks, self.run.data.datasets.get("validation"))

    def _with_rules(self, networks: TrainedNetworks) -> TrainedNetworks:
        """The networks with the calibration and thresholds that the experiment asks for."""
        return with_fitted_rules(networks, self.run.data.datasets.get("validation"))

    def _with_postprocessing(self, summary: RunSummary, networks: TrainedNetworks) -> RunSummary:
        """The summary with what was fitted to predictions, and what calibration has changed."""
        fitted = networks.postprocessing
        if fitted is None:
            return summary
        datasets, before = self.run.data.datasets, {}
        if fitted.calibration != "none" and networks.model.task.outcomes:
            before = evaluate_uncalibrated(networks, datasets, self.run.scratch(len(networks)))
        return with_postprocessing(summary, networks, before)

    def _compare_with_baseline(self, summary: RunSummary) -> RunSummary:
        data, model = self.data, self.run.model
        rows = {"train": data.train_by_column, "validation": data.validation, "test": data.test}
        with np.errstate(over="ignore", invalid="ignore"):  # of targets that are too large for their squares
            baseline = fit_baseline(model.loss, model.task, data.train_by_column, model.architecture.outputs)
            metrics = {
                split: baseline.metrics(model.loss, model.task, one) for split, one in rows.items() if one
            }
        return with_baseline(summary, baseline, model.task, metrics)

    def _diagnose(self) -> dict[int, DivergenceReport]:
        """Why members diverged. Their weights become the last good ones, unless predictions are averaged."""
        run, causes = self.run, {}
        for member, end in self.stopped.items():
            if end.reason != "diverged":
                continue
            cause = diagnose(self.members[member], self.data, run.backend, self.last_state(member))
            if cause is None:
                continue
            causes[member] = cause.report(self.members[member])
            if not end.restored and not run.experiment.training.averages_predictions:
                run.final.set([member], cause.parameters, cause.statistics)
        return causes
