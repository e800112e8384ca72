"""`model.clamp_outputs` and neural-tangent layers through the commands: predictions in range, runs that go on."""

import csv
import io
from pathlib import Path

import pytest

from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SPEC = """
experiment: line
data: {source: rows.csv, validation: 0.2}
model: {hidden: [8, 6], activation: parametric_mish, parametric: 0, clamp_outputs: true}
optimizer: {name: adamw, learning_rate: 0.05}
training: {epochs: 4, batch_size: 16}
backend: {threads: 1}
""".replace("parametric: 0", "parametrization: neural_tangent")
LEAST, LARGEST = 0.5, 177.5  # of all targets, all of which train but a fifth


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{k},{3 * k + 0.5}\n" for k in range(60)))
    (tmp_path / "far.csv").write_text("x\n-5000\n5000\n30\n")
    (tmp_path / "line.yaml").write_text(SPEC)
    return tmp_path


def train(folder: Path, *changes: str) -> None:
    done = inside(folder, "train", "line.yaml", "--quiet", *changes)
    assert 0 == done.code, done.err


def predicted(folder: Path, run: str, *options: str) -> list[dict[str, float]]:
    done = inside(folder, "predict", run, "far.csv", *options)
    assert 0 == done.code, done.err
    rows = csv.DictReader(io.StringIO(done.out))
    return [{key: float(value) for key, value in row.items()} for row in rows]


@pytest.mark.parametrize("changes", [(), ("training.ensemble=3",), ("data.folds=3", "data.validation=null")])
def test_rows_far_away_are_predicted_within_the_range_of_the_targets(folder: Path, changes: tuple) -> None:
    for name, clamp in (("clamped", "true"), ("free", "false")):
        train(folder, *changes, f"experiment={name}", f"model.clamp_outputs={clamp}")
    clamped, free = ([row["y"] for row in predicted(folder, f"runs/{name}")] for name in ("clamped", "free"))
    assert all(LEAST - 1e-3 <= value <= LARGEST + 1e-3 for value in clamped)
    assert any(abs(value) > 10 * LARGEST for value in free[:2])
    assert clamped[2] == free[2]  # the same weights, to the bit


def test_quantiles_stay_within_the_range_too(folder: Path) -> None:
    train(folder, "loss=pinball")
    for row in predicted(folder, "runs/line", "--interval", "0.9"):
        assert all(LEAST - 1e-3 <= value <= LARGEST + 1e-3 for value in row.values())


def test_a_run_that_goes_on_ends_as_one_that_never_stopped(folder: Path) -> None:
    train(folder, "training.ensemble=2")
    assert 0 == inside(folder, "resume", "runs/line", "training.epochs=9", "--quiet").code
    train(folder, "training.ensemble=2", "training.epochs=9", "experiment=whole")
    models = [(folder / f"runs/{name}/model.safetensors").read_bytes() for name in ("line", "whole")]
    assert models[0] == models[1]


def test_a_class_is_no_number(folder: Path) -> None:
    done = inside(folder, "train", "line.yaml", "data.source=builtin:iris")
    assert 2 == done.code
    assert "model.clamp_outputs: true is for numbers, here are classes" in done.err
    assert 1 == len(done.err.strip().splitlines())
