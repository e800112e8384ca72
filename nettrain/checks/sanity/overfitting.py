"""Twenty examples alone: what cannot be learned there cannot be learned at all."""

from collections.abc import Iterator

import numpy as np

from nettrain.backend.base import Floats
from nettrain.checks.advice.identical_units import copies_in
from nettrain.checks.sanity.plain import unregularized, with_adam
from nettrain.checks.sanity.registry import Finding, graded, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.short_training import measured, taken, train_to_end, with_rows
from nettrain.data.labelled import Rows
from nettrain.data.tables.arrays import Indices, Mask
from nettrain.data.tables.spaced import spaced
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.predictions import predict_labelled

EXAMPLES = 20
STEPS = 400
LEARNED, PARTLY = 0.05, 0.3  # of the loss that is left
SAME = 0.01  # a difference of inputs that is none
FEW = 0.2  # of the examples may contradict others
SHOWN = 5  # examples named in the advice


@sanity_check("overfit", rank=30)
def overfit(checked: CheckedExperiment) -> Iterator[Finding]:
    """Twenty examples are learned to almost no loss without regularization.

    Where they are not, the network is too small or its signals die, the inputs do not tell the examples
    apart, or targets contradict each other. Adam trains at four rates side by side; the best counts. A
    network without hidden layers gets no more examples than it has weights for.
    """
    limit = EXAMPLES if checked.experiment.model.hidden_layers() else checked.data.preprocessing.inputs + 1
    train = checked.data.train
    data = with_rows(checked.data, without_few_twins(train, examples(train, min(limit, EXAMPLES))))
    count = len(data.train.x)
    if count < 2:
        return
    experiments = with_adam(unregularized(checked.experiment), STEPS, count)
    run = checked.built(experiments, data)
    networks = train_to_end(run, experiments)
    left = remaining(checked, networks, data.train)
    best = int(np.nanargmin(np.where(np.isfinite(left), left, np.inf)))
    verdict = graded(left[best], LEARNED, PARTLY)
    yield Finding(
        subject=f"{count} examples alone",
        value=f"{100 * left[best]:.3g} % {unit_of_share(checked)}",
        expected=f"below {100 * LEARNED:.0f} %",
        verdict=verdict,
        advice=""
        if verdict == "ok"
        else advice(networks.select([best]), data.train, copies_in(experiments[0])),
        figures={"share_left": float(left[best]), "examples": count},
    )


def examples(train: Rows, count: int) -> Indices:
    """The rows (M,) of so many examples: as many of each class as there are, or at even distances."""
    if train.y.dtype.kind != "i":
        return spaced(len(train.x), count)
    # the first of each class, then the second of each, and so on
    order = np.argsort(train.y, kind="stable")
    starts = np.searchsorted(train.y[order], train.y[order])
    turns = np.arange(len(order)) - starts
    return np.asarray(np.sort(order[np.argsort(turns, kind="stable")[:count]]), dtype=np.int64)


def remaining(checked: CheckedExperiment, networks: TrainedNetworks, rows: Rows) -> Floats:
    """The share (R,) of the loss of a constant that is left.

    Of numbers 1 - R², as their least loss may not be 0, and of classes by scores the share of errors.
    """
    figures = measured(networks, rows)
    if checked.task.targets == "numbers":
        return np.asarray(1 - figures["r2"])
    if checked.baseline.outputs is None:
        return np.asarray(1 - figures["accuracy"])
    return np.asarray(figures["loss"] / checked.baseline.metrics(checked.loss, checked.task, rows)["loss"])


def unit_of_share(checked: CheckedExperiment) -> str:
    """What is left, as `remaining` measures it."""
    if checked.task.targets == "numbers":
        return "of the variance left"
    return "of them wrong" if checked.baseline.outputs is None else "of the loss left"


def advice(networks: TrainedNetworks, rows: Rows, copies: str = "") -> str:
    """What may be wrong, and which of the examples are not learned; `copies` names a layer of equal units."""
    twins = int(contradicting(rows).any(axis=1).sum())
    if twins:
        return (
            f"{twins} of the {len(rows.x)} examples have the same inputs as another and another target: "
            "columns are missing that tell them apart."
        )
    if copies:
        return f"The network cannot memorise them, as {copies}: use model.init: auto."
    losses = predict_labelled(networks, rows).losses
    worst = np.argsort(-losses, kind="stable")[:SHOWN]
    named = ", ".join(f"{row} (loss {losses[row]:.3g})" for row in sorted(worst.tolist()))
    return (
        "The network cannot even memorise them: widen it, scale the inputs or look at its signals; "
        f"worst are examples {named}."
    )


def without_few_twins(train: Rows, index: Indices) -> Indices:
    """The rows of the index, but for a few that contradict others, as there are in most tables of people."""
    twins = contradicting(taken(train, index))
    later = np.triu(twins, k=1).any(axis=0)
    return index[~later] if later.sum() <= FEW * len(index) else index


def contradicting(rows: Rows) -> Mask:
    """Which pairs of rows (N, N) have nearly the same inputs, and another target."""
    y = rows.y.reshape(len(rows.y), -1)
    near = np.abs(rows.x[:, None] - rows.x[None]).max(axis=-1) <= SAME
    return np.asarray(near & (y[:, None] != y[None]).any(axis=-1))
