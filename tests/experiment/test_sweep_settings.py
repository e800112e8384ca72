"""The sweep block: the spelling of Weights & Biases, and its problems with their lines."""

import pytest

from nettrain.errors import SpecError
from nettrain.experiment.document import parse
from nettrain.experiment.load import validate
from nettrain.experiment.sweep_settings import EarlyTerminate, parameters

HEAD = "data: {source: 'builtin:iris'}\nsweep:\n"


def document(block):
    lines = "\n".join(f"  {line}" for line in block.splitlines())
    return parse(f"{HEAD}{lines}\n", "f")


def errors(block):
    with pytest.raises(SpecError) as caught:
        validate(document(block))
    return list(caught.value.problems)


def searched(block):
    parsed = document(block)
    validate(parsed)
    return {one.key: one.distribution.model_dump() for one in parameters(parsed)}


def test_every_spelling_is_accepted():
    block = """parameters:
  optimizer.learning_rate: {distribution: log_uniform_values, min: 1e-4, max: 1e-1}
  model.hidden: {values: [[32], [64, 32]], probabilities: [0.25, 0.75]}
  model.dropout: {min: 0, max: 0.5}
  seed: {min: 0, max: 9}
  training: {parameters: {batch_size: {distribution: constant, value: 16}, epochs: {value: 3}}}"""
    assert searched(block) == {
        "optimizer.learning_rate": {"name": "log_uniform_values", "min": 1e-4, "max": 1e-1},
        "model.hidden": {
            "name": "categorical",
            "values": [[32], [64, 32]],
            "probabilities": [0.25, 0.75],
        },
        "model.dropout": {"name": "uniform", "min": 0.0, "max": 0.5},
        "seed": {"name": "int_uniform", "min": 0, "max": 9},
        "training.batch_size": {"name": "constant", "value": 16},
        "training.epochs": {"name": "constant", "value": 3},
    }


