"""Every key of the experiment file, and the problems of invalid ones."""

from pathlib import Path

import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.metrics import metrics
from nettrain.catalogue.optimizers import optimizers
from nettrain.errors import SpecError
from nettrain.experiment.document import dump, parse
from nettrain.experiment.load import load, to_yaml, validate
from nettrain.experiment.monitors import goal, monitors
from nettrain.experiment.resolution import resolve
from nettrain.experiment.settings import Experiment

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
ACTIVATIONS, LOSSES, OPTIMIZERS = (", ".join(kind) for kind in (activations, losses, optimizers))
EVERY_KEY = """\
experiment: digits
seed: 0
recipe: none
data:
  source: builtin:optdigits
  target: label
  test: null
  validation: 0.15
  folds: null
  header: auto
  separator: auto
  sheet: null
  skip_rows: auto
  comment: auto
  names: null
  decimal: auto
  dates: {}
  missing: ["", "?", NA, NaN]
  missing_target: refuse
  columns: {ignore: [], categorical: [], numeric: [], words: [], weight: null, group: null}
  max_categories: auto
  one_hot_up_to: null
  binary_categories: indicators
  mark_gaps_from: 10
  words_from: 20
  labels: {}
  positive: null
  target_kind: auto
  scaling: standard
  scale_indicators: false
  target_scaling: auto
  class_weights: null
  stratify: true
  order: random
  seed: null
  storage: auto
model:
  hidden: [64, 32]
  activation: relu
  init: auto
  bias: auto
  dropout: 0.0
  batch_norm: false
  input_noise: 0.0
  category_dimension: 8
  output_activation: auto
  seed: null
loss: auto
regularization: {l2: 0.0, l1: 0.0, max_norm: null}
optimizer: {name: adam, learning_rate: 0.001}
schedule: {name: constant, warmup: 0}
training:
  epochs: 60
  batch_size: auto
  early_stopping: null
  evaluate_every: 1
  evaluate_train: auto
  shuffle: true
  shuffle_window: null
  sampling: permutation
  drop_last: false
  clip_norm: null
  clip_value: null
  weight_decay: 0.0
  weight_decay_schedule: none
  convergence: null
  max_seconds: null
  target: null
  repeat: 1
  ensemble: 1
  vary: all
  snapshots: 0
  history: epoch
  diagnostics: false
  checkpoint: {seconds: 2}
  order_seed: null
  noise_seed: null
backend: {name: auto, dtype: float32, threads: auto, device: 0, tf32: false}
"""
MINIMAL = "data: {source: builtin:optdigits, target: label}\n"


def errors(text):
    """The problems of a file."""
    with pytest.raises(SpecError) as caught:
        validate(parse(text, "f"))
    return list(caught.value.problems)


def nested(key, value):
    """`a.b` and a value as a block of YAML, below the lines of a small file."""
    block, _, rest = key.partition(".")
    if not rest:
        return f"{MINIMAL}\n{block}: {value}\n"
    if block == "data":
        return f"data:\n  source: builtin:iris\n  {rest}: {value}\n"
    return f"{MINIMAL}\n{block}: {{{rest}: {value}}}\n"


def test_every_key_is_accepted_with_its_default():
    assert validate(parse(MINIMAL, "f")).model_copy(update={"experiment": "digits"}) == validate(
        parse(EVERY_KEY, "f")
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.checkpoint", "{seconds: 2}"),
        ("data.columns", "{ignore: []}"),
        ("sweep", "null"),
    ],
)
def test_another_spelling_of_a_default_is_accepted(key, value):
    assert isinstance(validate(parse(nested(key, value), "f")), Experiment)


@pytest.mark.parametrize(("key", "value"), [("training.diagnostics", "0")])
def test_one_is_not_true(key, value):
    assert [f"f:3: {key}: 0 is neither true nor false"] == errors(nested(key, value))


