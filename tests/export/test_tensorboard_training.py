"""Events of trainings, read by a reader of our own: what the history has, by epoch, in a folder for each network."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import nettrain
from tests.cli.command import inside
from tests.export.event_checks import check_final, check_history, columns, session, summary
from tests.export.event_reader import read_events

pytestmark = pytest.mark.usefixtures("step_by_step")

SPEC = """
experiment: iris
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [8]}
training: {epochs: 6, batch_size: 32}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "iris.yaml").write_text(SPEC)
    return tmp_path


def run(folder: Path, command: str) -> None:
    done = inside(folder, *command.split(), "--quiet", "--no-figures")
    assert (0, "") == (done.code, done.err)


def test_a_run_has_its_history_its_figures_and_its_settings(folder):
    run(folder, "train iris.yaml --tensorboard logs")
    events, trained = folder / "logs" / "iris", folder / "runs" / "iris"
    check_history(events, trained)
    check_final(events, summary(trained)["metrics"], 6)
    found = read_events(events)
    assert (1, 1) == (found.files, len(list((folder / "logs").rglob("events*"))))
    assert [f"    {line}" for line in (trained / "config.yaml").read_text().splitlines()] == found.texts[
        "config"
    ].splitlines()
    settings, group, status = session(events)
    assert (8.0, "iris", 1) == (json.loads(settings["model.hidden"])[0], group, status)
    assert ("adam", 0.001, 6.0, 32.0, 0.0) == (
        settings["optimizer"],
        settings["optimizer.learning_rate"],
        settings["training.epochs"],
        settings["training.batch_size"],
        settings["seed"],
    )
    seconds = columns(trained / "timing.csv")
    assert found.scalars["time/epoch_seconds"] == pytest.approx(seconds["seconds"], abs=1e-6)
    assert found.scalars["time/step_seconds"] == pytest.approx(seconds["step_seconds"], abs=1e-6)
    assert found.wall_times == sorted(found.wall_times)


def test_weights_of_the_final_network(folder):
    run(folder, "train iris.yaml --tensorboard logs")
    histograms = read_events(folder / "logs" / "iris").histograms
    architecture = {
        f"weights/{block}/{name}" for block in ("hidden 1", "output") for name in ("weight", "bias")
    }
    assert architecture == set(histograms)
    assert [{6}] * 4 == [set(of_steps) for of_steps in histograms.values()]
    counts = {tag: of_steps[6][3][0] for tag, of_steps in histograms.items()}
    assert [32.0, 8.0, 24.0, 3.0] == list(counts.values())
    trained = nettrain.open_run(folder / "runs" / "iris").trained
    assert sum(of_steps[6][4][0] for of_steps in histograms.values()) == pytest.approx(
        trained.parameters.astype(np.float64).sum()
    )


def test_weights_while_a_run_with_diagnostics_trains(folder):
    ensemble = "training.ensemble=3 training.diagnostics=true training.early_stopping.patience=1"
    run(
        folder,
        f"train iris.yaml optimizer.learning_rate=0.3 training.epochs=25 {ensemble} --tensorboard logs",
    )
    ended = summary(folder / "runs" / "iris")["members"]
    assert len({one["epochs_run"] for one in ended}) > 1, "members leave one by one"
    for member, one in enumerate(ended):
        found = read_events(folder / "logs" / "iris" / f"member-{member}")
        histograms, norms = found.histograms["weights/hidden 1/weight"], found.scalars["weight_norm/hidden 1"]
        last = one["epochs_run"]
        assert {*range(0, last + 1, 2), last} >= set(histograms) >= set(range(0, last, 2))
        for epoch in range(0, last, 2):
            assert histograms[epoch][5][0] == pytest.approx(norms[epoch] ** 2, rel=1e-5)


