"""Errors of Python functions name their arguments, where those of the command name its options."""

import pytest

import nettrain

IRIS = {"experiment": "iris", "data": {"source": "builtin:iris"}, "model": {"hidden": [3]}}
SINE = {"data": {"source": "synthetic:sine"}, "model": {"hidden": [3]}, "training": {"epochs": 1}}
SEARCH = {"trials": 2, "parameters": {"optimizer.learning_rate": {"values": [0.1, 0.2]}}}


@pytest.fixture(scope="module")
def two():
    """Two networks of one experiment."""
    return nettrain.train({**IRIS, "training": {"epochs": 1, "repeat": 2}})


@pytest.fixture(scope="module")
def sine():
    return nettrain.train(SINE)


@pytest.mark.parametrize(
    "call",
    [
        lambda run: run.predict("builtin:iris", member=9),
        lambda run: run.predict_proba("builtin:iris", member=9),
        lambda run: run.evaluate("builtin:iris", member=9),
        lambda run: run.export("model.py", member=9),
        lambda run: nettrain.predict(run, "builtin:iris", member=9),
        lambda run: nettrain.loss_landscape(run, member=9),
        lambda run: nettrain.network_graph(run, member=9),
    ],
)
def test_a_member_that_is_not_there(call, two):
    with pytest.raises(nettrain.SpecError, match=r"^member: 9 is not there, iris has 0 to 1$"):
        call(two)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: nettrain.network_graph(SINE, member=1), "member: 1: only a run has several networks"),
        (lambda run: nettrain.network_graph(SINE, split="test"), "split test: experiment has no such rows"),
        (
            lambda run: run.evaluate("synthetic:sine", split="validation"),
            "split validation: only the run's own rows have these; leave out DATA",
        ),
        (
            lambda run: nettrain.predict(run, "synthetic:sine", samples=1),
            "samples: 1 is below 2, which have no standard deviation",
        ),
        (
            lambda run: nettrain.predict(run, "synthetic:sine", samples=5),
            "samples: this network has no dropout, all passes would be the same",
        ),
        (
            lambda run: nettrain.predict(run, "synthetic:sine", interval=0.9),
            "interval: 0.9: experiment was trained with mse, intervals need loss gaussian_nll or pinball, or "
            "calibration: conformal",
        ),
        (
            lambda run: run.predict_quantiles("synthetic:sine"),
            "predict_quantiles: experiment was trained with mse, intervals need loss gaussian_nll or pinball",
        ),
        (
            lambda run: run.export("model.py", dtype="float16"),
            'dtype: unknown "float16", did you mean "float64"?',
        ),
        (lambda run: run.to_onnx(dtype="float16"), 'dtype: unknown "float16", did you mean "float64"?'),
        (
            lambda run: nettrain.find_learning_rate(SINE, method="rmp"),
            'method: unknown "rmp", did you mean "ramp"?',
        ),
        (
            lambda run: nettrain.tune(IRIS, target="species"),
            "target: goes with a table; an experiment file names its target: data.target",
        ),
        (
            lambda run: nettrain.tune(IRIS, metric="acuracy"),
            'metric: unknown "acuracy", did you mean "accuracy"?',
        ),
        (
            lambda run: nettrain.sweep({**IRIS, "sweep": SEARCH}, folder="one", out="other"),
            "out: other does not go with folder: choose one",
        ),
        (
            nettrain.resume,
            "resume: this run is in memory; save it, and resume it in its folder",
        ),
        (lambda run: run.fold(1), "fold: 1 is not there, it is not cross-validated"),
    ],
)
def test_arguments_that_are_wrong(call, message, sine):
    with pytest.raises(nettrain.SpecError) as caught:
        call(sine)
    assert message == str(caught.value)


def test_conformal_intervals_are_not_of_passes_with_dropout():
    calibrated = {"data": {"source": "synthetic:sine", "validation": 0.3}, "calibration": "conformal"}
    run = nettrain.train({**SINE, **calibrated}, "model.dropout=0.2")
    with pytest.raises(nettrain.SpecError, match=r"^interval: conformal intervals do not go with samples$"):
        nettrain.predict(run, "synthetic:sine", interval=0.9, samples=5)


def test_levels_of_quantiles_lie_between_0_and_1():
    run = nettrain.train({**SINE, "loss": "gaussian_nll"})
    with pytest.raises(nettrain.SpecError, match=r"^levels: 1\.5 is not between 0 and 1$"):
        run.predict_quantiles("synthetic:sine", levels=[0.5, 1.5])
