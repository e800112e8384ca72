"""The tables on which defaults are compared, and their splits: 20 % of the rows are test rows."""

import csv
from pathlib import Path

import numpy as np
from papers.splits import cut, latest_cut, stratified_cut
from papers.tables import ADULT_COLUMNS

from peers.compared_table import ComparedTable
from peers.r_tables import IN_TIME, R_TABLES

SHARE = 0.2  # of the rows, which are test rows
PIXELS = 64


TABLES = {
    "adult": ComparedTable(
        ("adult-train.csv", "adult-test.csv"),
        "income",
        classes=True,
        names=ADULT_COLUMNS,
        mended=lambda cell: cell.rstrip("."),
    ),
    "california": ComparedTable(("housing.csv",), "median_house_value", classes=False),
    "titanic": ComparedTable(
        ("titanic/train.csv",), "Survived", classes=True, left_out=("PassengerId", "Name", "Ticket", "Cabin")
    ),
    "auto-mpg": ComparedTable(("mpg.csv",), "mpg", classes=False, left_out=("name",)),
    "penguins": ComparedTable(("penguins.csv",), "species", classes=True),
    "optdigits": ComparedTable(
        ("optdigits.tra", "optdigits.tes"),
        "digit",
        classes=True,
        names=(*(f"pixel_{k}" for k in range(PIXELS)), "digit"),
    ),
    "wine": ComparedTable((), "target", classes=True, loader="load_wine"),
    "breast-cancer": ComparedTable((), "target", classes=True, loader="load_breast_cancer"),
    "diabetes": ComparedTable((), "target", classes=False, loader="load_diabetes"),
    **R_TABLES,
    **IN_TIME,
}
WITH_FILES = [name for name, table in TABLES.items() if table.files]
OF_PACKAGES, OF_PACKAGES_IN_TIME = [*R_TABLES], [*IN_TIME]


def write_split(name: str, data: Path, seed: int, folder: Path, rows: int | None = None) -> None:
    """Write train.csv and test.csv of a split; classes have equal shares in both, unless rows are in time.

    With `rows` so many of the training rows, drawn without regard to their classes, or the latest of them.
    """
    table = TABLES[name]
    cells = table.cells(data)
    targets = np.array([row[cells.names.index(table.target)] for row in cells.rows])
    if table.in_time:
        parts = latest_cut(len(targets), SHARE)
    else:
        parts = stratified_cut(targets, SHARE, seed) if table.classes else cut(len(targets), SHARE, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for part, chosen in (("train", parts.kept[:rows]), ("test", parts.held_out)):
        with (folder / f"{part}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([cells.names, *(cells.rows[row] for row in sorted(chosen))])
