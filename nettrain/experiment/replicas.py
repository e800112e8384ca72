"""The members of a repeat or an ensemble: one experiment with different seeds."""

from typing import Any

from nettrain.experiment.settings import Experiment

SEEDS = 1 << 63


def replicas(experiment: Experiment) -> list[Experiment]:
    """Each member's resolved experiment: member r has the seeds + r, all but the data's.

    With `vary: weights` all keep the same order of rows too. An ordinary run is its own only member.
    """
    training = experiment.training
    return [_shifted(experiment, r) for r in range(max(training.repeat, training.ensemble))]


def _shifted(experiment: Experiment, r: int) -> Experiment:
    orders = () if experiment.training.vary == "weights" else ("order_seed",)
    return experiment.model_copy(
        update={
            "seed": (experiment.seed + r) % SEEDS,
            "model": _moved(experiment.model, r, "seed"),
            "training": _moved(experiment.training, r, "noise_seed", *orders),
        }
    )


def _moved(block: Any, r: int, *names: str) -> Any:
    return block.model_copy(update={name: (getattr(block, name) + r) % SEEDS for name in names})
