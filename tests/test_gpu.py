"""On a device: the same commands end where they end on NumPy."""

import csv
import io
import json
import re

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file

from nettrain.backend.choose import open_backend
from nettrain.backend.device import find_device
from nettrain.errors import BackendError
from nettrain.training.rows import double_buffer as ring
from tests.cli.command import CONFIGS, inside


def answers():
    """Whether there is a GPU to run on."""
    try:
        find_device()
    except BackendError:
        return False
    return True


WHY_NOT = "no GPU answers (nettrain info says why)"
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not answers(), reason=WHY_NOT)]
IRIS, SWEEP = CONFIGS / "iris.yaml", CONFIGS / "sweep_digits.yaml"
EXACT = ("backend.dtype=float64", "backend.threads=1")


def trained(folder, backend, *overrides):
    """The run folder of iris trained on a backend in float64."""
    done = inside(folder, "train", IRIS, "--backend", backend, "--no-figures", *EXACT, *overrides)
    assert 0 == done.code, done.err
    return folder / "runs" / "iris"


def weights(run):
    """All arrays of a run's model."""
    return load_file(run / "model.safetensors")


def close(one, other, tolerance=1e-10):
    """Two sets of arrays with the same names, equal relative to the largest number of each."""
    assert set(one) == set(other)
    for name, array in one.items():
        largest = np.abs(array).max(initial=0.0) or 1.0
        assert np.abs(array - other[name]).max(initial=0.0) <= tolerance * largest, name


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run of iris on NumPy and on CuPy."""
    folders = [tmp_path_factory.mktemp(name) for name in ("numpy", "cupy")]
    return [trained(folder, folder.name[:-1], "training.epochs=15") for folder in folders]


def test_a_run_ends_with_the_weights_of_numpy(runs):
    close(*map(weights, runs))


def test_its_folder_says_where_it_was_trained(runs):
    place = yaml.safe_load((runs[1] / "config.yaml").read_text())["backend"]
    environment = json.loads((runs[1] / "summary.json").read_text())["environment"]
    gpu = json.loads(inside(runs[1], "info", "--json").out)["gpus"][0]
    assert ("cupy", "cupy", gpu["name"]) == (place["name"], environment["backend"], environment["device"])


def test_figures_are_those_of_numpy(runs):
    one, other = (json.loads((run / "summary.json").read_text())["metrics"] for run in runs)
    for part, figures in one.items():
        for name, value in figures.items():
            assert other[part][name] == pytest.approx(value, rel=1e-9, abs=1e-12), (part, name)


@pytest.mark.parametrize(("first", "then"), [("cupy", "numpy"), ("numpy", "cupy"), ("cupy", "cupy")])
def test_a_run_goes_on_on_another_backend(runs, tmp_path, first, then):
    run = trained(tmp_path, first, "training.epochs=7")
    done = inside(tmp_path, "resume", run, "training.epochs=15", "--backend", then, "--no-figures", "--quiet")
    assert (0, "") == (done.code, done.err)
    close(weights(runs[0]), weights(run))


def test_members_of_a_population_end_as_on_numpy(tmp_path):
    ends = []
    for backend in ("numpy", "cupy"):
        (tmp_path / backend).mkdir()
        run = trained(tmp_path / backend, backend, "training.ensemble=5", "training.epochs=5")
        ends.append(weights(run))
    close(*ends)


def test_a_trained_run_predicts_the_same(runs):
    tables = []
    for backend in ("numpy", "cupy"):
        done = inside(runs[1], "predict", ".", "builtin:iris", "--backend", backend)
        assert (0, "") == (done.code, done.err)
        tables.append(list(csv.reader(io.StringIO(done.out))))
    assert [row[0] for row in tables[0]] == [row[0] for row in tables[1]]
    one, other = ([list(map(float, row[1:])) for row in table[1:]] for table in tables)
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_gradients_are_right(tmp_path):
    done = inside(tmp_path, "gradcheck", IRIS, "--backend", "cupy", "--samples", "20", "--json")
    assert (0, True) == (done.code, json.loads(done.out)["passed"])


def test_a_sweep_finds_the_same_best(tmp_path):
    best = []
    for backend in ("numpy", "cupy"):
        options = ("--backend", backend, "--trials", "6", "--out", backend, "--quiet", "--json")
        done = inside(tmp_path, "sweep", SWEEP, "training.epochs=2", "backend.dtype=float64", *options)
        assert 0 == done.code, done.err
        best.append(json.loads(done.out)["best"])
    assert best[0]["trial"] == best[1]["trial"]
    for name, value in best[0]["metrics"].items():
        assert best[1]["metrics"][name] == pytest.approx(value, rel=1e-8), name


def test_what_does_not_fit_says_what_was_asked_for_and_what_to_lower(tmp_path):
    done = inside(tmp_path, "train", IRIS, "--backend", "cupy", "model.hidden=[100000, 100000]")
    found = r"backend\.device 0: \d.* asked for, .* of .* free; lower training\.batch_size \(16\)\n"
    assert (4, True) == (done.code, bool(re.search(found, done.err))), done.err


STAY = "stay in host memory: they stream to the device"
STREAMED = {
    "one order": ["training.ensemble=3", "training.vary=weights", "model.dropout=0.2"],
    "own orders": ["training.ensemble=3", "training.batch_size=20"],
    "batches of one row": ["training.batch_size=1"],
    "replacement": ["training.sampling=replacement", "model.batch_norm=true"],
    "best weights": ["training.early_stopping={patience: 1, min_delta: 0.3}"],
}


@pytest.mark.parametrize("setting", STREAMED)
def test_rows_that_stream_train_what_rows_on_the_device_train(setting, tmp_path, monkeypatch):
    choice = ["data.source=builtin:optdigits", "training.epochs=2", *EXACT, *STREAMED[setting]]
    command = ("train", IRIS, "--backend", "cupy", "--no-figures", *choice)
    there = inside(tmp_path, *command, "--out", "there")
    monkeypatch.setattr("nettrain.backend.cupy.free_bytes", lambda number: 0)
    monkeypatch.setattr(ring, "BLOCK_BYTES", 200_000)  # of the 2 MB that the training rows take
    streamed = inside(tmp_path, *command, "--out", "streamed")
    assert (0, 0) == (there.code, streamed.code), there.err + streamed.err
    assert (0, 3) == (there.out.count(STAY), streamed.out.count(STAY))
    close(weights(tmp_path / "there" / "iris"), weights(tmp_path / "streamed" / "iris"), 1e-12)


def test_rows_for_which_there_is_no_room_stream(tmp_path, monkeypatch):
    import cupy

    rng = np.random.default_rng(0)
    x = rng.normal(size=(60_000, 200)).astype(np.float32)
    np.savez(tmp_path / "rows.npz", x=x, y=(x[:, 0] > 0).astype(np.int64))
    open_backend("cupy", dtype="float32", threads=1)  # what it takes once and for all is not the run's
    monkeypatch.setattr(ring, "BLOCK_BYTES", 1 << 20)
    pool = cupy.get_default_memory_pool()
    choice = ["data.source=rows.npz", "model.hidden=[16]", "training.batch_size=500"]
    try:
        pool.set_limit(pool.used_bytes() + 30_000_000)  # the training rows alone are 33 MB
        done = inside(tmp_path, "train", IRIS, "--backend", "cupy", "--no-figures", *choice)
    finally:
        pool.set_limit(0)
    assert (0, 1) == (done.code, done.out.count(STAY)), done.err
    assert "the training rows, " in done.out
