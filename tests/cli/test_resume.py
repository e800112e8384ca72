"""Interrupted runs go on to the bit; what would change the past is refused by name."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.cli.command import COMMAND, ENVIRONMENT, Ended, ended, inside

pytestmark = pytest.mark.usefixtures("step_by_step")

SPEC = """
experiment: long
data: {source: 'builtin:iris', test: 0.2}
model:
  hidden: [8]
  dropout: 0.2
  batch_norm: true
optimizer: nesterov
schedule: {name: plateau, patience: 3, min_delta: 0.01}
training:
  epochs: 2000
  batch_size: 16
  history: step
  early_stopping: {monitor: val_loss, patience: 1900}
  checkpoint: {seconds: 0.02}
"""
ENSEMBLE = SPEC.replace("epochs: 2000", "epochs: 500\n  ensemble: 4\n  diagnostics: true").replace(
    "patience: 1900", "patience: 480"
)
RECORDED = ("steps.csv", "diagnostics.csv")  # on request
SAME = ("history.csv", *RECORDED, "model.safetensors", "preprocessing.json", "config.yaml")


def write(folder: Path, text: str = SPEC) -> Path:
    (folder / "long.yaml").write_text(text)
    return folder


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def written(folder: Path) -> int | None:
    """Which config it is: writing makes a new file."""
    config = folder / "runs/long/config.yaml"
    return config.stat().st_ino if config.exists() else None


def hit(process: subprocess.Popen, folder: Path, number: int, delay: float, *, must: bool = True) -> Ended:
    """Send a signal some time after the training has begun, which it does when it has written its config."""
    begun, before = time.monotonic(), written(folder)
    while written(folder) == before and time.monotonic() - begun < 60:
        time.sleep(0.002)
    time.sleep(delay)
    assert not must or process.poll() is None, "there was nothing to hit any more"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)


def summary(folder: Path) -> dict:
    """What must be the same of a summary: all but times."""
    found = json.loads((folder / "runs/long/summary.json").read_text())
    return {name: value for name, value in found.items() if name != "timing"}


def assert_same(undisturbed: Path, folder: Path) -> None:
    for name in SAME:
        if name in RECORDED and not (undisturbed / "runs/long" / name).exists():
            continue
        expected = (undisturbed / "runs/long" / name).read_bytes()
        assert expected == (folder / "runs/long" / name).read_bytes(), name
    assert summary(undisturbed) == summary(folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    folder = write(tmp_path_factory.mktemp("undisturbed"))
    done = inside(folder, "train", "long.yaml", "--quiet", "--no-figures")
    assert (0, "") == (done.code, done.err)
    return folder


@pytest.fixture(scope="module")
def together(tmp_path_factory) -> Path:
    folder = write(tmp_path_factory.mktemp("together"), ENSEMBLE)
    assert 0 == inside(folder, "train", "long.yaml", "--quiet", "--no-figures").code
    assert (folder / "runs/long/diagnostics.csv").exists()
    return folder


def until_done(folder: Path, number: int, moments: random.Random, times: int) -> None:
    """Hit the run and each resumption at random moments, then let it come to its end.

    On a busy machine a resumption may have come to its end before it is hit.
    """
    command = ["train", "long.yaml"]
    for _ in range(times):
        process = start(folder, *command, "--quiet", "--no-figures")
        done = hit(process, folder, number, moments.uniform(0.02, 0.1), must=command[0] == "train")
        if done.code == 0:
            break
        assert (-number, "") == (done.code, done.err)
        assert not (folder / "runs/long/summary.json").exists()
        command = ["resume", "runs/long"]
    if not (folder / "runs/long/summary.json").exists():
        last = inside(folder, "resume", "runs/long", "--quiet", "--no-figures")
        assert (0, "") == (last.code, last.err), last


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_ends_the_same(tmp_path, undisturbed, seed):
    until_done(write(tmp_path), signal.SIGKILL, random.Random(seed), times=3)
    assert_same(undisturbed, tmp_path)


def test_a_killed_ensemble_ends_the_same(tmp_path, together):
    until_done(write(tmp_path, ENSEMBLE), signal.SIGKILL, random.Random(3), times=2)
    assert_same(together, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_says_how_to_go_on_and_ends_the_same(tmp_path, undisturbed, number):
    write(tmp_path)
    command = ["train", "long.yaml"]
    for _ in range(2):
        process = start(tmp_path, *command, "--no-figures")
        assert process.stdout is not None
        while not process.stdout.readline().startswith("backend"):
            pass  # from then on it trains
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        done = Ended(process.returncode, out, err)
        code, verb = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}[number]
        assert (code, f"{verb}; go on with: nettrain resume runs/long\n") == (done.code, done.err)
        assert "next     nettrain resume runs/long" in done.out
        assert "interrupted" == summary(tmp_path)["status"]
        command = ["resume", "runs/long"]
    last = inside(tmp_path, "resume", "runs/long", "--quiet", "--no-figures")
    assert 0 == last.code
    assert_same(undisturbed, tmp_path)


def test_training_anew_what_was_interrupted_names_resume(tmp_path):
    write(tmp_path)
    hit(start(tmp_path, "train", "long.yaml", "--quiet", "--no-figures"), tmp_path, signal.SIGINT, 0.1)
    done = inside(tmp_path, "train", "long.yaml", "--no-figures")
    text = " ".join(done.out.replace("note", "").split())
    assert "runs/long has these settings and was interrupted: nettrain resume runs/long goes on" in text
    assert (tmp_path / "runs/long-2/summary.json").exists()
    done = inside(tmp_path, "train", "runs/long/config.yaml", "--out", "others", "--no-figures")
    assert "runs/long has these settings and was interrupted" in " ".join(
        done.out.replace("note", "").split()
    )
    assert (tmp_path / "others/long/summary.json").exists()


def test_a_finished_run_says_so_and_stays_as_it_is(undisturbed):
    before = {path: path.stat().st_mtime_ns for path in (undisturbed / "runs/long").iterdir()}
    done = inside(undisturbed, "resume", "runs/long")
    ended = json.loads((undisturbed / "runs/long/summary.json").read_text())["epochs_run"]
    expected = f"runs/long: finished after {ended} epochs, nothing to do; training.epochs=N adds more\n"
    assert (0, expected, "") == (done.code, done.out, done.err)
    assert before == {path: path.stat().st_mtime_ns for path in (undisturbed / "runs/long").iterdir()}


SHORT = """
experiment: long
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [8]}
training: {epochs: 20, batch_size: 16}
"""


def trained(folder: Path, *overrides: str, text: str = SHORT) -> Path:
    write(folder, text)
    done = inside(folder, "train", "long.yaml", *overrides, "--quiet", "--no-figures")
    assert (0, "") == (done.code, done.err)
    return folder


def resumed(folder: Path, *overrides: str) -> Ended:
    return inside(folder, "resume", "runs/long", *overrides, "--quiet", "--no-figures")


def test_more_epochs_end_as_if_they_had_been_asked_for_at_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    long = trained(tmp_path / "a", "training.epochs=33")
    short = trained(tmp_path / "b")
    assert (0, "") == (resumed(short, "training.epochs=33").code, "")
    assert_same(long, short)


def test_views_of_an_earlier_state_are_removed_when_the_run_goes_on(tmp_path):
    folder = trained(tmp_path)
    assert 0 == inside(folder, "report", "runs/long").code
    assert 0 == inside(folder, "landscape", "runs/long", "--no-path", "--resolution", "3", "--quiet").code
    run, views = folder / "runs/long", ("report.html", "landscape.png")
    (run / "mine.png").write_text("of a user")
    assert 0 == resumed(folder).code  # there is nothing to do
    assert all((run / name).exists() for name in views)
    assert 0 == resumed(folder, "training.epochs=22").code
    assert ["mine.png"] == [name for name in (*views, "mine.png") if (run / name).exists()]
    (run / "report.html").write_text("<html>of a user</html>")
    assert 0 == resumed(folder, "training.epochs=23").code
    assert (run / "report.html").exists()


def test_another_monitor_and_patience_take_effect(tmp_path):
    folder = trained(tmp_path)
    done = resumed(
        folder, "training.epochs=400", "training.early_stopping={monitor: val_accuracy, patience: 3}"
    )
    assert (0, "") == (done.code, done.err)
    assert "early_stopping" == summary(folder)["stop_reason"]
    assert 20 < summary(folder)["best_epoch"] <= summary(folder)["epochs_run"] - 3
    assert summary(folder)["restored_best"]
    again = resumed(folder, "training.early_stopping.patience=5")
    assert (0, "") == (again.code, again.err)
    assert summary(folder)["epochs_run"] >= summary(folder)["best_epoch"] + 5


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("model.hidden=[9]", "model.hidden: [8] → [9] would have changed the steps so far; train anew for that"),
        ("seed=3", "seed: 0 → 3"),
        ("optimizer=sgd", "optimizer.name: \"adam\" → \"sgd\""),
        ("optimizer.learning_rate=0.5", "optimizer.learning_rate: 0.001 → 0.5"),
        ("training.batch_size=8", "training.batch_size: 16 → 8"),
        ("data.test=0.3", "data.test: 0.2 → 0.3 would have changed the steps so far; train anew for that"),
        ("data.scaling=none", "data.scaling.name: \"standard\" → \"none\""),
        ("training.epochs=3", "training.epochs: 3 is less than the 20 that are begun"),
        ("schedule=cosine", "would have changed the learning rates of the 140 steps so far"),
        (
            "training.weight_decay_schedule=cosine",
            'training.weight_decay_schedule.name: "none" → "cosine" would have changed the weight decay of the 140',
        ),
        ("trainin.epochs=30", 'trainin: unknown key, did you mean "training"?'),
    ],
)  # fmt: skip
def test_another_past_is_refused_by_name(tmp_path_factory, override, named):
    folder = tmp_path_factory.getbasetemp() / "refused"
    if not folder.exists():
        folder.mkdir()
        trained(folder)
    before = {path: path.read_bytes() for path in (folder / "runs/long").iterdir()}
    done = resumed(folder, override)
    assert (2, "") == (done.code, done.out)
    assert named in done.err
    assert before == {path: path.read_bytes() for path in (folder / "runs/long").iterdir()}


def test_a_schedule_as_long_as_the_run_is_refused_with_the_way_out(tmp_path):
    folder = trained(tmp_path, "schedule=cosine")
    done = resumed(folder, "training.epochs=30")
    expected = (
        "training.epochs: 20 → 30 would have changed the learning rates of the 140 steps so far: cosine lasts as"
        " long as the run; schedule.duration=140 keeps it\n"
    )
    assert (2, True) == (done.code, done.err.endswith(expected)), done.err
    assert 0 == resumed(folder, "training.epochs=30", "schedule.duration=140").code
    assert 30 == summary(folder)["epochs_run"]


@pytest.mark.parametrize(
    ("first", "way_out"),
    [
        ("schedule={name: one_cycle, warmup: 0.15}", "schedule.duration=119 schedule.warmup=3 keep it"),
        ("schedule={name: constant, warmup: 0.03}", "schedule.warmup=0.014 keeps it"),
        (
            "schedule={name: linear, warmup: 0.03, per: epoch}",
            "schedule.duration=19.428571428571427 schedule",
        ),
        ("model.dropout_schedule=flat_cos", "model.dropout_schedule.duration=140 keeps it"),
        ("optimizer={name: momentum, momentum_schedule: linear}", "optimizer.momentum_schedule.duration=140"),
    ],
)
def test_whatever_follows_the_epochs_is_refused_with_a_way_out_that_works(tmp_path, first, way_out):
    folder = trained(tmp_path, first)
    done = resumed(folder, "training.epochs=40")
    assert (2, True) == (done.code, way_out in done.err), done.err
    overrides = re.findall(r"\S+\.\S+=\S+", done.err.partition("; ")[2])
    done = resumed(folder, "training.epochs=40", *overrides)
    assert (0, "") == (done.code, done.err)
    assert 40 == summary(folder)["epochs_run"]


def test_snapshots_that_would_have_been_others_are_refused(tmp_path):
    folder = trained(tmp_path, "training.snapshots=3")
    done = resumed(folder, "training.epochs=40")
    expected = (
        "training.epochs: 20 → 40 would have taken training.snapshots after epochs 27, 34, 40, not 14, 17, 20;"
        " train anew for that\n"
    )
    assert (2, True) == (done.code, done.err.endswith(expected)), done.err


def test_killed_between_its_last_step_and_its_end_it_ends_the_same(tmp_path):
    """Also when it had just been given more epochs and had not written a checkpoint since."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = trained(tmp_path / "a", "training.epochs=33")
    folder = trained(tmp_path / "b")
    end = folder / "runs/long/summary.json"
    before = summary(folder)
    end.unlink()
    assert (0, "") == (resumed(folder).code, "")
    assert before == summary(folder)
    end.unlink()
    config = folder / "runs/long/config.yaml"
    config.write_text(config.read_text().replace("epochs: 20", "epochs: 33"))
    assert (0, "") == (resumed(folder).code, "")
    assert_same(whole, folder)


