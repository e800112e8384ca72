"""Factors of scheduled numbers in histories, in steps and in pictures: the file, in memory and read back."""

import math

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.output.figures.curves import _rates
from nettrain.store.history import read_history_rows
from tests.cli.command import CONFIGS, inside

IRIS = CONFIGS / "iris.yaml"
FEW = (
    *("training.epochs=6", "training.early_stopping=null", "backend.threads=1", "training.history=step"),
    *("model.dropout=0.3", "model.dropout_schedule=flat_cos", "schedule=constant"),
    *("training.weight_decay=0.1", "training.weight_decay_schedule={name: linear, end: 0.4}"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    """A run folder of the command."""
    where = tmp_path_factory.mktemp("scheduled")
    assert inside(where, "train", IRIS, *FEW, "--no-figures").code == 0
    return where / "runs" / "iris"


def flat_cos(t: np.ndarray) -> np.ndarray:
    return np.where(t < 0.5, 1.0, 0.5 * (1 + np.cos(math.pi * (2 * t - 1))))


def test_steps_have_the_factors_of_the_formulas(folder):
    steps = pl.read_csv(folder / "steps.csv")
    columns = ["epoch", "step", "learning_rate", "dropout_factor", "weight_decay_factor", "batch_loss"]
    assert steps.columns == columns
    t = (steps["step"].to_numpy() - 1) / len(steps)
    np.testing.assert_allclose(steps["dropout_factor"], flat_cos(t), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(steps["weight_decay_factor"], 1 - 0.6 * t, rtol=1e-12)


def test_a_history_has_those_of_the_last_step_of_each_epoch(folder):
    steps, history = (pl.read_csv(folder / f"{name}.csv") for name in ("steps", "history"))
    last = steps.group_by("epoch", maintain_order=True).last()
    for name in ("dropout_factor", "weight_decay_factor"):
        assert history[name].to_list() == [None, *last[name].to_list()]


def test_frames_in_memory_and_read_back_are_those_of_the_files(folder):
    run, back = nettrain.train(IRIS, *FEW), nettrain.open_run(folder)
    history = pl.read_csv(folder / "history.csv").with_columns(pl.col("better") == 1)
    for frame in (run.history, back.history):
        assert frame.columns == history.columns
        assert frame.equals(history)
    assert run.steps.equals(pl.read_csv(folder / "steps.csv"))
    assert back.steps.equals(run.steps)


def test_a_saved_and_a_resumed_run_keep_them(folder, tmp_path):
    saved = nettrain.open_run(folder).save(tmp_path / "saved")
    for name in ("history.csv", "steps.csv"):
        assert (saved / name).read_bytes() == (folder / name).read_bytes()
    keep = "model.dropout_schedule.duration", "training.weight_decay_schedule.duration"
    steps = len(pl.read_csv(folder / "steps.csv"))
    more = [f"{key}={steps}" for key in keep]
    assert inside(saved, "resume", ".", "training.epochs=8", *more, "--no-figures").code == 0
    history = pl.read_csv(saved / "history.csv")
    assert history["dropout_factor"].to_list()[-2:] == [0.0, 0.0]
    assert history["weight_decay_factor"].to_list()[-2:] == pytest.approx([0.4, 0.4])


def test_without_schedules_there_are_no_such_columns():
    run = nettrain.train(IRIS, "training.epochs=2", "training.history=step")
    assert not [name for name in (*run.history.columns, *run.steps.columns) if "factor" in name]


def test_a_picture_has_a_panel_for_each_factor_that_changes(folder):
    rows = read_history_rows(folder / "history.csv")
    assert list(_rates(rows)) == ["dropout ×", "weight decay ×"]
    same = [row | ({"weight_decay_factor": row["dropout_factor"]} if row["epoch"] else {}) for row in rows]
    assert list(_rates(same)) == ["dropout ×,\nweight decay ×"]
    constant = [{**row, "dropout_factor": 1.0, "learning_rate": row["epoch"]} for row in rows]
    assert list(_rates(constant)) == ["learning rate", "weight decay ×"]
