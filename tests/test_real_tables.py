"""`scripts/torture --tables`: what it says of tables that train, are refused, or end in a fault."""

from pathlib import Path

import pytest
from real_tables import drafted
from real_tables.drafted import Drafted, drafted_tables

TABLES = {
    "good": [f"{k % 7},{k % 5},{'uv'[k % 2]}" for k in range(60)],
    "ragged": ["1,2,u", "1,2"],
    "faulty": [f"{k % 7},{k % 5},{'uv'[k % 2]}" for k in range(60)],
}


class Frame:
    """A data frame of pandas, as far as it is used."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def drop(self, columns: list[str], errors: str) -> "Frame":
        assert (["rownames"], "ignore") == (columns, errors)
        return self

    def to_csv(self, path: Path, *, index: bool) -> None:
        assert not index
        path.write_text("\n".join(["a,b,y", *self.lines]) + "\n")


def test_each_table_trains_is_refused_or_ends_in_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(file: str, *settings: str) -> None:
        if Path.cwd().name == "faulty":
            raise KeyError("lost")
        return known(file, *settings)

    known = drafted.train
    monkeypatch.setattr(drafted, "train", faulty)
    monkeypatch.setattr(drafted, "tables", lambda only: ((name, Frame(TABLES[name])) for name in TABLES))

    good, ragged, lost = drafted_tables(tmp_path)
    assert ("good", "", False) == (good.name, good.error, good.fault)
    assert "table.csv:3: 2 cells, but the first row has 3" in ragged.error
    assert not ragged.fault
    assert ("KeyError: 'lost'", True) == (lost.error, lost.fault)
    assert "FAULT KeyError" in str(lost)
    assert " 0.1 s" in str(Drafted("t", 0.12))
