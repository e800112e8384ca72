"""The members of a repeat or an ensemble: one experiment with different seeds."""

from typing import TypeVar

from nettrain.backend.device import format_bytes
from nettrain.backend.host_memory import obtainable_memory
from nettrain.catalogue.settings import Settings
from nettrain.errors import DeviceMemoryError
from nettrain.experiment.settings import Experiment

SEEDS = 1 << 63  # seeds are below this
LISTED_BYTES = 3000  # of an experiment that is written out for a member
BlockType = TypeVar("BlockType", bound=Settings)


def replicas(experiment: Experiment) -> list[Experiment]:
    """The experiment of each member, from a resolved experiment: member r adds r to all seeds but the data's.

    With `vary: weights` all of them keep the same order of rows too. An ordinary run has one member, with
    the experiment itself. Raises DeviceMemoryError when there are more than fit into memory.
    """
    training = experiment.training
    count = max(training.repeat, training.ensemble)
    refuse_too_many(count, "training.repeat" if training.repeat > 1 else "training.ensemble")
    return [replica(experiment, r) for r in range(count)]


def refuse_too_many(count: int, key: str) -> None:
    """Raise DeviceMemoryError, which begins with the key, when so many networks cannot even be listed."""
    size, there = count * LISTED_BYTES, obtainable_memory()
    if size > there:
        raise DeviceMemoryError(
            f"{key}: {count:,} networks take at least {format_bytes(size)} of memory, "
            f"{format_bytes(there)} are free; lower it"
        )


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
