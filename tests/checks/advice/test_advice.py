"""Each line of advice is given to networks that are sick in its way, once, and healthy ones get none."""

import json
import re
from itertools import count
from typing import Any

import numpy as np
import pytest

import nettrain
from nettrain.checks.advice import ADVICE
from nettrain.checks.advice.advisor import FIRST, MOST, Advisor, Evaluation, EvaluationLog, advice_on
from nettrain.checks.advice.evidence import Evidence
from nettrain.training.events import AdviceGiven, EpochDone
from nettrain.workflow.advice import advice_on_run
from tests.cli.command import CONFIGS
from tests.trained import IRIS, experiment

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 8))
LABELS = (X, rng.integers(0, 2, 120))  # nothing to learn
NOISY = (X, X[:, 0] + rng.normal(size=120))
SHORT = {"epochs": 12}
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
SICK: dict[str, tuple[dict[str, Any], Any, list[str]]] = {
    "overfitting": (
        {
            "data": {"validation": 0.5},
            "model": {"hidden": [32]},
            "optimizer": {"name": "adam", "learning_rate": 0.03},
            "training": {"epochs": 40},
        },
        LABELS,
        ["by heart", "training.early_stopping", "model.dropout", "regularization.l2"],
    ),
    "underfitting": (
        {"data": {"source": "synthetic:circles"}, "model": {"hidden": []}, "training": {"epochs": 30}},
        None,
        ["constant predictions", "linear", "model.hidden"],
    ),
    "oscillation": (
        {
            "data": {"source": "builtin:iris"},
            "model": {"hidden": [8], "activation": "tanh"},
            "optimizer": {"name": "sgd", "learning_rate": 6.0},
            "training": {"epochs": 20, "batch_size": "full"},
        },
        None,
        ["of the last 10", "optimizer.learning_rate=2"],
    ),
    "plateau": (
        {
            "data": {"validation": 0.2},
            "model": {"hidden": []},
            "optimizer": {"name": "sgd", "learning_rate": 0.05},
            "training": {"epochs": 20, "batch_size": 4},
        },
        NOISY,
        ["constant rate", "schedule=cosine"],
    ),
    "dead_units": (
        {
            "data": {"source": "builtin:iris"},
            "model": {"hidden": [16], "activation": "relu", "init": {"name": "he_normal", "bias_init": -6}},
            "training": SHORT,
        },
        None,
        ["of hidden 1 are dead", "model.activation=leaky_relu"],
    ),
    "identical_units": (
        {
            "data": {"source": "builtin:iris"},
            "model": {"hidden": [1, 8], "init": {"name": "constant", "value": 0.2}},
            "training": {"epochs": 30},
        },
        None,
        ["all 8 units of hidden 2", "(constant)", "model.init=auto"],
    ),
    "vanishing_gradients": (
        {
            "data": {"source": "builtin:iris"},
            "model": {"hidden": [8] * 8, "activation": "sigmoid"},
            "training": SHORT,
        },
        None,
        ["in hidden 1", "in hidden 8", "a layer", "model.activation=relu", "model.residual=true"],
    ),
    "growing_gradients": (
        {
            "data": {"source": "builtin:iris"},
            "model": {"hidden": [8] * 25, "norm": "batch"},
            "training": SHORT,
        },
        None,
        ["in hidden 1", "in hidden 25", "model.residual=true"],
    ),
}


def advised(
    spec: dict[str, Any], data: Any = None, *overrides: str
) -> tuple[nettrain.Run, list[AdviceGiven]]:
    """The run, and the advice among its events."""
    events: list[object] = []
    run = nettrain.train(spec, "training.diagnostics=true", *overrides, data=data, on_event=events.append)
    return run, [event for event in events if isinstance(event, AdviceGiven)]


def test_every_line_has_a_sick_network():
    assert set(SICK) == set(ADVICE)
    assert all(line.meaning.endswith(".") for line in ADVICE.values())
    assert all(set(line.unless) <= set(ADVICE) for line in ADVICE.values())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SICK)
def test_a_sick_network_gets_its_line_and_no_other(name, seed):
    spec, data, words = SICK[name]
    run, given = advised(spec, data, f"seed={seed}")
    assert [name] == [one.name for one in given]
    assert all(word in given[0].text for word in words), given[0].text
    assert "\n" not in given[0].text
    assert tuple(given) == run.advice
    assert given == advice_on_run(run), "the same from the run alone"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["iris", "moons", "penguins", "spirals", "xor"])
def test_a_healthy_network_gets_none(name, seed):
    run, given = advised(str(CONFIGS / f"{name}.yaml"), None, f"seed={seed}")
    assert ([], ()) == (given, run.advice)
    assert [] == run.summary["advice"]


