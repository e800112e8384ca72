"""A run folder: the paths of its files, and how JSON and CSV are written and read."""

import csv
import io
import json
import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from nettrain.errors import SpecError, StoredFileError, did_you_mean
from nettrain.experiment.mistaken_files import YAML, advice_on_table, enumerated, is_table
from nettrain.files import is_unused, numbered_folders, remove_temporary_files, safe_name, write_atomic
from nettrain.locks import is_locked, locked
from nettrain.store import journal
from nettrain.store.stored_file import read_stored, read_yaml_text, refuse_other_kinds

# what is made of a run on request, by the name it has by default: a training does not make it anew
VIEWS = ("report.html", "landscape.png", "graph.png", "boundary.gif")
NETWORKS = "networks"  # the folder with a run folder for each network of an ensemble
TUNED = "tune.json"  # the summary of a tuning
FOLDS = "folds"  # the folder with a run folder for each fold of a cross-validation
PAGE_MARK = '<meta name="generator" content="nettrain report">'  # by which a page is known as one of ours
HEAD = 4096  # bytes of a page in which the mark stands


class WithStatus(TypedDict):
    """What has to be known of a summary before it is read."""

    status: str


@dataclass(frozen=True)
class RunFolder:
    """`runs/<experiment>/`, with a path per file."""

    path: Path

    @classmethod
    @contextmanager
    def new(cls, parent: Path, experiment: str) -> Iterator[tuple["RunFolder", str | None]]:
        """A new folder, locked while the context lasts; `-2`, `-3`… is added to a name that is taken.

        A folder that a process left before it wrote anything is taken over, and a note says so.
        """
        with ExitStack() as stack:
            path, note = claim_folder(parent, experiment, stack)
            yield cls(path), note

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """The folder of a finished run. Raises SpecError that names a similar folder or the missing file."""
        folder = cls(path)
        if not folder.config.is_file():
            raise SpecError(mistaken_for_run(path) or f"{path}: not a finished run, config.yaml is missing")
        if folder.is_cross_validated:
            folds = enumerated([str(fold.path) for fold in folder.folds])
            raise SpecError(f"{path}: is cross-validated; each fold is a run: name one of {folds}")
        if folder.is_ensemble:
            networks = enumerated([str(network.path) for network in folder.networks])
            raise SpecError(f"{path}: has several networks; each is a run: name one of {networks}")
        if folder.networks:
            raise SpecError(folder.unfinished_blend)
        for needed in (folder.model, folder.preprocessing):
            if not needed.is_file():
                raise SpecError(unfinished(path, needed.name))
        refuse_other_kinds(folder.files)
        return folder

    @property
    def unfinished_blend(self) -> str:
        """The message on a blend that does not predict."""
        if not _can_be_resumed(self):
            return f"{self.path}: all of its networks diverged, their weights are not finite"
        return f"{self.path}: was interrupted; nettrain resume {shlex.quote(str(self.path))} goes on with it"

    @classmethod
    def open_started(cls, path: Path) -> "RunFolder":
        """The folder of a run that has begun, finished or not. Raises SpecError when it is not one."""
        folder = cls(path)
        if not folder.config.is_file():
            raise SpecError(mistaken_for_run(path) or f"{path}: not a run folder, config.yaml is missing")
        refuse_other_kinds(folder.files)
        return folder

    @property
    def files(self) -> list[Path]:
        """The files that training writes, as far as they are there; evaluations are not among them."""
        states = (self.checkpoint, self.model, self.preprocessing, self.postprocessing)
        named = (self.config, *self.tables, self.summary, self.ended, *states)
        return [
            *(path for path in named if path.exists()),
            *self.path.glob("*.png"),
            *self.path.glob("*.gif"),
        ]

    def remove_views(self) -> None:
        """Remove what commands and --animate have made of an earlier state of the run, which goes on."""
        for path in (self.path / name for name in VIEWS):
            if path.suffix != ".html" or is_our_page(path):
                path.unlink(missing_ok=True)

    def file_names(self) -> list[str]:
        """The names of its files, the most important first; hidden ones are left out."""
        first = ["config.yaml", "summary.json", "history.csv", "model.safetensors"]
        names = sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))
        return [*(name for name in first if name in names), *(name for name in names if name not in first)]

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
    def steps(self) -> Path:
        return self.path / "steps.csv"

    @property
    def diagnostics(self) -> Path:
        return self.path / "diagnostics.csv"

    @property
    def tables(self) -> tuple[Path, ...]:
        """The tables that grow while a run trains."""
        return self.history, self.timing, self.diagnostics, self.steps

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.safetensors"

    @property
    def model(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def preprocessing(self) -> Path:
        return self.path / "preprocessing.json"

    @property
    def postprocessing(self) -> Path:
        return self.path / "postprocessing.json"

    @property
    def folds(self) -> "list[RunFolder]":
        """The folders of the folds of a cross-validated run, in their order; none in other runs."""
        return [RunFolder(path) for path in _numbered(self.path / FOLDS)]

    def fold(self, number: int) -> "RunFolder":
        """The folder of a fold, numbered from 1."""
        return RunFolder(self.path / FOLDS / str(number))

    @property
    def ended(self) -> Path:
        """The seal of a fold that has ended."""
        return self.path / "ended.json"

    @property
    def is_fold(self) -> bool:
        """Whether this is the folder of a fold, among those of the others."""
        return self.path.absolute().parent.name == FOLDS and self.path.name.isdecimal()

    @property
    def is_cross_validated(self) -> bool:
        """Whether the networks of the run are in the folders of its folds."""
        return bool(self.folds) and not self.model.is_file()

    @property
    def ensemble(self) -> Path:
        """Which networks an ensemble has, and how often each counts."""
        return self.path / "ensemble.json"

    @property
    def is_ensemble(self) -> bool:
        """Whether the networks of the run are different ones in folders of their own."""
        return self.ensemble.is_file()

    @property
    def networks(self) -> "list[RunFolder]":
        """The folders of the networks of an ensemble, in their order; none in other runs."""
        return [RunFolder(path) for path in _numbered(self.path / NETWORKS)]

    def network(self, number: int) -> "RunFolder":
        """The folder of a network of an ensemble."""
        return RunFolder(self.path / NETWORKS / str(number))

    @property
    def fold_figures(self) -> Path:
        return self.path / "folds.csv"

    @property
    def out_of_fold(self) -> Path:
        return self.path / "out_of_fold.parquet"

    def evaluation(self, name: str) -> Path:
        """The file of an evaluation on rows of this name."""
        return self.path / f"evaluation-{safe_name(name)}.json"

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"


def _numbered(folder: Path) -> list[Path]:
    """The folders in a folder that have a number for a name, in their order."""
    numbered = [path for path in folder.glob("*/") if path.name.isdecimal()]
    return sorted(numbered, key=lambda path: int(path.name))


def is_our_page(path: Path) -> bool:
    """Whether a file is a page that `nettrain report` wrote."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return PAGE_MARK.encode() in file.read(HEAD)


def mistaken_for_run(path: Path) -> str | None:
    """The message when a path is no folder of a run but of several or of a sweep, or a file, or not there.

    None for a folder of anything else.
    """
    if not path.is_dir():
        return _mistaken_file(path)
    if (path / TUNED).is_file():
        name, ensemble = shlex.quote(str(path)), path / "ensemble"
        return f"{path}: the folder of a tuning, whose run is {ensemble}; nettrain tune {name} goes on"
    if (path / journal.NAME).is_file():
        best = path / "best.yaml"
        train = (
            f"; train its best trial with: nettrain train {shlex.quote(str(best))}" if best.is_file() else ""
        )
        return f"{path}: the folder of a sweep; continue it with: nettrain sweep FILE{train}"
    runs = runs_in(path)
    if not runs and any(path.glob(f"*/{journal.NAME}")):
        return (
            f"{path}: holds sweeps, not runs; train the best trial of one: nettrain train {path}/…/best.yaml"
        )
    if not runs:
        return None
    which = "holds a run, name it" if len(runs) == 1 else f"holds {len(runs)} runs, name one of them"
    return f"{path}: {which}: {enumerated([str(run) for run in runs])}"


def runs_in(folder: Path) -> list[Path]:
    """The run folders in a folder, the newest first."""
    configs = [path for path in folder.glob("*/config.yaml") if path.is_file()]
    return [path.parent for path in sorted(configs, key=lambda path: -path.stat().st_mtime)]


def _mistaken_file(path: Path) -> str:
    if path.is_file() and RunFolder(path.parent).config.is_file():
        return f"{path}: is a file, not a run folder; its run is {path.parent}"
    if is_table(path):
        return f"{path}: is a table, not a run folder; {advice_on_table(path)}"
    if path.is_file() and path.suffix in YAML:
        train = f"nettrain train {shlex.quote(str(path))}"
        return f"{path}: is an experiment file, not a run folder; {train} makes a run"
    if path.exists():
        return f"{path}: is a file, not a run folder"
    hint = did_you_mean(path.name, [other.name for other in path.parent.glob("*/")])
    runs = [str(run) for run in runs_in(path.parent)]
    return f"{path}: no such run folder{hint or (f' (there are {enumerated(runs)})' if runs else '')}"


def claim_folder(parent: Path, name: str, stack: ExitStack) -> tuple[Path, str | None]:
    """Lock the first unused folder, `stack` holding the lock; a note when another process had left it."""
    for path in numbered_folders(parent, name):
        if not is_unused(path):
            continue
        try:
            note = stack.enter_context(locked(path))
        except SpecError:
            continue  # locked by a run that began at the same moment
        if is_unused(path):
            remove_temporary_files(path)
            return path, note
        stack.close()  # another run has used it since we looked
    raise AssertionError("there is always another name")


def interrupted_run(parent: Path, experiment: str, config: str, other: Path) -> RunFolder | None:
    """The newest run with exactly this config that was interrupted or killed, None when there is none.

    It is looked for among the runs of this experiment in `parent` and in the folder `other`.
    """
    paths = [path for path in parent.glob(f"{safe_name(experiment)}*") if path.is_dir()]
    candidates = [RunFolder(path) for path in (*paths, other)]
    same = [folder for folder in candidates if _text(folder.config) == config and _can_be_resumed(folder)]
    return max(same, key=lambda folder: folder.config.stat().st_mtime, default=None)


def interrupted_notes(parent: Path, experiment: str, config: str, other: Path) -> list[str]:
    """A note on the run that `interrupted_run` finds, if it does, with the command that goes on."""
    folder = interrupted_run(parent, experiment, config, other)
    if folder is None:
        return []
    command = shlex.join(["nettrain", "resume", str(folder.path)])
    return [f"{folder.path} has these settings and was interrupted: {command} goes on"]


def _can_be_resumed(folder: RunFolder) -> bool:
    if is_locked(folder.path):
        return False
    if not folder.summary.is_file():
        return True
    try:
        return read_stored(folder.summary, WithStatus)["status"] == "interrupted"
    except StoredFileError:
        return False  # nettrain resume says what is wrong with it


def _text(path: Path) -> str | None:
    try:
        return read_yaml_text(path)
    except (StoredFileError, UnicodeDecodeError):
        return None


def write_json(path: Path, content: object) -> None:
    """Write an indented JSON file, with NaN and infinities as null."""
    write_atomic(path, json.dumps(_finite(content), indent=2, ensure_ascii=False) + "\n")


def unfinished(path: Path, missing: str) -> str:
    """The message on a run that lacks a file which a training writes when it ends."""
    text = f"{path}: not a finished run, {missing} is missing"
    if RunFolder(path).summary.is_file():
        return text
    return f"{text}; nettrain resume {shlex.quote(str(path))} goes on with it"


def json_line(content: object) -> str:
    """Content as one line of JSON, with NaN and infinities as null."""
    return json.dumps(_finite(content), ensure_ascii=False)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV text; numbers in their shortest exact form, None as an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _finite(content: object) -> object:
    """The content with None in place of NaN and infinities, which JSON does not have."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
