"""What a recipe is: a network and its training, said as the keys of an experiment file.

A recipe has two parts. `settings` hold for any data, and are merged under what the file gives before it is
validated. `for_data` says what depends on the data, and fills it in when they are known, for those keys that
the file leaves out. Nothing else of a recipe is code: what it names are ordinary settings and entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import option
from nettrain.experiment.document import PlainValue

Values = dict[str, PlainValue]
SPLIT_BATCHES = ((1_024, 64), (8_192, 128), (30_000, 256), (100_000, 512))  # up to so many rows, a batch
LARGEST_BATCH = 1_024

recipes: Registry["Recipe"] = Registry("recipe")


@dataclass(frozen=True)
class DataFacts:
    """What recipes ask of the data.

    `targets` is `classes`, `two classes`, `labels` or `numbers`; `rows` counts the training rows, `numbers`
    and `categories` the columns of either kind.
    """

    targets: str
    rows: int
    numbers: int
    categories: int

    @property
    def chosen_by(self) -> str:
        """The metric of validation rows by which the papers choose an epoch."""
        return {"numbers": "val_rmse", "labels": "val_loss"}.get(self.targets, "val_accuracy")

    @property
    def batch(self) -> int | str:
        """The rows of a batch that suit so many training rows, all of them where they are few."""
        size = next((size for most, size in SPLIT_BATCHES if self.rows <= most), LARGEST_BATCH)
        return self.at_most(size)

    def at_most(self, size: int) -> int | str:
        """A batch of this size, or of all training rows where they are fewer."""
        return size if size <= self.rows else "full"


class Recipe(Variant):
    """A network and its training by name.

    `settings` are nested keys, `follows_data` the dotted keys that `for_data` may set, and `space` is what is
    searched around it, as `sweep.parameters` spells it.
    """

    settings: ClassVar[Values] = {}
    follows_data: ClassVar[tuple[str, ...]] = ()
    space: ClassVar[Values] = {}

    @classmethod
    def for_data(cls, facts: DataFacts) -> Mapping[str, PlainValue]:
        """What depends on the data, by dotted key; of the keys `follows_data`, those that are not as in
        `settings`."""
        return {}


def with_model(settings: Values, **changes: PlainValue) -> Values:
    """Settings with changes of the network."""
    model = settings["model"]
    assert isinstance(model, dict)
    return {**settings, "model": {**model, **changes}}


def value_at(values: PlainValue, key: str) -> PlainValue:
    """The value at a dotted key of nested values; None where there is none."""
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


@recipes.register("none")
class NoRecipe(Recipe):
    """What the file leaves out has the defaults of its keys."""


class NamedRecipe(Recipe):
    """A recipe with settings of its own; `open` are the keys that it fills in when the data are known."""

    open: list[str] | None = option(
        None,
        "the keys that wait for the data, where everything else is written out, as in config.yaml; null: the"
        " recipe fills in whatever the file leaves out",
    )

    @model_validator(mode="after")
    def _follow_data(self) -> Self:
        unknown = [key for key in self.open or () if key not in self.follows_data]
        if unknown:
            text = f'"{unknown[0]}" does not follow from the data (allowed: {", ".join(self.follows_data)})'
            raise PydanticCustomError("elsewhere", "{text}", {"text": text, "path": ("recipe", "open")})
        return self
