"""Events of runs that have been trained, from the files in their folders."""

from itertools import groupby

from nettrain.experiment.load import read, validate
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.store.diagnostics import read_rows
from nettrain.store.history import read_history_rows
from nettrain.store.model_file import read_model
from nettrain.store.run_folder import RunFolder
from nettrain.store.stored_file import read_yaml_text
from nettrain.store.summary import read_summary
from nettrain.workflow.steps import read_steps
from nettrain.workflow.tensorboard.epoch_times import EpochTimes
from nettrain.workflow.tensorboard.joint import JointEvents
from nettrain.workflow.tensorboard.run_events import RunEvents, RunHead


def write_run(files: RunFolder, place: LogFolder, group: str) -> int:
    """Write the events of a run or, of folds and networks in folders of their own, of each; returns how many.

    `group` is the row that networks share in the table of settings.
    """
    parts = {f"fold-{one.path.name}": one for one in files.folds} if files.is_cross_validated else {}
    parts |= {f"network-{one.path.name}": one for one in files.networks}
    if not parts:
        return _write_one(files, place, group)
    summary, times = read_summary(files.summary), EpochTimes.of(files)
    joint = JointEvents(place, read_yaml_text(files.config), clock=lambda: times.began)
    if summary is not None:
        joint.end(times.ended, summary)
    return sum(write_run(own, place.part(name), group) for name, own in parts.items())


def _write_one(files: RunFolder, place: LogFolder, group: str) -> int:
    head = RunHead(validate(read(files.config)), group)
    events = write_course(files, place, head)
    summary, ended = read_summary(files.summary), EpochTimes.of(files).ended
    if files.model.is_file():
        architecture, parameters, _ = read_model(files.model)
        events.add_weights(ended, architecture, parameters)
    if summary is not None:
        events.end(ended, summary)
    events.flush()
    return len(head.members)


def write_course(files: RunFolder, place: LogFolder, head: RunHead) -> RunEvents:
    """Write what a run has recorded so far: its history, and times, diagnostics and steps if it has them."""
    rows, times = read_history_rows(files.history), EpochTimes.of(files)
    events = RunEvents(place, head, clock=lambda: times.began)
    for row in rows:
        at = times.at(row["epoch"])
        events.begin(at, row["epoch"], int(row["step"]))
        events.add_row(at, row)
    for epoch, step, step_seconds, seconds in times.rows(rows):
        events.add_times(times.at(epoch), epoch, step, step_seconds, seconds)
    for (epoch, _), layers in groupby(read_rows(files.diagnostics), lambda row: (row["epoch"], row["step"])):
        events.add_layers(times.at(float(epoch or 0)), list(layers))
    _add_steps(files, events, times)
    events.flush()
    return events


def _add_steps(files: RunFolder, events: RunEvents, times: EpochTimes) -> None:
    frame = read_steps(files.steps)
    if frame is None:
        return
    for row in frame.iter_rows(named=True):
        member, epoch, step = row.pop("member", 0), row.pop("epoch"), row.pop("step")
        events.add_step(times.at(epoch), member, step, row)
