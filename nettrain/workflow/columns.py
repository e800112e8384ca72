"""The names of the columns of some data, without reading all of a large file."""

from dataclasses import replace
from pathlib import Path

from nettrain.data.reading.formats import FORMATS
from nettrain.data.reading.formats.delimited import parse, read_delimited
from nettrain.data.reading.opening import display_path, open_bytes, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import is_path

HEAD = 1 << 16  # bytes of a file of text, uncompressed
LARGEST = 1 << 24  # bytes of any other file


def named_columns(source: str) -> list[str]:
    """The names of a source's columns; none where it has no names, or is a large file that is no text.

    Raises DataError when it cannot be read.
    """
    path, options = Path(source), ReadOptions()
    if is_path(source) and _is_text(path):
        if path.name.lower().partition(".")[2].startswith("tsv"):
            options = replace(options, separator="\t")
        with reading_errors(path), open_bytes(path) as file:
            head = file.read(HEAD)
        lines = head if len(head) < HEAD else head[: head.rfind(b"\n") + 1]
        table = parse(lines, display_path(path), options)
    elif is_path(source) and (not path.is_file() or path.stat().st_size > LARGEST):
        return []
    else:
        table = read_source(source, options, seed=0).table
    return table.columns if table.header else []


def _is_text(path: Path) -> bool:
    """Whether a file is read as lines of cells."""
    name = path.name.lower()
    formats = [FORMATS[ending] for ending in FORMATS if name.endswith(ending)]
    return path.is_file() and all(one.read is read_delimited for one in formats)
