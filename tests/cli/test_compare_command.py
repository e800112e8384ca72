"""`nettrain compare`: the files, the table, the JSON, the exit codes."""

import json
import signal
import subprocess
import sys

import pytest

from tests.cli.command import COMMAND, CONFIGS, ENVIRONMENT, ended, inside, nettrain

IRIS = CONFIGS / "iris.yaml"
SPEC = """
experiment: {name}
data: {{source: builtin:iris, test: 0.2}}
model: {{hidden: [4]}}
optimizer: {optimizer}
training: {{epochs: 3, batch_size: 16}}
"""


@pytest.fixture
def lesson(tmp_path):
    (tmp_path / "lesson").mkdir()
    for name, optimizer in (("plain", "sgd"), ("fast", "adam")):
        (tmp_path / "lesson" / f"{name}.yaml").write_text(SPEC.format(name=name, optimizer=optimizer))
    return tmp_path


def test_a_folder_is_compared_over_seeds(lesson):
    done = nettrain(lesson, "compare", "lesson", "--repeat", "3", "training.epochs=4")
    assert (0, "") == (done.code, done.err)
    folder = lesson / "comparisons" / "fast-plain"
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert {"compare.png", "experiments", "history.csv", "runs.csv", "summary.json"} == names
    assert "all      iris, hidden 4, relu, cross_entropy, batch_size 16, epochs 4" in done.out
    assert "2 experiments with 3 seeds each, 6 networks in 2 populations, one after the other" in done.out
    for text in (
        "adam",
        "sgd",
        "val accuracy",
        "±",
        "val loss by epoch   a adam   b sgd",
        "is best by val accuracy",
    ):
        assert text in done.out
    again = inside(lesson, "compare", "lesson", "--quiet", "--no-figures")
    assert (0, "", "") == (again.code, again.out, again.err)
    assert (lesson / "comparisons" / "fast-plain-2" / "summary.json").is_file()
    assert not (lesson / "comparisons" / "fast-plain-2" / "compare.png").exists()


def test_the_experiments_it_writes_repeat_it(lesson):
    first, second = (
        json.loads(inside(lesson, "compare", source, *options, "--no-figures", "--json").out)
        for source, options in (("lesson", ("--repeat", "2")), ("comparisons/fast-plain/experiments", ()))
    )
    assert ["adam", "sgd"] == [one["label"] for one in first["entries"]]
    for key in ("figures", "tests", "differing", "common", "decisive"):
        assert first[key] == second[key]
    for one, other in zip(first["entries"], second["entries"], strict=True):
        assert (one["mean"], one["sd"]) == (other["mean"], other["sd"])


def test_values_of_a_key_train_as_one_population(lesson):
    done = inside(
        lesson, "compare", "lesson/fast.yaml", "--vary", "optimizer.learning_rate=0.1,0.01,1e-3", "--json"
    )
    assert 0 == done.code
    assert "3 experiments, 3 networks side by side" in done.err
    compared = json.loads(done.out)
    assert [0.1, 0.01, 0.001] == [one["settings"]["optimizer.learning_rate"] for one in compared["entries"]]
    assert ["optimizer.learning_rate"] == compared["differing"]
    alone = inside(
        lesson, "train", "lesson/fast.yaml", "optimizer.learning_rate=0.01", "--json", "--no-figures"
    )
    assert json.loads(alone.out)["metrics"] == compared["entries"][1]["runs"][0]["metrics"]


def test_finished_runs_are_read(lesson):
    for name in ("plain", "fast"):
        inside(lesson, "train", f"lesson/{name}.yaml", "--quiet", "--no-figures")
    done = inside(lesson, "compare", "runs/plain", "runs/fast", "--json", "--no-figures")
    compared = json.loads(done.out)
    assert (0, ["sgd", "adam"]) == (done.code, [one["label"] for one in compared["entries"]])
    summary = json.loads((lesson / "runs/fast/summary.json").read_text())
    assert summary["metrics"] == compared["entries"][1]["runs"][0]["metrics"]
    assert "trains" not in done.err
    refused = inside(lesson, "compare", "runs", "--repeat", "5")
    assert (2, "--repeat: runs/fast is a run, which is read, not trained again\n") == (
        refused.code,
        refused.err,
    )