def test_a_config_changed_by_hand_is_held_against_the_checkpoint(tmp_path):
    folder = trained(tmp_path)
    config = folder / "runs/long/config.yaml"
    text = config.read_text()
    assert "batch_size: 16" in text
    config.write_text(text.replace("batch_size: 16", "batch_size: 17"))
    done = resumed(folder)
    assert (2, True) == (
        done.code,
        "training.batch_size: 16 → 17 would have changed the steps so far" in done.err,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [("7,", "seven,"), ("7,", "7,49,7,"), ("epoch,", "epochs,")],
)
def test_a_history_that_is_none_any_more_is_named(tmp_path, old, new):
    folder = trained(tmp_path)
    history = folder / "runs/long/history.csv"
    lines = history.read_text().splitlines(keepends=True)
    row = 0 if old == "epoch," else 8
    lines[row] = lines[row].replace(old, new, 1)
    history.write_text("".join(lines))
    done = resumed(folder, "training.epochs=22")
    said = "was changed since its first 21 rows were written; restore it, or remove it: it then begins anew"
    assert (3, f"runs/long/history.csv: {said}\n") == (done.code, done.err)
    history.unlink()
    done = inside(folder, "resume", "runs/long", "training.epochs=22", "--no-figures")
    assert (0, True) == (done.code, "history.csv is gone: it begins anew after epoch 20" in done.out)


