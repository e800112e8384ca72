"""A file format is one file of `formats/`: its endings are known and named everywhere, and registered once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nettrain
from nettrain.data.reading.file_format import FORMATS, PACKED, described_files, file_format, known_files
from tests.data.test_readers_agree import FORMS

EXAMPLE = '''
"""Files of an example format."""

import polars as pl

from nettrain.data.reading.file_format import file_format
from nettrain.data.reading.frames import plain_frame
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import Table


@file_format(".example")
def read_example(path, options, key):
    """The table in such a file."""
    return Source(Table(plain_frame(pl.read_ipc(path)), str(path)), header=True)
'''
CODE = """
import polars as pl
from nettrain.data.prepare import prepare
from nettrain.data.settings import DataSettings
pl.DataFrame({"a": range(40), "y": ["p", "q"] * 20}).write_ipc("x.EXAMPLE")
print(prepare(DataSettings(source="x.EXAMPLE"), seed=0, dtype="float64").train.x.shape)
try:
    DataSettings(source="x.doc")
except ValueError as error:
    print(".example" in str(error))
print(".example" in DataSettings.model_json_schema()["properties"]["source"]["description"])
"""


def test_one_new_file_is_a_new_format(tmp_path):
    assert ".example" not in FORMATS
    package = tmp_path / "nettrain"
    shutil.copytree(Path(nettrain.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "data" / "reading" / "formats" / "example.py").write_text(EXAMPLE)
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert ("(34, 1)\nTrue\nTrue\n", "") == (done.stdout, done.stderr)


def test_the_formats_that_come_with_nettrain():
    lines = (".csv", ".tsv", ".txt", ".data", ".dat", ".jsonl", ".ndjson")
    text = {f"{one}{packed}" for one in lines for packed in ("", *PACKED)}
    arrow = {".arrow", ".feather", ".ipc"}
    assert text | arrow | {"/", ".npy", ".npz", ".parquet", ".xlsx", ".xlsm", ".zip"} == {*FORMATS}
    assert (
        "a .arrow, .feather, .ipc, .csv, .tsv, .txt, .data, .dat, .xlsx, .xlsm, .jsonl, .ndjson, .npy, .npz, "
        ".parquet or .zip file, a folder of IDX files"
    ) == known_files()
    assert (
        "a file (.arrow, .feather, .ipc, .csv, .tsv, .txt, .data, .dat (also .gz, .bz2, .xz, .zst), .xlsx, "
        ".xlsm, .jsonl, .ndjson (also .gz, .bz2, .xz, .zst), .npy, .npz, .parquet, .zip), or a folder of IDX "
        "files"
    ) == described_files()


def test_every_format_has_tests_and_is_compared_with_the_others():
    folder = Path(nettrain.__file__).parent / "data" / "reading" / "formats"
    files = {path.stem for path in folder.glob("[a-z]*.py")}
    tested = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert set() == files - tested, "write tests/data/test_NAME.py"
    compared = {"".join(Path(name).suffixes) or "/" for name in FORMS} | {
        ".npy"
    }  # which holds one array alone
    assert set() == set(FORMATS) - compared, "add the ending to FORMS and write in test_readers_agree.py"


def test_an_ending_belongs_to_one_format():
    with pytest.raises(ValueError, match=r"^file format '\.npz' is registered twice$"):
        file_format(".npz")(lambda path, options, key: None)
