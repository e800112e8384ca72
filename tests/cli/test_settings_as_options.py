"""Options that are meant as settings: the KEY=VALUE to write instead."""

import pytest

from tests.cli.command import inside

CASES = {
    "train e.yaml --epochs 10": "--epochs: no such option, write training.epochs=VALUE",
    "train --epochs=10 e.yaml": "--epochs: no such option, write training.epochs=VALUE",
    "train e.yaml --lr 0.1": "--lr: no such option, write optimizer.learning_rate=VALUE",
    "sweep e.yaml --batch-size 8": "--batch-size: no such option, write training.batch_size=VALUE",
    "gradcheck e.yaml --hidden 3": "--hidden: no such option, write model.hidden=VALUE",
    "resume runs/e --patience 3": "--patience: no such option, write training.early_stopping.patience=VALUE",
    "show e.yaml --seed 3": "--seed: no such option, write seed=VALUE",
    "check e.yaml --optimizer sgd": "--optimizer: no such option, write optimizer=VALUE",
}


@pytest.mark.parametrize(("command", "message"), CASES.items())
def test_the_key_is_named(command, message, tmp_path):
    ended = inside(tmp_path, *command.split())
    assert (2, f"{message}\n") == (ended.code, ended.err)


@pytest.mark.parametrize("command", ["train e.yaml --qqqq", "predict runs/e --epochs 3", "train"])
def test_others_are_refused_as_before(command, tmp_path):
    ended = inside(tmp_path, *command.split())
    assert (2, True) == (ended.code, ended.err.startswith("Usage: "))


@pytest.mark.parametrize("option", ["--folds", "--backend"])
def test_an_option_without_its_value_is_no_setting(option, tmp_path):
    ended = inside(tmp_path, "train", "e.yaml", option)
    assert (2, True) == (ended.code, f"Option '{option}' requires an argument." in ended.err)
