"""What a path is that was given in place of an experiment file, and what to do with it instead."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from nettrain.data.reading.formats import FORMATS
from nettrain.data.settings import is_path
from nettrain.files import special_kind

YAML = (".yaml", ".yml")
MOST_NAMES = 8  # of files in a message


def is_table(path: Path) -> bool:
    """Whether a path is a file of data by its ending; an experiment may be written in JSON too."""
    return path.is_file() and path.name.lower().endswith(tuple(FORMATS)) and path.suffix.lower() != ".json"


def advice_on_table(path: Path | str) -> str:
    """How to go on with data that have no experiment file."""
    return f"nettrain init {shlex.quote(str(path))} writes an experiment file for it"


def mistaken_for_experiment(path: Path) -> str | None:
    """The message when a path is data, a folder, a run, a sweep or a device; None when it may be a file."""
    if not is_path(str(path)):
        return f"{path}: is data, not an experiment file; {advice_on_table(path)}"
    if is_table(path):
        return f"{path}: is a table, not an experiment file; {advice_on_table(path)}"
    special = special_kind(path)
    if special:
        return f"{path}: is {special}, not an experiment file"
    return _folder(path) if path.is_dir() else None


def advice_on_text(path: Path) -> str:
    """What is wrong with a file of text that is not a block of keys, and has no ending of YAML."""
    table = f"; if it is a table, {advice_on_table(path)}"
    return f"{path}: is not an experiment file, which is a block of keys in YAML{table}"


def _folder(path: Path) -> str:
    """The message for a folder: of a run, of a sweep, of experiment files, or of data."""
    name = shlex.quote(str(path))
    if (path / "config.yaml").is_file():
        return f"{path}: is a run folder; its experiment file is {path / 'config.yaml'}"
    if (path / "best.yaml").is_file():
        return (
            f"{path}: is the folder of a sweep; the experiment file of its best trial is {path / 'best.yaml'}"
        )
    files = sorted(str(file) for file in path.iterdir() if file.suffix in YAML)
    files += sorted(str(file) for file in path.glob("*/config.yaml"))
    if files:
        return f"{path}: is a folder, name one of the files in it: {enumerated(files)}"
    return f"{path}: is a folder, not an experiment file; nettrain init {name} writes one for data in it"


def enumerated(names: Sequence[str]) -> str:
    """`a, b and 3 more`: the first few names."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
