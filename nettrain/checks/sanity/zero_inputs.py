"""The network beside one that sees nothing: the same training with zeros for inputs."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nettrain.checks.sanity.plain import unregularized, with_adam
from nettrain.checks.sanity.registry import Finding, graded, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.short_training import measured, train_to_end, with_rows
from nettrain.data.prepare import Prepared
from nettrain.data.tables.spaced import spaced

ROWS, BATCH = 1000, 64
STEPS = 300
BETTER, HARDLY = 0.97, 0.995  # the loss with the inputs, relative to that without

ADVICE = "The inputs hardly help: look at data.target, data.columns and data.scaling, and at the signals."


@sanity_check("zero_inputs", rank=40)
def zero_inputs(checked: CheckedExperiment) -> Iterator[Finding]:
    """Inputs replaced by zeros do worse than the real ones after a few epochs.

    Where they do not, the network does not get to see its inputs, or they say nothing about the target.
    """
    data = with_rows(checked.data, spaced(len(checked.data.train.x), ROWS))
    if len(data.train.x) < 2:
        return
    train = data.train
    blind = replace(data, train=replace(train, x=np.zeros_like(train.x)))
    real, zeros = best_loss(checked, data), best_loss(checked, blind)
    share = real / zeros if zeros > 0 else 1.0
    verdict = graded(share, BETTER, HARDLY)
    yield Finding(
        subject="after a few epochs",
        value=f"{real:.4g}",
        expected=f"zeros {zeros:.4g}",
        verdict=verdict,
        advice="" if verdict == "ok" else ADVICE,
        figures={"real": real, "zeros": zeros},
    )


def best_loss(checked: CheckedExperiment, data: Prepared) -> float:
    """The training loss of the best of some learning rates after a few epochs."""
    rows = len(data.train.x)
    batch = min(rows, BATCH)
    epochs = max(1, round(STEPS / -(-rows // batch)))
    experiments = with_adam(unregularized(checked.experiment), epochs, batch)
    networks = train_to_end(checked.built(experiments, data), experiments)
    losses = measured(networks, data.train)["loss"]
    return float(np.min(np.where(np.isfinite(losses), losses, np.inf)))
