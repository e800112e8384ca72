"""Whether inputs are the pixels of an image, by source, and that a stored preprocessing knows it again."""

import gzip
import json
import struct

import numpy as np
import pytest

from nettrain.data.prepare import prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.image_shape import ImageShape, image_by_names
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings

GENERATOR = np.random.default_rng(0)
LABELS = np.arange(40) % 2


def image_of(source, memory=None, **settings):
    data = prepare(DataSettings(source=str(source), **settings), seed=0, dtype="float32", memory=memory)
    stored = Preprocessing.from_json(json.loads(json.dumps(data.preprocessing.to_json())))
    assert stored.image == data.preprocessing.image
    return stored.image


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((28, 20), ImageShape(28, 20)),
        ((32, 32, 3), ImageShape(32, 32, 3)),
        ((3, 32, 24), ImageShape(32, 24, 3, channels_first=True)),
        ((28, 28, 1), ImageShape(28, 28)),
        ((64,), None),
        ((28, 2), None),
        ((10, 10, 10), None),
        ((2, 3, 4, 5), None),
    ],
    ids=str,
)
def test_shapes_of_rows(shape, expected):
    assert expected == ImageShape.of(shape)


def test_columns_become_images_again():
    pixels = np.arange(2 * 5 * 4 * 3).reshape(2, 5, 4, 3)
    last = ImageShape(5, 4, 3).images(pixels.reshape(2, -1))
    first = ImageShape(5, 4, 3, channels_first=True).images(pixels.transpose(0, 3, 1, 2).reshape(2, -1))
    np.testing.assert_array_equal(pixels.transpose(0, 3, 1, 2), last)
    np.testing.assert_array_equal(last, first)


@pytest.mark.parametrize(
    ("names", "side"),
    [
        ([f"pixel{k}" for k in range(16)], 4),
        ([f"pixel_{k}" for k in range(1, 785)], 28),
        ([f"pixel{k}" for k in range(15)], None),
        ([f"pixel{k}" for k in (1, 0, *range(2, 16))], None),
        ([f"x{k}" for k in range(16)], None),
        (["pixel0", *(f"x{k}" for k in range(15))], None),
    ],
    ids=["from 0", "from 1", "not square", "out of order", "other names", "mixed"],
)
def test_columns_that_are_called_pixels(names, side):
    assert (side and ImageShape(side, side)) == image_by_names(names)


def test_sources_that_know_their_images(tmp_path):
    pixels = GENERATOR.integers(0, 256, (40, 6, 5)).astype(np.uint8)
    folder = tmp_path / "idx"
    folder.mkdir()
    head = struct.pack(">BBBB3I", 0, 0, 8, 3, 40, 6, 5)
    (folder / "train-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
    labels = struct.pack(">BBBBI", 0, 0, 8, 1, 40) + LABELS.astype(np.uint8).tobytes()
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    np.savez(tmp_path / "a.npz", x=pixels, y=LABELS)
    memory = MemoryTables.of((pixels, LABELS))
    assert [ImageShape(6, 5)] * 3 == [
        image_of(folder),
        image_of(tmp_path / "a.npz", target_kind="classes"),
        image_of("memory:train", memory, target_kind="classes"),
    ]
    assert ImageShape(8, 8) == image_of("builtin:optdigits")


def test_a_table_is_an_image_only_where_all_its_columns_are(tmp_path):
    pixels = GENERATOR.integers(0, 9, (40, 16))
    text = ",".join([*(f"pixel{k}" for k in range(16)), "label"])
    rows = [",".join(map(str, [*row, f"c{label}"])) for row, label in zip(pixels, LABELS, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([text, *rows]))
    assert ImageShape(4, 4) == image_of(tmp_path / "a.csv")
    assert image_of(tmp_path / "a.csv", columns={"ignore": ["pixel3"]}) is None
    assert image_of("builtin:optdigits", columns={"ignore": ["p3"]}) is None
    assert image_of("builtin:iris") is None


def test_files_of_earlier_versions_are_no_images():
    data = prepare(DataSettings(source="builtin:optdigits"), seed=0, dtype="float32").preprocessing.to_json()
    assert Preprocessing.from_json({k: v for k, v in data.items() if k != "image"}).image is None