def test_divergence_is_shown_and_only_that_of_all_fails(lesson):
    vary = ("--vary", "optimizer.learning_rate=0.1,1e30")
    done = inside(lesson, "compare", "lesson/plain.yaml", *vary, "--repeat", "3")
    assert (0, "") == (done.code, done.err)
    assert "3 of 3" in done.out
    assert "learning_rate 1e+30 diverged in 3 of 3 seeds" in done.out
    failed = inside(lesson, "compare", "lesson/plain.yaml", "--vary", "optimizer.learning_rate=1e29,1e30")
    assert 1 == failed.code


WRONG = {
    (
        "lesson/plain.yaml",
    ): "lesson/plain.yaml: is alone; name more to compare it with, or --vary KEY=VALUE,VALUE",
    ("nix.yaml", "lesson"): "nix.yaml: no such file",
    (
        "lesson",
        "model.hiden=[3]",
    ): 'override "model.hiden=[3]": model.hiden: unknown key, did you mean "hidden"?',
    (
        "lesson",
        "--vary",
        "seed",
    ): '--vary "seed": write KEY=VALUE,VALUE, such as optimizer.learning_rate=0.01,0.1',
    (
        "lesson",
        "--vary",
        "optimizer=adem",
    ): 'override "optimizer=adem": optimizer: unknown "adem", did you mean "adam"?',
    ("lesson", "--epochs", "3"): "--epochs: no such option, write training.epochs=VALUE",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_what_is_wrong_is_one_line_and_writes_nothing(lesson, arguments):
    done = inside(lesson, "compare", *arguments)
    assert (2, "", f"{WRONG[arguments]}\n") == (done.code, done.out, done.err)
    assert not (lesson / "comparisons").exists()


def test_an_interruption_shows_what_was_trained(lesson):
    command = [*COMMAND, "compare", "lesson", "training.epochs=200000", "--json"]
    with subprocess.Popen(command, cwd=lesson, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:  # fmt: skip
        assert any(line.startswith("epoch ") for line in process.stderr), "it ended before it trained"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert 130 == process.returncode
    compared = json.loads(out)
    assert "interrupted" == compared["status"]
    assert ["interrupted"] == [run["status"] for run in compared["entries"][0]["runs"]]
    assert "interrupted; what had been trained is compared" == err.splitlines()[-1]
    assert "interrupted" == json.loads((lesson / "comparisons/fast-plain/summary.json").read_text())["status"]


SIGNALLED = """
import signal
from unittest.mock import patch
from nettrain.__main__ import main

with patch("nettrain.workflow.compare.run_comparison", lambda *_, **__: signal.raise_signal(signal.SIGTERM)):
    main()
"""


def test_a_signal_ends_a_comparison_of_runs_at_once(lesson):
    """Nothing trains that could be kept."""
    inside(lesson, "train", "lesson/fast.yaml", "--quiet", "--no-figures")
    (lesson / "before").mkdir()
    command = [sys.executable, "-W", "error", "-c", SIGNALLED, "compare", "runs/fast", "runs/fast", "--out"]
    for out in ("comparisons", "before"):
        done = ended([*command, out], lesson)
        assert (143, "terminated\n") == (done.code, done.err)
    assert {"lesson", "runs", "before"} == {path.name for path in lesson.iterdir()}
    assert [] == [*(lesson / "before").iterdir()]


def test_curves_of_losses_that_cannot_be_compared_are_not_plotted_together(lesson):
    done = inside(lesson, "compare", "lesson/fast.yaml", "--vary", "loss=cross_entropy,mse", "--no-figures")
    assert 0 == done.code
    assert "val accuracy by epoch   a cross_entropy   b mse" in done.out
    assert "loss by epoch" not in done.out