WRONG = [
    ("training: {repeat: 0}\n", "f:2: training.repeat: 0 is not at least 1"),
    ("training: {vary: nothing}\n", 'f:2: training.vary: unknown "nothing" (allowed: all, weights)'),
    (
        "training: {repeat: 2, ensemble: 3}\n",
        "f:2: training.ensemble: 3 does not go with repeat: choose one",
    ),
    (
        "training: {ensemble: 2, snapshots: 3}\n",
        "f:2: training.snapshots: 3 does not go with ensemble: choose one",
    ),
    (
        "training: {snapshots: 3, early_stopping: {}}\n",
        "f:2: training.snapshots: 3 does not go with early_stopping: choose one",
    ),
    (
        "training: {snapshots: 3, epochs: 5}\n",
        "f:2: training.snapshots: 3 do not fit into the last half of 5 epochs",
    ),
    (
        "training: {target: {val_acuracy: 0.9}}\n",
        'f:2: training.target.val_acuracy: unknown "val_acuracy", did you mean "val_accuracy"?',
    ),
    ("training: {target: {}}\n", "f:2: training.target: needs at least 1 of them"),
    ("training: {target: {val_loss: .nan}}\n", "f:2: training.target.val_loss: .nan is not a finite number"),
    ("training: {convergence: {epochs: 3}}\n", "f:2: training.convergence: needs tolerance or weight_change"),
    ("training: {convergence: {tolerance: 0}}\n", "f:2: training.convergence.tolerance: 0 is not above 0"),
    ("training: {max_seconds: 0}\n", "f:2: training.max_seconds: 0 is not above 0"),
    (
        "training: {sampling: replacement, shuffle: false}\n",
        "f:2: training.shuffle: false goes with sampling: permutation only",
    ),
    ("modell: {}\n", 'f:2: modell: unknown key, did you mean "model"?'),
    ("model: {hiden: [3]}\n", 'f:2: model.hiden: unknown key, did you mean "hidden"?'),
    (
        "regularization: {xyz: 1}\n",
        "f:2: regularization.xyz: unknown key (allowed: l2, l1, max_norm)",
    ),
    ("\nmodel:\n  dropout: 1.0\n", "f:4: model.dropout: 1.0 is not below 1"),
    ("model: {dropout: -0.1}\n", "f:2: model.dropout: -0.1 is not at least 0"),
    ("model: {dropout: no}\n", 'f:2: model.dropout: "no" is not a number'),
    ("model: {dropout: '0.1'}\n", 'f:2: model.dropout: "0.1" is not a number'),
    ("model: {dropout: true}\n", "f:2: model.dropout: true is not a number"),
    ("model: {dropout: .nan}\n", "f:2: model.dropout: .nan is not a finite number"),
    ("model: {hidden: 64}\n", "f:2: model.hidden: 64 is not a list"),
    ("model: {hidden: [64, 0]}\n", "f:2: model.hidden.1: 0 is not at least 1"),
    ("model:\n  hidden:\n    - 4\n    - a\n", 'f:5: model.hidden.1: "a" is not a whole number'),
    ("model: [1]\n", 'f:2: model: [1] is not a block of keys, did you mean "model.hidden"?'),
    ("model:\n", "f:2: model: null is not a block of keys"),
    (
        "model: {activation: qqq}\n",
        f'f:2: model.activation: unknown "qqq" (allowed: {ACTIVATIONS})',
    ),
    (
        "model: {activation: {name: rellu}}\n",
        'f:2: model.activation.name: unknown "rellu", did you mean "relu"?',
    ),
    ("model: {activation: null}\n", "f:2: model.activation: null is not a block of keys"),
    ("optimizer: adm\n", 'f:2: optimizer: unknown "adm", did you mean "adam"?'),
    ("optimizer: Adam\n", 'f:2: optimizer: unknown "Adam", did you mean "adam"?'),
    (
        "optimizer:\n  learning_rate: 1\n  name: 3\n",
        f"f:4: optimizer.name: unknown 3 (allowed: {OPTIMIZERS})",
    ),
    ("optimizer: {beta2: 1.5}\n", "f:2: optimizer.beta2: 1.5 is not below 1"),
    ("optimizer: {learning_rate: 0}\n", "f:2: optimizer.learning_rate: 0 is not above 0"),
    (
        "optimizer: {name: sgd, beta1: 0.9}\n",
        "f:2: optimizer.beta1: unknown key (allowed: name, learning_rate, groups); adam, adamw, adamax and 3 more have it",
    ),
    (
        "loss: {reduction: sum}\n",
        f"f:2: loss: name is missing (allowed: auto, {LOSSES})",
    ),
    ("training: {epochs: 0}\n", "f:2: training.epochs: 0 is not at least 1"),
    ("training: {epochs: 1.5}\n", "f:2: training.epochs: 1.5 is not a whole number"),
    (
        "training: {epochs: [1, a, {b: null}]}\n",
        "f:2: training.epochs: [1, a, {b: null}] is not a whole number",
    ),
    (
        f"training: {{epochs: {'x' * 70}}}\n",
        f'f:2: training.epochs: "{"x" * 56}... is not a whole number',
    ),
    ("training: {shuffle_window: 0}\n", "f:2: training.shuffle_window: 0 is not at least 1"),
    (
        "training: {shuffle_window: 9, shuffle: false}\n",
        "f:2: training.shuffle_window: 9 does not go with shuffle: false",
    ),
    (
        "training: {sampling: replacement, shuffle_window: 9}\n",
        "f:2: training.shuffle_window: 9 does not go with sampling: replacement",
    ),
    ("training: {shuffle: 1}\n", "f:2: training.shuffle: 1 is neither true nor false"),
    ("training: {batch_size: 0}\n", "f:2: training.batch_size: 0 is not a whole number from 1, full or auto"),
    (
        "training: {batch_size: all}\n",
        'f:2: training.batch_size: "all" is not a whole number from 1, full or auto',
    ),
    (
        "training: {early_stopping: true}\n",
        'f:2: training.early_stopping: true is not a block of keys, did you mean "training.early_stopping.patience"?',
    ),
    (
        "training:\n  early_stopping:\n    monitor: val_los\n",
        'f:4: training.early_stopping.monitor: unknown "val_los", did you mean "val_loss"?',
    ),
    ("backend: {device: true}\n", "f:2: backend.device: true is not a whole number"),
    ("backend: {device: -1}\n", "f:2: backend.device: -1 is not at least 0"),
    ("backend: {tf32: 1}\n", "f:2: backend.tf32: 1 is neither true nor false"),
    ("backend: {tf32: true, name: numpy}\n", "f:2: backend.tf32: true does nothing for numpy"),
    ("backend: {tf32: true, dtype: float64}\n", "f:2: backend.tf32: true does nothing for float64"),
    ("backend: {name: numpi}\n", 'f:2: backend.name: unknown "numpi", did you mean "numpy"?'),
    ("backend: {dtype: float33}\n", 'f:2: backend.dtype: unknown "float33", did you mean "float32"?'),
    ("backend: {threads: 0}\n", "f:2: backend.threads: 0 is not a whole number from 1 to 1024, or auto"),
    ("seed: -1\n", "f:2: seed: -1 is not at least 0"),
    ("seed: 1.5\n", "f:2: seed: 1.5 is not a whole number"),
    ("seed: 9223372036854775808\n", "f:2: seed: 9223372036854775808 is not below 9.22337e+18"),
    ("experiment: 3\n", "f:2: experiment: 3 is not text"),
    ("experiment: ''\n", "f:2: experiment: must not be empty"),
    ("data: {source: builtin:iris}\n", "f:2: data: given twice, first at f:1"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_an_invalid_value_is_one_line_with_its_location(text, expected):
    assert [expected] == errors(MINIMAL + text)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            "columns: {ignor: [a]}",
            'data.columns.ignor: unknown key, did you mean "ignore"?',
        ),
        ("columns: {ignore: a}", 'data.columns.ignore: "a" is not a list'),
        ("columns: {ignore: [[a]]}", "data.columns.ignore.0: [a] is not a column's name or position"),
        ("columns: [a]", "data.columns: [a] is not a block of keys"),
        ("target: [a, 1.5]", "data.target: [a, 1.5] is not a column's name or position, or a list of them"),
        ("missing_target: keep", 'data.missing_target: unknown "keep" (allowed: refuse, drop)'),
        ("target_kind: clases", 'data.target_kind: unknown "clases", did you mean "classes"?'),
        ("scaling: robst", 'data.scaling: unknown "robst", did you mean "robust"?'),
        ("scaling: {name: channel, channels: 0}", "data.scaling.channels: 0 is not at least 1"),
        (
            "scaling: {name: divide, by: {a: 0}}",
            "data.scaling.by: {a: 0} is not a number above 0, a list of one for each column of numbers, "
            "or a mapping from columns to them",
        ),
        ("labels: {a: [b]}", "data.labels.a: [b] is not text"),
        ("positive: [a]", "data.positive: [a] is not a class"),
        (
            "class_weights: {a: -1}",
            "data.class_weights: {a: -1} is not balanced, or a block of classes with a number from 0 each",
        ),
        (
            "order: time, columns: {group: a}",
            'data.order: "time" does not go with data.columns.group: the last rows may hold half a group',
        ),
    ],
)
def test_an_invalid_key_of_the_data_is_one_line_with_its_location(keys, expected):
    assert [f"f:1: {expected}"] == errors(f"data: {{source: builtin:iris, {keys}}}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f:1: an experiment file is a block of keys, this is empty"),
        ("# only a comment\n", "f:1: an experiment file is a block of keys, this is empty"),
        ("- a\n", "f:1: an experiment file is a block of keys, this is a list"),
        ("a\n", "f:1: an experiment file is a block of keys, this is a single value"),
        ("seed: 1\n", "f:1: data: missing"),
        ("seed: 1\ndata: {target: a}\n", "f:2: data.source: missing"),
        ("data: iris\n", 'f:1: data: "iris" is not a block of keys, did you mean "data.source"?'),
    ],
)
def test_a_file_that_is_not_an_experiment(text, expected):
    assert [expected] == errors(text)


