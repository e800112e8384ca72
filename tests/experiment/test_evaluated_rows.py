"""Which training rows are evaluated, and what cannot be asked of them."""

import numpy as np
import pytest

from nettrain.errors import DataError, SpecError
from nettrain.experiment.evaluated_rows import evaluated_rows, evaluated_sample, evaluation_notes
from nettrain.experiment.resolution import resolve_with_data
from tests.trained import IRIS, experiment, prepared


def sample(count: int | str, *overrides: str, rows: int = 1000) -> list[int] | None:
    index = evaluated_sample(experiment(IRIS, f"training.evaluate_train={count}", *overrides), rows)
    return None if index is None else index.tolist()


def test_a_sample_is_drawn_by_the_seed_of_the_splits_alone() -> None:
    one = sample(100)
    assert one is not None
    assert one == sorted(set(one))
    assert (len(one), 0 <= one[0], one[-1] < 1000) == (100, True, True)
    assert one == sample(100, "seed=7", "model.seed=3", "training.order_seed=9", "data.seed=0")
    assert one != sample(100, "data.seed=1")
    # a smaller sample is a part of a larger one
    assert set(one) < set(sample(300) or [])


def test_a_sample_is_a_fair_draw() -> None:
    drawn = np.concatenate([sample(100, f"data.seed={seed}") or [] for seed in range(40)])
    counts, _ = np.histogram(drawn, bins=10, range=(0, 1000))
    assert counts.sum() == 4000
    assert abs(counts - 400).max() < 4 * np.sqrt(400 * 0.9)


@pytest.mark.parametrize("count", ["all", "none", 1000, 5000])
def test_all_rows_need_no_sample(count: int | str) -> None:
    assert sample(count) is None


def test_the_rows_of_a_sample_have_no_weights_of_classes() -> None:
    weighted = experiment(IRIS, "data.class_weights={Iris-setosa: 3}", "training.evaluate_train=30")
    rows = evaluated_rows(weighted, prepared(weighted))
    assert (len(rows.x), set(rows.weight.tolist())) == (30, {1.0})


def test_a_metric_needs_what_defines_it_among_the_evaluated_rows() -> None:
    moons = "data: {source: 'synthetic:moons', validation: 0.3}"
    watched = "training.target={train_roc_auc: 0.9}"
    one = experiment(moons, watched, "training.evaluate_train=1")
    with pytest.raises(
        DataError, match='"train_roc_auc" needs rows of both classes among the evaluated training'
    ):
        resolve_with_data(one, prepared(one))
    enough = experiment(moons, watched, "training.evaluate_train=50")
    assert resolve_with_data(enough, prepared(enough)).training.evaluate_train == 50


@pytest.mark.parametrize(
    "watched",
    [
        "training.early_stopping={monitor: train_loss}",
        "training.target={train_accuracy: 0.9}",
        "schedule={name: plateau, monitor: train_loss}",
    ],
)
def test_what_controls_a_run_must_be_evaluated(watched: str) -> None:
    with pytest.raises(SpecError, match=r"training\.evaluate_train: none does not go with"):
        experiment(IRIS, watched, "training.evaluate_train=none")


def test_auto_says_when_it_leaves_rows_out() -> None:
    def notes(asked: str, taken: int | str) -> list[str]:
        one = experiment(IRIS, f"training.evaluate_train={asked}")
        return evaluation_notes(one, experiment(IRIS, f"training.evaluate_train={taken}"), 1000)

    assert notes("auto", 1000) == notes("none", "none") == notes("500", 500) == []
    assert notes("auto", 500) == [
        "train figures by epoch are those of 500 of the 1,000 training rows (evaluate_train: auto)"
    ]
    assert notes("auto", "none") == [
        "training rows are not evaluated: for so short epochs that takes over 5 % of the time"
        " (evaluate_train: auto)"
    ]
