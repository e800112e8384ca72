"""Every recipe: its settings are valid for data of any kind, and what follows from the data is said so."""

from itertools import product

import pytest

from nettrain.experiment.document import parse
from nettrain.experiment.keys import keys_of
from nettrain.experiment.load import validate
from nettrain.experiment.recipes import DataFacts, NamedRecipe, recipes
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
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


@pytest.mark.parametrize("kind", ["classes", "two classes", "numbers"])
@pytest.mark.parametrize("name", NAMED)
def test_it_fits_data_of_every_kind(name, kind):
    spec = resolve(validate(parse(f"recipe: {name}\ndata: {SOURCES[kind]}\n", "f")))
    resolved = resolve_with_data(spec, prepared(spec))
    assert [] == resolved.recipe.open
