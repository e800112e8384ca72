"""IDX folders: every type and packing against NumPy, MNIST's published figures, and damage."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from nettrain.data.reading.formats.idx import TYPES, read_folder, read_idx
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.errors import DataError

MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist"
IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
LABELS = np.array([3, 1, 4, 1], dtype=np.uint8)


def idx(array, kind=8):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    return head + array.astype(TYPES[kind]).tobytes()


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_bytes(data)
    return folder


def refusal(call, *arguments):
    with pytest.raises(DataError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_comes_back(kind, tmp_path):
    array = np.array([[0, 1, 127], [5, 6, 7]])
    (tmp_path / "x").write_bytes(idx(array, kind))
    read = read_idx(tmp_path / "x")
    np.testing.assert_array_equal(array, read)
    assert read.dtype.isnative


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_folder_gives_training_and_test_rows(pack, tmp_path):
    folder = write(
        tmp_path / "digits",
        train_images_idx3_ubyte=pack(idx(IMAGES)),
        train_labels_idx1_ubyte=pack(idx(LABELS)),
        t10k_images__idx3_ubyte__gz=gzip.compress(idx(IMAGES[1:3])),
        t10k_labels__idx1_ubyte__gz=gzip.compress(idx(LABELS[1:3])),
        notes__txt=b"anything",
    )
    source = read_source(str(folder), ReadOptions(), seed=0)
    assert ("label", True, 4, 2) == (source.target, source.classes, source.table.height, source.test.height)
    assert [*(f"pixel_{i}" for i in range(6)), "label"] == source.table.columns
    expected = np.column_stack([IMAGES.reshape(4, 6), LABELS])
    np.testing.assert_array_equal(expected, source.table.frame.to_numpy())
    np.testing.assert_array_equal(expected[1:3], source.test.frame.to_numpy())
    assert source.test.at(1).endswith("digits (t10k) row 2")


def test_images_alone_and_test_rows_alone_are_rows_too(tmp_path):
    source = read_folder(write(tmp_path / "a", train_images_idx3_ubyte=idx(IMAGES)), ReadOptions())
    assert (6, None) == (len(source.table.columns), source.test)
    source = read_folder(write(tmp_path / "b", t10k_images_idx3_ubyte=idx(IMAGES[:1])), ReadOptions())
    assert (1, None) == (source.table.height, source.test)


@pytest.mark.skipif(not MNIST.is_dir(), reason="shared/data/mnist is not there")
def test_mnist_has_its_published_figures():
    source = read_folder(MNIST, ReadOptions())
    table, test = source.table, source.test
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert counts == np.bincount(table.column("label")).tolist()
    assert [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009] == np.bincount(
        test.column("label")
    ).tolist()
    pixels = table.numbers.chunks[0]
    assert (60000, 784) == pixels.shape
    assert (0.1307, 0.3081) == (round(pixels.mean() / 255, 4), round(pixels.std() / 255, 4))


WHOLE = idx(IMAGES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (WHOLE[:-5], "x: holds 19 of the 24 bytes that its dimensions promise"),
        (WHOLE + b"\0", "x: holds more than the 24 bytes that its dimensions promise"),
        (WHOLE[:9], "x: is cut short within its dimensions"),
        (
            struct.pack(">4BII", 0, 0, 8, 2, 2**31, 2**31),
            "x: is too small for the 4611686018427387904 bytes ",
        ),
        (
            b"\x89PNG....",
            "x: is not an IDX file (begins with 89 50 4e 47, expected 00 00, a type from 08 to 0e",
        ),
        (b"\0\0\x0a\1....", "x: is not an IDX file (begins with 00 00 0a 01, "),
        (b"", "x: is not an IDX file (begins with nothing, "),
        (gzip.compress(WHOLE, mtime=0)[:-9], "x: is damaged or cut short ("),
    ],
)
def test_refuses_damaged_files(data, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x").write_bytes(data)
    assert refusal(read_idx, Path("x")).startswith(message)


def test_a_size_of_zero_beside_sizes_beyond_any_array_holds_no_images(tmp_path):
    sizes = struct.pack(">4B4I", 0, 0, 8, 4, 0, 2**32 - 1, 2**32 - 1, 2**32 - 1)
    folder = write(tmp_path / "digits", train_images_idx3_ubyte=sizes)
    assert refusal(read_folder, folder, ReadOptions()).endswith("train-images-idx3-ubyte: holds no images")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"train_images_idx3_ubyte": idx(IMAGES), "train_labels_idx1_ubyte": idx(LABELS[:3])},
            "digits/train-images-idx3-ubyte: 4 images, but 3 labels in digits/train-labels-idx1-ubyte",
        ),
        (
            {"train_images_idx3_ubyte": idx(IMAGES), "train_labels_idx1_ubyte": idx(IMAGES)},
            "digits/train-labels-idx1-ubyte: has 3 dimensions, expected 1 for labels",
        ),
        ({"train_images_idx3_ubyte": idx(IMAGES[:0])}, "digits/train-images-idx3-ubyte: holds no images"),
        (
            {"readme__txt": b""},
            "data.source: digits: holds no IDX images (expected train-images-idx3-ubyte and "
            "train-labels-idx1-ubyte, and t10k-... for test rows, plain or .gz)",
        ),
    ],
)
def test_refuses_folders_that_do_not_fit(files, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "digits", **files)
    assert message == refusal(read_folder, Path("digits"), ReadOptions(), "data.source")


def test_names_the_nearest_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    message = 'data.test: digts: no such file or folder, did you mean "digits"?'
    with pytest.raises(DataError) as caught:
        read_source("digts", ReadOptions(), seed=0, key="data.test")
    assert message == str(caught.value)
