"""Runs of a version that called the running loss train_loss."""

import pytest

from nettrain.errors import SpecError
from nettrain.experiment.settings import Experiment
from nettrain.training.resumption.earlier_versions import (
    is_of_earlier_version,
    refuse_earlier_name,
    with_present_names,
)
from tests.trained import IRIS, experiment

WATCHED = (
    "training.early_stopping={monitor: train_loss}",
    "training.target={train_loss: 0.1, val_accuracy: 0.9}",
    "schedule={name: plateau, monitor: train_loss}",
)


def stored() -> dict:
    """What such a version kept of an experiment."""
    dumped = experiment(IRIS, *WATCHED).model_dump(mode="json")
    del dumped["training"]["evaluate_train"]
    return dumped


def test_what_was_watched_is_the_running_loss() -> None:
    assert is_of_earlier_version(stored())
    assert not is_of_earlier_version(experiment(IRIS).model_dump())
    present = Experiment.model_validate(with_present_names(stored()))
    assert set(present.watched.values()) == {"running_loss", "val_accuracy"}
    assert present.training.target == {"running_loss": 0.1, "val_accuracy": 0.9}


@pytest.mark.parametrize(
    ("watched", "expected"),
    [
        (
            WATCHED[0],
            "training.early_stopping.monitor: train_loss is called running_loss since runs/x was trained:"
            " training.early_stopping.monitor=running_loss goes on",
        ),
        (
            WATCHED[1],
            "training.target.train_loss: train_loss is called running_loss since runs/x was trained:"
            ' "training.target={running_loss: 0.1, val_accuracy: 0.9}" goes on',
        ),
        (
            WATCHED[2],
            "schedule.monitor: train_loss is called running_loss since runs/x was trained:"
            " schedule.monitor=running_loss goes on",
        ),
    ],
)
def test_the_earlier_name_is_refused_with_the_way_on(watched: str, expected: str, tmp_path) -> None:
    with pytest.raises(SpecError) as caught:
        refuse_earlier_name(experiment(IRIS, watched), tmp_path / "runs/x")
    assert str(caught.value).replace(f"{tmp_path}/", "") == expected


def test_other_names_are_not_refused(tmp_path) -> None:
    refuse_earlier_name(experiment(IRIS, "training.early_stopping={monitor: val_loss}"), tmp_path)