def test_members_have_folders_of_their_own(folder):
    run(
        folder,
        "train iris.yaml training.ensemble=3 training.diagnostics=true training.history=step --tensorboard logs",
    )
    events, trained = folder / "logs" / "iris", folder / "runs" / "iris"
    whole = summary(trained)
    for member in range(3):
        own = events / f"member-{member}"
        check_history(own, trained, member=member)
        check_final(own, whole["members"][member]["metrics"], 6)
        assert (member, "iris", 1) == (session(own)[0]["seed"], *session(own)[1:])
        steps, scalars = columns(trained / "steps.csv", "step", member), read_events(own / "steps").scalars
        assert {"batch/loss": steps["batch_loss"], "batch/learning_rate": steps["learning_rate"]} == scalars
    check_final(events, whole["metrics"], 6)
    assert not read_events(events).plugins, "the run is no network"


def test_diagnostics_are_grouped_by_quantity(folder):
    run(folder, "train iris.yaml training.diagnostics=true --tensorboard logs")
    scalars = read_events(folder / "logs" / "iris").scalars
    with (folder / "runs" / "iris" / "diagnostics.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name in ("gradient_norm", "activation_mean", "weight_norm", "update_ratio"):
            if row[name]:
                assert np.float32(row[name]) == scalars[f"{name}/{row['layer']}"][int(row["epoch"])]
    assert {0, 1, 2, 3, 4, 5, 6} == set(scalars["dead/hidden 1"])


def test_parts_of_epochs_are_drawn_by_steps(folder):
    run(folder, "train iris.yaml training.evaluate_every=0.5 --tensorboard logs")
    check_history(folder / "logs" / "iris", folder / "runs" / "iris", key="step")
    assert 13 == len(read_events(folder / "logs" / "iris").scalars["loss/validation"])


def test_folds_have_folders_of_their_own(folder):
    run(folder, "train iris.yaml --folds 3 training.ensemble=2 --tensorboard logs")
    events, trained = folder / "logs" / "iris", folder / "runs" / "iris"
    for fold in (1, 2, 3):
        own, of_fold = events / f"fold-{fold}", trained / "folds" / str(fold)
        for member in (0, 1):
            check_history(own / f"member-{member}", of_fold, member=member)
            check_final(own / f"member-{member}", summary(of_fold)["members"][member]["metrics"], 6)
            assert ("iris", 1) == session(own / f"member-{member}")[1:]
        check_final(own, summary(of_fold)["metrics"], 6)
    scalars = read_events(events).scalars
    pooled = {f"final/out_of_fold_{name}": value for name, value in summary(trained)["out_of_fold"].items()}
    assert {tag: float(np.float32(value)) for tag, value in pooled.items()} == {
        tag: values[6] for tag, values in scalars.items() if "out_of_fold" in tag
    }


class Stop:
    """Interrupts a training after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_resumed_run_goes_on_and_what_was_lost_is_replaced(folder):
    trained, logs = folder / "runs" / "iris", folder / "logs"
    run_before = nettrain.train(folder / "iris.yaml", out=folder / "runs", tensorboard=logs, stop=Stop(10))
    assert ("interrupted", None) == (run_before.status, session(logs / "iris")[2])
    assert not read_events(logs / "iris").histograms, "it has no final weights yet"
    shutil.copytree(trained, folder / "copy")
    nettrain.resume(trained, tensorboard=logs, stop=Stop(6))  # and is killed: its last state is lost
    shutil.rmtree(trained)
    (folder / "copy").rename(trained)
    after_last = len(read_events(logs / "iris").scalars["loss/train"])
    assert "finished" == nettrain.resume(trained, tensorboard=logs).status
    check_history(logs / "iris", trained)
    check_final(logs / "iris", summary(trained)["metrics"], 6)
    assert (3, 1) == (read_events(logs / "iris").files, session(logs / "iris")[2])
    assert 3 < after_last < 7, "the second call did write epochs that the third wrote again"


def test_a_run_that_is_resumed_with_events_has_also_those_before(folder):
    trained, logs = folder / "runs" / "iris", folder / "logs"
    nettrain.train(folder / "iris.yaml", "training.history=step", out=folder / "runs", stop=Stop(10))
    nettrain.resume(trained, tensorboard=logs)
    check_history(logs / "iris", trained)
    steps = columns(trained / "steps.csv", "step")
    assert steps["batch_loss"] == read_events(logs / "iris" / "steps").scalars["batch/loss"]


def test_folds_that_are_resumed(folder):
    trained, logs = folder / "runs" / "iris", folder / "logs"
    folds = ("data.validation=0", "data.folds=3")
    first = nettrain.train(folder / "iris.yaml", *folds, out=folder / "runs", tensorboard=logs, stop=Stop(8))
    assert "interrupted" == first.status
    nettrain.resume(trained, tensorboard=logs)
    nettrain.resume(trained, tensorboard=folder / "others")  # nothing is left to train
    for fold in (1, 2, 3):
        check_history(logs / "iris" / f"fold-{fold}", trained / "folds" / str(fold))
        assert 1 == session(logs / "iris" / f"fold-{fold}")[2]
    assert "final/out_of_fold_accuracy" in read_events(logs / "iris").scalars


def test_folds_that_had_ended_before_events_were_wanted_have_theirs_too(folder):
    """As after a kill: one fold is not there, and nothing of all together."""
    trained, logs = folder / "runs" / "iris", folder / "logs"
    nettrain.train(folder / "iris.yaml", "data.validation=0", "data.folds=3", out=folder / "runs")
    (trained / "summary.json").unlink()
    shutil.rmtree(trained / "folds" / "2")
    nettrain.resume(trained, tensorboard=logs)
    for fold in (1, 2, 3):
        check_history(logs / "iris" / f"fold-{fold}", trained / "folds" / str(fold))
        assert 1 == session(logs / "iris" / f"fold-{fold}")[2]
    assert "final/out_of_fold_accuracy" in read_events(logs / "iris").scalars


def test_a_run_in_memory_has_the_name_of_its_experiment(folder):
    experiment = {"experiment": "my run", "data": {"source": "builtin:iris"}}
    for _ in range(2):
        nettrain.train(experiment, "training.epochs=1", tensorboard=str(folder / "logs"))
    assert {"my-run", "my-run-2"} == {path.name for path in (folder / "logs").iterdir()}
    nettrain.train(
        experiment, "training.epochs=1", "data.folds=3", "data.validation=0", tensorboard=folder / "logs"
    )
    assert {"fold-1", "fold-2", "fold-3"} == {
        path.name for path in (folder / "logs" / "my-run-3").iterdir()
    } - {path.name for path in (folder / "logs" / "my-run-3").glob("events*")}


def test_a_run_that_is_trained_anew_takes_the_place_of_the_one_before(folder):
    for epochs in (6, 2):
        shutil.rmtree(folder / "runs", ignore_errors=True)
        run(folder, f"train iris.yaml training.epochs={epochs} --tensorboard logs")
    check_history(folder / "logs" / "iris", folder / "runs" / "iris")
    assert 1 == read_events(folder / "logs" / "iris").files


def test_a_diverged_run_has_failed(folder):
    done = inside(
        folder, "train", "iris.yaml", "optimizer=sgd", "optimizer.learning_rate=1e30", "--quiet", "--no-figures",
        "--tensorboard", "logs",
    )  # fmt: skip
    assert 1 == done.code
    assert 2 == session(folder / "logs" / "iris")[2]


def test_events_may_lie_in_the_run_folder(folder):
    run(folder, "train iris.yaml --tensorboard runs")
    check_history(folder / "runs" / "iris", folder / "runs" / "iris")
    run(folder, "resume runs/iris training.epochs=8 --tensorboard runs")
    check_history(folder / "runs" / "iris", folder / "runs" / "iris")


@pytest.mark.parametrize("command", ["train iris.yaml", "resume runs/iris training.epochs=7"])
def test_a_file_in_place_of_the_folder_is_one_line_before_anything_is_trained(command, folder):
    (folder / "logs").touch()
    done = inside(folder, *command.split(), "--tensorboard", "logs")
    assert (2, "", "logs: is a file, not a folder\n") == (done.code, done.out, done.err)
    assert not (folder / "runs").exists()
    with pytest.raises(nettrain.SpecError, match="logs: is a file, not a folder"):
        nettrain.train(folder / "iris.yaml", tensorboard=folder / "logs")


def test_the_head_says_where_events_are(folder):
    done = inside(folder, "train", "iris.yaml", "--no-figures", "--tensorboard", "logs")
    assert "events for TensorBoard are in logs/iris" in done.out
