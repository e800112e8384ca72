"""Rows of `history.csv` and `timing.csv`, gathered from events.

The history repeats to the bit from the same config; whatever a clock says goes to the timing.
"""

from dataclasses import dataclass, field
from typing import Any

from nettrain.engine.events import EpochDone
from nettrain.store.run_folder import RunFolder, write_table

TIMING = ("epoch", "step_seconds", "seconds")


@dataclass
class Records:
    """What happened so far; `many` adds a member column."""

    many: bool = False
    figures: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    timing: list[tuple[int, float, float]] = field(default_factory=list)

    def add(self, event: EpochDone) -> None:
        """A row per member for one evaluated epoch; every epoch's time."""
        self.figures += [name for name in event.figures if name not in self.figures]
        self.timing.append((event.epoch, round(event.step_seconds, 6), round(event.seconds, 6)))
        if not event.evaluated:
            return
        for row, member in enumerate(event.members):
            self.history.append(
                {
                    "member": int(member),
                    "epoch": event.epoch,
                    "step": event.step,
                    "learning_rate": float(event.learning_rate[row]),
                    "better": int(event.better[row]),
                    **{name: float(values[row]) for name, values in event.figures.items()},
                }
            )

    def write(self, folder: RunFolder) -> None:
        """Both files."""
        header = ["epoch", "step", "learning_rate", *self.figures, "better"]
        header = ["member", *header] if self.many else header
        rows = [[row.get(name) for name in header] for row in self.history]
        write_table(folder.history, header, rows)
        write_table(folder.timing, TIMING, self.timing)
