"""Where the events of a run or a sweep lie in a log folder, which TensorBoard is started on."""

import hashlib
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import time
from uuid import uuid4

from nettrain.export.tensorboard.event_file import PREFIX, WRITER, Clock, EventFile
from nettrain.files import create_folder, safe_name

END = "end"  # in the name of a file that says how something ended


@dataclass(frozen=True)
class LogFolder:
    """The folder with the events of one run or sweep, whose files have a mark of their source.

    Each folder with event files, in it or below, is a run for TensorBoard.
    """

    path: Path
    source: str

    @classmethod
    def of(cls, logs: Path, name: str, source: Path | None) -> "LogFolder":
        """The folder in `logs` for what lies in the folder `source`, or for something in memory.

        It is called `name`, or if others have that, `name-2` and so on; the one that has events of the source
        already is taken again. Raises SpecError when `logs` is a file, NettrainError when it cannot be
        created.
        """
        create_folder(logs)
        safe = safe_name(name)
        mark = uuid4().hex[:8] if source is None else _mark(source)
        own = [file.parent for file in logs.glob(f"{safe}*/{_pattern(mark)}")]
        numbered = (logs / (safe if number == 1 else f"{safe}-{number}") for number in count(1))
        return cls(own[0] if own else next(path for path in numbered if _is_free(path, source)), mark)

    def part(self, *names: str) -> "LogFolder":
        """The folder of a part, such as a member."""
        return LogFolder(self.path.joinpath(*names), self.source)

    @property
    def is_begun(self) -> bool:
        """Whether there are events of the source already."""
        return any(self.path.glob(_pattern(f"{self.source}*")))

    def clear(self) -> None:
        """Remove the event files of the source, also those of its parts."""
        for path in list(self.path.rglob(_pattern(f"{self.source}*"))):
            path.unlink(missing_ok=True)

    @property
    def has_ended(self) -> bool:
        """Whether there is a file that says how it ended."""
        return any(self.path.glob(_pattern(f"{self.source}.{END}")))

    def file(self, *, clock: Clock = time) -> EventFile:
        """A new event file in the folder, for what begins or goes on."""
        return EventFile(self.path, self.source, clock=clock)

    def last_file(self, *, clock: Clock = time) -> EventFile:
        """A new event file that says how it ended, beside what others have of its course."""
        return EventFile(self.path, f"{self.source}.{END}", continues=True, clock=clock)


def _mark(source: Path) -> str:
    return hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:8]


def _pattern(mark: str) -> str:
    return f"{PREFIX}.*.{mark}.{WRITER}"


def _is_free(path: Path, source: Path | None) -> bool:
    """Whether events of this source may lie here: in a new one, its own, or without events or run."""
    if not path.exists() or (source is not None and path.resolve() == source.resolve()):
        return True
    return path.is_dir() and not any(path.glob(f"{PREFIX}*")) and not (path / "config.yaml").exists()