def test_a_damaged_checkpoint_is_named(tmp_path):
    folder = trained(tmp_path)
    path = folder / "runs/long/checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    done = resumed(folder, "training.epochs=22")
    assert 3 == done.code
    assert done.err.startswith("runs/long/checkpoint.safetensors: is not a checkpoint of nettrain: ")


def test_what_has_ended_says_what_would_make_it_go_on(tmp_path):
    folder = trained(tmp_path, "training.epochs=100000", "training.max_seconds=0.05")
    done = inside(folder, "resume", "runs/long", "training.epochs=200000")
    assert (0, True) == (done.code, "nothing to do; training.max_seconds=N gives it longer\n" in done.out)
    first = summary(folder)["epochs_run"]
    assert 0 == resumed(folder, "training.max_seconds=0.2").code
    assert first < summary(folder)["epochs_run"] < 100000


def test_what_diverged_is_refused_with_what_to_try(tmp_path):
    write(tmp_path, SHORT)
    wild = ("optimizer=sgd", "optimizer.learning_rate=1e30", "training.repeat=2")
    assert 1 == inside(tmp_path, "train", "long.yaml", *wild, "--quiet", "--no-figures").code
    for change in ([], ["training.epochs=30"], ["training.history=step"]):
        done = resumed(tmp_path, *change)
        assert 2 == done.code
        again = "train anew: nettrain train runs/long/config.yaml optimizer.learning_rate=1e+29\n"
        assert f"runs/long: diverged in epoch 1 and would do so again; {again}" == done.err


