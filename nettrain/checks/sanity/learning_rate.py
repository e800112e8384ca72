"""The learning rate beside that which a short range test suggests."""

from collections.abc import Iterator

import numpy as np

from nettrain.catalogue.losses.base import targets_for
from nettrain.catalogue.optimizers import Rule, optimizers
from nettrain.checks.range_test.measurement import Subject
from nettrain.checks.range_test.population import RangeTest, population_test
from nettrain.checks.range_test.varied_number import LEARNING_RATE, ValueRange, VariedNumber, value_range
from nettrain.checks.sanity.registry import Finding, graded, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.short_training import taken
from nettrain.data.tables.spaced import spaced

ROWS = 20
RATES = 16
STEPS = 200  # at most
ABOVE, BELOW = 30.0, 100.0  # times the suggestion, and below it: small steps only take longer
VERY_FAR = 1000.0


@sanity_check("learning_rate", rank=230)
def learning_rate(checked: CheckedExperiment) -> Iterator[Finding]:
    """The learning rate is not far from what a range test suggests.

    Networks with rates from 1e-6 to 10 train side by side for some steps. A rate far above the suggestion
    diverges or jumps about, one far below hardly moves; `nettrain lr-find` looks closer.
    """
    optimizer = checked.experiment.optimizer
    if not issubclass(optimizers[optimizer.name], Rule) or has_no_scale(checked):
        return
    rate = float(getattr(optimizer, LEARNING_RATE.rpartition(".")[2]))
    subject = Subject(checked.experiment, checked.data, checked.backend)
    number = VariedNumber(LEARNING_RATE, rate)
    tried = value_range(number, count=RATES)
    test = population_test(subject, number, tried, min(STEPS, subject.budget(RATES).steps))
    yield finding(rate, test, tried)


def has_no_scale(checked: CheckedExperiment) -> bool:
    """Whether twice the outputs have twice the loss, as the perceptron's: then any rate is as good."""
    rows = taken(checked.data.train, spaced(len(checked.data.train.x), ROWS))
    outputs = np.random.default_rng(0).normal(size=(1, len(rows.x), checked.architecture.outputs))
    y = targets_for(checked.loss, rows.y, outputs.shape[-1])[None]
    once, twice = (checked.loss.rows(np, factor * outputs, y) for factor in (1.0, 2.0))
    return bool(np.allclose(2 * once, twice))


def finding(rate: float, test: RangeTest, tried: ValueRange) -> Finding:
    """The verdict on a rate, by the suggestion of a range test."""
    suggestion = test.suggestion
    if suggestion is None:
        return Finding(
            subject="learning rate",
            value=f"{rate:g}",
            expected="one that lowers the loss",
            verdict="look",
            advice=f"No rate from {tried.low:g} to {tried.high:g} lowers the loss within {test.steps} steps.",
            figures={"learning_rate": rate},
        )
    above = rate > suggestion
    times = rate / suggestion if above else suggestion / rate
    verdict = graded(times, ABOVE if above else BELOW, VERY_FAR)
    return Finding(
        subject="learning rate",
        value=f"{rate:g}",
        expected=f"about {suggestion:g}",
        verdict=verdict,
        advice="" if verdict == "ok" else advice(rate, suggestion),
        figures={"learning_rate": rate, "suggestion": suggestion, "times": float(np.round(times, 3))},
    )


def advice(rate: float, suggestion: float) -> str:
    """What to try instead."""
    why = "may diverge" if rate > suggestion else "hardly moves the weights"
    return f"The rate {why}: try optimizer.learning_rate={suggestion:g}, or nettrain lr-find."