def test_the_remedy_that_is_on_is_not_advised():
    spec, data, _ = SICK["overfitting"]
    stopping = {**spec, "training": {"epochs": 40, "early_stopping": {"patience": 40}}}
    assert [] == advised(stopping, data)[1]
    dropping = {**spec, "model": {"hidden": [64], "dropout": 0.05}}
    text = advised(dropping, data)[1][0].text
    assert "model.dropout" not in text
    assert "regularization.l2" in text


def test_most_networks_of_several_must_be_sick():
    spec, data, _ = SICK["dead_units"]
    run, given = advised({**spec, "training": {**SHORT, "repeat": 4}}, data)
    assert [("dead_units", 4)] == [(one.name, one.of) for one in given]
    assert given[0].networks >= 2
    assert given[0].line.startswith(f"in {given[0].networks} of 4 networks")
    assert run.summary["advice"][0]["networks"] == given[0].networks


def test_without_diagnostics_there_is_none_but_the_history_still_tells():
    spec, data, _ = SICK["underfitting"]
    events: list[object] = []
    run = nettrain.train(spec, data=data, on_event=events.append)
    assert not any(isinstance(event, AdviceGiven) for event in events)
    assert ("advice" in run.summary, run.advice, run.diagnostics) == (False, (), None)
    assert ["underfitting"] == [one.name for one in advice_on_run(run)]


def test_advice_comes_right_after_its_epoch():
    spec, data, _ = SICK["vanishing_gradients"]
    events: list[object] = []
    nettrain.train(spec, "training.diagnostics=true", data=data, on_event=events.append)
    at = next(k for k, event in enumerate(events) if isinstance(event, AdviceGiven))
    before = events[at - 1]
    assert isinstance(before, EpochDone)
    assert before.epoch == events[at].epoch == FIRST - 1


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_zero_weights_are_the_cause_that_is_named_not_their_consequences(activation):
    model = {"hidden": [8, 8, 8], "activation": activation, "init": "zeros"}
    given = advised({"data": {"source": "builtin:iris"}, "model": model, "training": {"epochs": 30}})[1]
    assert [("identical_units", FIRST - 1)] == [(one.name, one.epoch) for one in given]


@pytest.mark.parametrize(
    "model",
    [
        {"hidden": [1], "init": "zeros"},
        {"hidden": [], "init": "zeros"},
        {"hidden": [8], "init": "zeros", "dropout": 0.1},
        {"layers": [{"units": 8, "init": "zeros"}, {"units": 8}]},  # told apart by the weights behind
    ],
)
def test_units_that_are_told_apart_are_not_identical(model):
    spec = experiment(IRIS, f"model={json.dumps({'hidden': None, **model} if 'layers' in model else model)}")
    start = Evidence(spec, np.arange(4.0), {"train_loss": np.ones(4)})
    assert ADVICE["identical_units"].look(start) is None


def test_a_start_that_is_chosen_already_is_not_advised():
    spec, data, _ = SICK["vanishing_gradients"]
    assert "model.init" not in advised(spec, data)[1][0].text
    wide = {**spec, "model": {**spec["model"], "init": {"name": "normal", "sigma": 0.3}}}
    assert "or model.init=auto" in advised(wide, data)[1][0].text


@pytest.mark.parametrize(
    ("overrides", "advised"),
    [
        ({"optimizer.learning_rate": 300}, "try optimizer.learning_rate=100 or"),
        (
            {"optimizer.learning_rate": 0.3, "training.shuffle": "false"},
            "try training.shuffle=true or optimizer.learning_rate=0.1 or",
        ),
        (
            {"optimizer.learning_rate": 3, "training.batch_size": "full"},
            "too large; try optimizer.learning_rate=1",
        ),
    ],
)
def test_a_loss_that_jumps_has_its_causes_named(overrides, advised):
    jumping = seen(0.5 + 0.2 * (-1.0) ** np.arange(20), **overrides)
    assert advised in ADVICE["oscillation"].look(jumping)


def test_weights_that_do_not_move_are_named():
    spec, data, _ = SICK["underfitting"]
    still = {**spec, "optimizer": {"name": "sgd", "learning_rate": 1e-5}}
    texts = [event.text for event in advised(still, data)[1]]
    (said,) = [text for text in texts if "learns next to nothing" in text]
    assert re.search(r"a step changes weights by \de-\d+ of their size, raise optimizer.learning_rate$", said)


# ----- single lines, on curves drawn by hand -----


def seen(train: Any, validation: Any = None, **overrides: Any) -> Evidence:
    spec = experiment(IRIS, "training.epochs=40", *[f"{key}={value}" for key, value in overrides.items()])
    figures = {"train_loss": np.asarray(train, float)}
    if validation is not None:
        figures["val_loss"] = np.asarray(validation, float)
    return Evidence(spec, np.arange(len(train), dtype=float), figures, constant_loss=lambda: 1.0)


