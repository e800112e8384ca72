"""`steps.csv`: the loss and the learning rate of every step, with `training.history: step`."""

import math
from pathlib import Path

from nettrain.errors import SpecError
from nettrain.files import write_atomic
from nettrain.store.run_folder import csv_text
from nettrain.training.events import EpochDone

STEP_COLUMNS = ("member", "epoch", "step", "learning_rate", "batch_loss")


class StepLog:
    """The rows of a run in the order of their steps, those of an epoch or a part of one once it has ended.

    `text` is what is not in the file yet.
    """

    def __init__(self, *, member_column: bool) -> None:
        self.text: list[str] = []
        self._member_column, self._begun = member_column, False

    def resume(self, path: Path, steps: int) -> None:
        """Continue the file of a run that goes on after so many steps; rows of later ones are removed."""
        if not path.is_file():
            return
        self._begun = True
        column = STEP_COLUMNS.index("step") - (not self._member_column)
        try:
            with path.open("rb") as file:
                kept = [file.readline()]
                kept += [line for line in file if int(line.split(b",", column + 1)[column]) <= steps]
        except (ValueError, IndexError) as error:
            text = f"{path}: was changed since it was written ({error}); restore or remove it"
            raise SpecError(text) from error
        write_atomic(path, b"".join(kept))

    def add(self, event: EpochDone) -> None:
        """Add the steps of an epoch or a part of one, a row per step and member, if they were recorded."""
        if event.steps is None:
            return
        header = STEP_COLUMNS if self._member_column else STEP_COLUMNS[1:]
        steps, rates, losses = (
            event.steps.step.tolist(),
            event.steps.learning_rate.T.tolist(),
            event.steps.batch_loss.T.tolist(),
        )
        epoch = math.ceil(event.epoch)
        members = [(member,) if self._member_column else () for member in event.members.tolist()]
        rows = (
            (*member, epoch, step, rate, loss)
            for step, of_step, batch in zip(steps, rates, losses, strict=True)
            for member, rate, loss in zip(members, of_step, batch, strict=True)
        )
        lines = csv_text(() if self._begun else header, rows)
        self.text.append(lines.removeprefix("\n"))
        self._begun = True
