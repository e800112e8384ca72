"""NPY files: the same arrays as from a CSV file of the same numbers, and what is refused."""

import numpy as np
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.reading.formats.npy import read_npy
from nettrain.data.reading.options import ReadOptions
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError


def rows() -> np.ndarray:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 3)).round(3)
    return np.column_stack([x, x[:, 0] > 0])


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2"])
def test_columns_are_named_by_position(tmp_path, dtype):
    np.save(tmp_path / "a.npy", rows().astype(dtype))
    table = read_npy(tmp_path / "a.npy", ReadOptions()).table
    assert ["column_0", "column_1", "column_2", "column_3"] == table.columns
    assert 60 == table.height
    np.testing.assert_array_equal(rows().astype(dtype)[:, 1], table.numbers.column("column_1"))


def test_it_is_read_as_a_csv_file_of_the_same_numbers(tmp_path):
    np.save(tmp_path / "a.npy", rows())
    np.savetxt(tmp_path / "a.csv", rows(), delimiter=",", fmt="%.17g")
    ours, text = (
        prepare(DataSettings(source=str(tmp_path / name), test=0.2), seed=3, dtype="float64")
        for name in ("a.npy", "a.csv")
    )
    assert ("classes", ("0", "1")) == (ours.preprocessing.target_kind, ours.preprocessing.classes)
    for split in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(text, split).x, getattr(ours, split).x)
        np.testing.assert_array_equal(getattr(text, split).y, getattr(ours, split).y)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.arange(5.0), "holds float64 of shape (5,), expected rows of two or more columns"),
        (np.ones((3, 1)), "holds float64 of shape (3, 1), expected rows of two or more columns"),
        (np.ones((2, 2), complex), "the array holds complex128 of shape (2, 2), expected rows of numbers"),
        (
            np.array([[{}, 1]], dtype=object),
            "the array holds Python objects, which are not read; save numbers",
        ),
    ],
)
def test_arrays_of_another_kind_are_refused(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(DataError) as caught:
        read_npy(tmp_path / "a.npy", ReadOptions())
    assert str(caught.value).endswith(f"a.npy: {message}")


def test_a_damaged_or_missing_file_is_one_line(tmp_path):
    np.save(tmp_path / "a.npy", rows())
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:200])
    (tmp_path / "text.npy").write_text("1,2\n")
    for name, message in {
        "cut.npy": "is cut short",
        "text.npy": "is no NPY file",
        "none.npy": "no such file",
    }.items():
        with pytest.raises(DataError, match=message) as caught:
            read_npy(tmp_path / name, ReadOptions())
        assert 1 == len(str(caught.value).splitlines())
