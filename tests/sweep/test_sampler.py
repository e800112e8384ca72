"""Which values a trial has depends on the sweep's seed, the trial's number and the key alone."""

from collections import Counter
from statistics import fmean

import numpy as np
import pytest

from nettrain.catalogue.searches.base import SEARCH, uniform
from nettrain.errors import SpecError
from tests.sweep.sweeping import MANY, trials

GRID = """
data: {source: 'builtin:iris'}
sweep:
  method: grid
  parameters:
    optimizer: {values: [sgd, momentum]}
    optimizer.momentum: {values: [0.5, 0.9]}
    seed: {min: 1, max: 3}
"""


def values(drawn):
    return [trial.values for trial in drawn]


def test_a_draw_is_what_philox_gives_at_its_counter():
    from hashlib import blake2b

    name = int.from_bytes(blake2b(b"seed", digest_size=8).digest(), "little")
    bits = np.random.Philox(key=[7, SEARCH], counter=np.array([0, 0, name, 3], np.uint64))
    assert (int(bits.random_raw()) >> 11) * 2.0**-53 == uniform(7, 3, "seed")


def test_more_trials_do_not_change_the_first_ones(tmp_path):
    assert values(trials(tmp_path, MANY, 40))[:10] == values(trials(tmp_path, MANY, 10))


def test_another_parameter_changes_no_draw(tmp_path):
    more = MANY.replace("  parameters:\n", "  parameters:\n    training.epochs: {min: 2, max: 4}\n")
    with_it = values(trials(tmp_path, more))
    assert [{k: v for k, v in one.items() if k != "training.epochs"} for one in with_it] == values(
        trials(tmp_path, MANY)
    )


def test_another_seed_draws_others(tmp_path):
    other = MANY.replace("  trials: 30", "  seed: 1\n  trials: 30")
    assert not any(
        a == b for a, b in zip(values(trials(tmp_path, MANY)), values(trials(tmp_path, other)), strict=True)
    )


def test_a_number_is_drawn_only_with_the_choice_that_has_it(tmp_path):
    for one in values(trials(tmp_path, MANY, 60)):
        assert ("optimizer.beta2" in one) is (one["optimizer"] == "adam")
        assert ("optimizer.momentum" in one) is (one["optimizer"] == "momentum")


def test_choices_are_uniform_and_independent(tmp_path):
    drawn = values(trials(tmp_path, MANY, 300))
    pairs = Counter((str(one["model.hidden"]), one["model.activation"]) for one in drawn)
    assert len(pairs) == 4
    assert min(pairs.values()) > 50
    assert 0.4 < fmean(one["training.batch_size"] == 8 for one in drawn) < 0.6


def test_a_grid_has_every_combination_once(tmp_path):
    expected = [
        *({"optimizer": "sgd", "seed": seed} for seed in (1, 2, 3)),
        *(
            {"optimizer": "momentum", "optimizer.momentum": mu, "seed": seed}
            for seed in (1, 2, 3)
            for mu in (0.5, 0.9)
        ),
    ]
    assert expected == values(trials(tmp_path, GRID))
    assert expected[:4] == values(trials(tmp_path, GRID, 4))


def test_a_grid_of_one_value_is_one_trial(tmp_path):
    text = "data: {source: 'builtin:iris'}\nsweep: {method: grid, parameters: {optimizer.learning_rate: {values: [0.1]}}}\n"
    assert [{"optimizer.learning_rate": 0.1}] == [trial.values for trial in trials(tmp_path, text)]


def test_a_number_of_a_block_is_drawn_only_with_the_block(tmp_path):
    text = """
data: {source: 'builtin:iris'}
sweep:
  trials: 30
  parameters:
    training.early_stopping: {values: [null, {patience: 2}]}
    training.early_stopping.patience: {values: [3, 4]}
"""
    drawn = [trial.values for trial in trials(tmp_path, text)]
    for values in drawn:
        assert ("training.early_stopping.patience" in values) == (
            values["training.early_stopping"] is not None
        )
    assert {None, 2} == {(one["training.early_stopping"] or {}).get("patience") for one in drawn}


def test_values_reach_the_experiment_and_settings_of_other_variants_leave_it(tmp_path):
    text = MANY.replace("model: {hidden: [6]}", "model: {hidden: [6]}\noptimizer: {name: adam, beta1: 0.8}")
    for trial in trials(tmp_path, text):
        optimizer = trial.experiment.optimizer.model_dump()
        assert optimizer["name"] == trial.values["optimizer"]
        assert optimizer["learning_rate"] == trial.values["optimizer.learning_rate"]
        assert optimizer.get("beta1") == (0.8 if optimizer["name"] == "adam" else None)
        assert trial.experiment.backend.threads == 1
        assert trial.experiment.model.seed == trial.values["seed"]


WRONG = [
    ("optimizer.beta2: {values: [0.9, 1.5]}", "10: optimizer.beta2: 1.5 is not below 1"),
    ("optimizer.beta3: {value: 0.9}", '10: optimizer.beta3: unknown key, did you mean "beta2"?'),
    ("optimizr.beta2: {value: 0.9}", '10: optimizr: unknown key, did you mean "optimizer"?'),
    (
        "training.batch_size: {min: 1.5, max: 9.5}",
        "10: training.batch_size: 1.5 is not a whole number from 1, full or auto",
    ),
    (
        "model.activation: {values: [relu, gelo]}",
        '10: model.activation: unknown "gelo", did you mean "gelu"?',
    ),
    (
        "training.repeat: {value: 3}",
        "10: training.repeat: 3 networks for one trial do not go with a sweep (trial 1 and 1 more)",
    ),
    ("model.dropout: {distribution: normal}", "10: model.dropout: -2.0 is not at least 0"),
    (
        "data.source: {values: ['builtin:irs']}",
        '10: data.source: "builtin:irs" is not a builtin source, did you mean "iris"?',
    ),
]


@pytest.mark.parametrize(("line", "message"), WRONG, ids=[line.partition(":")[0] for line, _ in WRONG])
def test_an_invalid_value_is_refused_with_its_line(tmp_path, line, message):
    text = f"""experiment: wrong
data:
  source: builtin:iris
optimizer: adam
training:
  epochs: 2
sweep:
  trials: 2
  parameters:
    {line}
"""
    with pytest.raises(SpecError) as caught:
        trials(tmp_path, text)
    assert caught.value.problems[0].removeprefix(f"{tmp_path}/sweep.yaml:").startswith(message)
