"""`nettrain train` through its real entry point: what it prints, leaves behind and returns."""

import csv
import json
import math
import re
import signal
import subprocess
from time import monotonic, sleep

import pytest

from nettrain.cli.interrupt import Interruption, interruptible
from nettrain.experiment.load import load
from tests.cli.command import COMMAND, CONFIGS, ENVIRONMENT, inside, nettrain

IRIS = CONFIGS / "iris.yaml"
FILES = [
    "checkpoint.safetensors",
    "config.yaml",
    "confusion.png",
    "curves.png",
    "history.csv",
    "model.safetensors",
    "preprocessing.json",
    "summary.json",
    "timing.csv",
]
SUMMARY = [
    *(
        "experiment",
        "status",
        "stop_reason",
        "epochs_run",
        "best_epoch",
        "restored_best",
        "monitor",
        "metrics",
    ),
    *("parameters", "timing", "environment", "seed"),
]
TIMING = ["total_seconds", "train_seconds", "steps", "microseconds_per_step", "samples_per_second"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the runs of this file go."""
    return tmp_path_factory.mktemp("train")


@pytest.fixture(scope="module")
def iris(folder):
    """A short run on iris, into runs/iris."""
    return nettrain(folder, "train", IRIS, "training.epochs=8", "optimizer=momentum")


@pytest.fixture(scope="module")
def run(folder, iris):
    """Its run folder."""
    return folder / "runs" / "iris"


@pytest.fixture(scope="module")
def summary(run):
    """Its summary."""
    return json.loads((run / "summary.json").read_text())


@pytest.fixture(scope="module")
def again(folder, run):
    """The same run from its own config.yaml, with --json, into runs/iris-2."""
    return inside(folder, "train", run / "config.yaml", "--json")


def table(file):
    """A CSV file as lists of cells."""
    return list(csv.reader(file.read_text().splitlines()))


def test_it_succeeds_and_leaves_its_files(iris, run):
    assert (0, "") == (iris.code, iris.err)
    assert FILES == sorted(path.name for path in run.iterdir())


WORDS = ["102 train, 18 validation, 30 test rows", "4 inputs → 3 classes", "131 parameters", "epoch 8/8"]
WORDS += ["accuracy", *FILES, "runs/iris", "nettrain predict runs/iris DATA"]


@pytest.mark.parametrize("words", WORDS)
def test_it_tells_what_it_does(iris, words):
    assert words in iris.out


def test_the_summary_holds_what_the_plan_says(summary):
    assert [] == [key for key in SUMMARY if key not in summary]
    assert ("finished", "epochs", 8, 131, 0) == (
        summary["status"],
        summary["stop_reason"],
        summary["epochs_run"],
        summary["parameters"],
        summary["seed"],
    )
    assert ["train", "val", "test"] == list(summary["metrics"])
    names = ["loss", "accuracy", "balanced_accuracy", "macro_f1", "log_loss", "calibration_error"]
    assert [names] * 3 == [list(part) for part in summary["metrics"].values()]
    assert TIMING == list(summary["timing"])
    assert {"nettrain", "python", "numpy", "backend", "device", "threads"} <= set(summary["environment"])


def test_the_timing_adds_up(summary):
    timing = summary["timing"]
    assert 8 * math.ceil(102 / 16) == timing["steps"]
    assert 0 < timing["train_seconds"] < timing["total_seconds"]
    assert timing["microseconds_per_step"] == pytest.approx(1e6 * timing["train_seconds"] / timing["steps"])


def test_the_history_has_a_row_per_epoch(run):
    rows = table(run / "history.csv")
    figures = ["running_loss", "objective", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    assert ["epoch", "step", "learning_rate", *figures, "better"] == rows[0]
    assert [[str(k), str(7 * k), "0.01"] for k in range(1, 9)] == [row[:3] for row in rows[2:]]
    assert all(math.isfinite(float(cell)) for row in rows[2:] for cell in row)


def test_epoch_0_has_what_is_evaluated_before_training(run):
    header, before = table(run / "history.csv")[:2]
    assert ["0", "0", "", "", ""] == before[:5]
    loss = dict(zip(header, before, strict=True))
    assert float(loss["train_loss"]) == pytest.approx(math.log(3), abs=0.5)  # of a network that knows nothing
    assert "0" == loss["better"]


def test_the_best_epoch_is_the_last_better_one_of_the_history(run, summary):
    better = [row[0] for row in table(run / "history.csv") if row[-1] == "1"]
    assert summary["best_epoch"] == int(better[-1])


def test_clocks_stay_out_of_the_history(run):
    rows = table(run / "timing.csv")
    assert (["epoch", "step_seconds", "seconds"], 9) == (rows[0], len(rows))


def test_the_config_is_the_whole_experiment(run):
    experiment = load(run / "config.yaml").experiment
    assert ("momentum", 0.01, 8) == (
        experiment.optimizer.name,
        experiment.optimizer.learning_rate,
        experiment.training.epochs,
    )
    assert (0, 0, 0, 0) == (
        experiment.data.seed,
        experiment.model.seed,
        experiment.training.order_seed,
        experiment.training.noise_seed,
    )
    assert "cross_entropy" == experiment.loss.name
    assert isinstance(experiment.backend.threads, int)


def test_json_is_one_object_and_all_else_goes_to_the_other_stream(again):
    assert 0 == again.code
    assert {"folder", *SUMMARY} <= set(json.loads(again.out))
    assert 1 == again.out.count("\n")
    assert [] == [words for words in WORDS if words.replace("runs/iris", "runs/iris-2") not in again.err]


def test_a_taken_folder_gets_a_number(again):
    assert "runs/iris-2" == json.loads(again.out)["folder"]


@pytest.mark.parametrize("name", ["history.csv", "model.safetensors", "config.yaml", "preprocessing.json"])
def test_the_config_repeats_the_run_to_the_bit(run, again, name):
    assert (run / name).read_bytes() == (run.with_name("iris-2") / name).read_bytes()


def test_quiet_is_silent_and_out_is_obeyed(tmp_path):
    done = inside(tmp_path, "train", IRIS, "training.epochs=1", "experiment=a b", "--quiet", "--out", "x/y")
    assert (0, "", "") == (done.code, done.out, done.err)
    assert FILES == sorted(path.name for path in (tmp_path / "x" / "y" / "a-b").iterdir())


def test_divergence_fails_and_says_so(tmp_path):
    (tmp_path / "f.yaml").write_text(
        "data: {source: synthetic:sine}\nloss: mse\nmodel: {hidden: [8]}\n"
        "optimizer: {name: sgd, learning_rate: 1e6}\n"
    )
    done = inside(tmp_path, "train", "f.yaml")
    told = (
        r"training diverged in epoch 1 of runs/experiment: .* became NaN or infinite first, in step \d+"
        r" \(epoch 1\), at learning rate 1e\+06 after a gradient of norm [\d.e+]+\n"
    )
    assert re.fullmatch(told, done.err)
    assert (1, True) == (done.code, "diverged: " in done.out)
    predicted = inside(tmp_path, "predict", "runs/experiment", "synthetic:sine")
    assert (0, "runs/experiment diverged; predictions come from its last good weights\n") == (
        predicted.code,
        predicted.err,
    )
    text = (tmp_path / "runs" / "experiment" / "summary.json").read_text()
    summary = json.loads(text, parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    assert ("diverged", "diverged", 1) == (
        summary["status"],
        summary["stop_reason"],
        summary["epochs_run"],
    )
    # the weights with which the epoch began: here those that were drawn
    assert 0.1 < summary["metrics"]["train"]["rmse"] < 10


def interrupted(folder, number):
    """A long run that gets a signal once it trains; its exit code and the two streams."""
    command = [*COMMAND, "train", str(IRIS), "training.epochs=1000000", "training.early_stopping=null"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stdout:
            if line.startswith("epoch"):
                break
        process.send_signal(number)
        rest, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, rest, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_an_interrupted_run_is_a_whole_run(tmp_path, number):
    code, out, err = interrupted(tmp_path, number)
    ends = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}
    assert (ends[number][0], f"{ends[number][1]}; go on with: nettrain resume runs/iris\n") == (code, err)
    assert "interrupted after" in out
    run = tmp_path / "runs" / "iris"
    assert FILES == sorted(path.name for path in run.iterdir())
    summary = json.loads((run / "summary.json").read_text())
    assert ("interrupted", "interrupted", False) == (
        summary["status"],
        summary["stop_reason"],
        summary["restored_best"],
    )
    predicted = inside(tmp_path, "predict", run, "builtin:iris")
    assert (0, 151) == (predicted.code, predicted.out.count("\n"))


def test_interrupting_asks_to_end():
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as asked:
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
    assert before is signal.getsignal(signal.SIGINT)


def interrupting_twice():
    with interruptible():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)


def test_interrupting_twice_ends_at_once_and_lets_nothing_interrupt_that(monkeypatch):
    monkeypatch.setattr("nettrain.cli.interrupt.ending", Interruption())
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupting_twice()
        assert {signal.SIG_IGN} == {signal.getsignal(number) for number in before}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lines_of(file):
    return file.read_bytes().count(b"\n") if file.exists() else 0


def test_a_killed_run_leaves_a_readable_history(tmp_path):
    """SIGKILL cannot be caught: what is in the folder is what was written while training went on."""
    command = [*COMMAND, "train", str(IRIS), "training.epochs=100000000", "training.early_stopping=null"]
    process = subprocess.Popen([*command, "--quiet"], cwd=tmp_path, env=ENVIRONMENT)
    run = tmp_path / "runs" / "iris"
    try:
        until = monotonic() + 60
        while (
            min(lines_of(run / name) for name in ("history.csv", "timing.csv")) < 102 and monotonic() < until
        ):
            sleep(0.05)  # they grow
    finally:
        process.kill()
        process.wait()
    assert -signal.SIGKILL == process.returncode
    assert not (run / "summary.json").exists()
    for name, width, first in (("history.csv", 8, 0), ("timing.csv", 3, 1)):
        text = (run / name).read_text()
        rows = table(run / name)
        assert text.endswith("\n")
        assert {width} == {len(row) for row in rows}
        assert [str(k) for k in range(first, len(rows) - 1 + first)] == [row[0] for row in rows[1:]]
        assert len(rows) > 100
    done = inside(tmp_path, "predict", run, "builtin:iris")
    assert (2, "runs/iris: not a finished run") == (
        done.code,
        done.err.partition(",")[0].replace(str(tmp_path) + "/", ""),
    )


def test_a_profile_tells_where_the_time_goes(tmp_path):
    done = inside(tmp_path, "train", IRIS, "training.epochs=20", "--profile", "--json", "--no-figures")
    assert 0 == done.code
    times = json.loads(done.out)["profile"]
    assert {"gather", "forward", "loss", "backward", "update", "evaluation", "writing"} <= set(times)
    assert times["whole"] == pytest.approx(sum(times.values()) - times["whole"])
    assert 0.5 * times["whole"] > times["rest"]
    assert "per step" in done.err
