"""Tables of many epochs hold the bits of tables of their own, which a run makes that is resumed there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules
from nettrain.catalogue.schedules.factors import factor_schedules
from nettrain.training.run import TrainingRun
from nettrain.training.step import coefficients
from nettrain.training.step.coefficients import CoefficientTables, coefficient_table
from tests.trained import IRIS, built, experiment
from tests.variants import overrides, variants

STEPS, EPOCHS = 4, 40
COMMON = ("training.batch_size=30", "training.epochs=40", "data.validation=0.2", "training.shuffle=false")
SCHEDULES, RULES = variants(schedules), variants(optimizers)


def run_of(*changes: str, members: int = 1) -> TrainingRun:
    return built([experiment(IRIS, *COMMON, *changes, f"seed={r}") for r in range(members)])


def steps_that_differ(run: TrainingRun, starts: Sequence[int]) -> list[int]:
    """The first steps of epochs whose coefficients or rates are others in a table of many epochs."""
    tables = CoefficientTables(run)
    differing = []
    for first in starts:
        numbers, own = tables.at(first), CoefficientTables(run).at(first)
        rows = slice(first - numbers.first, first - numbers.first + STEPS)
        actual = numbers.coefficients[rows], numbers.rates[:, rows]
        alike = [*map(np.array_equal, actual, coefficient_table(run, first, STEPS))]
        factors = own.factors.items()
        alike += [np.array_equal(numbers.factors[name][rows], factor[:STEPS]) for name, factor in factors]
        differing += [first] if not all(alike) else []
    return differing


@pytest.mark.parametrize("rule", ["adam", "nesterov"])
@pytest.mark.parametrize("variant", SCHEDULES.values(), ids=SCHEDULES)
def test_of_schedules(variant: tuple[str, dict[str, Any]], rule: str) -> None:
    run = run_of(*overrides("schedule", *variant), f"optimizer={rule}", members=3)
    assert run.data.batches.steps == STEPS
    assert steps_that_differ(run, range(0, STEPS * EPOCHS, STEPS)) == []


@pytest.mark.parametrize("name", [name for name in factor_schedules if name != "none"])
def test_of_factors(name: str) -> None:
    other = f"model.dropout_schedule={name}", f"training.weight_decay_schedule={name}"
    run = run_of(*other, "training.weight_decay=0.1", "model.dropout=0.2", members=2)
    assert steps_that_differ(run, [0, 4, 8, 3, 57, 156]) == []
    assert [*CoefficientTables(run).at(4).factors] == ["dropout_factor"]


@pytest.mark.parametrize("variant", RULES.values(), ids=RULES)
def test_of_optimizers(variant: tuple[str, dict[str, Any]]) -> None:
    if optimizers[variant[0]].full_batch:
        pytest.skip("has no coefficients")
    run = run_of(*overrides("optimizer", *variant), "schedule=cosine")
    assert steps_that_differ(run, [0, 4, 8, 3, 57, 156]) == []


def test_a_cut_of_the_rate_makes_a_new_table() -> None:
    run = run_of("schedule=plateau", "optimizer={name: sgd, learning_rate: 0.5}")
    tables = CoefficientTables(run)
    assert tables.at(0).rate(STEPS - 1).tolist() == [0.5]
    run.population["cut"][:] = 0.5
    assert tables.at(STEPS).rate(STEPS).tolist() == [0.25]


def test_one_table_does_for_many_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[tuple[int, int]] = []

    def counted(run: TrainingRun, first: int, count: int) -> Any:
        computed.append((first, count))
        return coefficient_table(run, first, count)

    monkeypatch.setattr(coefficients, "coefficient_table", counted)
    monkeypatch.setattr(coefficients, "TABLE_STEPS", 96)
    tables = CoefficientTables(run_of(members=2))
    for first in range(0, STEPS * EPOCHS, STEPS):
        tables.at(first)
        assert tables.at(first + STEPS - 1) is tables.at(first)
    assert computed == [(0, 48), (48, 48), (96, 48), (144, 16)]
