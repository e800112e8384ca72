"""`nettrain export --mlflow`: runs and sweeps in a store, read by MLflow's own client."""

import csv
import json
import os
import re
import shutil
from pathlib import Path

import pytest

import nettrain
from nettrain.export.mlflow_store import TrackingStore
from tests.cli.command import inside
from tests.export.event_checks import TAGS, summary
from tests.export.test_tensorboard_export import KEYS, SWEEP, rows
from tests.export.test_tensorboard_training import SPEC, Stop

pytest.importorskip("mlflow", reason="MLflow's client is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of MLflow


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run, an ensemble, a cross-validation and a sweep."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "iris.yaml").write_text(SPEC)
    (folder / "sw.yaml").write_text(SPEC.replace("iris\n", "sw\n", 1) + SWEEP)
    for command in (
        "train iris.yaml --no-figures training.history=step training.diagnostics=true",
        "train iris.yaml --no-figures experiment=ensemble training.ensemble=2",
        "train iris.yaml --no-figures experiment=folds --folds 2",
        "sweep sw.yaml --jobs 1",
    ):
        done = inside(folder, *command.split(), "--quiet")
        assert (0, "") == (done.code, done.err)
    return folder


def exported(folder: Path, run: str, store: Path):
    """The run at the top, and those below it by their names."""
    from mlflow.tracking import MlflowClient

    done = inside(folder, "export", run, "--mlflow", store, "--json")
    assert (0, "") == (done.code, done.err)
    answer = json.loads(done.out)
    client = MlflowClient(tracking_uri=answer["store"])
    top = client.get_run(answer["run_id"])
    everything = client.search_runs([top.info.experiment_id])
    below = [one for one in everything if one.data.tags.get("mlflow.parentRunId") == top.info.run_id]
    assert answer["experiment"] == client.get_experiment(top.info.experiment_id).name
    return client, top, {one.info.run_name: one for one in below}


def table(path: Path, key: str = "epoch") -> dict[str, dict[int, float]]:
    with path.open() as file:
        read = list(csv.DictReader(file))
    return {name: {int(row[key]): float(row[name]) for row in read if row[name]} for name in read[0]}


def curve(client, run, name: str) -> dict[int, float]:
    points = client.get_metric_history(run.info.run_id, name)
    assert len({one.step for one in points}) == len(points)
    return {one.step: one.value for one in points}


def test_a_run_has_settings_figures_with_steps_and_times_and_its_files(trained, tmp_path):
    client, run, below = exported(trained, "runs/iris", tmp_path)
    folder, ended = trained / "runs" / "iris", summary(trained / "runs" / "iris")
    assert ("iris", "FINISHED", {}) == (run.info.run_name, run.info.status, below)
    history = table(folder / "history.csv")
    for name, tag in TAGS.items():
        assert history[name] == curve(client, run, tag), "with all digits"
    assert table(folder / "steps.csv", "step")["batch_loss"] == curve(client, run, "batch/loss")
    assert {0, 1, 2, 3, 4, 5, 6} == set(curve(client, run, "gradient_norm/hidden 1"))
    assert ended["metrics"]["test"]["accuracy"] == run.data.metrics["final/test_accuracy"]
    assert ("32", "[8]", "adam", "0.001") == tuple(
        run.data.params[key]
        for key in ("training.batch_size", "model.hidden", "optimizer.name", "optimizer.learning_rate")
    )
    assert ("finished", "epochs", str(folder)) == tuple(
        run.data.tags[key] for key in ("status", "stop_reason", "nettrain.folder")
    )
    times = [one.timestamp for one in client.get_metric_history(run.info.run_id, "loss/train")]
    assert sorted(times) == times
    assert run.info.start_time <= times[0] <= times[-1] <= run.info.end_time
    assert run.info.end_time == pytest.approx(1000 * (folder / "history.csv").stat().st_mtime, abs=1)


def test_what_lies_in_the_store_predicts(trained, tmp_path):
    client, run, _ = exported(trained, "runs/iris", tmp_path / "store")
    copy = Path(client.download_artifacts(run.info.run_id, "run", str(tmp_path)))
    names = {path.name for path in copy.iterdir()}
    assert {"config.yaml", "model.safetensors", "preprocessing.json", "summary.json", "history.csv"} <= names
    assert "checkpoint.safetensors" not in names
    rows_of = "runs/iris", str(copy)
    first, second = (nettrain.open_run(trained / one).predict() for one in rows_of)
    assert first.tolist() == second.tolist()


def test_what_was_written_is_told(trained, tmp_path):
    done = inside(trained, "export", "runs/iris", "--mlflow", tmp_path / "told")
    assert (0, "") == (done.code, done.out)
    assert re.fullmatch(rf"wrote .* to {tmp_path}/told\n", done.err)


def test_members_lie_below_their_run(trained, tmp_path):
    client, run, below = exported(trained, "runs/ensemble", tmp_path)
    ended = summary(trained / "runs" / "ensemble")
    assert {"member-0", "member-1"} == set(below)
    with (trained / "runs" / "ensemble" / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    for member in (0, 1):
        own = below[f"member-{member}"]
        losses = {
            int(row["epoch"]): float(row["val_loss"]) for row in history if row["member"] == str(member)
        }
        assert losses == curve(client, own, "loss/validation")
        metrics = ended["members"][member]["metrics"]
        assert metrics["val"]["accuracy"] == own.data.metrics["final/val_accuracy"]
        assert (str(member), "FINISHED") == (own.data.params["seed"], own.info.status)
    assert ended["metrics"]["test"]["accuracy"] == run.data.metrics["final/test_accuracy"], "of the mean"


@pytest.mark.parametrize("run", ["ensemble", "folds"])
def test_what_was_killed_has_its_course_alone(trained, tmp_path, run):
    copy = Path(shutil.copytree(trained / "runs" / run, tmp_path / run))
    for path in copy.rglob("summary.json"):
        path.unlink()
    client, whole, below = exported(tmp_path, run, tmp_path / "store")
    assert {"RUNNING"} == {one.info.status for one in (whole, *below.values())}
    for own in below.values():
        assert 7 == len(curve(client, own, "loss/validation"))
        assert not [name for name in own.data.metrics if name.startswith("final/")]


def test_folds_lie_below_their_run(trained, tmp_path):
    client, run, below = exported(trained, "runs/folds", tmp_path)
    ended = summary(trained / "runs" / "folds")
    assert ended["out_of_fold"]["accuracy"] == run.data.metrics["final/out_of_fold_accuracy"]
    for fold in ("1", "2"):
        own = below[f"fold-{fold}"]
        history = table(trained / "runs" / "folds" / "folds" / fold / "history.csv")
        assert history["val_loss"] == curve(client, own, "loss/validation")
        assert fold == own.data.params["data.folds.take"]
    assert {"folds.csv", "out_of_fold.parquet"} < {
        Path(one.path).name for one in client.list_artifacts(run.info.run_id, "run")
    }


def test_a_sweep_is_a_run_with_its_trials_below(trained, tmp_path):
    client, run, below = exported(trained, "sweeps/sw", tmp_path)
    best = summary(trained / "sweeps" / "sw")["best"]
    assert best["metrics"]["val_loss"] == run.data.metrics["final/val_loss"]
    assert ("9", "val_loss") == (run.data.tags["trials.total"], run.data.tags["metric"])
    listed = rows(trained / "sweeps" / "sw")
    assert {f"trial-{row['trial']}" for row in listed} == set(below)
    statuses = {"finished": "FINISHED", "pruned": "KILLED"}
    for row in listed:
        trial = below[f"trial-{row['trial']}"]
        assert {key: row[key] for key in KEYS} == trial.data.params
        assert (float(row["val_loss"]), float(row["epochs"])) == (
            trial.data.metrics["final/val_loss"],
            trial.data.metrics["final/epochs"],
        )
        assert (row["status"], statuses[row["status"]]) == (trial.data.tags["status"], trial.info.status)
        assert {2, 6} >= set(curve(client, trial, "loss/validation")) >= {2}, "where trials were compared"
    files = {Path(one.path).name for one in client.list_artifacts(run.info.run_id, "sweep")}
    assert {"best.yaml", "trials.csv", "journal.jsonl", "summary.json"} <= files


def test_interrupted_and_unfinished_runs(trained, tmp_path):
    nettrain.train(trained / "iris.yaml", folder=tmp_path / "iris", stop=Stop(2))
    _, run, _ = exported(tmp_path, "iris", tmp_path / "store")
    assert ("KILLED", "interrupted") == (run.info.status, run.data.tags["status"])
    (tmp_path / "iris" / "summary.json").unlink()
    _, run, _ = exported(tmp_path, "iris", tmp_path / "store")
    assert "RUNNING" == run.info.status


def test_a_diverged_run_has_failed(trained, tmp_path):
    settings = ("optimizer=sgd", "optimizer.learning_rate=1e30")
    nettrain.train(trained / "iris.yaml", *settings, folder=tmp_path / "iris")
    _, run, _ = exported(tmp_path, "iris", tmp_path / "store")
    assert "FAILED" == run.info.status


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ("iris.yaml", "iris.yaml: is a file, not a folder"),
        pytest.param(
            "http://127.0.0.1:9",
            "--mlflow: http://127.0.0.1:9: no server answers there",
            marks=pytest.mark.network,
        ),
        ("unknown://store", "--mlflow: unknown://store: "),
    ],
)
def test_errors_are_one_line(store, message, trained):
    done = inside(trained, "export", "runs/iris", "--mlflow", store)
    assert done.code in (1, 2)
    assert done.err.startswith(message)
    assert ("", 1) == (done.out, done.err.count("\n"))


def test_what_is_no_run(trained, tmp_path):
    (tmp_path / "empty").mkdir()
    shutil.copy(trained / "runs" / "iris" / "config.yaml", tmp_path / "empty")
    done = inside(tmp_path, "export", "empty", "--mlflow", "store")
    assert (2, "empty: has no history yet\n") == (done.code, done.err)
    assert not (tmp_path / "store").exists()


def test_the_client_says_nothing_to_others_and_prints_nothing(tmp_path, monkeypatch):
    from mlflow.environment_variables import (
        MLFLOW_DISABLE_TELEMETRY,
        MLFLOW_LOGGING_LEVEL,
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT,
    )

    monkeypatch.setattr(os, "environ", {**os.environ})
    TrackingStore(str(tmp_path))
    assert (True, True, "ERROR") == (
        MLFLOW_DISABLE_TELEMETRY.get(),
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.get(),
        MLFLOW_LOGGING_LEVEL.get(),
    )
