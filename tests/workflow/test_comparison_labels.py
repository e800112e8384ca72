"""Experiments beside each other are called by what differs, in few words."""

import pytest

from nettrain.experiment.resolution import resolve
from nettrain.workflow.comparison.labels import common_settings, labels_of
from nettrain.workflow.source import load_experiment

SPEC = {"experiment": "flowers", "data": {"source": "builtin:iris"}, "model": {"hidden": [8, 4]}}


def experiments(*overrides: list[str]):
    return [resolve(load_experiment(SPEC, list(some)).experiment) for some in overrides]


def labels(*overrides: list[str]) -> list[str]:
    return labels_of(experiments(*overrides), [f"folder/{k}.yaml" for k in range(len(overrides))])


SGD = "optimizer={name: sgd, learning_rate: 0.1}"
CASES = {
    "a number": ([["optimizer.learning_rate=0.1"], ["optimizer.learning_rate=1e-5"]],
                 ["learning_rate 0.1", "learning_rate 1e-05"]),
    "two variants with their defaults": ([["optimizer=adam"], ["optimizer=sgd"]], ["adam", "sgd"]),
    "a variant and its settings": ([["optimizer=adam"], [SGD]], ["adam", "sgd, learning_rate 0.1"]),
    "settings of some variants": (
        [["optimizer=adam"], [SGD], ["optimizer={name: sgd, learning_rate: 0.01}"]],
        ["adam", "sgd, learning_rate 0.1", "sgd, learning_rate 0.01"],
    ),
    "variants first": (
        [["model.activation=relu", "model.init=he_normal"], ["model.activation=tanh", "model.init=zeros"]],
        ["relu, he_normal", "tanh, zeros"],
    ),
    "what is there or not": (
        [[], ["training.early_stopping={patience: 3}"], ["training.early_stopping={}"]],
        ["no early_stopping", "early_stopping, patience 3", "early_stopping, patience 10"],
    ),
    "zero is nothing": ([["model.dropout=0.5"], ["model.dropout=0"]], ["dropout 0.5", "no dropout"]),
    "nothing of all": (
        [[], ["model.dropout=0.5"], ["regularization.l2=0.1"], ["model.dropout=0.5", "regularization.l2=0.1"]],
        ["no dropout, no l2", "dropout 0.5", "l2 0.1", "dropout 0.5, l2 0.1"],
    ),
    "one network and several": ([[], ["training.ensemble=4"]], ["no ensemble", "ensemble 4"]),
    "norms": ([[], ["model.norm=layer"]], ["no norm", "layer norm"]),
    "a switch": ([["training.shuffle=true"], ["training.shuffle=false"]], ["shuffle", "no shuffle"]),
    "widths": ([["model.hidden=[]"], ["model.hidden=[3]"], ["model.hidden=[3, 2]"]],
               ["no hidden layers", "hidden 3", "hidden 3-2"]),
    "layers one by one": (
        [["model.hidden=null", "model.layers=[{units: 8}, {units: 4, dropout: 0.2}]"], []],
        ["dropout 0-0.2", "no dropout"],
    ),
    "the kind of a variant that says little": (
        [["schedule=constant", "data.scaling=none"], ["schedule=cosine", "data.scaling=standard"]],
        ["no scaling, constant schedule", "standard scaling, cosine schedule"],
    ),
    "a schedule of another number": (
        [["model.dropout_schedule=none"], ["model.dropout_schedule=flat_cos"]],
        ["no dropout_schedule", "flat_cos dropout_schedule"],
    ),
    "a seed and not those that follow from it": ([["seed=1"], ["seed=0"]], ["seed 1", "seed 0"]),
    "one of the seeds": ([["model.seed=1"], ["model.seed=0"]], ["seed 1", "seed 0"]),
    "sources": ([[], ["data.source=builtin:penguins"]], ["iris", "penguins"]),
    "a block": (
        [["data.class_weights={Iris-setosa: 2.0}"], []],
        ['class_weights {"Iris-setosa": 2.0}', "no class_weights"],
    ),
    "ends of keys as long as they must be": (
        [["regularization.l2=0.1", "training.weight_decay=0"], ["training.weight_decay=0.2"]],
        ["l2 0.1", "weight_decay 0.2"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case)
def test_labels_say_what_differs(case):
    overrides, expected = CASES[case]
    assert expected == labels(*overrides)


def test_names_stand_in_for_what_would_be_too_long():
    many = [f"optimizer.{key}=0.5" for key in ("beta1", "beta2", "epsilon", "learning_rate")]
    assert ["a", "b"] == labels(["experiment=a", *many], ["experiment=b"])
    assert ["0", "1"] == labels(many, [])


def test_experiments_that_do_not_differ_are_numbered():
    same = experiments([], [], [])
    assert ["flowers", "flowers (2)", "flowers (3)"] == labels_of(same, ["a.yaml"] * 3)
    assert ["flowers.yaml", "flowers.yml"] != labels_of(same[:2], ["x/flowers.yaml", "y/flowers.yml"])


def test_what_all_share_is_said_once():
    one, two = experiments(["training.epochs=7"], ["training.epochs=7", "optimizer.learning_rate=0.5"])
    assert ["iris", "hidden 8-4", "relu", "adam", "batch_size auto", "epochs 7"] == list(
        common_settings([one, two])
    )
