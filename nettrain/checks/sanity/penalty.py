"""The objective with penalties on the weights beside that without: the difference is the penalty itself."""

from collections.abc import Iterator

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.optimizers.descent import SGD
from nettrain.checks.sanity.plain import unregularized
from nettrain.checks.sanity.registry import Finding, sanity_check
from nettrain.checks.sanity.subject import CheckedExperiment
from nettrain.checks.sanity_json import Verdict
from nettrain.checks.short_training import changed, for_epochs, with_rows
from nettrain.data.tables.spaced import spaced
from nettrain.experiment.settings import Experiment
from nettrain.training.events import EpochDone
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun
from nettrain.training.step.groups import penalty

ROWS = 500
STRENGTH = 0.01  # of l2 where the experiment has no penalty
STANDING_STILL = 1e-30  # a learning rate at which no weight moves
EXACT = 1e-3  # relative, of float32 sums
TINY = 1e-9  # by which zeros may differ
LARGE, TOO_LARGE = 1.0, 30.0  # times the loss itself


@sanity_check("penalty", rank=20)
def regularization_penalty(checked: CheckedExperiment) -> Iterator[Finding]:
    """The loss rises when regularization is switched on, by the size of the penalty.

    Two copies of the network, one with the experiment's l1 and l2 (or a little l2), take a step that does not
    move them. A penalty larger than the loss leaves little to learn from.
    """
    plain = changed(_standing(checked.experiment), training={"batch_size": "full"})
    strengths = _strengths(checked.experiment)
    experiments = [plain, changed(plain, regularization=strengths)]
    data = with_rows(checked.data, spaced(len(checked.data.train.x), ROWS))
    run = checked.built(experiments, data)
    own = any(getattr(checked.experiment.regularization, name) for name in strengths)
    size = penalty_sizes(run)[1]
    objectives = first_objectives(run)
    rise, loss = objectives[1] - objectives[0], abs(objectives[0])
    exact = abs(rise - size) <= EXACT * max(size, loss) + TINY
    shown = ", ".join(f"{name} {value:g}" for name, value in strengths.items() if value)
    yield Finding(
        subject=f"rise with {shown}",
        value=f"{rise:.4g}",
        expected=f"{size:.4g}, loss {loss:.4g}",
        verdict=_verdict(exact=exact, share=size / loss if own and loss > 0 else 0.0),
        advice=_advice(exact=exact, large=own and size > LARGE * loss),
        figures={"rise": float(rise), "penalty": float(size), "loss": float(loss)},
    )


def _standing(experiment: Experiment) -> Experiment:
    """The experiment without regularization, for one epoch of plain descent that moves no weight."""
    groups = getattr(experiment.optimizer, "groups", None)
    descent = SGD(learning_rate=STANDING_STILL, groups=groups)
    return for_epochs(unregularized(experiment), 1).model_copy(update={"optimizer": descent})


def _strengths(experiment: Experiment) -> dict[str, float]:
    own = {name: float(getattr(experiment.regularization, name)) for name in ("l1", "l2")}
    return own if any(own.values()) else {"l1": 0.0, "l2": STRENGTH}


def penalty_sizes(run: TrainingRun) -> Floats:
    """l2/2·Σw² + l1·Σ|w| of every member (R,), summed up from its weights."""
    parameters = run.backend.to_host(run.population["parameters"]).astype(np.float64)
    total = np.zeros(len(parameters))
    strengths = {name: penalty(run.population, run.layout, name) for name in ("l1", "l2")}
    for slot in run.layout.slots:
        values = parameters[:, slot.start : slot.start + slot.size]
        group = run.layout.groups.index(slot.group)
        total += strengths["l2"][:, group] / 2 * np.square(values).sum(axis=1)
        total += strengths["l1"][:, group] * np.abs(values).sum(axis=1)
    return total


def first_objectives(run: TrainingRun) -> Floats:
    """The objective (R,) of the first epoch, as training reports it; NaN where it diverged."""
    objectives = np.full(run.population.size, np.nan)
    for event in train(run):
        if isinstance(event, EpochDone):
            objectives[event.members] = event.figures["objective"]
    return objectives


def _verdict(*, exact: bool, share: float) -> Verdict:
    if not exact or share > TOO_LARGE:
        return "wrong"
    return "look" if share > LARGE else "ok"


def _advice(*, exact: bool, large: bool) -> str:
    if not exact:
        return "The objective is not the loss and its penalties: please report it."
    return "The penalty outweighs the loss: make regularization.l2 or l1 smaller." if large else ""
