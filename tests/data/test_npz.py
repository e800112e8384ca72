"""NPZ archives: the arrays that NumPy wrote come back as columns; damage and objects are refused."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nettrain.data.reading.formats.npz import read_npz
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.errors import DataError

X = np.array([[1.5, np.nan], [2.0, -3.0], [0.0, 7.0]])


def saved(folder, **arrays):
    np.savez_compressed(folder / "x.npz", **arrays)
    return folder / "x.npz"


def refusal(path, key=""):
    with pytest.raises(DataError) as caught:
        read_npz(path, ReadOptions(), key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("dtype", ["u1", "i1", ">i2", "u4", "i8", "f2", "f4", ">f8", "g", "?"])
def test_numbers_of_every_type_come_back(dtype, tmp_path):
    x = np.array([[0, 1], [1, 0]], dtype=dtype)
    table = read_npz(saved(tmp_path, x=x), ReadOptions()).table
    np.testing.assert_array_equal(x.astype(np.float64), table.frame.to_numpy())


def test_gaps_text_and_case(tmp_path):
    source = read_source(str(saved(tmp_path, X=X, Y=np.array(["a", "b", "a"]))), ReadOptions(), seed=0)
    assert [(1.5, None, "a"), (2.0, -3.0, "b"), (0.0, 7.0, "a")] == source.table.frame.rows()
    assert (["x0", "x1", "y"], "y", None) == (source.table.columns, source.target, source.test)
    assert not source.header


def test_images_are_flattened_and_test_rows_found_by_keras_names(tmp_path):
    images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    path = saved(tmp_path, x_train=images, y_train=[[1], [2], [3]], x_test=images[:1], y_test=[[9]])
    source = read_npz(path, ReadOptions())
    table, test = source.table, source.test
    np.testing.assert_array_equal(np.column_stack([images.reshape(3, 4), [1, 2, 3]]), table.frame.to_numpy())
    assert [(0, 1, 2, 3, 9)] == test.frame.rows()
    assert test.at(0).endswith("x.npz (test) row 1")


def test_several_targets_and_none(tmp_path):
    source = read_source(str(saved(tmp_path, x=X[:, 1:], y=X)), ReadOptions(), seed=0)
    assert ["y0", "y1"] == source.target
    assert [-3.0, 2.0, -3.0] == list(source.table.frame.row(1))
    assert ["x0"] == read_npz(saved(tmp_path, x=[1, 2]), ReadOptions()).table.columns
    assert 2 == read_npz(saved(tmp_path, x_test=[1, 2]), ReadOptions()).table.height


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": [1], "b": [2]}, "x.npz: no array named x or x_train (it has a, b)"),
        ({}, "x.npz: no array named x or x_train (it has nothing)"),
        ({"x": [{"a": 1}]}, "x.npz: x holds Python objects, which are not read; save numbers"),
        ({"x": [1], "y": [None]}, "x.npz: y holds Python objects, which are not read; save numbers"),
        ({"x": ["a"]}, "x.npz: x holds <U1 of shape (1,), expected rows of numbers"),
        ({"x": [1j]}, "x.npz: x holds complex128 of shape (1,), expected rows of numbers"),
        ({"x": 1.0}, "x.npz: x holds float64 of shape (), expected rows of numbers"),
        ({"x": np.empty((0, 3))}, "x.npz: x holds float64 of shape (0, 3), expected rows of numbers"),
        ({"x": [1, 2], "y": [1]}, "x.npz: x has 2 rows, but y has 1"),
        ({"x": [1], "y": 3}, "x.npz: y holds int64 of shape (), expected a target for each row, or several"),
        ({"x_train": [1], "x_test": [[[1j]]]}, "x.npz (test): x_test holds complex128 of shape (1, 1, 1), "),
    ],
)
def test_refuses_what_does_not_fit(arrays, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(Path(), **arrays)
    assert refusal(Path("x.npz")).startswith(message)


def test_refuses_damage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = saved(tmp_path, x=np.arange(1000)).read_bytes()
    Path("cut.npz").write_bytes(whole[:-30])
    Path("text.npz").write_text("a,b\n")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00 short")
    Path("member.npz").write_bytes(buffer.getvalue())
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 255
    Path("broken.npz").write_bytes(broken)
    assert "cut.npz: is not an NPZ file, or is cut short" == refusal(Path("cut.npz"))
    assert "text.npz: is not an NPZ file, or is cut short" == refusal(Path("text.npz"))
    for name in ("member.npz", "broken.npz"):
        assert refusal(Path(name)).startswith(f"{name}: x is damaged or cut short (")
    assert 'data.test: txt.npz: no such file, did you mean "text.npz"?' == refusal(
        Path("txt.npz"), "data.test"
    )
    Path("folder.npz").mkdir()
    assert "folder.npz: is a folder, not a file" == refusal(Path("folder.npz"))
