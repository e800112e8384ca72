"""Rows that stay on disk become the same inputs as rows in memory, block by block; what cannot be is refused."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nettrain.backend import host_memory, host_prefetcher, scratch_file
from nettrain.backend.base import HostArray
from nettrain.backend.host_prefetcher import HostPrefetcher
from nettrain.backend.scratch_file import is_scratch, rows_at, scratch_array
from nettrain.data.prepare import Prepared, prepare
from nettrain.data.prepared_folds import prepare_folds
from nettrain.data.reading import storage
from nettrain.data.settings import DataSettings
from nettrain.data.tables.disk_columns import DiskColumns
from nettrain.data.unpredictable import read_predictable
from nettrain.errors import DataError

ROWS = 400


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that a table takes many."""
    monkeypatch.setattr(scratch_file, "BLOCK_BYTES", 1000)


def mixed(folder: Path) -> Path:
    """Numbers of several types, with gaps and without, text, booleans, dates and classes."""
    rng = np.random.default_rng(0)
    some = lambda values: [None if k % 7 == 3 else value for k, value in enumerate(values)]  # noqa: E731
    x = rng.normal(size=ROWS)
    frame = pl.DataFrame(
        {
            "single": pl.Series(rng.normal(size=ROWS), dtype=pl.Float32),
            "gaps": pl.Series(some(x.tolist()), dtype=pl.Float64),
            "whole": pl.Series(rng.integers(-5, 5, ROWS), dtype=pl.Int16),
            "whole_gaps": pl.Series(some(rng.integers(0, 9, ROWS).tolist()), dtype=pl.Int64),
            "code": pl.Series(some([2**60 + k % 3 for k in range(ROWS)]), dtype=pl.Int64),
            "flag": pl.Series((x > 1).tolist()),
            "word": pl.Series(rng.choice(["red", "green", "blue"], ROWS).tolist()),
            "day": pl.Series(np.datetime64("2024-01-01") + rng.integers(0, 900, ROWS)),
            "group": pl.Series(rng.integers(0, 40, ROWS), dtype=pl.UInt8),
            "weight": pl.Series(rng.random(ROWS) + 0.1),
            "y": pl.Series((x + rng.normal(size=ROWS) > 0).astype(np.int64)),
        }
    )
    frame.write_parquet(folder / "mixed.parquet", row_group_size=90)
    return folder / "mixed.parquet"


def both(source: Path, **keys: Any) -> tuple[Prepared, Prepared]:
    """The data of a file with its rows in memory and on disk."""
    here, there = (
        prepare(DataSettings(source=str(source), storage=one, **keys), seed=3, dtype="float32")
        for one in ("memory", "disk")
    )
    return here, there


def assert_same(here: Prepared, there: Prepared) -> None:
    assert here.preprocessing.to_json() == there.preprocessing.to_json()
    assert ("memory", "disk") == (here.settings.storage, there.settings.storage)
    for split in ("train", "validation", "test"):
        rows, others = getattr(here, split), getattr(there, split)
        assert (rows is None) == (others is None)
        if rows is not None:
            assert is_scratch(others.x)
            assert rows.x.tobytes() == others.x.tobytes()
            assert rows.y.tobytes() == others.y.tobytes()
            assert rows.weight.tobytes() == others.weight.tobytes()
    notes = [note for note in there.notes if "stay on disk" not in note]
    assert list(here.notes) == notes
    assert len(there.notes) > len(notes)


