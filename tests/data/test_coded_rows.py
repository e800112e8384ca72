"""Pixels that are held as bytes give the bits of arrays of numbers, in preparation, training and prediction."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.backend.coded_rows import CodedRows
from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.scratch_file import rows_at
from nettrain.data import inputs
from nettrain.data.prepare import Prepared, prepare
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError
from nettrain.store.data_fingerprint import fingerprint
from tests.fake_cupy.backend import FakeCupyBackend
from tests.trained import Trained, experiment, trained

ROWS = 300
SPEC = """
data: {source: SOURCE, seed: 0, test: 0.1}
model: {hidden: [7, 5], activation: tanh}
training: {epochs: 2, batch_size: 16}
backend: {threads: 1}
"""
SCALINGS: dict[str, Any] = {
    "divide": {"name": "divide", "by": 255},
    "standard": {"name": "standard"},
    "quantile_normal": {"name": "quantile_normal"},
    "center": {"name": "center"},
}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (ROWS, 5, 5), dtype=np.uint8)
    x[:, 0, 0] = 7  # a pixel that never changes
    np.savez(tmp_path / "images.npz", x=x, y=(x[:, 1, 1] > 99) + 0)
    return tmp_path / "images.npz"


def coded(monkeypatch: pytest.MonkeyPatch, yes: bool) -> None:
    monkeypatch.setattr(inputs, "FEWEST_CODED", 1 if yes else 1 << 60)


def read(images: Path, **keys: Any) -> Prepared:
    return prepare(DataSettings(source=str(images), test=0.1, **keys), seed=0, dtype="float32")


@pytest.mark.parametrize("scaling", SCALINGS)
def test_they_stand_for_the_same_numbers(images: Path, scaling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    coded(monkeypatch, yes=False)
    plain = read(images, scaling=SCALINGS[scaling])
    coded(monkeypatch, yes=True)
    bytes_ = read(images, scaling=SCALINGS[scaling])
    assert fingerprint(plain) == fingerprint(bytes_)
    for split in ("train", "validation", "test"):
        x, rows = getattr(plain, split).x, getattr(bytes_, split).x
        assert isinstance(rows, CodedRows)
        assert not isinstance(x, CodedRows)
        assert (x.shape, x.dtype, x.ndim, x.size, x.nbytes, len(x)) == (
            *(rows.shape, rows.dtype, rows.ndim, rows.size, rows.nbytes),
            len(rows),
        )
        for part in (slice(3, 9), np.array([5, 2, 2]), np.arange(len(x)) % 3 == 1):
            np.testing.assert_array_equal(x[part], rows[part], strict=True)
        np.testing.assert_array_equal(x, np.asarray(rows), strict=True)
        np.testing.assert_array_equal(x[:, 4], rows[:, 4])
        np.testing.assert_array_equal(x.T, rows.T)
        np.testing.assert_array_equal(x[None], rows[None])


def test_columns_in_another_order_than_in_the_file_are_no_pixels_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.random.default_rng(1).integers(0, 9, (ROWS, 6), dtype=np.uint8)
    np.save(tmp_path / "a.npy", rows)
    keys = {"target": 1, "columns": {"ignore": [3]}, "target_kind": "classes"}
    coded(monkeypatch, yes=False)
    plain = read(tmp_path / "a.npy", **keys)
    coded(monkeypatch, yes=True)
    bytes_ = read(tmp_path / "a.npy", **keys)
    assert isinstance(bytes_.train.x, CodedRows)
    np.testing.assert_array_equal(plain.train.x, np.asarray(bytes_.train.x))


def test_few_rows_and_other_numbers_are_arrays(images: Path, tmp_path: Path) -> None:
    assert not isinstance(read(images).train.x, CodedRows)
    rows = np.random.default_rng(1).integers(0, 9, (ROWS, 6), dtype=np.int16)
    np.save(tmp_path / "a.npy", rows)
    assert not isinstance(read(tmp_path / "a.npy", target_kind="classes").train.x, CodedRows)


SETTINGS: dict[str, tuple[int, list[str]]] = {
    "alone": (1, []),
    "standardized": (1, ["data.scaling=standard"]),
    "own orders": (3, []),
    "class weights": (1, ["data.class_weights=balanced"]),
    "a batch of all rows": (1, ["training.batch_size=full"]),
    "sub-members": (1, ["model.sub_members=2"]),
    "dropout, noise and diagnostics": (
        2,
        ["model.dropout=0.3", "model.input_noise=0.1", "training.diagnostics=true", "training.order_seed=5"],
    ),
    "a start from rows": (1, ["model.parametrization=neural_tangent"]),
    "bins of all rows": (1, ["model.embeddings=piecewise_linear"]),
    "replacement": (1, ["training.sampling=replacement"]),
}


def test_bytes_whose_numbers_are_too_large_are_named(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for yes in (True, False):
        coded(monkeypatch, yes)
        with pytest.raises(DataError, match=r'column ".*": the scaled value is too large for float32'):
            read(images, scaling={"name": "divide", "by": 1e-37})


def assert_same(here: Trained, there: Trained) -> None:
    assert here.stopped == there.stopped
    for name in ("parameters", "statistics"):
        assert getattr(here.run.final, name).tobytes() == getattr(there.run.final, name).tobytes()
    np.testing.assert_equal(there.history(0), here.history(0))


@pytest.mark.parametrize("setting", SETTINGS)
def test_training_gives_the_same_bits(images: Path, setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    members, choice = SETTINGS[setting]
    scaling = [] if "scaling" in str(choice) else ["data.scaling={name: divide, by: 255}"]
    text = SPEC.replace("SOURCE", f"'{images}'")
    specs = [experiment(text, *scaling, *choice, f"seed={r}") for r in range(members)]
    coded(monkeypatch, yes=False)
    plain = trained(specs)
    coded(monkeypatch, yes=True)
    bytes_ = trained(specs)
    assert isinstance(bytes_.run.data.train.x, CodedRows)
    assert not isinstance(plain.run.data.train.x, CodedRows)
    assert_same(plain, bytes_)


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("room", [None, 0])
def test_a_device_gets_numbers(images: Path, room: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = [experiment(SPEC.replace("SOURCE", f"'{images}'"))]

    def backend(**options: Any) -> Any:
        return FakeCupyBackend(**options) if room is None else FakeCupyBackend(**options, room=room)

    coded(monkeypatch, yes=False)
    plain = trained(spec, backend)
    coded(monkeypatch, yes=True)
    assert_same(plain, trained(spec, backend))


def test_gathered_rows_are_those_of_the_numbers() -> None:
    rng = np.random.default_rng(0)
    codes, rows = rng.integers(0, 256, (20, 9), dtype=np.uint8), rng.permutation(20)[:15]
    index = rng.integers(0, 15, (2, 4))
    for table in (np.tile(rng.normal(size=256), (9, 1)), rng.normal(size=(9, 256))):
        numbers = np.array([[table[j, codes[i, j]] for j in range(9)] for i in rows])
        out = np.zeros((2, 4, 9))
        NumpyBackend("float64").gather(CodedRows(codes, rows, table), index, out)()
        np.testing.assert_array_equal(numbers[index], out)
        coded = CodedRows(codes, rows, table).as_array_type()
        some = rows_at(coded, index[0])
        assert isinstance(some, CodedRows)
        np.testing.assert_array_equal(numbers[index[0]], some.copy())
