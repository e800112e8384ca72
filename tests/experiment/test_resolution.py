"""What is resolved with the data, and which experiments do not fit their data."""

from pathlib import Path

import pytest

from nettrain.catalogue.losses import losses
from nettrain.errors import DataError, SpecError
from nettrain.experiment.resolution import read_and_resolve, remarks, resolve_with_data
from nettrain.experiment.settings import Experiment
from tests.trained import IRIS, built, data_of, experiment, prepared

SOURCES = {
    "classes": "builtin:iris",
    "two classes": "synthetic:moons",
    "numbers": "synthetic:sine",
}


def resolved(source: str, *overrides: str) -> Experiment:
    spec = experiment(f"data: {{source: '{source}'}}", *overrides)
    return resolve_with_data(spec, prepared(spec))


@pytest.mark.parametrize(
    ("kind", "loss"),
    [("classes", "cross_entropy"), ("two classes", "binary_cross_entropy"), ("numbers", "mse")],
)
def test_the_loss_follows_from_the_targets(kind: str, loss: str) -> None:
    assert resolved(SOURCES[kind]).loss.name == loss


def test_two_classes_may_have_two_outputs() -> None:
    assert resolved(SOURCES["two classes"], "loss=cross_entropy").loss.name == "cross_entropy"


def fitting(*kinds: str) -> str:
    """The losses for targets of these kinds, spelled out."""
    *others, last = [name for name, entry in losses.items() if set(kinds) & set(entry.fits)]
    return f"{', '.join(others)} or {last}" if others else last


@pytest.mark.parametrize(
    ("kind", "loss", "message"),
    [
        ("classes", "mae", f"classes, use {fitting('classes')}"),
        ("classes", "perceptron", f"classes, use {fitting('classes')}"),
        ("two classes", "poisson", f"two classes, use {fitting('classes', 'two classes')}"),
        ("labels", "hinge", f"labels, use {fitting('labels')}"),
        ("numbers", "cross_entropy", f"numbers, use {fitting('numbers')}, {fitting('counts')} for counts"),
        (
            "distributions",
            "hinge",
            f"numbers, use {fitting('numbers')}, {fitting('counts')} for counts,"
            f" {fitting('distributions')} for distributions",
        ),
    ],
)
def test_a_loss_that_does_not_fit_names_those_that_do(
    kind: str, loss: str, message: str, tmp_path: Path
) -> None:
    spec = experiment(IRIS, *data_of(kind, tmp_path), f"loss={loss}")
    with pytest.raises(SpecError) as caught:
        resolve_with_data(spec, prepared(spec))
    assert str(caught.value) == f"loss: {loss} is not for {message}"


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, loss in losses.items() for k in loss.fits])
def test_a_loss_takes_the_targets_that_it_names(name: str, kind: str, tmp_path: Path) -> None:
    spec = experiment(IRIS, *data_of(kind, tmp_path), f"loss={name}")
    assert resolve_with_data(spec, prepared(spec)).loss.name == name


def test_an_output_activation_that_needs_several_outputs_is_refused_for_one() -> None:
    with pytest.raises(SpecError) as caught:
        resolved(SOURCES["numbers"], "loss=mse", "model.output_activation=softmax")
    assert str(caught.value) == "model.output_activation: softmax needs several outputs, here is one"
    with pytest.raises(SpecError):
        resolved(SOURCES["two classes"], "loss=hinge", "model.output_activation=softmax")


def test_shares_that_exclude_each_other_are_refused_for_labels(tmp_path: Path) -> None:
    spec = experiment(IRIS, *data_of("labels", tmp_path), "loss=mse", "model.output_activation=softmax")
    with pytest.raises(SpecError) as caught:
        resolve_with_data(spec, prepared(spec))
    text = "softmax is for classes that exclude each other, labels take sigmoid"
    assert str(caught.value) == f"model.output_activation: {text}"


def test_numbers_have_no_labels_to_smooth() -> None:
    with pytest.raises(SpecError) as caught:
        resolved(SOURCES["numbers"], "loss={name: mse, label_smoothing: 0.1}")
    text = "0.1 does nothing for numbers, it is for classes and labels"
    assert str(caught.value) == f"loss.label_smoothing: {text}"


def test_a_setting_that_would_have_no_effect_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        resolved(SOURCES["classes"], "loss={name: focal, alpha: 0.25}")
    assert str(caught.value) == "loss.alpha: 0.25 does nothing for classes, it is for two classes"
    assert resolved(SOURCES["two classes"], "loss={name: focal, alpha: 0.25}").loss.alpha == 0.25


