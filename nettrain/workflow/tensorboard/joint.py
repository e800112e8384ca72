"""The events of what has several runs in it, folds or networks: their config and their figures together."""

from time import time

from nettrain.export.tensorboard.event_file import Clock
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.export.tensorboard.messages import Summary, scalars, text
from nettrain.store.summary import RunSummary
from nettrain.workflow.tensorboard.tags import summary_figures


def config_summary(config: str) -> Summary:
    """An experiment file as text; lines that are indented are shown as they are."""
    return text("config", "\n".join(f"    {line}" for line in config.splitlines()))


class JointEvents:
    """Writes the event file of a cross-validation or an ensemble; those of its runs lie in folders below."""

    def __init__(self, place: LogFolder, config: str, *, clock: Clock = time) -> None:
        self._file = place.file(clock=clock)
        self._file.add(clock(), 0, config_summary(config))
        self._file.flush()

    def end(self, wall_time: float, summary: RunSummary) -> None:
        """Add the figures of all together: of predictions of held-out rows, and of the mean prediction."""
        step = summary["epochs_run"]
        self._file.add(wall_time, step, scalars(summary_figures(summary)))
        self._file.flush()