UNEVEN = """
experiment: long
data: {source: 'synthetic:sine', test: 0.2}
model: {hidden: [8], activation: linear}
optimizer: {name: sgd, learning_rate: 0.4}
training: {epochs: 20, batch_size: 16, repeat: 4, checkpoint: null}
"""  # two of the four members diverge


def uneven(folder: Path, *overrides: str) -> Path:
    folder.mkdir()
    done = inside(write(folder, UNEVEN), "train", "long.yaml", *overrides, "--quiet", "--no-figures")
    assert (1, "2 of 4 members diverged in runs/long\n") == (done.code, done.err)
    return folder


def test_members_that_have_not_diverged_go_on_as_if_they_had_been_asked_at_once(tmp_path):
    """Also when some of it is written by the way: what is found of a divergence does not depend on that."""
    kept = "training.checkpoint={seconds: 0.001}"
    long = uneven(tmp_path / "a", "training.epochs=33", kept)
    short = uneven(tmp_path / "b")
    before = {path: path.read_bytes() for path in (short / "runs/long").iterdir()}
    done = inside(short, "resume", "runs/long")
    said = "runs/long: diverged after 20 epochs, nothing to do; training.epochs=N adds more\n"
    assert (1, said) == (done.code, done.out)
    assert before == {path: path.read_bytes() for path in (short / "runs/long").iterdir()}
    done = resumed(short, "training.epochs=33", kept)
    assert (1, "2 of 4 members diverged in runs/long\n") == (done.code, done.err)
    assert_same(long, short)


