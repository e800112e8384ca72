"""Where a command computes: --backend and --device, what `auto` says, and what is said where there is no GPU."""

import json
import sys

import pytest
import yaml
from safetensors.numpy import load_file

from nettrain.backend.choose import PREFERRED
from nettrain.training.rows import double_buffer as ring
from tests.cli.command import CONFIGS, inside
from tests.fake_cupy import on_host
from tests.fake_cupy.backend import FakeCupyBackend
from tests.fake_cupy.module import in_place_of_cupy

pytestmark = pytest.mark.usefixtures("without_drawing")

INSTALL = "pip install 'nettrain[cuda13]', or 'nettrain[cuda12]' for a driver before 580"
NO_CUPY = f"backend.name: cupy is not installed: {INSTALL}"
IRIS = CONFIGS / "iris.yaml"


@pytest.fixture(autouse=True)
def without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.delenv(PREFERRED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run of iris."""
    made = tmp_path_factory.mktemp("places")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", None)
        patch.delenv(PREFERRED)
        trained = inside(made, "train", IRIS, "training.epochs=2", "--no-figures")
    assert 0 == trained.code
    (made / "said").write_text(trained.out)
    return made


@pytest.fixture
def of_cupy(folder):
    """The run, as if CuPy had trained it."""
    config = folder / "runs" / "iris" / "config.yaml"
    before = config.read_text()
    config.write_text(before.replace("name: numpy", "name: cupy"))
    yield folder
    config.write_text(before)


def test_auto_says_what_it_takes_and_why(folder):
    assert "backend  numpy float32, 1 thread (auto: cupy is not installed)" in (folder / "said").read_text()


def test_a_backend_that_is_named_needs_no_reason(tmp_path):
    done = inside(tmp_path, "train", IRIS, "--backend", "numpy", "training.epochs=1", "--no-figures")
    assert ("backend  numpy float32, 1 thread", False) == (
        next(line.rstrip() for line in done.out.splitlines() if line.startswith("backend")),
        "auto" in done.out,
    )


def test_the_config_of_a_run_names_its_backend(folder):
    place = yaml.safe_load((folder / "runs" / "iris" / "config.yaml").read_text())["backend"]
    assert {"name": "numpy", "dtype": "float32", "threads": 1, "device": 0, "tf32": False} == place


COMMANDS = [
    ("train", IRIS),
    ("resume", "runs/iris", "training.epochs=4"),
    ("compare", IRIS, "--vary", "optimizer=sgd,adam"),
    ("sweep", CONFIGS / "sweep_digits.yaml"),
    ("gradcheck", IRIS),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_cupy_that_is_not_there_is_one_line(folder, command):
    done = inside(folder, *command, "--backend", "cupy")
    assert (4, "", f'override "backend.name=cupy": {NO_CUPY}\n') == (done.code, done.out, done.err)


@pytest.mark.parametrize("command", [("evaluate", "runs/iris"), ("predict", "runs/iris", "builtin:iris")])
def test_a_trained_run_is_asked_on_no_backend_that_is_not_there(folder, command):
    done = inside(folder, *command, "--backend", "cupy")
    assert (4, "", f"{NO_CUPY}\n") == (done.code, done.out, done.err)
    done = inside(folder, *command, "--backend", "cuda")
    expected = '--backend: unknown "cuda" (allowed: auto, numpy, cupy)\n'
    assert (2, "", expected) == (done.code, done.out, done.err)


def test_a_file_that_names_cupy_is_told_where(tmp_path):
    (tmp_path / "f.yaml").write_text("data: {source: builtin:iris}\nbackend:\n  name: cupy\n")
    done = inside(tmp_path, "train", "f.yaml")
    assert (4, "", f"f.yaml:3: {NO_CUPY}\n") == (done.code, done.out, done.err)
    assert not (tmp_path / "runs").exists()


def test_numpy_answers_for_a_run_of_cupy_and_says_so(of_cupy):
    own = inside(of_cupy, "predict", "runs/iris", "builtin:iris", "--backend", "numpy")
    done = inside(of_cupy, "predict", "runs/iris", "builtin:iris")
    said = f"numpy computes in place of cupy, which trained it: cupy is not installed: {INSTALL}\n"
    assert (0, "", said) == (own.code, own.err, done.err)
    assert own.out == done.out


def test_a_run_of_cupy_goes_on_under_numpy_alone_when_told(of_cupy):
    done = inside(of_cupy, "resume", "runs/iris", "training.epochs=3")
    lines = (of_cupy / "runs" / "iris" / "config.yaml").read_text().splitlines()
    place = next(number for number, line in enumerate(lines, start=1) if line.startswith("backend:"))
    way_out = "nettrain resume runs/iris --backend numpy goes on without"
    expected = f"runs/iris/config.yaml:{place}: {NO_CUPY}; {way_out}\n"
    assert (4, "", expected) == (done.code, done.out, done.err)
    done = inside(of_cupy, "resume", "runs/iris", "training.epochs=3", "--backend", "numpy", "--no-figures")
    assert (0, True) == (done.code, "goes on after epoch 2" in done.out)


@pytest.mark.skipif(on_host.COMPILER is None, reason="no g++")
def test_a_run_goes_on_on_the_other_backend_and_back(tmp_path):
    """The CuPy backend itself on the fake CuPy: its kernels are compiled for the host."""
    exact = ("backend.dtype=float64", "backend.threads=1", "--no-figures")
    assert 0 == inside(tmp_path, "train", IRIS, "training.epochs=12", "experiment=whole", *exact).code
    assert 0 == inside(tmp_path, "train", IRIS, "training.epochs=5", *exact).code
    with in_place_of_cupy():
        there = ("resume", "runs/iris", "training.epochs=9", "--backend", "cupy", "--no-figures")
        done = inside(tmp_path, *there)
    assert (0, True) == (done.code, 'backend.name: "numpy" → "cupy"' in done.out), done.err
    back = ("resume", "runs/iris", "training.epochs=12", "--backend", "numpy", "--no-figures")
    assert 0 == inside(tmp_path, *back).code
    whole, moved = (load_file(tmp_path / "runs" / name / "model.safetensors") for name in ("whole", "iris"))
    for name, array in whole.items():
        assert array == pytest.approx(moved[name], rel=1e-10, abs=1e-12), name


def test_gradcheck_is_numpys_unless_told(tmp_path):
    (tmp_path / "f.yaml").write_text(
        "data: {source: builtin:iris}\nmodel: {hidden: [3]}\nbackend: {name: cupy, tf32: true}\n"
    )
    done = inside(tmp_path, "gradcheck", "f.yaml", "--samples", "3", "--json")
    assert (0, True) == (done.code, json.loads(done.out)["passed"])


def test_info_tells_all_where_the_environment_prefers_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv(PREFERRED, "cupy")
    words = " ".join(inside(tmp_path, "info").out.split())
    assert "backend cupy (auto: NETTRAIN_AUTO=cupy)" in words
    assert f"gpu none: cupy is not installed: {INSTALL}" in words


def test_info_says_why_there_is_no_gpu(tmp_path):
    facts = json.loads(inside(tmp_path, "info", "--json").out)
    assert ("numpy", [], f"cupy is not installed: {INSTALL}") == (
        facts["backend"],
        facts["gpus"],
        facts["no_gpu"],
    )
    words = " ".join(inside(tmp_path, "info").out.split())
    assert f"gpu none: cupy is not installed: {INSTALL}" in words
    assert "backend numpy (auto: cupy is not installed)" in words


def test_rows_that_stay_in_host_memory_are_told_of_once(tmp_path, monkeypatch):
    def opened(name, *, dtype, threads, **_):
        return FakeCupyBackend(dtype, threads, room=0)

    monkeypatch.setattr("nettrain.experiment.named_backend.open_backend", opened)
    monkeypatch.setattr(ring, "BLOCK_BYTES", 512)
    done = inside(tmp_path, "train", IRIS, "--no-figures", "training.epochs=2")
    assert (0, 1) == (done.code, done.out.count("the training rows, ")), done.err
    assert 3 == done.out.count("stay in host memory: they stream to the device")
    resumed = inside(tmp_path, "resume", "runs/iris", "training.epochs=3", "--no-figures")
    assert (0, 3) == (resumed.code, resumed.out.count("stay in host memory"))
