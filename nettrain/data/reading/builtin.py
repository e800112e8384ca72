"""Built-in sources: small real data sets that come with the package, each with a note of its origin."""

import gzip
from dataclasses import dataclass, replace
from importlib import resources

from nettrain.data.reading.formats.delimited import parse
from nettrain.data.reading.image_shape import ImageShape
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import Table
from nettrain.errors import DataError, nearest


@dataclass(frozen=True)
class BuiltinData:
    """A data set in `data/builtin/`: its files, its target, and its columns' names where files have none.

    `image` is the shape of the images that the other columns are.
    """

    train: str
    target: str
    names: tuple[str, ...] = ()
    test: str | None = None
    image: ImageShape | None = None


BUILTINS = {
    "iris": BuiltinData(
        "iris/iris.data", "species", ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")
    ),
    "penguins": BuiltinData("penguins/penguins.csv", "species"),
    "optdigits": BuiltinData(
        "optdigits/optdigits.tra.gz",
        "class",
        (*(f"p{i}" for i in range(64)), "class"),
        "optdigits/optdigits.tes.gz",
        ImageShape(8, 8),
    ),
}


def read_builtin(name: str, options: ReadOptions, key: str = "") -> Source:
    """The rows of a built-in source, and its test rows where it has some.

    Raises DataError with the nearest name when there is no such source.
    """
    if name not in BUILTINS:
        raise DataError(f"{key or 'source'}: no built-in data {name!r}{nearest(name, BUILTINS)}")
    data = BUILTINS[name]
    text = tuple(data.names.index(one) if one in data.names else one for one in (*options.text, data.target))
    options = ReadOptions(not data.names, ",", options.missing, text=text)
    test = None if data.test is None else _read(data.test, data, f"builtin:{name} (test)", options)
    table = _read(data.train, data, f"builtin:{name}", options)
    return Source(table, data.target, test, header=not data.names, image=data.image)


def _read(file: str, data: BuiltinData, origin: str, options: ReadOptions) -> Table:
    content = resources.files("nettrain.data").joinpath("builtin", *file.split("/")).read_bytes()
    content = gzip.decompress(content) if file.endswith(".gz") else content
    table = parse(content, origin, options)
    named = table.renamed(data.names or table.columns)
    return replace(named, header=True, line_numbers=None)
