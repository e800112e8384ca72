"""Keys that are nearly right: what is suggested for them, wherever they are written."""

import pytest

import nettrain
from nettrain.errors import SpecError
from nettrain.experiment.keys import keys_of
from nettrain.experiment.load import load
from nettrain.experiment.near_misses import ALIASES, MAIN, VARIANT_ALIASES
from nettrain.experiment.reference.kinds import REGISTRIES
from nettrain.experiment.settings import Experiment

FILE = "data: {source: builtin:iris}\n"
MEANT = {
    "lr": "optimizer.learning_rate",
    "learning_rate": "optimizer.learning_rate",
    "Learning-Rate": "optimizer.learning_rate",
    "learningrate": "optimizer.learning_rate",
    "epochs": "training.epochs",
    "max_iter": "training.epochs",
    "batch_size": "training.batch_size",
    "batchsize": "training.batch_size",
    "momentum": "optimizer.momentum",
    "dropout": "model.dropout",
    "patience": "training.early_stopping.patience",
    "early_stopping": "training.early_stopping",
    "monitor": "training.early_stopping.monitor",
    "hidden": "model.hidden",
    "hiddn": "model.hidden",
    "hidden_layer_sizes": "model.hidden",
    "activation": "model.activation",
    "random_state": "seed",
    "seeds": "seed",
    "l2": "regularization.l2",
    "weight_decay": "training.weight_decay",
    "criterion": "loss",
    "lr_scheduler": "schedule",
    "warmup": "schedule.warmup",
    "target": "data.target",
    "test_size": "data.test",
    "validation_split": "data.validation",
    "sep": "data.separator",
    "device": "backend.device",
    "dtype": "backend.dtype",
    "n_trials": "sweep.trials",
    "training.lr": "optimizer.learning_rate",
    "training.optimizer": "optimizer",
    "training.loss": "loss",
    "training.dropout": "model.dropout",
    "model.epochs": "training.epochs",
    "model.seeed": "seed",
    "data.batch_size": "training.batch_size",
    "data.ignore": "data.columns.ignore",
    "optimizer.lr": "learning_rate",
    "optimizer.eps": "epsilon",
    "optimizer.epochs": "training.epochs",
    "training.min_delta": "training.early_stopping.min_delta",
    "training.max_epochs": "epochs",
    "model.hidden_layers": "hidden",
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text(FILE)
    return path


def problem(file, *overrides):
    """The only problem of a file with overrides, without its folder."""
    with pytest.raises(SpecError) as caught:
        load(file, overrides)
    (line,) = caught.value.problems
    return line.replace(str(file), "f")


def nested(key, value):
    """The value under a dotted key."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


@pytest.mark.parametrize(("key", "meant"), MEANT.items())
def test_the_key_that_was_meant_is_named(key, meant, file):
    expected = f'{key}: unknown key, did you mean "{meant}"?'
    assert f'override "{key}=1": {expected}' == problem(file, f"{key}=1")
    if not key.startswith("data."):
        with pytest.raises(SpecError, match=r"did you mean") as caught:
            nettrain.train({"data": {"source": "builtin:iris"}, **nested(key, 1)})
        assert expected == str(caught.value)
    file.write_text(f"{FILE}sweep:\n  parameters:\n    {key}: {{values: [1, 2]}}\n")
    with pytest.raises(SpecError) as caught:
        nettrain.sweep(file)
    assert f"{file}:4: {expected}" == str(caught.value)


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("optimizer.momentum=0.9", "amsgrad); momentum, nesterov and rmsprop have it"),
        ("optimizer.weight_decay=0.1", "amsgrad); adamw and lion have it, or training.weight_decay"),
        ("optimizer.beta2=0.9 optimizer=sgd", "groups); adam, adamw, adamax and 3 more have it"),
        ("schedule.milestones=[3]", "(allowed: name, warmup, per); multi_step has it"),
        ("schedule.gamma=0.1", "per); step, multi_step, plateau and adaptive have factor"),
        ("schedule.patience=3", "per); plateau and adaptive have it, or training.early_stopping.patience"),
        ("optimizer.nesterov=true", 'amsgrad); did you mean "optimizer.name"?'),
    ],
)
def test_the_variants_that_have_a_key_are_named(override, hint, file):
    assert problem(file, *override.split()[::-1]).endswith(hint)


@pytest.mark.parametrize(("key", "inner"), MAIN.items())
def test_a_value_in_place_of_a_block(key, inner, file):
    expected = f'{key}: "x" is not a block of keys, did you mean "{key}.{inner}"?'
    overrides = [f"{key}=x", *(["sweep.parameters={seed: {value: 1}}"] if key.startswith("sweep") else [])]
    assert f'override "{key}=x": {expected}' == problem(file, *overrides)


def test_what_is_similar_to_nothing_gets_no_suggestion(file):
    assert problem(file, "qqq=1").endswith(
        "unknown key (allowed: experiment, seed, recipe, data, model, loss, regularization, optimizer, schedule, "
        "training, calibration, threshold, backend, blend, sweep)"
    )


def test_every_suggestion_is_a_key_and_every_alias_stands_for_one():
    keys = set(keys_of(Experiment))
    aliases = [name for names in ALIASES.values() for name in names.split()]
    assert (set(), set()) == (set(ALIASES) - keys, {f"{key}.{inner}" for key, inner in MAIN.items()} - keys)
    assert [] == sorted({name for name in aliases if aliases.count(name) > 1})


def test_no_alias_is_the_name_of_a_key_elsewhere_unless_it_is_that_key():
    """Which would hide the key itself behind another one."""
    outer = [key for key in keys_of(Experiment) if "." not in key]
    assert set() == {name for names in ALIASES.values() for name in names.split()} & set(outer)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("squared_error", "mse"), ("L1_loss", "mae"), ("bce", "binary_cross_entropy"), ("hubber", "huber")],
)
def test_a_loss_is_known_by_the_names_that_others_have_for_it(name, meant, file):
    assert problem(file, f"loss={name}").endswith(f'loss: unknown "{name}", did you mean "{meant}"?')


def test_every_other_name_of_an_entry_is_none_itself():
    names = {name for registry in REGISTRIES.values() for name in registry}
    others = [name for several in VARIANT_ALIASES.values() for name in several.split()]
    assert set(VARIANT_ALIASES) <= names
    assert len(set(others)) == len(others)
    assert not set(others) & set(REGISTRIES["loss"])
