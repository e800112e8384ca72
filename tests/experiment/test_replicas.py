"""The members of repeats and ensembles differ in their seeds and in nothing else."""

import pytest

from nettrain.experiment.replicas import replicas
from tests.trained import IRIS, experiment

SEEDS = ("model.seed", "training.order_seed", "training.noise_seed", "data.seed")


def seeds(*overrides: str) -> list[tuple[int, ...]]:
    """The four seeds of each member."""
    return [
        (one.model.seed, one.training.order_seed, one.training.noise_seed, one.data.seed)
        for one in replicas(experiment(IRIS, *overrides))
    ]


def test_an_ordinary_run_is_its_only_member() -> None:
    spec = experiment(IRIS)
    assert replicas(spec) == [spec]


@pytest.mark.parametrize("kind", ["repeat", "ensemble"])
def test_all_seeds_but_the_datas_increase_by_one(kind: str) -> None:
    assert seeds(f"training.{kind}=3", "seed=5", "data.seed=9") == [
        (5, 5, 5, 9),
        (6, 6, 6, 9),
        (7, 7, 7, 9),
    ]


def test_each_seed_increases_from_its_own_value() -> None:
    own = ["model.seed=10", "training.order_seed=20", "training.noise_seed=30"]
    assert seeds("training.repeat=2", "seed=5", *own) == [(10, 20, 30, 0), (11, 21, 31, 0)]


def test_vary_weights_keeps_the_order() -> None:
    assert seeds("training.repeat=2", "training.vary=weights") == [(0, 0, 0, 0), (1, 0, 1, 0)]


def test_the_largest_seed_is_followed_by_zero() -> None:
    assert [one.seed for one in replicas(experiment(IRIS, "training.repeat=2", f"seed={2**63 - 1}"))] == [
        2**63 - 1,
        0,
    ]


def test_nothing_else_differs() -> None:
    first, second = replicas(experiment(IRIS, "training.ensemble=2"))
    same = experiment(IRIS, "training.ensemble=2", "seed=1")
    assert second == same
    assert first == experiment(IRIS, "training.ensemble=2")