def interrupted(folder: Path, after: int, *command: str) -> Ended:
    """Run a command that is asked to stop after so many steps."""
    asked = iter([False] * after)
    with patch("nettrain.cli.interrupt.interruptible", lambda: nullcontext(lambda: next(asked, True))):
        return inside(folder, *command, "--quiet", "--no-figures")


@pytest.mark.parametrize("steps", [31, 35])
def test_an_interrupted_run_keeps_what_its_sound_members_have_learned(tmp_path, steps):
    whole = uneven(tmp_path / "a")
    (tmp_path / "b").mkdir()
    done = interrupted(write(tmp_path / "b", UNEVEN), steps, "train", "long.yaml")
    assert (130, "interrupted; go on with: nettrain resume runs/long\n") == (done.code, done.err)
    done = inside(tmp_path / "b", "resume", "runs/long", "--no-figures")
    assert (1, True) == (done.code, f", step {steps + 1}" in done.out), done.out
    assert_same(whole, tmp_path / "b")


def test_an_epoch_that_only_a_shorter_run_evaluates_is_told_of(tmp_path):
    folder = trained(tmp_path, "training.evaluate_every=3")
    done = inside(folder, "resume", "runs/long", "training.epochs=24", "--no-figures")
    assert (0, True) == (done.code, "epoch 20 was evaluated too, being the last;" in done.out), done.out


@pytest.mark.parametrize("times", [2, 8])
def test_a_second_interrupt_ends_it_at_once_and_damages_nothing(tmp_path, undisturbed, times):
    """The pipe that nobody reads keeps the first one from being answered. Further ones change nothing."""
    process = start(write(tmp_path, SPEC), "train", "long.yaml", "--no-figures")
    assert process.stdout is not None
    while not process.stdout.readline().startswith("backend"):
        pass
    time.sleep(0.1)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
    _, err = process.communicate(timeout=60)
    assert 130 == process.returncode
    assert re.fullmatch("interrupted( at once)?; go on with: nettrain resume runs/long\n", err)
    assert (0, "") == (resumed(tmp_path).code, "")
    assert_same(undisturbed, tmp_path)


def test_changed_data_are_noticed(tmp_path):
    rows = "".join(f"{k},{k % 7},{k % 2}\n" for k in range(60))
    (tmp_path / "t.csv").write_text("a,b,label\n" + rows)
    text = SHORT.replace("builtin:iris", "t.csv").replace("batch_size: 16", "batch_size: 8")
    folder = trained(tmp_path, "data.target=label", text=text)
    for changed, said in {
        "a,b,label\n" + rows.replace("7,0,1", "8,0,1"): "the inputs of test rows are different",
        "a,b,new,label\n" + "".join(f"{k},{k % 7},5,{k % 2}\n" for k in range(60)): 'column "new" is new',
    }.items():
        (tmp_path / "t.csv").write_text(changed)
        done = resumed(folder, "training.epochs=30")
        told = f"t.csv has changed since runs/long was trained on it: {said}; train anew\n"
        assert (3, True) == (done.code, done.err.endswith(told)), done.err
    (tmp_path / "t.csv").write_text("a,b,label\n" + rows.replace("7,0,1", "7,0,x"))
    done = resumed(folder, "training.epochs=30")
    told = "; to go on with runs/long put its data back, or say where they lie: data.source=…\n"
    assert (3, True) == (done.code, done.err.endswith(told)), done.err
    done = resumed(folder, "training.epochs=30", "data.target=b")
    assert (2, True) == (
        done.code,
        'data.target: "label" → "b" would have changed the steps so far' in done.err,
    )
    (tmp_path / "moved.csv").write_text("a,b,label\n" + rows)
    assert 0 == resumed(folder, "training.epochs=30", "data.source=moved.csv").code


