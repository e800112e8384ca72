"""Running a training to its end: its events, its final networks and their metrics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from nettrain.data.giveaways import giveaway_notes
from nettrain.data.prepare import Prepared, Rows
from nettrain.experiment.resolution import remarks
from nettrain.inference.baseline import fit_baseline
from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.store.history import HistoryRow
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary, summarise, with_baseline, with_joint_metrics, with_snapshots
from nettrain.training.diagnostics.divergence import DivergenceReport, diagnose
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.diagnostics.profile import timing
from nettrain.training.events import EpochDone, Event, TrainingDone
from nettrain.training.loop import never
from nettrain.training.run import TrainingRun
from nettrain.workflow.continuation import improving
from nettrain.workflow.description import TrainingDescription, describe
from nettrain.workflow.preparation import PreparedTraining
from nettrain.workflow.recording import RunRecorder

OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The default for `on_event`."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: its summary, and its folder, if it has one."""

    summary: RunSummary
    folder: Path | None

    @property
    def status(self) -> str:
        """`finished`, `diverged` or `interrupted`."""
        return str(self.summary["status"])

    @property
    def divergence(self) -> str:
        """Which members diverged, or where and why a single network did."""
        members = self.summary.get("members", [])
        if members:
            diverged = sum(member["status"] == "diverged" for member in members)
            place = f" in {self.folder}" if self.folder else ""
            return f"{diverged} of {len(members)} members diverged{place}"
        place = f" of {self.folder}" if self.folder else ""
        cause = self.summary.get("divergence")
        why = cause["text"] if cause else "a figure became NaN or infinite"
        return f"training diverged in epoch {self.summary['epochs_run']}{place}: {why}"


@dataclass(frozen=True)
class TrainingResult(RunOutcome):
    """A run that was just trained, with its final networks."""

    prepared: PreparedTraining
    networks: TrainedNetworks
    recorder: RunRecorder

    @property
    def run(self) -> TrainingRun:
        """The population after its last step."""
        return self.prepared.training.run

    @property
    def architecture(self) -> Architecture:
        """The layers of its networks."""
        return self.run.architecture

    @property
    def history(self) -> Sequence[HistoryRow]:
        """Rows of the history: all of a short run, a sample of a long one."""
        return self.recorder.rows


def _by_column(data: Prepared) -> Rows:
    """The training rows without the weights of their classes."""
    weight = data.column_weight
    return data.train if weight is None else replace(data.train, weight=weight)


@dataclass(frozen=True)
class TrainingJob:
    """A training that is ready to run, and the recorder of its results.

    `notes` are on the folder and the experiment; `all_notes` has more. A training that is resumed took
    `seconds_before`.
    """

    prepared: PreparedTraining
    recorder: RunRecorder
    notes: tuple[str, ...] = ()
    seconds_before: float = 0.0

    @property
    def folder(self) -> RunFolder | None:
        """The run folder, which is locked until the training has ended."""
        return self.recorder.folder

    @property
    def description(self) -> TrainingDescription:
        """What is trained on what."""
        return describe(self.prepared)

    @property
    def all_notes(self) -> list[str]:
        """Everything a user should know about the run before it begins."""
        run = self.prepared.training.run
        return [
            *self.notes,
            *getattr(run.backend, "notes", ()),
            *self.prepared.data.notes,
            *giveaway_notes(self.prepared.data.preprocessing, self.prepared.data.train),
            *remarks(run.experiment),
            *run.data.batches.notes,
            *run.data.notes,
        ]

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def run(
        self,
        on_event: OnEvent = ignore,
        *,
        interrupted: Callable[[], bool] = never,
        started: float | None = None,
    ) -> TrainingResult:
        """Train to the end and record the results.

        `on_event` is called with every event of the training; training stops after the step at which
        `interrupted` returns True. The summary's total time counts from
        `started` on perf_counter's clock, by default from this call, and includes that before a resumption.
        """
        started = perf_counter() if started is None else started
        training, recorder = self.prepared.training, self.recorder
        run = training.run
        training.interrupted = interrupted
        with explained_shortage(run.experiment):
            done = self._train(on_event)
            with timing(run.profile, "evaluation"):
                networks, summary = self._measure(done)
            with timing(run.profile, "writing"):
                recorder.networks(run.architecture, networks, self.prepared.data.preprocessing)
            summary["timing"]["total_seconds"] = self.seconds_before + perf_counter() - started
            if run.profile:
                summary["profile"] = run.profile.table()
            recorder.summary(summary)
        folder = recorder.folder
        return TrainingResult(summary, folder.path if folder else None, self.prepared, networks, recorder)

    def _train(self, on_event: OnEvent) -> TrainingDone:
        profile = self.prepared.training.run.profile
        try:
            for event in self.prepared.training.events():
                on_event(event)
                match event:
                    case EpochDone():
                        with timing(profile, "writing"):
                            self.recorder.epoch(event)
                    case TrainingDone():
                        done = event
        finally:
            self.recorder.wait()
        with timing(profile, "writing"):
            self.recorder.end()
        return done

    def _measure(self, done: TrainingDone) -> tuple[TrainedNetworks, RunSummary]:
        """The final networks, and the summary with their figures."""
        training, members = self.prepared.training, self.prepared.members
        run, stopped, datasets = training.run, training.endings.stopped, training.run.data.datasets
        causes = self._diagnose()
        networks = run.networks(members)
        figures = evaluate_members(networks, datasets, run.pool)
        summary = summarise(run, members, stopped, done, figures, causes)
        if run.experiment.training.snapshots > 1:
            networks = run.snapshot_networks(stopped[0], members[0])
            epochs = run.monitors.snapshots.epochs_of(stopped[0])
            figures = evaluate_members(networks, datasets, run.scratch(len(networks)))
            summary = with_snapshots(summary, epochs, figures)
        finite = networks.finite()
        if run.experiment.training.averages_predictions and len(finite):
            joint = evaluate_ensemble(finite, datasets, run.scratch(len(finite)))
            summary = with_joint_metrics(summary, joint)
        summary = self._compare_with_baseline(summary)
        more = improving(summary, training)
        return networks, summary if more is None else {**summary, "improving": more}

    def _compare_with_baseline(self, summary: RunSummary) -> RunSummary:
        data, model = self.prepared.data, self.prepared.training.run.model
        rows = {"train": data.train, "validation": data.validation, "test": data.test}
        with np.errstate(over="ignore", invalid="ignore"):  # of targets that are too large for their squares
            baseline = fit_baseline(model.loss, model.task, _by_column(data), model.architecture.outputs)
            metrics = {
                split: baseline.metrics(model.loss, model.task, one) for split, one in rows.items() if one
            }
        return with_baseline(summary, baseline, model.task, metrics)

    def _diagnose(self) -> dict[int, DivergenceReport]:
        """Why members diverged. Their weights become the last good ones, unless predictions are averaged."""
        run, members, causes = self.prepared.training.run, self.prepared.members, {}
        for member, end in self.prepared.training.endings.stopped.items():
            if end.reason != "diverged":
                continue
            cause = diagnose(
                members[member], self.prepared.data, run.backend, self.recorder.last_state(member)
            )
            if cause is None:
                continue
            causes[member] = cause.report(members[member])
            if not end.restored and not run.experiment.training.averages_predictions:
                run.final.set([member], cause.parameters, cause.statistics)
        return causes
