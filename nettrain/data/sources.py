"""Where rows come from: a source's text becomes a table."""

from dataclasses import dataclass
from pathlib import Path

from nettrain.data.delimited import Reading, read_delimited
from nettrain.data.shipped import BUILTINS, read_shipped
from nettrain.data.synthetic import read_synthetic
from nettrain.data.table import Table
from nettrain.errors import DataError, nearest


@dataclass(frozen=True)
class Source:
    """A table, its target where the source knows it, and the test rows it brings.

    `header` and `separator` say how other files in the form of this source are written.
    """

    table: Table
    target: str | None = None
    test: Table | None = None
    header: bool = False
    separator: str = ","


def read_source(source: str, reading: Reading, *, seed: int, key: str = "") -> Source:
    """The rows of `builtin:NAME`, `synthetic:NAME` or a file; `seed` draws the synthetic ones.

    Raises DataError that begins with `key`, the setting which named the source.
    """
    kind, _, name = source.partition(":")
    if kind == "builtin":
        return _builtin(name, key)
    if kind == "synthetic":
        table = read_synthetic(name, seed)
        return Source(table, table.columns[-1])
    table = read_delimited(Path(source), reading, key)
    return Source(table, header=table.header, separator=table.separator)


def _builtin(name: str, key: str) -> Source:
    if name not in BUILTINS:
        raise DataError(f"{key or 'source'}: no built-in data {name!r}{nearest(name, BUILTINS)}")
    table, test = read_shipped(name)
    return Source(table, BUILTINS[name].target, test, header=not BUILTINS[name].names)
