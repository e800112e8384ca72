"""Tables of many epochs hold the bits of tables of their own, which a run makes that is resumed there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules
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
    pairs = {first: (tables.of(first, STEPS), coefficient_table(run, first, STEPS)) for first in starts}
    return [first for first, (actual, own) in pairs.items() if not all(map(np.array_equal, actual, own))]


@pytest.mark.parametrize("rule", ["adam", "nesterov"])
@pytest.mark.parametrize("variant", SCHEDULES.values(), ids=SCHEDULES)
def test_of_schedules(variant: tuple[str, dict[str, Any]], rule: str) -> None:
    run = run_of(*overrides("schedule", *variant), f"optimizer={rule}", members=3)
    assert run.data.batches.steps == STEPS
    assert steps_that_differ(run, range(0, STEPS * EPOCHS, STEPS)) == []


@pytest.mark.parametrize("variant", RULES.values(), ids=RULES)
def test_of_optimizers(variant: tuple[str, dict[str, Any]]) -> None:
    if optimizers[variant[0]].full_batch:
        pytest.skip("has no coefficients")
    run = run_of(*overrides("optimizer", *variant), "schedule=cosine")
    assert steps_that_differ(run, [0, 4, 8, 3, 57, 156]) == []


def test_a_cut_of_the_rate_makes_a_new_table() -> None:
    run = run_of("schedule=plateau", "optimizer={name: sgd, learning_rate: 0.5}")
    tables = CoefficientTables(run)
    assert tables.of(0, STEPS)[1].tolist() == [[0.5] * STEPS]
    run.population["cut"][:] = 0.5
    assert tables.of(4, STEPS)[1].tolist() == [[0.25] * STEPS]


def test_one_table_does_for_many_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[tuple[int, int]] = []

    def counted(run: TrainingRun, first: int, count: int) -> Any:
        computed.append((first, count))
        return coefficient_table(run, first, count)

    monkeypatch.setattr(coefficients, "coefficient_table", counted)
    monkeypatch.setattr(coefficients, "TABLE_STEPS", 96)
    tables = CoefficientTables(run_of(members=2))
    for first in range(0, STEPS * EPOCHS, STEPS):
        tables.of(first, STEPS)
    assert computed == [(0, 48), (48, 48), (96, 48), (144, 16)]