def test_all_errors_of_a_file_come_at_once_in_the_order_of_lines():
    text = """\
backend: {name: cuda, device: x}
training:
  epochs: 0
  epochs: 5
  diagnostics: 1
model:
  activation: {name: 3}
data:
  source: builtin:irsi
  validtion: 0.1
seed: !!int 3
optimizer: {name: sgd, momentum: 0.9}
"""
    assert [
        'f:1: backend.name: unknown "cuda" (allowed: auto, numpy, cupy)',
        'f:1: backend.device: "x" is not a whole number',
        "f:3: training.epochs: 0 is not at least 1",
        "f:4: training.epochs: given twice, first at f:3",
        "f:5: training.diagnostics: 1 is neither true nor false",
        f"f:7: model.activation.name: unknown 3 (allowed: {ACTIVATIONS})",
        'f:9: data.source: "builtin:irsi" is not a builtin source, did you mean "iris"?',
        'f:10: data.validtion: unknown key, did you mean "validation"?',
        "f:11: seed: the tag !!int is not allowed",
        "f:12: optimizer.momentum: unknown key (allowed: name, learning_rate, groups); momentum, nesterov and rmsprop have it",
    ] == errors(text)


def test_a_colon_in_the_path_does_not_disturb_the_order():
    text = "".join(
        f"{key}: -1\n" for key in ("seed", "b", "c", "d", "e", "f", "g", "h", "data", "experiment")
    )
    with pytest.raises(SpecError) as caught:
        validate(parse(text, "runs/10:30/f"))
    assert [f"runs/10:30/f:{k}" for k in range(1, 11)] == [
        line.partition(": ")[0] for line in caught.value.problems
    ]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_every_config_loads_and_is_read_back_as_it_was_written(config, tmp_path):
    experiment = resolve(load(config).experiment)
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(experiment))
    assert experiment == load(file).experiment


