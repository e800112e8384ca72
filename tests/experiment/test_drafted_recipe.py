"""A drafted file with a recipe: short, valid, and with lines to uncomment that say what the recipe says."""

import pytest

from nettrain.data.guess import guess
from nettrain.experiment.document import parse
from nettrain.experiment.drafting import draft as drafting
from nettrain.experiment.drafting.draft import DraftFile, draft
from nettrain.experiment.drafting.recommendation import RecommendedRecipe
from nettrain.experiment.load import validate
from nettrain.experiment.recipes import NamedRecipe, recipes
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.experiment.settings import Experiment

NAMED = [name for name, entry in recipes.items() if issubclass(entry, NamedRecipe)]


def drafted(source: str, recipe: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(drafting, "recommend", lambda guessed: RecommendedRecipe(recipe))
    return draft(guess(source), DraftFile("f.yaml", "f", source, f"nettrain init {source}"))


def resolved(text: str) -> Experiment:
    return read_and_resolve(resolve(validate(parse(text, "f"))))[0]


@pytest.mark.parametrize("source", ["builtin:penguins", "synthetic:moons", "synthetic:sine"])
@pytest.mark.parametrize("name", NAMED)
def test_its_commented_lines_are_those_of_the_recipe(name, source, monkeypatch):
    text = drafted(source, name, monkeypatch)
    values = parse(text, "f").block
    assert {"experiment", "seed", "recipe", "data"} == set(values)
    assert "scaling" not in values["data"]
    head, _, lines = text.rpartition("to be changed:\n")
    commented = [line.removeprefix("# ") for line in lines.splitlines()]
    assert resolved(text) == resolved("\n".join([head, *commented]))
    assert max(map(len, text.splitlines())) <= 110


def test_pixels_keep_their_scaling(monkeypatch):
    values = parse(drafted("builtin:optdigits", "mlp", monkeypatch), "f").block
    assert {"name": "divide", "by": 16} == values["data"]["scaling"]