FALLING = np.exp(-np.arange(40) / 10)


@pytest.mark.parametrize(
    ("validation", "due"),
    [
        (FALLING + 0.02 * np.arange(40), True),  # falls to 0.52, then rises to 0.8
        (FALLING + 0.1, False),
        (np.concatenate([FALLING[:35], FALLING[35] * 2 * np.ones(5)]), False),  # too recent
        (np.maximum(FALLING, 0.1) * np.where(np.arange(40) > 25, 1.15, 1), False),  # too little
        (0.02 * (FALLING + 0.01 * np.arange(40)), False),  # of no importance
    ],
)
def test_validation_loss_must_rise_by_much_for_long(validation, due):
    assert due is (ADVICE["overfitting"].look(seen(FALLING, validation)) is not None)


def test_a_rise_of_both_losses_is_not_overfitting():
    rising = np.concatenate([FALLING[:20], FALLING[20] * np.linspace(1, 3, 20)])
    assert ADVICE["overfitting"].look(seen(rising, rising)) is None


@pytest.mark.parametrize(
    ("train", "due"),
    [
        (np.full(40, 0.95), True),
        (np.full(40, 0.6), False),  # learned something: the rest may be noise
        (np.linspace(1.2, 0.81, 40), False),  # still falls
        (np.full(9, 0.95), False),  # too early
    ],
)
def test_a_loss_must_be_high_and_flat(train, due):
    assert due is (ADVICE["underfitting"].look(seen(train)) is not None)


@pytest.mark.parametrize(
    ("train", "due"),
    [
        (0.5 + 0.2 * (-1.0) ** np.arange(20), True),
        (0.5 + 0.03 * (-1.0) ** np.arange(20), False),
        (0.01 + 0.005 * (-1.0) ** np.arange(20), False),  # of a loss that is nearly 0
        (np.linspace(2, 0.1, 20), False),
    ],
)
def test_a_loss_must_jump_by_much(train, due):
    assert due is (ADVICE["oscillation"].look(seen(train)) is not None)


@pytest.mark.parametrize(
    ("train", "schedule", "due"),
    [
        (0.5 + 0.01 * (-1.0) ** np.arange(30), "constant", True),
        (0.5 + 0.01 * (-1.0) ** np.arange(30), "cosine", False),
        (np.full(30, 0.5), "constant", False),  # settled
        (0.05 + 0.001 * (-1.0) ** np.arange(30), "constant", False),
        (np.linspace(1, 0.5, 30) + 0.01 * (-1.0) ** np.arange(30), "constant", False),
    ],
)
def test_a_plateau_is_flat_and_jitters_at_a_constant_rate(train, schedule, due):
    assert due is (ADVICE["plateau"].look(seen(train, schedule=schedule)) is not None)


def test_nan_gets_no_advice():
    broken = np.full(40, np.nan)
    assert [] == [name for name, line in ADVICE.items() if line.look(seen(broken, broken)) is not None]


# ----- when the advisor looks -----


def rows(epoch: int, loss: float) -> list[dict[str, float]]:
    return [{"member": 0, "epoch": epoch, "train_loss": loss, "val_loss": loss}]


def test_no_line_comes_twice_and_looks_become_rarer():
    looks: list[int] = []
    advisor = Advisor(experiment(IRIS, "training.epochs=100"), lambda: looks.append(1) or 1.0)
    given = [one for epoch in range(101) for one in advisor.add(rows(epoch, 0.95))]
    assert ["underfitting"] == [one.name for one in given] == [one.name for one in advisor.given]
    assert len(looks) < 30


def test_a_resumed_run_that_has_seen_the_same_says_the_same():
    spec, loss = experiment(IRIS, "training.epochs=60"), np.full(61, 0.95)
    whole, first = Advisor(spec, lambda: 1.0), Advisor(spec, lambda: 1.0)
    history = [row for epoch in range(61) for row in rows(epoch, float(loss[epoch]))]
    whole.replay(history, [])
    for stop in (3, 10, 16, 40):
        second = Advisor(spec, lambda: 1.0)
        second.replay(history[:stop], [])
        known = len(second.given)
        later = [one for row in history[stop:] for one in second.add([row])]
        assert whole.given == second.given
        assert second.given[known:] == later
    assert [] == first.given
    assert whole.given == advice_on(spec, history, [], 1.0)


def test_memory_does_not_grow_with_the_run():
    log, numbers = EvaluationLog(), count()
    for _ in range(20 * MOST):
        log.add(Evaluation(next(numbers), {}, {}))
        assert len(log.kept) <= MOST
    epochs = [one.epoch for one in log.kept]
    assert (sorted(epochs), epochs[0]) == (epochs, 0)
    assert epochs[-100:] == list(range(20 * MOST))[-100:]
