"""Comparisons from Python: runs are bit-equal to those trained alone, figures are those of the runs."""

from collections.abc import Mapping

import numpy as np
import pytest

import nettrain
from nettrain.workflow.comparison.plan import plan_comparison
from nettrain.workflow.comparison.population import populations
from nettrain.workflow.comparison.sources import find_sources

SPEC: dict[str, object] = {
    "experiment": "flowers",
    "data": {"source": "builtin:iris", "test": 0.2},
    "model": {"hidden": [6]},
    "training": {"epochs": 4, "batch_size": 16},
}
ENSEMBLE = "training.ensemble=2"


def with_changes(*overrides: str) -> Mapping[str, object]:
    """The experiment as a mapping, with changes."""
    from nettrain.workflow.source import load_experiment

    return load_experiment(SPEC, overrides).experiment.model_dump()


def alone(*overrides: str, seed: int = 0) -> nettrain.Run:
    """The same run by `train`; the rows are split by seed 0."""
    seeds = [f"{key}={seed}" for key in ("model.seed", "training.order_seed", "training.noise_seed")]
    return nettrain.train(SPEC, *overrides, *seeds, "data.seed=0", f"seed={seed}")


def assert_same(run: nettrain.Run, other: nettrain.Run) -> None:
    assert run.metrics == other.metrics
    assert run.history.equals(other.history)
    ours, theirs = run.trained, other.trained
    assert ours.parameters.tobytes() == theirs.parameters.tobytes()
    assert ours.statistics.tobytes() == theirs.statistics.tobytes()
    assert run.predict().tolist() == other.predict().tolist()
    assert run.experiment == other.experiment
    assert {**run.summary, "timing": 0} == {**other.summary, "timing": 0}


@pytest.mark.parametrize(
    "changes",
    [
        ("model.dropout=0.3", "optimizer.learning_rate=0.02"),
        ("model.batch_norm=true",),
        ("training.early_stopping={patience: 1}", "optimizer.learning_rate=0.05"),
        ("model.activation={name: leaky_relu, negative_slope: 0.3}",),
        (ENSEMBLE,),
        ("training.snapshots=2",),
        ("training.max_seconds=1000",),
        ("optimizer={name: sgd, learning_rate: 1e30}", "training.epochs=3"),
    ],
    ids=lambda changes: changes[0],
)
def test_each_run_is_bit_equal_to_one_trained_alone(changes):
    other = [*changes[:-1], changes[-1], "regularization.l2=0.01"]
    compared = nettrain.compare(with_changes(*changes), with_changes(*other), repeat=2)
    stride = 2 if ENSEMBLE in changes else 1
    for entry, overrides in zip(compared.entries, (changes, other), strict=True):
        for k, run in enumerate(entry.runs):
            assert_same(run.run, alone(*overrides, seed=stride * k))


def test_numbers_train_as_one_population_and_other_choices_apart():
    vary = {"optimizer.learning_rate": [0.01, 0.1], "model.activation": ["relu", "tanh"]}
    plan = plan_comparison(find_sources([SPEC], vary=vary), repeat=3)
    assert 12 == len(plan.runs)
    assert [6, 6] == [len(group) for group in populations(plan.runs)]
    assert 1 == len({id(run.data) for run in plan.runs})


def test_an_entry_has_the_figures_of_its_runs():
    compared = nettrain.compare([SPEC], vary={"optimizer.learning_rate": [0.001, 0.1]}, repeat=3)
    slow, fast = compared.entries
    values = [alone(f"optimizer.learning_rate={rate}").metrics["val"]["loss"] for rate in (0.001, 0.1)]
    assert values == [slow.values("val_loss")[0], fast.values("val_loss")[0]]
    assert np.mean(slow.values("val_loss")) == slow.mean("val_loss")
    assert np.std(slow.values("val_loss"), ddof=1) == pytest.approx(slow.sd("val_loss"), rel=1e-14)
    assert (1,) == compared.best("val_loss")
    assert "val_accuracy" == compared.decisive
    assert ["learning_rate 0.001", "learning_rate 0.1"] == [entry.label for entry in compared.entries]
    assert (0, 1, 2) == slow.seeds
    assert 6 == len(compared.table)
    assert 24 == len(compared.history.filter(compared.history["epoch"] > 0))
