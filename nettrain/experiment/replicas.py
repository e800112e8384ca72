"""The members of a repeat or an ensemble: one experiment with different seeds."""

from typing import TypeVar

from nettrain.catalogue.settings import Settings
from nettrain.experiment.settings import Experiment

SEEDS = 1 << 63  # seeds are below this
BlockType = TypeVar("BlockType", bound=Settings)


def replicas(experiment: Experiment) -> list[Experiment]:
    """The experiment of each member, from a resolved experiment: member r adds r to all seeds but the data's.

    With `vary: weights` all of them keep the same order of rows too. An ordinary run has one member, with
    the experiment itself.
    """
    training = experiment.training
    return [replica(experiment, r) for r in range(max(training.repeat, training.ensemble))]


def replica(experiment: Experiment, r: int) -> Experiment:
    """The experiment of member r, which adds r to its seeds."""
    orders = () if experiment.training.vary == "weights" else ("order_seed",)
    return experiment.model_copy(
        update={
            "seed": (experiment.seed + r) % SEEDS,
            "model": _with_shifted_seeds(experiment.model, r, "seed"),
            "training": _with_shifted_seeds(experiment.training, r, "noise_seed", *orders),
        }
    )


def _with_shifted_seeds(block: BlockType, r: int, *names: str) -> BlockType:
    return block.model_copy(update={name: (getattr(block, name) + r) % SEEDS for name in names})
