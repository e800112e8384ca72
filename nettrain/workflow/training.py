"""Running a training to its end: its events, its final networks and their metrics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from nettrain.data.giveaways import giveaway_notes
from nettrain.experiment.resolution import remarks
from nettrain.inference.model import TrainedNetworks
from nettrain.model.architecture import Architecture
from nettrain.store.history import HistoryRow
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary, advice_json
from nettrain.training.diagnostics.memory_shortage import explained_shortage
from nettrain.training.diagnostics.profile import timing
from nettrain.training.events import EpochDone, Event, TrainingDone
from nettrain.training.loop import never
from nettrain.training.run import TrainingRun
from nettrain.workflow.advice import TrainingAdvice
from nettrain.workflow.description import TrainingDescription, describe
from nettrain.workflow.ended_training import EndedTraining
from nettrain.workflow.loss_parts import floor_notes, with_loss_parts
from nettrain.workflow.postprocessing_notes import postprocessing_notes
from nettrain.workflow.preparation import PreparedTraining
from nettrain.workflow.recording import RunRecorder

OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The default for `on_event`."""


def to_all(listeners: Sequence[OnEvent]) -> OnEvent:
    """An `on_event` that calls each of these."""

    def on_event(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return on_event


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
        if "networks" in self.summary:
            place = f" in {self.folder}" if self.folder else ""
            return f"all {len(self.summary['networks'])} networks of the blend diverged{place}"
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
        return self.networks.model.architecture

    @property
    def history(self) -> Sequence[HistoryRow]:
        """Rows of the history: all of a short run, a sample of a long one."""
        return self.recorder.rows


def notes_on(prepared: PreparedTraining) -> list[str]:
    """What a user should know of the data and the settings of a training, beside how they were read."""
    run, data = prepared.training.run, prepared.data
    return [
        *getattr(run.backend, "notes", ()),
        *data.notes,
        *giveaway_notes(data.preprocessing, data.train),
        *remarks(run.experiment),
        *postprocessing_notes(run.experiment, data),
        *floor_notes(prepared.members, data, run.architecture.outputs),
        *run.data.batches.notes,
        *run.data.notes,
    ]


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
        return [*self.notes, *notes_on(self.prepared)]

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
        advice = TrainingAdvice(self.prepared, recorder.folder) if run.measures_layers else None
        with explained_shortage(run.experiment):
            done = self._train(on_event, advice)
            with timing(run.profile, "evaluation"):
                networks, summary = self._ended(done).measure()
                members, data = self.prepared.members, self.prepared.data
                summary = with_loss_parts(summary, run, members, data, recorder.rows)
            with timing(run.profile, "writing"):
                recorder.networks(networks.model.architecture, networks, self.prepared.data.preprocessing)
            summary["timing"]["total_seconds"] = self.seconds_before + perf_counter() - started
            if advice is not None:
                summary["advice"] = advice_json(advice.given)
            if run.profile:
                summary["profile"] = run.profile.table()
            recorder.summary(summary)
        folder = recorder.folder
        return TrainingResult(summary, folder.path if folder else None, self.prepared, networks, recorder)

    def _train(self, on_event: OnEvent, advice: TrainingAdvice | None) -> TrainingDone:
        profile = self.prepared.training.run.profile
        try:
            for event in self.prepared.training.events():
                on_event(event)
                match event:
                    case EpochDone():
                        with timing(profile, "writing"):
                            self.recorder.epoch(event)
                        for due in advice.add(event) if advice else ():
                            on_event(due)
                    case TrainingDone():
                        done = event
        finally:
            self.recorder.wait()
        with timing(profile, "writing"):
            self.recorder.end()
        return done

    def _ended(self, done: TrainingDone) -> EndedTraining:
        prepared, training = self.prepared, self.prepared.training
        stopped, last_state = training.endings.stopped, self.recorder.last_state
        return EndedTraining(training.run, prepared.members, prepared.data, stopped, done, last_state)