def test_a_run_that_is_being_trained_cannot_be_resumed_twice(tmp_path):
    process = start(write(tmp_path), "train", "long.yaml", "--quiet", "--no-figures")
    while not (tmp_path / "runs/long/config.yaml").exists():
        time.sleep(0.005)
    done = resumed(tmp_path)
    assert (2, f"runs/long: in use by process {process.pid}\n") == (done.code, done.err)
    process.kill()
    process.communicate()
    noted = inside(tmp_path, "resume", "runs/long", "--no-figures")
    assert 0 == noted.code
    assert f"process {process.pid} ended without letting go of it; taken over" in " ".join(noted.out.split())


def test_two_runs_at_once_get_two_folders(tmp_path):
    write(tmp_path, SHORT)
    processes = [start(tmp_path, "train", "long.yaml", "--quiet", "--no-figures") for _ in range(3)]
    for process in processes:
        assert ("", "") == process.communicate(timeout=60)
    assert ["long", "long-2", "long-3"] == sorted(os.listdir(tmp_path / "runs"))
    histories = {path.read_bytes() for path in tmp_path.glob("runs/*/history.csv")}
    assert 1 == len(histories)


def test_what_is_no_run_is_named(tmp_path):
    (tmp_path / "runs/digits").mkdir(parents=True)
    done = inside(tmp_path, "resume", "runs/digit")
    assert (2, 'runs/digit: no such run folder, did you mean "digits"?\n') == (done.code, done.err)
    done = inside(tmp_path, "resume", "runs/digits")
    assert (2, "runs/digits: not a run folder, config.yaml is missing\n") == (done.code, done.err)
    (tmp_path / "runs/digits/journal.jsonl").touch()
    done = inside(tmp_path, "resume", "runs/digits")
    expected = "runs/digits: the folder of a sweep; continue it with: nettrain sweep FILE\n"
    assert (2, expected) == (done.code, done.err)


def test_divergence_says_where_and_what_to_try_and_keeps_good_weights(tmp_path):
    text = SHORT.replace("builtin:iris", "synthetic:sine").replace(
        "hidden: [8]", "hidden: [8], activation: linear"
    )
    write(tmp_path, text)
    done = inside(
        tmp_path, "train", "long.yaml", "optimizer=sgd", "optimizer.learning_rate=1.5", "--no-figures"
    )
    assert 1 == done.code
    told = summary(tmp_path)
    cause = told["divergence"]
    assert "diverged" == told["status"]
    assert cause["where"] in ("signal", "loss")
    assert f"training diverged in epoch {cause['epoch']} of runs/long: {cause['text']}\n" == done.err
    assert f"in step {cause['step']} (epoch {cause['epoch']}), at learning rate 1.5" in cause["text"]
    assert "try optimizer.learning_rate=0.15 or training.clip_norm=1" in done.out
    assert told["metrics"]["train"]["loss"] is not None
    predicted = inside(tmp_path, "predict", "runs/long", "synthetic:sine")
    assert (0, False) == (predicted.code, "nan" in predicted.out)


def test_a_full_disk_is_named_and_the_run_goes_on_later(tmp_path, undisturbed):
    """A limit on the size of files stands for a disk without room."""
    code = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
sys.argv = ["nettrain", "train", "long.yaml", "--quiet", "--no-figures"]
from nettrain.cli.app import main
main()
"""
    small = [sys.executable, "-W", "error", "-c", code]
    done = ended(small, write(tmp_path))
    assert 1 == done.code
    assert re.fullmatch(r"runs/long/[a-z]+\.[a-z]+: cannot be written: File too large\n", done.err)
    assert (0, "") == (resumed(tmp_path).code, "")
    assert_same(undisturbed, tmp_path)
