"""The registry: a variant is registered once and is selectable everywhere."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from nettrain.catalogue.registry import Choice, Registry, Variant
from nettrain.catalogue.settings import number, varies
from nettrain.checks.advice.registry import advice_line
from nettrain.checks.sanity.registry import sanity_check
from nettrain.experiment.reference.kinds import ALL
from nettrain.lessons.registry import lesson


def colours() -> Registry[Variant]:
    kinds: Registry[Variant] = Registry("colour")

    @kinds.register("red", source="Newton 1704")
    class Red(Variant):
        """Long waves."""

        depth: float = number(0.5, "how red", ge=0, le=1)

    @kinds.register("blue")
    class Blue(Variant):
        """Short waves."""

        depth: float = number(0.1, "how blue", varies=False)

    return kinds


def test_a_variant_is_known_by_its_name_with_its_source() -> None:
    kinds = colours()
    assert list(kinds) == ["red", "blue"]
    assert kinds["red"]().model_dump() == {"name": "red", "depth": 0.5}
    assert kinds["red"].source == "Newton 1704"
    assert varies(kinds["red"], "depth")
    assert not varies(kinds["blue"], "depth")


def test_a_name_is_taken_once() -> None:
    kinds = colours()
    with pytest.raises(ValueError, match="colour 'red' is registered twice"):
        kinds.register("red")(Variant)


def momentum(contestants: object) -> None:
    """A lesson of a name that there is."""


momentum.__module__ = "nettrain.lessons.momentum.another"


@pytest.mark.parametrize(
    ("decorate", "what"),
    [
        (advice_line("overfitting"), "advice 'overfitting'"),
        (sanity_check("penalty", rank=1), "sanity check 'penalty'"),
        (lesson("M", rank=1, question="?", answer="."), "lesson 'momentum'"),
    ],
)
def test_a_name_of_other_kinds_is_taken_once(decorate: Callable[[Any], Any], what: str) -> None:
    with pytest.raises(ValueError, match=f"^{what} is registered twice$"):
        decorate(momentum)


def test_a_choice_takes_a_name_or_a_block() -> None:
    kinds = colours()

    class Picture(BaseModel):
        sky: Annotated[Variant, Choice(kinds, default="blue")]

    assert Picture(sky="red").sky.model_dump() == {"name": "red", "depth": 0.5}
    assert Picture(sky={"name": "red", "depth": 0.9}).sky.depth == 0.9
    assert Picture(sky={"depth": 0.2}).sky.name == "blue"
    assert Picture(sky="red").model_dump() == {"sky": {"name": "red", "depth": 0.5}}


@pytest.mark.parametrize("registry", ALL, ids=lambda registry: registry.kind)
def test_every_entry_says_what_it_is_and_what_its_numbers_mean(registry: Registry) -> None:
    assert len(registry) > 0
    for name, entry in registry.items():
        assert (entry.__doc__ or "").strip(), name
        for field, info in entry.model_fields.items():
            assert field == "name" or info.description, (name, field)
