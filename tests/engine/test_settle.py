"""What an experiment leaves to the data."""

import pytest

from nettrain.engine.settle import remarks, settle
from nettrain.errors import DataError, SpecError
from nettrain.spec.experiment import Experiment
from tests.trained import experiment, prepared

SOURCES = {
    "classes": "builtin:iris",
    "two classes": "synthetic:moons",
    "numbers": "synthetic:sine",
}


def settled(source: str, *overrides: str) -> Experiment:
    spec = experiment(f"data: {{source: '{source}'}}", *overrides)
    return settle(spec, prepared(spec))


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("classes", "cross_entropy"), ("two classes", "binary_cross_entropy"), ("numbers", "mse")],
)
def test_the_loss_follows_from_the_targets(kind: str, loss: str) -> None:
    assert settled(SOURCES[kind]).loss.name == loss


def test_two_classes_may_have_two_outputs() -> None:
    assert settled(SOURCES["two classes"], "loss=cross_entropy").loss.name == "cross_entropy"


@pytest.mark.parametrize(
    ("kind", "loss", "message"),
    [
        ("classes", "mse", "loss: mse is not for classes, use cross_entropy"),
        (
            "classes",
            "binary_cross_entropy",
            "loss: binary_cross_entropy is not for classes, use cross_entropy",
        ),
        ("numbers", "cross_entropy", "loss: cross_entropy is not for numbers, use mse"),
    ],
)
def test_a_loss_that_does_not_fit_names_those_that_do(kind: str, loss: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        settled(SOURCES[kind], f"loss={loss}")
    assert str(caught.value) == message


def test_a_loss_with_a_link_takes_no_other_output_activation() -> None:
    with pytest.raises(SpecError, match="tanh does not go with cross_entropy, which brings softmax"):
        settled(SOURCES["classes"], "model.output_activation=tanh")


@pytest.mark.parametrize(
    ("hidden", "batch", "threads"),
    [("[64, 32]", "64", 1), ("[512, 512]", "64", 7), ("[16]", "full", 1), ("[64]", "full", 7)],
)
def test_threads_are_for_products_that_are_worth_sharing(
    hidden: str, batch: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nettrain.engine.settle.available_cores", lambda: 7)
    shape = [f"model.hidden={hidden}", f"training.batch_size={batch}"]
    assert settled("builtin:optdigits", *shape).backend.threads == threads


def test_a_monitor_of_other_targets_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        settled(SOURCES["classes"], "training.early_stopping.monitor=val_rmse")
    assert str(caught.value) == (
        'training.early_stopping.monitor: "val_rmse" is not for classes'
        " (allowed: train_loss, objective, val_loss, val_accuracy, val_balanced_accuracy, val_macro_f1,"
        " val_log_loss, val_calibration_error)"
    )


def test_warmup_must_fit_into_the_run() -> None:
    with pytest.raises(SpecError, match=r"^schedule.warmup: 9 epochs of warmup do not fit into 3$"):
        settled(SOURCES["classes"], "schedule.warmup=9", "training.epochs=3")


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ([], []),
        (
            ["loss.name=cross_entropy", "loss.label_smoothing=0.1"],
            ["train loss includes label smoothing, val and test loss do not"],
        ),
        (
            ["data.class_weights=balanced"],
            ["train figures are weighted by class, val and test figures are not"],
        ),
    ],
)
def test_what_to_know_when_comparing_figures(overrides: list[str], told: list[str]) -> None:
    assert remarks(settled(SOURCES["classes"], *overrides)) == told


def test_threads_that_are_given_stay() -> None:
    assert settled("builtin:iris", "backend.threads=2").backend.threads == 2


def test_a_monitor_without_rows_is_refused_when_the_split_leaves_none() -> None:
    spec = experiment(
        "data: {source: 'synthetic:moons', validation: 0.0001}",
        "training.early_stopping={monitor: val_loss}",
    )
    with pytest.raises(DataError) as caught:
        settle(spec, prepared(spec))
    assert str(caught.value) == (
        'training.early_stopping.monitor: "val_loss" needs validation rows,'
        " but data.validation 0.0001 of so few rows is none"
    )
