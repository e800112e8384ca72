"""Rules for predictions: on any backend, the same for a network alone and among others, and at their limits."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.calibrations import calibrations
from nettrain.catalogue.metrics import Task
from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members
from nettrain.inference.fit_postprocessing import with_fitted_rules
from nettrain.inference.metrics import compute_metrics
from nettrain.inference.postprocessing import (
    Postprocessing,
    PredictionRule,
    ValidationRows,
    fit_rule,
    joint_task,
)
from tests.fake_cupy.backends import BACKENDS, backend_factory
from tests.trained import experiment, trained

MOONS = """
data: {source: 'synthetic:moons', validation: 0.3, test: 0.2, seed: 0}
model: {hidden: [5], activation: tanh}
training: {epochs: 2, batch_size: 64}
backend: {threads: 1}
"""
CHOICES = (
    ("calibration=temperature", "threshold=f1"),
    ("calibration=isotonic", "threshold=youden"),
    ("calibration=none", "threshold=0.3"),
    ("calibration=temperature", "data.source=builtin:iris", "training.epochs=20"),
)
TWO = Task("two classes", ("t",), ("no", "yes"))
LABELS = Task("labels", ("a", "b"))


@pytest.fixture(params=BACKENDS)
def new_backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from backend_factory(request.param)


def with_rules(backend: Any, *choice: str, seeds: tuple[int, ...] = (0, 1, 2)) -> Any:
    """Trained networks with the rules that they ask for, and their datasets."""
    run = trained([experiment(MOONS, *choice, f"seed={r}") for r in seeds], backend).run
    networks = run.networks([run.experiment] * len(seeds))
    return with_fitted_rules(networks, run.data.datasets["validation"]), run.data.datasets


def numbers(rule: PredictionRule) -> list[float]:
    """All that was fitted."""
    found = list(rule.thresholds)
    for calibrator in rule.calibrators:
        values = calibrator.model_dump()
        curves = values.pop("curves", [])
        found += [*values.values(), *(one for curve in curves for axis in curve.values() for one in axis)]
    return found


@pytest.mark.parametrize("choice", CHOICES)
def test_a_device_fits_what_numpy_fits(new_backend: Any, choice: tuple[str, ...]) -> None:
    wide = ("backend.dtype=float64", "training.ensemble=3")
    (here, datasets), (there, on_device) = (
        with_rules(one, *choice, *wide) for one in (NumpyBackend, new_backend)
    )
    for ours, theirs in zip(here.postprocessing.networks, there.postprocessing.networks, strict=True):
        np.testing.assert_allclose(numbers(theirs), numbers(ours), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(numbers(there.rule), numbers(here.rule), rtol=1e-7, atol=1e-9)
    expected = evaluate_ensemble(here, datasets)["test"]
    assert expected == pytest.approx(evaluate_ensemble(there, on_device)["test"], rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("choice", CHOICES)
def test_a_member_has_the_rule_and_the_figures_that_it_has_alone(choice: tuple[str, ...], dtype: str) -> None:
    together, datasets = with_rules(NumpyBackend, *choice, f"backend.dtype={dtype}")
    assert together.postprocessing.together is None
    figures = evaluate_members(together, datasets)
    for r in range(3):
        alone, own = with_rules(NumpyBackend, *choice, f"backend.dtype={dtype}", seeds=(r,))
        assert together.postprocessing.networks[r] == alone.rule
        assert together.select([r]).rule == alone.rule
        for split, named in evaluate_members(alone, own).items():
            assert {name: float(values[0]) for name, values in named.items()} == {
                name: float(values[r]) for name, values in figures[split].items()
            }


def test_networks_that_predict_together_have_a_rule_until_one_is_chosen() -> None:
    networks, _ = with_rules(NumpyBackend, *CHOICES[0], "training.ensemble=3")
    fitted = networks.postprocessing
    assert networks.rule == fitted.together != fitted.networks[0]
    assert networks.select([0, 2]).rule == fitted.together
    assert networks.select([2]).rule == fitted.networks[2]
    assert networks.task.thresholds == fitted.together.thresholds
    assert () == networks.model.task.thresholds


def fit(task: Task, p: Any, y: Any, threshold: Any = "f1", calibration: str = "none") -> PredictionRule:
    p, y = np.array(p, float), np.array(y)
    rows = ValidationRows(y, np.ones(len(y)))
    return fit_rule(calibrations[calibration](), threshold, task, p, rows)


def test_a_label_that_rows_do_not_decide_keeps_the_usual_threshold() -> None:
    rule = fit(LABELS, [[0.2, 0.3], [0.8, 0.6]], [[0, 0], [1, 0]])
    assert (0.5, 0.5) == rule.thresholds  # of a: halfway between 0.2 and 0.8
    assert (0.8, 0.5) == fit(LABELS, [[0.7, 0.3], [0.9, 0.6]], [[0, 0], [1, 0]], "youden").thresholds


def test_a_threshold_lies_halfway_to_the_next_row() -> None:
    two = [[0.9, 0.1], [0.6, 0.4], [0.25, 0.75], [0.1, 0.9]]
    assert (0.575,) == fit(TWO, two, [0, 0, 1, 1]).thresholds
    assert (0.575,) == fit(TWO, two, [0, 0, 1, 1], "youden").thresholds
    assert (0.1,) == fit(TWO, two, [1, 1, 1, 1]).thresholds  # there is no next row
    # the last row alone has an F1 of 2/3, and so have all of them: the smaller threshold counts
    assert (0.1,) == fit(TWO, two, [1, 0, 0, 1]).thresholds


def test_predictions_that_are_not_finite_have_no_rule() -> None:
    p = [[0.5, 0.5], [np.nan, np.nan]]
    assert PredictionRule() == fit(TWO, p, [0, 1], "f1", "temperature")


def test_decisions_by_a_threshold_and_without() -> None:
    p = np.array([[0.7, 0.3], [0.5, 0.5], [0.2, 0.8]])
    assert [0, 0, 1] == TWO.decisions(p).tolist()
    assert [1, 1, 1] == replace(TWO, thresholds=(0.3,)).decisions(p).tolist()
    assert [0, 0, 0] == replace(TWO, thresholds=(0.81,)).decisions(p).tolist()
    assert [[0, 0], [1, 1]] == LABELS.decisions(np.array([[0.5, 0.2], [0.6, 0.9]])).tolist()
    of_labels = replace(LABELS, thresholds=(0.6, 0.1))
    assert [[0, 1], [1, 1]] == of_labels.decisions(np.array([[0.5, 0.2], [0.6, 0.9]])).tolist()


def test_metrics_of_decisions_follow_the_threshold_and_no_others() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(60)
    p, y = np.column_stack([1 - positive, positive]), (rng.random(60) < positive).astype(int)
    plain, low = (
        compute_metrics([(slice(None), p)], y, np.ones(60), replace(TWO, thresholds=thresholds)).scalars
        for thresholds in ((), (0.2,))
    )
    changed = {name for name, value in plain.items() if value != low[name]}
    assert {"accuracy", "balanced_accuracy", "macro_f1", "precision", "recall", "f1"} == changed
    assert ((positive >= 0.2) == y).mean() == low["accuracy"]


def test_folds_decide_by_the_mean_of_their_thresholds() -> None:
    tasks = [replace(LABELS, thresholds=thresholds) for thresholds in ((0.2, 0.5), (0.4, 0.7))]
    assert pytest.approx((0.3, 0.6)) == joint_task(tasks).thresholds
    assert () == joint_task([LABELS, LABELS]).thresholds


def test_thresholds_of_a_whole_can_be_exchanged() -> None:
    rules = (PredictionRule(thresholds=(0.2,)), PredictionRule())
    changed = Postprocessing("none", "f1", 10, rules).deciding_by((0.4,))
    assert [(0.4,), ()] == [rule.thresholds for rule in changed.networks]
