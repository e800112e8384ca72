"""What commands print with --json is one object that keeps to its published schema."""

import json

import pytest
from jsonschema import Draft202012Validator

from nettrain.cli.answers import ANSWERS
from tests.cli.command import CONFIGS, nettrain


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Every command's answer, from real calls."""
    folder = tmp_path_factory.mktemp("answers")
    iris = CONFIGS / "iris.yaml"
    calls = {
        "list": ("list",),
        "info": ("info",),
        "show": ("show", iris),
        "evaluate": ("evaluate", "runs/iris", "--importance"),
        "predict": ("predict", "runs/iris", "builtin:iris"),
    }
    assert 0 == nettrain(folder, "train", iris, "training.epochs=2", "--quiet").code
    return {name: nettrain(folder, *call, "--json") for name, call in calls.items()}


def test_every_published_command_is_called(answers):
    assert set(ANSWERS) == set(answers)


@pytest.mark.parametrize("command", ANSWERS)
def test_the_answer_keeps_to_its_schema(command, answers, tmp_path):
    ended = answers[command]
    assert (0, 1) == (ended.code, ended.out.count("\n")), ended.err
    schema = json.loads(nettrain(tmp_path, "schema", "--of", command).out)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(ended.out))


def test_a_command_without_an_answer_is_refused(tmp_path):
    ended = nettrain(tmp_path, "schema", "--of", "trian")
    assert (2, '--of: "trian" prints no JSON') == (ended.code, ended.err[:28])


def test_the_schema_of_the_experiment_file_is_printed(tmp_path):
    ended = nettrain(tmp_path, "schema")
    assert "nettrain experiment" == json.loads(ended.out)["title"]
