"""Every recipe: its settings are valid for data of any kind, and what follows from the data is said so."""

from itertools import product

import pytest

from nettrain.experiment.default_search import default_ranges
from nettrain.experiment.document import parse
from nettrain.experiment.keys import keys_of
from nettrain.experiment.load import from_document, validate
from nettrain.experiment.recipes import DataFacts, NamedRecipe, recipes
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.sweep.search_space import SearchSpace
from tests.trained import prepared

NAMED = [name for name, entry in recipes.items() if issubclass(entry, NamedRecipe)]
SOURCES = {
    "classes": "{source: builtin:penguins, target: species}",
    "two classes": "{source: 'synthetic:moons'}",
    "numbers": "{source: 'synthetic:sine'}",
}
FACTS = [
    DataFacts(targets, rows, numbers, categories)
    for targets, rows, (numbers, categories) in product(
        ("classes", "two classes", "labels", "numbers"),
        (10, 100, 10_000, 1_000_000),
        ((1, 0), (0, 1), (5, 3)),
    )
]


@pytest.mark.parametrize("name", NAMED)
def test_a_recipe_has_a_source_and_names_keys_alone(name):
    entry = recipes[name]
    assert entry.source
    assert set(entry.follows_data) <= {*keys_of(Experiment)}
    assert not {key for key in entry.follows_data if key.startswith("data.")}, "they are prepared by then"


@pytest.mark.parametrize("name", NAMED)
def test_what_follows_from_the_data_is_declared(name):
    entry = recipes[name]
    said = {key for facts in FACTS for key in entry.for_data(facts)}
    assert said == set(entry.follows_data)


@pytest.mark.parametrize("name", NAMED)
def test_its_space_is_valid_around_it(name):
    loaded = from_document(parse(f"recipe: {name}\ndata: {SOURCES['classes']}\n", "f"))
    assert recipes[name].space
    assert list(default_ranges(loaded.experiment)) == list(recipes[name].space)
    assert 20 == len(SearchSpace(loaded).trials(20))


def test_realmlp_by_the_kind_of_targets():
    """The numbers of the paper's table A.1 that differ between classes and numbers."""
    found = {}
    for kind, source in SOURCES.items():
        spec = resolve(validate(parse(f"recipe: realmlp\ndata: {source}\n", "f")))
        found[kind] = resolve_with_data(spec, prepared(spec))
    two, numbers = found["two classes"], found["numbers"]
    assert [(0.04, "parametric_selu", False), (0.2, "parametric_mish", True)] == [
        (one.optimizer.learning_rate, one.model.activation.name, one.model.clamp_outputs)
        for one in (two, numbers)
    ]
    assert ("cross_entropy", 0.1, "mse", 0.0) == (
        *(two.loss.name, two.loss.label_smoothing),
        *(numbers.loss.name, numbers.loss.label_smoothing),
    )
    assert ["val_accuracy", "val_accuracy", "val_rmse"] == [
        one.training.early_stopping.monitor for one in found.values()
    ]


def test_what_the_file_gives_is_not_searched():
    text = (
        "recipe: mlp\ndata: {source: builtin:iris}\nmodel: {dropout: 0.3}\noptimizer: {learning_rate: 0.2}\n"
    )
    searched = default_ranges(validate(parse(text, "f")))
    assert {"model.dropout", "optimizer.learning_rate"} == {*recipes["mlp"].space} - {*searched}


@pytest.mark.parametrize("kind", ["classes", "two classes", "numbers"])
@pytest.mark.parametrize("name", NAMED)
def test_it_fits_data_of_every_kind(name, kind):
    spec = resolve(validate(parse(f"recipe: {name}\ndata: {SOURCES[kind]}\n", "f")))
    resolved = resolve_with_data(spec, prepared(spec))
    assert [] == resolved.recipe.open