PARAMETER = "parameters: {model.dropout: %s}"
WRONG = [
    ("trials: 3", "f:2: sweep.parameters: missing"),
    ("parameters: {}", "f:3: sweep.parameters: needs at least 1 of them"),
    (
        "method: bayse\nparameters: {seed: {value: 1}}",
        'f:3: sweep.method: unknown "bayse", did you mean "bayes"?',
    ),
    (
        "method: hyperband\nearly_terminate: {min_iter: 1}\nparameters: {seed: {value: 1}}",
        "f:2: sweep: hyperband ends trials itself, leave early_terminate out",
    ),
    ("trails: 3\nparameters: {seed: {value: 1}}", 'f:3: sweep.trails: unknown key, did you mean "trials"?'),
    (
        PARAMETER % "{distribution: log_uniform, min: -9.21034, max: -2.302585}",
        'f:3: sweep.parameters.model.dropout.distribution: "log_uniform" takes exponents of e, '
        "write log_uniform_values with the borders themselves: min: 0.0001, max: 0.1",
    ),
    (
        PARAMETER % "{distribution: unifrom, min: 0, max: 1}",
        'f:3: sweep.parameters.model.dropout.distribution: unknown "unifrom", did you mean "uniform"?',
    ),
    (
        PARAMETER % "{min: 0.5, max: 0.1}",
        "f:3: sweep.parameters.model.dropout: an empty range, min 0.5 is not below max 0.1",
    ),
    (PARAMETER % "{min: 0.5}", "f:3: sweep.parameters.model.dropout.max: missing"),
    (
        PARAMETER % "{min: 0.1, max: 0.5, step: 0.1}",
        "f:3: sweep.parameters.model.dropout.step: unknown key (allowed: distribution, min, max)",
    ),
    (
        PARAMETER % "[0.1, 0.5]",
        "f:3: sweep.parameters.model.dropout: [0.1, 0.5] is not a block of keys, write {values: [0.1, 0.5]}",
    ),
    (
        PARAMETER % "0.1",
        "f:3: sweep.parameters.model.dropout: 0.1 is not a block of keys, write {value: 0.1}",
    ),
    (
        PARAMETER % "{}",
        "f:3: sweep.parameters.model.dropout: needs values, value, min and max, or a distribution",
    ),
    (
        "method: grid\nparameters: {model.dropout: {min: 0.0, max: 0.5}}",
        "f:4: sweep.parameters.model.dropout: uniform has no end of values, a grid needs values or a q_ distribution",
    ),
    (
        "parameters:\n  model.dropout: {value: 0}\n  model: {parameters: {dropout: {value: 0.1}}}",
        "f:5: sweep.parameters.model.parameters.dropout: searched twice, first at f:4",
    ),
    ('parameters: {"": {value: 1}}', "f:3: sweep.parameters.: is not a dotted key"),
    ("parameters: {a..b: {value: 1}}", "f:3: sweep.parameters.a..b: is not a dotted key"),
    (
        "parameters: {backend.dtype: {value: float64}}",
        "f:3: sweep.parameters.backend.dtype: cannot be searched",
    ),
    (
        "early_terminate: {eta: 2}\nparameters: {seed: {value: 1}}",
        "f:3: sweep.early_terminate: give min_iter, or max_iter and s",
    ),
    *(
        (f"{line}\nparameters: {{seed: {{value: 1}}}}", f"f:3: sweep.{message}")
        for line, message in (
            *(
                (
                    f"early_terminate: {{min_iter: 1, eta: {eta}}}",
                    f"early_terminate.eta: {eta} is not a number above 1",
                )
                for eta in ("0.5", "1", "1.0", "-2")
            ),
            ("metric: accuracy", 'metric: unknown "accuracy", did you mean "val_accuracy"?'),
            ("metric: {name: val_los}", 'metric.name: unknown "val_los", did you mean "val_loss"?'),
            ("metric: test_loss", 'metric: unknown "test_loss", test rows are for the run of the best'),
            ("metric: 3", "metric: 3 is not a metric, a block with its name, or a list of these"),
            ("metric: []", "metric: needs at least 1 of them"),
            (
                "metric: [parameters, val_loss]",
                "metric.0: parameters may come second: the first metric is one of the trained network",
            ),
            ("metric: [val_loss, val_loss]", "metric.1: val_loss is listed twice"),
            ("metric: [val_loss, params]", 'metric.1: unknown "params", did you mean "parameters"?'),
            (
                "metric: [val_loss, {name: val_r2, gaol: maximize}]",
                'metric.1.gaol: unknown key, did you mean "goal"?',
            ),
            (
                "constraints: {parameters: 500}",
                "constraints.parameters: 500 is not a block of keys, write {at_most: 500} or at_least",
            ),
            (
                "constraints: {paramters: {at_most: 500}}",
                'constraints.paramters: unknown "paramters", did you mean "parameters"?',
            ),
            (
                "constraints: {epoch_seconds: {at_most: 1}}",
                'constraints.epoch_seconds: unknown "epoch_seconds", did you mean "seconds_per_epoch"?',
            ),
            (
                "constraints: {parameters: {at_mots: 500}}",
                'constraints.parameters.at_mots: unknown key, did you mean "at_most"?',
            ),
            ("constraints: {parameters: {}}", "constraints.parameters: needs at_most or at_least"),
            (
                "constraints: {parameters: {at_most: 1, at_least: 2}}",
                "constraints.parameters: at_most is below at_least",
            ),
            (
                "constraints: {parameters: {at_most: 50_000}}",
                'constraints.parameters.at_most: "50_000" is not a number',
            ),
            ("constraints: [parameters]", "constraints: [parameters] is not a block of keys"),
        )
    ),
    *(
        (f"{line}\nparameters: {{seed: {{value: 1}}}}", f"f:4: sweep.{message}")
        for line, message in (
            (
                "metric: [val_loss, parameters]\nearly_terminate: {min_iter: 1}",
                "early_terminate: does not go with several metrics: it would end trials by the first one alone",
            ),
            (
                "metric: [val_loss, parameters]\nmethod: pbt",
                "method: pbt compares trials by one metric, for several take random, grid, sobol or bayes",
            ),
            (
                "metric: [val_loss, parameters]\nmethod: {name: hyperband, eta: 4}",
                "method: hyperband compares trials by one metric, for several take random, grid, sobol or bayes",
            ),
            (
                "method: pbt\nconstraints: {val_loss: {at_most: 1}}",
                "constraints: does not go with pbt, whose networks take over weights by the metric alone",
            ),
        )
    ),
]


@pytest.mark.parametrize(("block", "line"), WRONG, ids=[line.partition(": ")[2][:40] for _, line in WRONG])
def test_a_problem_is_reported_with_its_line(block, line):
    assert [line] == errors(block)


def test_metrics_are_names_blocks_or_lists_of_these():
    forms = {
        "val_accuracy": [("val_accuracy", None)],
        "{goal: maximize}": [("val_loss", "maximize")],
        "[val_loss]": [("val_loss", None)],
        "[val_loss, {name: parameters, goal: maximize}, seconds_per_epoch]": [
            ("val_loss", None),
            ("parameters", "maximize"),
            ("seconds_per_epoch", None),
        ],
    }
    for text, expected in forms.items():
        sweep = validate(document(f"metric: {text}\nparameters: {{seed: {{value: 1}}}}")).sweep
        assert expected == [(one.name, one.goal) for one in sweep.metrics]
        assert sweep == type(sweep).model_validate(sweep.model_dump())


def test_comparisons_come_at_powers_of_eta_and_never_at_the_end():
    assert [2, 6, 18] == EarlyTerminate(min_iter=2, eta=3).rungs(54)
    assert [2, 6, 18, 54] == EarlyTerminate(min_iter=2, eta=3).rungs(55)
    assert [] == EarlyTerminate(min_iter=10).rungs(10)
    assert [3, 9] == EarlyTerminate(type="hyperband", max_iter=27, s=2).rungs(27)
    assert [1, 2, 3, 5] == EarlyTerminate(min_iter=1, eta=1.5).rungs(6)
