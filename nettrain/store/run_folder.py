"""The run folder: its files, and how each is written and read."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nettrain.errors import SpecError, close
from nettrain.files import folders, is_unused, remove_leftovers, safe_name, write_whole
from nettrain.locks import is_locked, locked
from nettrain.store import journal


@dataclass(frozen=True)
class RunFolder:
    """`runs/<experiment>/`, with a path per file."""

    path: Path

    @classmethod
    @contextmanager
    def new(cls, parent: Path, experiment: str) -> Iterator[tuple["RunFolder", str | None]]:
        """A folder of one's own, locked; to the name of one that is in use `-2`, `-3`… is added.

        One that a process has left before it had written anything is taken over, with a note.
        """
        with ExitStack() as held:
            path, note = _claimed(parent, experiment, held)
            yield cls(path), note

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """The folder of a finished run. Raises SpecError naming the nearest one, or what is missing."""
        folder = cls._there(path)
        for needed in (folder.config, folder.model, folder.preprocessing):
            if not needed.is_file():
                raise SpecError(f"{path}: not a finished run, {needed.name} is missing")
        return folder

    @classmethod
    def _there(cls, path: Path) -> "RunFolder":
        if not path.is_dir():
            runs = [other.name for other in path.parent.glob("*/")]
            raise SpecError(f"{path}: no such run folder{close(path.name, runs)}")
        return cls(path)

    @classmethod
    def open_started(cls, path: Path) -> "RunFolder":
        """The folder of a run that has begun, finished or not. Raises SpecError when it is none."""
        folder = cls._there(path)
        if (path / journal.NAME).is_file():
            raise SpecError(f"{path}: the folder of a sweep, which goes on with: nettrain sweep FILE")
        if not folder.config.is_file():
            raise SpecError(f"{path}: not a run folder, {folder.config.name} is missing")
        return folder

    def file_names(self) -> list[str]:
        """The files that are there, config first."""
        order = ["config.yaml", "summary.json", "history.csv", "model.safetensors"]
        found = sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))
        return [*(name for name in order if name in found), *(n for n in found if n not in order)]

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    @property
    def timing(self) -> Path:
        return self.path / "timing.csv"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.safetensors"

    @property
    def model(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def preprocessing(self) -> Path:
        return self.path / "preprocessing.json"

    def evaluation(self, name: str) -> Path:
        """Where an evaluation on rows of this name is kept."""
        return self.path / f"evaluation-{safe_name(name)}.json"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"


def _claimed(parent: Path, experiment: str, held: ExitStack) -> tuple[Path, str | None]:
    """The first folder that is unused and that `held` could lock, and a note where it was somebody's."""
    for path in folders(parent, experiment):
        if not is_unused(path):
            continue
        try:
            note = held.enter_context(locked(path))
        except SpecError:
            continue  # of a run that began at the same moment
        if is_unused(path):
            remove_leftovers(path)
            return path, note
        held.close()  # somebody has come and gone since we looked
    raise AssertionError("there is always another name")


def interrupted_run(parent: Path, experiment: str, config: str, other: Path) -> RunFolder | None:
    """The newest run of this very config that has not come to its end and that nobody is training now.

    Among the runs of its name in `parent`, and the folder `other`.
    """
    there = [path for path in parent.glob(f"{safe_name(experiment)}*") if path.is_dir()]
    found = [RunFolder(path) for path in (*there, other)]
    same = [folder for folder in found if _text(folder.config) == config and _may_go_on(folder)]
    return max(same, key=lambda folder: folder.config.stat().st_mtime, default=None)


def _may_go_on(folder: RunFolder) -> bool:
    if is_locked(folder.path):
        return False
    return not folder.summary.is_file() or read_json(folder.summary).get("status") == "interrupted"


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def write_json(path: Path, content: Any) -> None:
    """A JSON file, indented, with NaN written as null."""
    write_whole(path, json.dumps(_plain(content), indent=2, ensure_ascii=False) + "\n")


def json_line(content: Any) -> str:
    """Content as one line of JSON, with NaN and infinities as null."""
    return json.dumps(_plain(content), ensure_ascii=False)


def read_json(path: Path) -> Any:
    """What a JSON file holds. Raises SpecError when it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{path}: cannot be read: {error}") from error


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file."""
    write_whole(path, csv_text(header, rows))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV text; numbers in their shortest exact form, None as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _plain(content: Any) -> Any:
    """NaN and infinities are no JSON."""
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
