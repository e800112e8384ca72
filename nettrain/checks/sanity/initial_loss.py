"""The loss before training beside that of a network that knows nothing but how often each target occurs."""

from collections.abc import Iterator

import numpy as np

from nettrain.checks.sanity.registry import Finding, graded, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.short_training import initial_networks, measured, taken
from nettrain.data.tables.spaced import spaced
from nettrain.inference.baseline import constant_loss

ROWS = 2000  # on which the loss is measured
FAR, VERY_FAR = 3.0, 10.0  # times the loss of an uninformed network,
NUMBERS = 2.0  # and so many times more for numbers, of which the outputs' own variance is part


@sanity_check("initial_loss", rank=10)
def initial_loss(checked: CheckedExperiment) -> Iterator[Finding]:
    """The loss before training is about that of an uninformed network.

    Which is ln K for K equally frequent classes, in general the entropy of the classes, and the variance of
    the target for the squared error, with the variance of the outputs where nothing bounds them. Larger: the
    initial weights or the inputs are too large, so that the network is sure of what it cannot know.
    """
    outputs = checked.baseline.outputs
    if outputs is None:  # scores without a probability: any size will do
        return
    data, run = checked.data, checked.built([checked.experiment])
    rows = taken(data.train, spaced(len(data.train.x), ROWS))
    loss = float(measured(initial_networks(run, [checked.experiment]), rows)["loss"][0])
    uninformed = checked.baseline.metrics(checked.loss, checked.task, rows)["loss"]
    if uninformed < 0:  # of a density, which has no size to compare with
        return
    ratio = loss / uninformed if uninformed > 0 else np.inf
    if checked.task.targets == "numbers":
        ratio /= NUMBERS
    elif not checked.task.probabilities:  # linear outputs, which begin with a variance of about 1
        ratio *= uninformed / constant_loss(checked.loss, outputs + 1.0, rows)
    yield Finding(
        subject="before training",
        value=f"{loss:.4g}",
        expected=f"about {uninformed:.4g}",
        verdict=graded(ratio, FAR, VERY_FAR),
        advice=""
        if ratio <= FAR
        else "Scale the inputs (data.scaling: standard) or start from smaller weights.",
        figures={"loss": loss, "uninformed": uninformed},
    )