SETTINGS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "test rows": {"test": 0.2, "scaling": {"name": "quantile_normal"}},
    "robust": {"scaling": {"name": "robust"}, "missing": ["", -3, 4]},
    "numbers": {"target": "gaps", "missing_target": "drop"},
    "roles": {"columns": {"weight": "weight", "group": "group", "categorical": ["whole", "code"]}},
    "in time": {"order": {"by": "day"}, "columns": {"ignore": ["code"]}},
    "class weights": {"class_weights": "balanced", "one_hot_up_to": 2},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_parquet_file_gives_the_same_data_from_disk(tmp_path: Path, setting: str) -> None:
    assert_same(*both(mixed(tmp_path), **SETTINGS[setting]))


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_file_gives_the_same_data_from_disk(tmp_path: Path, dtype: str, order: Any) -> None:
    rng = np.random.default_rng(1)
    rows = np.asarray(rng.integers(0, 5, (ROWS, 9)), dtype, order=order)
    np.save(tmp_path / "a.npy", rows)
    assert_same(*both(tmp_path / "a.npy", test=50, target_kind="classes"))


def test_a_parquet_file_of_numbers_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": rng.normal(size=90), "b": rng.integers(0, 9, 90), "y": rng.normal(size=90)})
    frame.write_parquet(tmp_path / "numbers.parquet")
    assert_same(*both(tmp_path / "numbers.parquet", target="y"))


def test_an_npy_file_with_gaps_and_numbers_that_mean_none(tmp_path: Path) -> None:
    rows = np.random.default_rng(2).normal(size=(ROWS, 4)).astype(np.float32)
    rows[5:50, 1], rows[3, 0] = -999, np.nan
    np.save(tmp_path / "a.npy", rows)
    here, there = both(tmp_path / "a.npy", missing=["", -999])
    assert_same(here, there)
    assert "column_1 is missing" in here.preprocessing.feature_names


def test_rows_of_a_second_file_stay_on_disk_too(tmp_path: Path) -> None:
    rows = np.random.default_rng(2).normal(size=(ROWS, 4))
    np.save(tmp_path / "a.npy", rows[:300])
    np.save(tmp_path / "b.npy", rows[300:])
    assert_same(*both(tmp_path / "a.npy", test=str(tmp_path / "b.npy")))


def test_auto_leaves_on_disk_what_would_take_half_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(2).normal(size=(ROWS, 4)))
    size = 2 * ROWS * 4 * (8 + 4)  # twice the numbers and the inputs
    for free, expected in ((size, "memory"), (size - 1, "disk")):
        monkeypatch.setattr(storage, "available_memory", lambda free=free: free)
        data = prepare(DataSettings(source=str(tmp_path / "a.npy")), seed=0, dtype="float32")
        assert expected == data.settings.storage


def test_available_memory_is_what_a_container_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("meminfo", "max", "current", "stat", "limit", "usage", "stat1")
    files = [tmp_path / name for name in names]
    monkeypatch.setattr(host_memory, "MEMINFO", files[0])
    monkeypatch.setattr(
        host_memory, "LIMITS", ((files[1], files[2], files[3]), (files[4], files[5], files[6]))
    )
    assert host_memory.available_memory() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    files[0].write_text("MemTotal:  9 kB\nMemAvailable:    7 kB\n")
    assert 7 << 10 == host_memory.available_memory()
    files[1].write_text("max\n")
    files[2].write_text("4096\n")
    assert 7 << 10 == host_memory.available_memory()
    files[1].write_text("5000\n")
    assert 5000 - 4096 == host_memory.available_memory()
    files[3].write_text("anon 3000\ninactive_file 1000\nactive_file 96\n")  # of which nothing is lost
    assert 5000 - 3000 == host_memory.available_memory() == host_memory.obtainable_memory()
    files[0].write_text("MemAvailable:    1 kB\nSwapFree:   1 kB\n")
    assert (1 << 10, 5000 - 3000) == (host_memory.available_memory(), host_memory.obtainable_memory())


def test_what_cannot_stay_on_disk_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    with pytest.raises(DataError) as caught:
        prepare(DataSettings(source=str(tmp_path / "a.csv"), storage="disk"), seed=0, dtype="float32")
    expected = f"data.storage: disk is for NPY and Parquet files with columns of numbers, which {tmp_path / 'a.csv'} is not"
    assert str(caught.value) == f"{expected}; write it as one of them"
    with pytest.raises(DataError, match=r"^data\.folds: several folds at once need their rows in memory"):
        prepare_folds(
            DataSettings(source=str(mixed(tmp_path)), storage="disk", folds=3), seed=0, dtype="float32"
        )


