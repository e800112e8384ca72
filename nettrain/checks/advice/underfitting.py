"""Underfitting: training and validation loss are both high and flat."""

from nettrain.checks.advice.evidence import Evidence, level
from nettrain.checks.advice.registry import advice_line

EVALUATIONS, BEGUN = 12, 0.25  # and share of the epochs, before which nothing is said: some begin slowly
HIGH = 0.8  # of the loss of constant predictions
WINDOW, LEAST = 1 / 3, 5  # of the evaluations, and so many at least, in which the loss has been flat
FLAT = 0.02  # of its level by which the loss may have fallen in them
TINY = 1e-4  # an update-to-weight ratio with which weights stay where they began


@advice_line(
    "underfitting",
    unless=("dead_units", "growing_gradients", "identical_units", "oscillation", "vanishing_gradients"),
)
def underfitting(seen: Evidence) -> str | None:
    """The losses are hardly better than those of constant predictions, and no longer fall."""
    train, count = seen.train, len(seen.epochs)
    window = max(LEAST, round(WINDOW * count))
    begun = seen.epochs[-1] / seen.experiment.training.epochs
    if count < max(EVALUATIONS, window + 3) or begun < BEGUN:
        return None
    now, before = level(train), level(train[: -window + 2])
    if not (before - now < FLAT * now and now > HIGH * seen.baseline):
        return None
    return (
        f"training loss is {now:.3g} and has been flat for {window} evaluations, constant predictions score"
        f" {seen.baseline:.3g}: the network learns next to nothing; {_knobs(seen)}"
    )


def _knobs(seen: Evidence) -> str:
    if seen.update_ratio < TINY:
        return (
            f"a step changes weights by {seen.update_ratio:.1g} of their size, raise optimizer.learning_rate"
        )
    if not seen.experiment.model.hidden_layers():
        return "without hidden layers it is linear, try model.hidden=[32]"
    return "try more units in model.hidden, another optimizer.learning_rate, or columns that tell more"