@pytest.mark.parametrize(("name", "kind"), [("poisson", "counts"), ("kl_divergence", "distributions")])
def test_some_losses_need_targets_in_their_own_units(name: str, kind: str, tmp_path: Path) -> None:
    own = data_of(kind, tmp_path)[:-1]  # without target_scaling
    scaled = experiment(IRIS, *own, f"loss={name}", "data.target_scaling=standard")
    with pytest.raises(
        SpecError, match=rf"^data.target_scaling: {name} needs targets as they are, write none$"
    ):
        read_and_resolve(scaled)
    trained, data = read_and_resolve(experiment(IRIS, *own, f"loss={name}"))
    assert trained.data.target_scaling == "none"
    assert data.train.y.min() >= 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("poisson", "loss: poisson needs counts from 0 on, not -"),
        ("cross_entropy", "loss: cross_entropy needs targets from 0 on whose sum is 1, not "),
    ],
)
def test_targets_that_a_loss_cannot_take_are_refused(name: str, message: str, tmp_path: Path) -> None:
    data_of("distributions", tmp_path)
    columns = {"poisson": "x", "cross_entropy": "[a, b]"}[name]
    own = [f"data.source={tmp_path / 'data.csv'}", f"data.target={columns}", "data.target_kind=numbers"]
    with pytest.raises(DataError) as caught:
        built([experiment(IRIS, *own, "data.target_scaling=none", f"loss={name}")])
    assert str(caught.value).startswith(message)


def test_a_loss_with_an_output_activation_takes_no_other() -> None:
    with pytest.raises(SpecError, match="tanh does not go with cross_entropy, which brings softmax"):
        resolved(SOURCES["classes"], "model.output_activation=tanh")


@pytest.mark.parametrize(
    ("hidden", "batch", "threads"),
    [("[64, 32]", "64", 1), ("[512, 512]", "64", 2), ("[16]", "full", 1), ("[2048, 2048]", "full", 7)],
)
def test_there_are_as_many_threads_as_blocks_or_processors(
    hidden: str, batch: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nettrain.experiment.threads.available_cores", lambda: 7)
    shape = [f"model.hidden={hidden}", f"training.batch_size={batch}"]
    assert resolved("builtin:optdigits", *shape).backend.threads == threads


def test_a_monitor_for_other_targets_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        resolved(SOURCES["classes"], "training.early_stopping.monitor=val_rmse")
    assert str(caught.value) == (
        'training.early_stopping.monitor: "val_rmse" is not for classes'
        " (allowed: running_loss, objective, train_loss, train_accuracy, train_balanced_accuracy,"
        " train_macro_f1, train_log_loss, train_calibration_error, val_loss, val_accuracy,"
        " val_balanced_accuracy, val_macro_f1, val_log_loss, val_calibration_error)"
    )


def test_warmup_must_fit_into_the_run() -> None:
    with pytest.raises(SpecError, match=r"^schedule.warmup: 9 epochs of warmup do not fit into 3$"):
        resolved(SOURCES["classes"], "schedule.warmup=9", "training.epochs=3")
    decay = "training.weight_decay_schedule={name: cosine, warmup: 9}"
    with pytest.raises(SpecError, match=r"^training.weight_decay_schedule.warmup: 9 epochs of warmup do not"):
        resolved(SOURCES["classes"], decay, "training.epochs=3")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], []),
        (
            ["loss.name=cross_entropy", "loss.label_smoothing=0.1"],
            ["the running loss includes label smoothing, all other losses do not"],
        ),
        (
            ["data.class_weights=balanced"],
            ["running loss and objective are weighted by class, all other figures are not"],
        ),
        (["data.folds=3"], []),
        (
            ["data.folds=3", "training.early_stopping.patience=4"],
            [
                "figures of val flatter: the rows that a fold is measured on also decide for"
                " training.early_stopping.monitor"
            ],
        ),
    ],
)
def test_remarks_on_comparing_metrics(overrides: list[str], expected: list[str]) -> None:
    assert remarks(resolved(SOURCES["classes"], *overrides)) == expected


def test_threads_in_the_file_are_kept() -> None:
    assert resolved("builtin:iris", "backend.threads=2").backend.threads == 2


def test_a_monitor_without_rows_is_refused_when_the_split_leaves_none() -> None:
    spec = experiment(
        "data: {source: 'synthetic:moons', validation: 0.0001}",
        "training.early_stopping={monitor: val_loss}",
    )
    with pytest.raises(DataError) as caught:
        resolve_with_data(spec, prepared(spec))
    assert str(caught.value) == (
        'training.early_stopping.monitor: "val_loss" needs validation rows,'
        " but data.validation 0.0001 of so few rows is none"
    )
