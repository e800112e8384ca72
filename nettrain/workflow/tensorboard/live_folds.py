"""Events that are written while the folds of a cross-validation train."""

from dataclasses import replace
from pathlib import Path
from time import time

import numpy as np

from nettrain.experiment.load import to_yaml
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.store.model_file import read_model
from nettrain.store.run_folder import RunFolder
from nettrain.store.summary import RunSummary
from nettrain.training.events import EpochDone
from nettrain.workflow.cross_validation import CrossValidation, CrossValidationJob, FoldDone, FoldEvent
from nettrain.workflow.folds.plan import PlannedFold
from nettrain.workflow.folds.training import FoldsEpoch
from nettrain.workflow.tensorboard.joint import JointEvents
from nettrain.workflow.tensorboard.live import events_note, folder_of, opened
from nettrain.workflow.tensorboard.run_events import RunEvents, RunHead
from nettrain.workflow.tensorboard.stored import write_run


def with_fold_events(job: CrossValidationJob, logs: Path | None) -> CrossValidationJob:
    """The cross-validation, which also writes events into a folder in `logs`, as `with_events` does."""
    if logs is None:
        return job
    events = FoldsEvents(job, logs)
    return replace(job, watcher=events, notes=(*job.notes, events.note))


class FoldsEvents:
    """Writes the events of a cross-validation into a folder in `logs`, those of each fold below it."""

    def __init__(self, job: CrossValidationJob, logs: Path) -> None:
        experiment, self._folder = job.planned.experiment, job.folder
        self._place = folder_of(logs, job.folder, experiment)
        if not (job.ended or job.begun):
            self._place.clear()
        self._planned = {fold.number: fold for fold in job.planned.folds}
        self._folds: dict[int, RunEvents] = {}
        for one in job.ended:  # before the events were wanted
            self._write_ended(one.planned.number)
        self._joint = JointEvents(self._place, to_yaml(experiment))

    @property
    def note(self) -> str:
        """Where the events are."""
        return events_note(self._place)

    def on_event(self, event: FoldEvent) -> None:
        """Add an epoch of folds that train together, or the end of one."""
        if isinstance(event, FoldDone):
            self._end(event.fold.number, event.fold.summary)
            return
        for fold in dict.fromkeys(event.folds.tolist()):
            self._of(fold).epoch(self._part(event, fold))

    def flush(self) -> None:
        """Write what was added: the state of the folds is saved next."""
        for events in self._folds.values():
            events.flush()

    def end(self, result: CrossValidation) -> None:
        """Add the figures of all folds together, unless it was interrupted."""
        self.flush()
        if result.status != "interrupted":
            self._joint.end(time(), result.summary)

    def _part(self, event: FoldsEpoch, fold: int) -> EpochDone:
        """The epoch of one fold, with its members numbered from 0; the members of a fold lie side by side."""
        epoch, networks = event.epoch, len(self._head(fold).members)
        member = int(epoch.members[np.argmax(event.folds == fold)])
        first = member // networks * networks
        part = epoch.of_members(range(first, first + networks))
        assert part is not None, "the fold still trains"
        return part

    def _of(self, fold: int) -> RunEvents:
        if fold not in self._folds:
            self._folds[fold] = opened(self._fold_place(fold), self._files(fold), self._head(fold))
        return self._folds[fold]

    def _end(self, fold: int, summary: RunSummary) -> None:
        if summary["status"] == "interrupted" or fold not in self._folds:
            return
        files, now = self._files(fold), time()
        if files is not None and files.model.is_file():
            architecture, parameters, _ = read_model(files.model)
            self._folds[fold].add_weights(now, architecture, parameters)
        self._folds[fold].end(now, summary)

    def _write_ended(self, fold: int) -> None:
        place, files = self._fold_place(fold), self._files(fold)
        if files is not None and not place.is_begun:
            write_run(files, place, self._place.path.name)

    def _fold_place(self, fold: int) -> LogFolder:
        return self._place.part(f"fold-{fold}")

    def _files(self, fold: int) -> RunFolder | None:
        return None if self._folder is None else self._folder.fold(fold)

    def _head(self, fold: int) -> RunHead:
        planned: PlannedFold = self._planned[fold]
        return RunHead(planned.experiment, self._place.path.name)