def test_rows_are_taken_in_lots_whose_pages_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = scratch_array((40, 3), np.dtype("float64"))
    rows[:] = np.arange(120.0).reshape(40, 3)
    index, dropped = np.random.default_rng(0).permutation(40)[:20], list[HostArray]()
    monkeypatch.setattr(scratch_file, "FEW_ROWS", 7)
    monkeypatch.setattr(scratch_file, "drop_pages", dropped.append)
    found = rows_at(rows, index)
    np.testing.assert_array_equal(np.arange(120.0).reshape(40, 3)[index], found)
    assert (False, 3) == (is_scratch(found), len(dropped))


def test_a_file_is_let_go_of_behind_its_last_row_but_for_those_that_keep_it() -> None:
    columns = DiskColumns(("a",), [scratch_array((3,), np.dtype("float64"))], 3)
    kept = columns.kept_whole()
    columns.release(2)
    assert 1 == len(columns.arrays)
    columns.release(3)
    assert (0, 1) == (len(columns.arrays), len(kept.arrays))


def test_parts_are_read_until_pages_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, dropped = scratch_array((40, 3), np.dtype("float64")), list[HostArray]()
    rows[:] = np.arange(120.0).reshape(40, 3)
    monkeypatch.setattr(host_prefetcher, "BLOCK_BYTES", 2 * 20 * 3 * 8)  # of 20 rows
    monkeypatch.setattr(host_prefetcher, "drop_pages", dropped.append)
    prefetcher, target = HostPrefetcher(), np.zeros((8, 3))
    for start in range(0, 40, 8):
        prefetcher.load(0, slice(start, start + 8), [(rows, target)])
        prefetcher.drain()
        np.testing.assert_array_equal(rows[start : start + 8], target)
    assert [rows is one for one in dropped] == [True], "after 24 rows, not yet again after 16"


def test_a_single_fold_may_stay_on_disk(tmp_path: Path) -> None:
    assert_same(*both(mixed(tmp_path), folds={"count": 3, "take": 2}))


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int, start: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(scratch_file.tempfile, "tempdir", None)
    with pytest.raises(DataError) as caught:
        scratch_array((1000, 1000), np.float32)
    assert (
        f"data.storage: 4.0 MB for rows that stay on disk: {tmp_path}: No space left on device; "
        "the variable TMPDIR names another folder"
    ) == str(caught.value)
    assert [] == list(tmp_path.iterdir())


def test_rows_to_predict_stay_on_disk_but_for_those_that_cannot_be_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(2).normal(size=(ROWS, 4))
    np.save(tmp_path / "a.npy", rows)
    fitted = prepare(DataSettings(source=str(tmp_path / "a.npy")), seed=0, dtype="float32").preprocessing
    rows[[4, 77, 250], [1, 0, 2]] = np.inf, -np.inf, 1e60  # the last is too large for float32
    np.save(tmp_path / "b.npy", rows[:, :3])
    here = read_predictable(str(tmp_path / "b.npy"), fitted, dtype="float32")
    monkeypatch.setattr(storage, "available_memory", lambda: 1)
    there = read_predictable(str(tmp_path / "b.npy"), fitted, dtype="float32")
    assert (False, True) == (is_scratch(here.x), is_scratch(there.x))
    assert ROWS - 3 == len(there.x)
    assert here.x.tobytes() == there.x.tobytes()
    assert here.rows.tolist() == there.rows.tolist()
    assert [4, 77, 250] == [one.row for one in there.unpredictable]
    assert here.unpredictable == there.unpredictable
    assert here.comparison == there.comparison