def test_a_validation_metric_needs_validation_rows():
    text = "data: {source: builtin:iris, validation: 0}\ntraining:\n  early_stopping: {patience: 3}\n"
    expected = '"val_loss" needs validation rows, but data.validation is 0'
    assert [f"f:3: training.early_stopping.monitor: {expected}"] == errors(text)


@pytest.mark.parametrize("none", ["0", "0.0", "null"])
def test_a_training_metric_needs_no_validation_rows(none):
    text = f"data: {{source: builtin:iris, validation: {none}}}\n"
    text += "training: {early_stopping: {monitor: train_loss}}\n"
    assert "train_loss" == validate(parse(text, "f")).training.early_stopping.monitor


def test_every_monitor_has_a_direction():
    losses = dict.fromkeys(["running_loss", "objective", "train_loss", "val_loss"], "minimize")
    goals = {f"{rows}_{name}": entry.goal for rows in ("train", "val") for name, entry in metrics.items()}
    assert losses | goals == {name: goal(name) for name in monitors()}
    assert ("maximize", "minimize") == (goal("val_accuracy"), goal("val_rmse"))


def test_seeds_are_resolved_and_threads_wait_for_the_data():
    experiment = resolve(validate(parse(MINIMAL + "seed: 5\ntraining: {noise_seed: 9}\n", "f")))
    assert (5, 5, 5, 9) == (
        experiment.data.seed,
        experiment.training.order_seed,
        experiment.model.seed,
        experiment.training.noise_seed,
    )
    assert ("numpy", "auto") == (experiment.backend.name, experiment.backend.threads)


