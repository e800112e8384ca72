"""Event files: what they are called, and how they grow."""

from collections.abc import Callable, Sequence
from itertools import count, islice
from pathlib import Path
from time import time

from nettrain.export.tensorboard.messages import Summary, first_event, restart_event, summary_event
from nettrain.export.tensorboard.records import records
from nettrain.files import create_folder, write_error

PREFIX = (
    "events.out.tfevents"  # by which TensorBoard knows event files; it reads them in the order of their names
)
WRITER = "nettrain"

Clock = Callable[[], float]  # seconds since 1970


class EventFile:
    """A new event file in a folder, which is created if need be; `flush` writes what was added.

    The first event takes the place of all that earlier files of the folder have of its step and later ones,
    as of a training that goes on from there; not so in a file that `continues` them. `source` is a short text
    that says what the events are of, and is part of the file's name. Raises SpecError when the folder is a
    file, NettrainError when the disk refuses.
    """

    def __init__(self, folder: Path, source: str, *, continues: bool = False, clock: Clock = time) -> None:
        create_folder(folder)
        began = clock()
        names = (folder / f"{PREFIX}.{began:017.6f}.{number}.{source}.{WRITER}" for number in count())
        self.path = next(path for path in names if not path.exists())
        self._restarts = not continues
        self._events = [first_event(began, WRITER)]
        self.flush()

    def add(self, wall_time: float, step: int, summary: Summary) -> None:
        """Add values of a step; `wall_time` in seconds since 1970."""
        if self._restarts:
            self._events.append(restart_event(wall_time, step))
            self._restarts = False
        self._events.append(summary_event(wall_time, step, summary))

    def flush(self) -> None:
        """Write what was added."""
        flush_all([self])

    def take(self) -> list[bytes]:
        """The events that were added and are not written yet; the caller writes them."""
        events, self._events = self._events, []
        return events

    def append(self, content: bytes) -> None:
        """Append records to the file, which is not kept open: there may be hundreds."""
        try:
            with self.path.open("ab", buffering=0) as file:
                file.write(content)
        except OSError as error:
            raise write_error(error, self.path, len(content)) from error


def flush_all(files: Sequence[EventFile]) -> None:
    """Write what was added to several files, whose checksums take less time together."""
    taken = [file.take() for file in files]
    written = iter(records([event for events in taken for event in events]))
    for file, events in zip(files, taken, strict=True):
        if events:
            file.append(b"".join(islice(written, len(events))))
