"""The default batch: 64 rows, or all of them where there are fewer; the files of a run say which it was."""

from pathlib import Path

import numpy as np
import pytest

import nettrain
from nettrain.experiment.load import load
from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

X = np.random.default_rng(0).normal(size=(200, 2))
Y = X[:, 0] - X[:, 1]
NOTE = "a batch is all {} training rows, since there are fewer than 64 (batch_size: auto)"
KEYS = {"data": {"validation": 0, "test": 0}, "training": {"epochs": 3}}


def trained(rows: int, *overrides: str, **keys: object) -> nettrain.Run:
    return nettrain.train(KEYS | keys, *overrides, data={"a": X[:rows, 0], "b": X[:rows, 1], "y": Y[:rows]})


def written(run: nettrain.Run) -> object:
    return run.experiment["training"]["batch_size"]


@pytest.mark.parametrize(
    ("rows", "size", "steps"), [(2, "full", 3), (63, "full", 3), (64, 64, 3), (65, 64, 6), (200, 64, 12)]
)
def test_the_default_is_64_rows_or_all_of_fewer(rows: int, size: object, steps: int) -> None:
    run = trained(rows)
    assert (written(run), run.summary["timing"]["steps"]) == (size, steps)
    assert (NOTE.format(rows) in run.notes) == (size == "full")
    same = trained(rows, f"training.batch_size={size}")
    assert [note for note in same.notes if "a batch is all" in note] == []
    np.testing.assert_array_equal(same.trained.parameters, run.trained.parameters)


def test_a_batch_that_was_written_and_is_larger_than_the_rows_is_refused() -> None:
    with pytest.raises(nettrain.DataError, match="64 is more than the 63 training rows; write full"):
        trained(63, "training.batch_size=64")


def test_members_share_the_default() -> None:
    run = trained(40, "training.repeat=3")
    assert (written(run), NOTE.format(40) in run.notes) == ("full", True)
    alone = trained(40)
    np.testing.assert_array_equal(run.trained.parameters[0], alone.trained.parameters[0])


def test_lbfgs_takes_all_rows_without_being_asked_to() -> None:
    run = trained(200, "optimizer=lbfgs", "backend.dtype=float64")
    assert (written(run), [note for note in run.notes if "a batch is all" in note]) == ("full", [])


def table(folder: Path, rows: int) -> None:
    lines = [
        "a,b,y",
        *(f"{a!r},{b!r},{y!r}" for a, b, y in zip(*X[:rows].T.tolist(), Y[:rows].tolist(), strict=True)),
    ]
    (folder / "d.csv").write_text("\n".join(lines) + "\n")


def test_the_files_of_a_run_name_the_batch_and_resume_goes_on_with_it(tmp_path: Path) -> None:
    table(tmp_path, 50)
    (tmp_path / "e.yaml").write_text("experiment: e\ndata: {source: d.csv}\ntraining: {epochs: 3}\n")
    done = inside(tmp_path, "train", "e.yaml")
    assert NOTE.format(42) in " ".join(done.out.split())
    assert load(tmp_path / "runs/e/config.yaml").experiment.training.batch_size == "full"
    assert inside(tmp_path, "resume", "runs/e", "training.epochs=5").code == 0
    assert inside(tmp_path, "train", "runs/e/config.yaml", "training.epochs=5", "--out", "again").code == 0
    models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("runs/e", "again/e")]
    assert models[0] == models[1]


def test_trials_of_a_sweep_take_the_default_too(tmp_path: Path) -> None:
    table(tmp_path, 50)
    text = (
        "experiment: e\ndata: {source: d.csv}\ntraining: {epochs: 2}\n"
        "sweep:\n  method: grid\n  parameters: {optimizer.learning_rate: {values: [0.1, 0.01]}}\n"
    )
    (tmp_path / "e.yaml").write_text(text)
    done = inside(tmp_path, "sweep", "e.yaml")
    assert (done.code, done.err) == (0, done.err)
    assert "a batch is all 42 training rows" in " ".join(done.out.split())
    assert inside(tmp_path, "train", "sweeps/e/best.yaml").code == 0