def test_seeds_and_threads_in_the_file_are_kept():
    text = "seed: 5\nbackend: {threads: 3}\nmodel: {seed: 0}\n"
    experiment = resolve(validate(parse(MINIMAL + text, "f")))
    assert (5, 0, 3) == (experiment.data.seed, experiment.model.seed, experiment.backend.threads)


FILES = [
    MINIMAL,
    EVERY_KEY,
    """\
data: {source: builtin:iris, scaling: {name: minmax, range: [-1, 1]}, missing: ["", -9, 1.5], separator: ";"}
model: {hidden: [], activation: {name: tanh}, init: {name: normal, sigma: 1e-20}, output_activation: linear}
loss: {name: cross_entropy, label_smoothing: 0.1}
optimizer: {name: nesterov, learning_rate: 1e-7, form: velocity}
schedule: {name: step, every: 3, warmup: 0.5}
training: {batch_size: full, early_stopping: {monitor: val_accuracy, min_delta: 1e-3}}
backend: {dtype: float64, threads: 1}
""",
    """\
data:
  source: builtin:penguins
  target: [sex, -2]
  missing_target: drop
  columns: {ignore: [year, 0], categorical: [island], numeric: [], words: [], weight: body_mass_g, group: null}
  labels: {"<=50K.": "<=50K", yes: 1, no: false}
  positive: true
  target_kind: labels
  scaling: {name: quantile_normal, knots: 100}
  class_weights: {1: 0.5, MALE: 2}
  order: {by: year}
""",
]


@pytest.mark.parametrize("text", FILES, ids=["minimal", "every key", "variants", "data"])
def test_what_is_resolved_and_written_loads_back_equal(text, tmp_path):
    experiment = resolve(validate(parse(text, "f")))
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(experiment))
    assert experiment == load(file).experiment
    assert experiment == resolve(load(file).experiment)


def test_a_written_file_holds_every_key():
    written = parse(to_yaml(validate(parse(MINIMAL, "f"))), "f").values
    assert list(Experiment.model_fields) == list(written)
    expected = parse(EVERY_KEY, "f").values
    for block in ("data", "training", "backend"):
        assert set(expected[block]) == set(written[block])


def test_the_written_file_is_readable():
    lines = to_yaml(resolve(validate(parse(EVERY_KEY, "f")))).splitlines()
    first = ["experiment: digits", "seed: 0", "recipe: {name: none}", "data:", "  source: builtin:optdigits"]
    assert first == lines[:5]
    assert "  missing: ['', '?', NA, NaN]" in lines
    assert "regularization: {l2: 0.0, l1: 0.0, max_norm: null}" in lines
    assert "  checkpoint: {seconds: 2.0}" in lines


def test_dump_needs_no_quotes_where_none_are_needed():
    assert "{a: no, b: NaN, c: 'true', d: '017'}\n" == dump({"a": "no", "b": "NaN", "c": "true", "d": "017"})
