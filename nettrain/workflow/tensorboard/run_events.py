"""The events of one run: its config, and the course of each of its networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import time

from nettrain.backend.base import HostArray
from nettrain.experiment.load import to_yaml
from nettrain.experiment.replicas import replicas
from nettrain.experiment.settings import Experiment
from nettrain.export.tensorboard.event_file import Clock, EventFile, flush_all
from nettrain.export.tensorboard.hparams import SessionStatus, session_end, session_start
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.export.tensorboard.messages import scalars
from nettrain.model.architecture import Architecture
from nettrain.store.diagnostics import DiagnosticsRow, diagnostics_rows
from nettrain.store.history import HistoryRow, history_row
from nettrain.store.summary import MemberSummary, RunSummary
from nettrain.training.events import EpochDone
from nettrain.workflow.tensorboard.joint import config_summary
from nettrain.workflow.tensorboard.settings import compared_settings
from nettrain.workflow.tensorboard.tags import (
    history_figures,
    layer_figures,
    step_figures,
    summary_figures,
    time_figures,
)
from nettrain.workflow.tensorboard.weights import weights_summary

SECONDS = 1.0  # between two times that events are written
STATUSES: Mapping[str, SessionStatus] = {"finished": "success", "diverged": "failure"}


@dataclass(frozen=True)
class RunHead:
    """What stands at the beginning of a run: its experiment, and the row of the table that it belongs to."""

    experiment: Experiment
    group: str

    @property
    def members(self) -> list[Experiment]:
        """The experiment of each network."""
        return replicas(self.experiment)


class RunEvents:
    """Writes the event files of a run: one or, of several networks, also one for each, `member-0` and so on.

    The horizontal axis has epochs or, where evaluations lie within them, steps. Steps that were recorded are
    in a folder `steps` of their own, since their axis is another. `clock` returns seconds since 1970.
    """

    def __init__(self, place: LogFolder, head: RunHead, *, clock: Clock = time) -> None:
        self._place, self._head, self._clock = place, head, clock
        self._by_step = head.experiment.training.evaluate_every < 1
        self._root = place.file(clock=clock)
        members = head.members
        self._places = (
            [place.part(f"member-{k}") for k in range(len(members))] if len(members) > 1 else [place]
        )
        self._members = [one.file(clock=clock) if one is not place else self._root for one in self._places]
        self._steps: dict[int, EventFile] = {}
        self._next = 0.0
        self._begun = False
        self._last = [0] * len(members)  # where on the axis the latest figures of each member are

    def epoch(self, event: EpochDone) -> None:
        """Add an epoch of a training, and write if it is time."""
        now = self._clock()
        self.begin(now, event.epoch, event.step)
        if event.epoch:
            self.add_times(now, event.epoch, event.step, event.step_seconds, event.seconds)
        if event.evaluated:
            for k in range(len(event.members)):
                self.add_row(now, history_row(event, k))
            self.add_layers(now, diagnostics_rows(event))
        self._add_steps(now, event)
        if now >= self._next:
            self.flush()

    def begin(self, wall_time: float, epoch: float, step: int) -> None:
        """Add the config and the settings of each network at this epoch, unless the run has begun."""
        if self._begun:
            return
        self._begun, at = True, self._axis(epoch, step)
        self._last = [at] * len(self._members)
        self._root.add(wall_time, at, config_summary(to_yaml(self._head.experiment)))
        for file, experiment in zip(self._members, self._head.members, strict=True):
            start = session_start(compared_settings(experiment), self._head.group, wall_time)
            file.add(wall_time, at, start)

    def add_row(self, wall_time: float, row: HistoryRow) -> None:
        """Add the figures of an evaluation of one member."""
        member, at = int(row["member"]), self._axis(row["epoch"], int(row["step"]))
        self._last[member] = at
        self._members[member].add(wall_time, at, scalars(history_figures(row)))

    def add_layers(self, wall_time: float, rows: Sequence[DiagnosticsRow]) -> None:
        """Add what was measured in the layers in one epoch."""
        for member, own in groupby(rows, lambda row: row["member"]):
            of_member = list(own)
            at = self._axis(float(of_member[0]["epoch"] or 0), int(of_member[0]["step"] or 0))
            self._members[int(member or 0)].add(wall_time, at, scalars(layer_figures(of_member)))

    def add_times(
        self, wall_time: float, epoch: float, step: int, step_seconds: float, seconds: float
    ) -> None:
        """Add how long an epoch of all members took."""
        self._root.add(wall_time, self._axis(epoch, step), scalars(time_figures(step_seconds, seconds)))

    def add_step(self, wall_time: float, member: int, step: int, figures: Mapping[str, float | None]) -> None:
        """Add the learning rate and the loss of a step of one member."""
        if member not in self._steps:
            self._steps[member] = self._places[member].part("steps").file(clock=self._clock)
        self._steps[member].add(wall_time, step, scalars(step_figures(figures)))

    def add_weights(self, wall_time: float, architecture: Architecture, parameters: HostArray) -> None:
        """Add histograms of the final parameters (R, P), or of those of the last snapshot."""
        last = parameters[-len(self._members) :]
        self.add_weights_of(range(len(last)), wall_time, architecture, last)

    def add_weights_of(
        self, members: Sequence[int], wall_time: float, architecture: Architecture, parameters: HostArray
    ) -> None:
        """Add histograms of the parameters (M, P) of some members at the latest epoch."""
        for row, member in enumerate(members):
            summary = weights_summary(architecture, parameters[[row]])
            self._members[member].add(wall_time, self._last[member], summary)

    def end(self, wall_time: float, summary: RunSummary) -> None:
        """Add the figures of the final networks and how their training ended, and write it all."""
        networks: Sequence[RunSummary | MemberSummary] = summary.get("members") or [summary]
        for file, at, ending in zip(self._members, self._last, networks, strict=True):
            file.add(wall_time, at, scalars(summary_figures(ending)))
            file.add(wall_time, at, session_end(STATUSES.get(ending["status"], "unknown"), wall_time))
        if len(self._members) > 1:
            self._root.add(wall_time, max(self._last), scalars(summary_figures(summary)))
        self.flush()

    def flush(self) -> None:
        """Write what was added."""
        self._next = self._clock() + SECONDS
        files = (self._root, *self._members, *self._steps.values())
        flush_all(list({id(file): file for file in files}.values()))

    def _axis(self, epoch: float, step: int) -> int:
        return step if self._by_step else int(epoch)

    def _add_steps(self, now: float, event: EpochDone) -> None:
        """Add the steps of an epoch, which were evenly spread over its time."""
        losses = event.steps
        if losses is None:
            return
        names = ("learning_rate", *losses.factors, "batch_loss")
        tables = (losses.learning_rate, *losses.factors.values(), losses.batch_loss)
        steps = losses.step.tolist()
        for k, member in enumerate(event.members.tolist()):
            columns = zip(*(table[k].tolist() for table in tables), strict=True)
            for number, (step, values) in enumerate(zip(steps, columns, strict=True), start=1):
                before = event.step_seconds * (1 - number / len(steps))
                self.add_step(now - before, member, step, dict(zip(names, values, strict=True)))
