"""Built-in sources: small real data sets that come with the package, their origin beside them."""

import gzip
from dataclasses import dataclass, replace
from importlib import resources

from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.options import ReadOptions
from nettrain.data.tables.table import Table


@dataclass(frozen=True)
class Shipped:
    """A data set in `builtin/`: its files, the names of its columns where they have no header, its target."""

    train: str
    target: str
    names: tuple[str, ...] = ()
    test: str | None = None


BUILTINS = {
    "iris": Shipped(
        "iris/iris.data", "species", ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")
    ),
    "penguins": Shipped("penguins/penguins.csv", "species"),
    "optdigits": Shipped(
        "optdigits/optdigits.tra.gz",
        "class",
        (*(f"p{i}" for i in range(64)), "class"),
        "optdigits/optdigits.tes.gz",
    ),
}


def read_shipped(name: str) -> tuple[Table, Table | None]:
    """The rows of a built-in source to train on, and its own test rows where it has some."""
    shipped = BUILTINS[name]
    test = None if shipped.test is None else _read(shipped.test, shipped, f"builtin:{name} (test)")
    return _read(shipped.train, shipped, f"builtin:{name}"), test


def _read(file: str, shipped: Shipped, place: str) -> Table:
    data = resources.files("nettrain.data").joinpath("builtin", *file.split("/")).read_bytes()
    data = gzip.decompress(data) if file.endswith(".gz") else data
    table = parse(data, place, ReadOptions(header=not shipped.names, separator=","))
    named = table.renamed(shipped.names or table.columns)
    return replace(named, header=True, lines=None)
