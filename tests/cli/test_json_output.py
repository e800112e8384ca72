"""What commands print with --json is one object that keeps to its published schema."""

import inspect
import json

import pytest
from jsonschema import Draft202012Validator

from nettrain.cli.app import app
from nettrain.cli.json_output import JSON_OUTPUTS
from tests.cli.command import CONFIGS, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SWEEP = CONFIGS / "sweep_digits.yaml"


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Every command's answer, from real calls."""
    folder = tmp_path_factory.mktemp("answers")
    iris = CONFIGS / "iris.yaml"
    few = ("training.epochs=4", "training.early_stopping=null", "--no-figures", "--quiet")
    calls = {
        "init": ("init", "builtin:penguins"),
        "train": ("train", iris, *few),
        "train, members": ("train", iris, *few, "training.repeat=2"),
        "train, snapshots": ("train", iris, *few, "training.snapshots=2"),
        "train, folds": ("train", iris, *few, "--folds", "2x2", "experiment=folded"),
        "evaluate, folds": ("evaluate", "runs/folded", "--part", "validation"),
        "predict, folds": ("predict", "runs/folded", "builtin:iris"),
        "resume, folds": ("resume", "runs/folded"),
        "train, diverged": ("train", iris, *few, "optimizer={name: sgd, learning_rate: 1.0e+30}"),
        "resume": ("resume", "runs/iris", "training.epochs=5", "--no-figures", "--quiet"),
        "resume, ended": ("resume", "runs/iris"),
        "evaluate": ("evaluate", "runs/iris", "--importance"),
        "predict": ("predict", "runs/iris", "builtin:iris"),
        "predict, own": ("predict", "runs/iris"),
        "export": ("export", "runs/iris", "model.py"),
        "runs": ("runs",),
        "runs, named": ("runs", "runs/iris*", "--sort", "val_loss"),
        "compare": ("compare", iris, "--vary", "optimizer=sgd,adam", "--repeat", "3", "training.epochs=2"),
        "sweep": ("sweep", SWEEP, "--trials", "2", "--jobs", "1", "training.epochs=1", "--quiet"),
        "sweep, folds": ("sweep", iris, *few[:1], "--folds", "2", "--trials", "1", "--jobs", "1", "--quiet"),
        "tune": ("tune", iris, "--minutes", "1", "--jobs", "1", "--folds", "2", "--quiet", *few[:1]),
        "report": ("report", "runs/iris"),
        "report, sweep": ("report", "sweeps/sweep-digits"),
        "check": ("check", iris),
        "lr-find": ("lr-find", iris, "--rates", "8", "--steps", "40", "--quiet"),
        "lr-find, diverged": ("lr-find", iris, "optimizer=sgd", "--from", "1e20", "--to", "1e30", "--quiet"),
        "graph": ("graph", "runs/iris", "--quiet", "--no-figures"),
        "landscape": ("landscape", "runs/iris", "--resolution", "3", "--quiet", "--no-figures"),
        "gradcheck": ("gradcheck", iris),
        "gradcheck, function": ("gradcheck", "--function", f"{CONFIGS.parent}/docs/homework.py:loss"),
        "list": ("list",),
        "list, one": ("list", "loss"),
        "info": ("info",),
        "show": ("show", iris),
        "lessons": ("lessons",),
        "lessons, one": ("lessons", "learning_rate", "--seeds", "1"),
        "lessons, copied": ("lessons", "learning_rate", "--copy", "."),
    }
    with pytest.MonkeyPatch.context() as changes:  # a tuning ends after a few networks, not by the clock
        changes.setattr("nettrain.workflow.tuning.search.MOST_TRIALS", 4)
        changes.setattr("nettrain.workflow.tuning.search.MOST_SEEDS", 1)
        return {name: inside(folder, *call, "--json") for name, call in calls.items()}


def test_every_command_with_json_publishes_its_schema():
    """One that lacks gets a model in JSON_OUTPUTS of cli/json_output.py, and a call above."""
    with_json = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if "as_json" in inspect.signature(command.callback).parameters
    }
    assert set(JSON_OUTPUTS) == with_json


def test_every_published_command_is_called(answers):
    assert set(JSON_OUTPUTS) == {call.partition(",")[0] for call in answers}


@pytest.mark.parametrize("command", JSON_OUTPUTS)
def test_answers_keep_to_their_schema(command, answers, tmp_path):
    schema = json.loads(inside(tmp_path, "schema", "--of", command).out)
    Draft202012Validator.check_schema(schema)
    for call, ended in answers.items():
        if call.partition(",")[0] == command:
            assert (int("diverged" in call), 1) == (ended.code, ended.out.count("\n")), ended.err
            Draft202012Validator(schema).validate(json.loads(ended.out, parse_constant=refused))


def refused(constant):
    raise ValueError(f"{constant} is no JSON")


def test_answers_say_what_was_asked(answers):
    told = {call: json.loads(ended.out) for call, ended in answers.items()}
    assert ("penguins.yaml", ["species"], "classes") == tuple(
        told["init"][key] for key in ("file", "targets", "target_kind")
    )
    assert {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124} == told["init"]["classes"]
    assert (4, 5) == (told["train"]["epochs_run"], told["resume"]["epochs_run"])
    assert [0, 1] == [member["member"] for member in told["train, members"]["members"]]
    assert 2 == len(told["train, snapshots"]["snapshots"])
    assert "diverged" == told["train, diverged"]["status"]
    assert told["train, diverged"]["divergence"]["advice"]
    assert ["loss"] == list(told["list, one"])
    assert "optimizer.learning_rate" in told["runs, named"]["differing"]
    assert told["gradcheck"]["passed"]
    assert "iris" == told["show"]["experiment"]
    assert told["lr-find"]["override"].startswith("optimizer.learning_rate=")
    assert told["lr-find, diverged"]["override"] is None


def test_a_command_without_an_answer_is_refused(tmp_path):
    ended = inside(tmp_path, "schema", "--of", "trian")
    assert (2, '--of: "trian" prints no JSON') == (ended.code, ended.err[:28])


def test_the_schema_of_the_experiment_file_is_printed(tmp_path):
    ended = inside(tmp_path, "schema")
    assert "nettrain experiment" == json.loads(ended.out)["title"]
