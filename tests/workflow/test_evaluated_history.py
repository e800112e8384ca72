"""The history of evaluated rows: what `evaluate` says of them, in frames and files, resumed anywhere."""

import math

import polars as pl
import pytest

import nettrain
from nettrain.workflow.history import read_history

pytestmark = pytest.mark.usefixtures("step_by_step")

SPEC = {
    "experiment": "small",
    "data": {"source": "builtin:iris", "test": 0.2},
    "model": {"hidden": [8], "dropout": 0.3, "batch_norm": True},
    "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
    "training": {"epochs": 5, "batch_size": 16, "evaluate_every": 0.5, "checkpoint": {"seconds": 0}},
    "backend": {"threads": 1},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nettrain.train(SPEC, folder=tmp_path_factory.mktemp("runs") / "whole")


def test_the_last_figures_are_those_that_evaluate_finds(run):
    for split, prefix in {"train": "train", "validation": "val"}.items():
        report = run.evaluate(split=split)
        for name in ("loss", "accuracy"):
            assert run.history[f"{prefix}_{name}"][-1] == pytest.approx(report.metrics[name], rel=1e-5)
    assert run.metrics["train"]["loss"] == pytest.approx(run.history["train_loss"][-1], rel=1e-5)


def test_classes_weigh_in_steps_but_in_no_figure():
    data = {"source": "builtin:iris", "validation": 0, "class_weights": {"Iris-setosa": 9}}
    run = nettrain.train({"data": data, "training": {"epochs": 4}})
    loss = run.metrics["train"]["loss"]
    assert run.evaluate(split="train").metrics["loss"] == pytest.approx(loss, rel=1e-6)
    assert nettrain.loss_landscape(run, resolution=3, path=False).loss == pytest.approx(loss, rel=1e-6)
    # three classes with the same number of rows each, of which a constant gets one right
    assert run.baseline["train"] == pytest.approx(
        run.baseline["train"] | {"accuracy": 1 / 3, "loss": math.log(3)}
    )


def test_parts_of_an_epoch_have_rows_and_the_first_is_epoch_0(run):
    history = run.history
    assert history["epoch"].to_list() == [k / 2 for k in range(11)]
    assert history["step"].to_list() == [0, *(7 * (k // 2) + (4 if k % 2 else 0) for k in range(1, 11))]
    assert history["running_loss"].to_list()[0] is history["learning_rate"].to_list()[0] is None
    assert not history["better"][0]
    assert pl.read_csv(run.folder / "timing.csv")["epoch"].to_list() == [k / 2 for k in range(1, 11)]


def test_frames_of_files_and_of_memory_are_the_same(run, tmp_path):
    memory = nettrain.train(SPEC)
    assert memory.history.equals(run.history)
    assert nettrain.open_run(run.folder).history.equals(run.history)
    assert nettrain.open_run(memory.save(tmp_path / "saved")).history.equals(run.history)
    whole = nettrain.train(SPEC, "training.evaluate_every=1").history
    assert whole["epoch"].dtype == pl.Int64
    assert whole.select("epoch", "val_loss", "train_loss").rows() == (
        run.history.filter(pl.col("epoch") == pl.col("epoch").floor())
        .select(pl.col("epoch").cast(pl.Int64), "val_loss", "train_loss")
        .rows()
    )


@pytest.mark.parametrize("steps", [1, 4, 5, 7, 17, 18])
def test_a_run_stopped_after_any_step_has_the_same_files_in_the_end(run, steps, tmp_path):
    count = iter(range(1, 1000))
    stopped = nettrain.train(SPEC, folder=tmp_path / "cut", stop=lambda: next(count) == steps)
    assert stopped.status == "interrupted"
    resumed = nettrain.resume(stopped)
    for name in ("history.csv", "model.safetensors"):
        assert (resumed.folder / name).read_bytes() == (run.folder / name).read_bytes()
    assert pl.read_csv(resumed.folder / "timing.csv")["epoch"].to_list() == [k / 2 for k in range(1, 11)]


def test_a_run_without_a_checkpoint_begins_its_history_anew(run, tmp_path):
    count = iter(range(1, 1000))
    stopped = nettrain.train(SPEC, folder=tmp_path / "cut", stop=lambda: next(count) == 9)
    (stopped.folder / "checkpoint.safetensors").unlink()
    (stopped.folder / "summary.json").unlink()
    assert (nettrain.resume(stopped.folder).folder / "history.csv").read_bytes() == (
        run.folder / "history.csv"
    ).read_bytes()


def test_the_best_epoch_starts_anew_where_other_rows_decide_it(tmp_path):
    """Without validation rows it was the lowest running loss, which no train_loss can be compared with."""
    data = {"source": "builtin:iris", "validation": 0}
    training = {"epochs": 4, "evaluate_train": "none"}
    still = {"data": data, "training": training, "optimizer": {"name": "sgd", "learning_rate": 1e-9}}
    nettrain.train(still, folder=tmp_path / "run")
    longer = nettrain.resume(tmp_path / "run", "training.epochs=6", "training.evaluate_train=9")
    assert longer.history.filter(pl.col("epoch") > 4)["better"].to_list()[0]
    assert longer.best_epoch > 4


def test_the_events_begin_with_epoch_0():
    epochs = []

    def on_event(event):
        if isinstance(event, nettrain.EpochDone):
            epochs.append((event.epoch, event.seconds > 0))

    nettrain.train(SPEC, "training.epochs=1", on_event=on_event)
    assert epochs == [(0, False), (0.5, True), (1, True)]


def test_members_with_the_same_rows_evaluate_the_same_sample():
    run = nettrain.train(SPEC, "training.repeat=3", "training.evaluate_train=20", "training.epochs=1")
    alone = nettrain.train(SPEC, "seed=2", "data.seed=0", "training.evaluate_train=20", "training.epochs=1")
    third = run.history.filter(pl.col("member") == 2).drop("member")
    assert third["train_loss"].to_list() == alone.history["train_loss"].to_list()
    assert math.isfinite(third["train_accuracy"][0])


def test_a_history_of_an_earlier_version_keeps_its_meaning(tmp_path):
    file = tmp_path / "history.csv"
    file.write_text("epoch,step,learning_rate,train_loss,objective,val_loss,better\n1,7,0.1,0.9,1.0,0.5,1\n")
    assert read_history(file).columns == [
        *("epoch", "step", "learning_rate", "running_loss", "objective", "val_loss", "better")
    ]
