"""Built-in and synthetic sources: their well-known counts, their origin, and that seeds repeat."""

import hashlib
from importlib import resources

import numpy as np
import pytest

from nettrain.data.reading.builtin import BUILTINS, read_builtin
from nettrain.data.reading.opening import open_bytes
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.reading.synthetic import ROWS, SYNTHETICS, read_synthetic
from nettrain.errors import DataError

DIGITS = [
    "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3",
    "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0",
]
FOLDER = resources.files("nettrain.data") / "builtin"


def counts(table, name):
    return sorted(np.unique(table.frame[name].to_list(), return_counts=True)[1].tolist())


def test_iris():
    source = read_builtin("iris", ReadOptions())
    table, test = source.table, source.test
    assert (150, 5) == table.frame.shape
    assert [50, 50, 50] == counts(table, "species")
    assert [5.1, 3.5, 1.4, 0.2, "Iris-setosa"] == list(table.frame.row(0))
    assert test is None


def test_penguins():
    table = read_builtin("penguins", ReadOptions()).table
    assert (344, 7) == table.frame.shape
    assert [68, 124, 152] == counts(table, "species")
    assert {"sex": 11, "body_mass_g": 2, "island": 0}.items() <= table.frame.null_count().row(
        0, named=True
    ).items()


def test_optdigits_has_its_own_test_rows():
    source = read_builtin("optdigits", ReadOptions())
    table, test = source.table, source.test
    assert (3823, 65) == table.frame.shape
    assert (1797, 65) == test.frame.shape
    assert ["p0", "p63", "class"] == [table.columns[i] for i in (0, 63, 64)]
    assert table.columns == test.columns
    assert [174, 177, 178, 179, 180, 181, 181, 182, 182, 183] == counts(test, "class")


def test_optdigits_test_rows_are_those_of_scikit_learn():
    # sha256 of load_digits().data and .target of scikit-learn 1.9, as bytes
    cells = read_builtin("optdigits", ReadOptions()).test.frame.to_numpy().astype(np.uint8)
    pixels, labels = np.ascontiguousarray(cells[:, :-1]), cells[:, -1]
    assert DIGITS == [hashlib.sha256(part.tobytes()).hexdigest() for part in (pixels, labels)]


@pytest.mark.parametrize("name", BUILTINS)
def test_source_stands_beside_the_data(name):
    data = BUILTINS[name]
    text = (FOLDER / name / "SOURCE.txt").read_text()
    for file in filter(None, (data.train, data.test)):
        with resources.as_file(FOLDER / file) as path:
            assert hashlib.sha256(path.read_bytes()).hexdigest() in text
            with open_bytes(path) as stream:
                assert hashlib.sha256(stream.read()).hexdigest() in text
    assert "Licence:" in text


@pytest.mark.parametrize("name", SYNTHETICS)
def test_synthetic_rows_are_a_function_of_the_seed(name):
    first, again, other = (read_synthetic(name, seed).frame for seed in (3, 3, 4))
    assert ROWS == first.height
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize(
    ("name", "classes"),
    [("blobs", 3), ("moons", 2), ("circles", 2), ("spirals", 3), ("xor", 2), ("coins", 2)],
)
def test_synthetic_classes_are_as_equal_as_they_can_be(name, classes):
    sizes = counts(read_synthetic(name, 0), "class")
    assert classes == len(sizes)
    assert max(sizes) - min(sizes) <= 1


def points_of(name):
    frame = read_synthetic(name, 0).frame
    return frame["x0"].to_numpy(), frame["x1"].to_numpy(), frame["class"].to_numpy()


def test_shapes_are_those_of_their_names():
    x, y, label = points_of("xor")
    assert ((x > 0.5) ^ (y > 0.5) == label).mean() > 0.99
    x, y, label = points_of("circles")
    assert ((np.hypot(x, y) < 0.75) == label).mean() > 0.99
    x, y, label = points_of("spirals")
    arm = np.round((np.arctan2(y, x) / (2 * np.pi) - np.hypot(x, y)) * 3).astype(int) % 3
    far = np.hypot(x, y) > 0.3
    assert (arm == label)[far].mean() > 0.97
    x, y, label = points_of("blobs")
    assert [True] * 3 == [bool(np.hypot(x[label == c].mean(), y[label == c].mean()) > 1.9) for c in range(3)]
    x, y, label = points_of("moons")
    assert y[label == 0].mean() > 0.5
    assert y[label == 1].mean() < 0
    frame = read_synthetic("sine", 0).frame
    error = frame["y"].to_numpy() - np.sin(frame["x"].to_numpy())
    assert abs(error.std() - 0.1) < 0.01


def test_the_noise_of_the_fan_grows_along_x():
    frame = read_synthetic("fan", 0).frame
    x = frame["x"].to_numpy()
    noise = (frame["y"].to_numpy() - np.sin(x)) / (0.25 + 0.1 * x / np.pi)
    for part in np.array_split(np.argsort(x), 4):
        assert abs(noise[part].std() - 1) < 0.15


def test_the_valley_is_a_hundred_times_as_curved_across_as_along():
    frame = read_synthetic("valley", 0).frame
    x = frame.select("steep", "flat").to_numpy()
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(x.T @ x / ROWS, [[1, 0], [0, 0.01]], atol=1e-12)
    np.testing.assert_allclose(x @ [1, 10], frame["y"].to_numpy(), atol=1e-12)


def test_coins_say_nothing_about_their_class():
    """The largest of ten correlations of a thousand rows is rarely above 3.5/√1000."""
    frame = read_synthetic("coins", 0).frame
    label = frame["class"].to_numpy()
    columns = [frame[f"x{k}"].to_numpy() for k in range(10)]
    assert max(abs(np.corrcoef(column, label)[0, 1]) for column in columns) < 3.5 / np.sqrt(ROWS)
    assert all(abs(column.std() - 1) < 0.1 for column in columns)


def test_an_unknown_builtin_is_refused():
    with pytest.raises(DataError, match=r'^data.source: no built-in data .irsi., did you mean "iris"\?$'):
        read_source("builtin:irsi", ReadOptions(), seed=0, key="data.source")
