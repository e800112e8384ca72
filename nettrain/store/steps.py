"""`steps.csv`: the loss and the learning rate of every step, with `training.history: step`."""

import math
from collections.abc import Iterable

import numpy as np

from nettrain.store.run_folder import csv_text
from nettrain.store.written_table import WrittenTable
from nettrain.training.events import EpochDone

COUNTS = ("member", "epoch", "step")  # columns of whole numbers


def step_columns(factors: Iterable[str] = ()) -> list[str]:
    """The columns, with these factors on numbers that a schedule changes."""
    return [*COUNTS, "learning_rate", *factors, "batch_loss"]


class StepLog:
    """The rows of a run in the order of their steps, those of an epoch or a part of one once it has ended."""

    def __init__(self, table: WrittenTable, *, member_column: bool) -> None:
        self.table = table
        self._member_column, self._begun = member_column, False

    def resume(self) -> None:
        """Continue the file, if there is one, all rows of which count."""
        self._begun = self.table.path.is_file()

    def add(self, event: EpochDone) -> None:
        """Add the steps of an epoch or a part of one, a row per step and member, if they were recorded."""
        if event.steps is None:
            return
        header, steps = step_columns(event.steps.factors), event.steps
        header = header if self._member_column else header[1:]
        epoch = math.ceil(event.epoch)
        members = [(member,) if self._member_column else () for member in event.members.tolist()]
        numbers = np.stack([steps.learning_rate, *steps.factors.values(), steps.batch_loss], axis=2)
        rows = (
            (*member, epoch, step, *values)
            for step, of_step in zip(steps.step.tolist(), numbers.swapaxes(0, 1).tolist(), strict=True)
            for member, values in zip(members, of_step, strict=True)
        )
        lines = csv_text(() if self._begun else header, rows)
        self.table.text.append(lines.removeprefix("\n"))
        self._begun = True
