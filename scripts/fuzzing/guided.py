#!/usr/bin/env python3
"""Readers under a fuzzer that is guided by coverage; needs `pip install atheris`.

python scripts/fuzzing/guided.py yaml|csv|idx [CORPUS…] [-max_total_time=200] [-timeout=5]

A reader takes what it is given or refuses it by an error of nettrain; anything else ends the fuzzer, which
leaves the input in a file of the working folder.
"""

import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import atheris

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
FOLDER = Path(mkdtemp(prefix="guided-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))

READ_BY = ["nettrain.experiment", "nettrain.data", "nettrain.catalogue", "yaml"]
with atheris.instrument_imports(include=READ_BY):
    from nettrain.data.reading.formats.idx import read_idx
    from nettrain.data.reading.options import ReadOptions
    from nettrain.data.reading.sources import read_source
    from nettrain.errors import NettrainError
    from nettrain.experiment.document import parse
    from nettrain.experiment.load import validate


def yaml(data: bytes) -> None:
    """An experiment file, up to its validation."""
    validate(parse(data.decode("utf-8", errors="surrogateescape"), "fuzzed.yaml"))


def csv(data: bytes) -> None:
    """A table as text."""
    path = FOLDER / "fuzzed.csv"
    path.write_bytes(data)
    _ = read_source(str(path), ReadOptions(), seed=0).table.frame


def idx(data: bytes) -> None:
    """An IDX file."""
    path = FOLDER / "fuzzed-idx3-ubyte"
    path.write_bytes(data)
    read_idx(path)


READERS: dict[str, Callable[[bytes], None]] = {"yaml": yaml, "csv": csv, "idx": idx}


def main() -> None:
    """Feed a reader until the time is over or it fails."""
    read = READERS[sys.argv.pop(1)]

    def once(data: bytes) -> None:
        with suppress(NettrainError):
            read(data)

    warnings.simplefilter("ignore")
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
