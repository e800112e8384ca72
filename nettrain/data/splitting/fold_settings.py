"""The `folds:` block of the data: into how many parts a cross-validation splits the rows, and how often."""

from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from nettrain.catalogue.settings import Settings, option

FEWEST = 2  # folds: of one, no row would be left to train on


class Folds(Settings):
    """The folds of a cross-validation, numbered from 1 over all repeats."""

    count: int = option(..., "folds into which the rows are split", ge=FEWEST)
    repeats: int = option(1, "how often they are split, each time by other draws", ge=1)
    train_on: Literal["earlier", "others"] = option(
        "earlier",
        "what a fold trains on where rows are in the order of time: those before the rows that it holds "
        "out, or all others",
    )
    take: int | None = option(
        None,
        "the one fold whose rows validate an ordinary run; null trains a network for each fold",
        ge=1,
    )

    @property
    def total(self) -> int:
        """The number of folds of all repeats."""
        return self.count * self.repeats

    def fold(self, number: int) -> "Folds":
        """These settings for the run of one fold."""
        return self.model_copy(update={"take": number})

    @model_validator(mode="after")
    def refuse_missing_fold(self) -> "Folds":
        """Refuse to take a fold that is not there."""
        if self.take is not None and self.take > self.total:
            of = f" ({self.repeats} repeats of {self.count})" if self.repeats > 1 else ""
            raise PydanticCustomError(
                "elsewhere",
                "{text}",
                {"text": f"{self.take} is more than the {self.total} folds{of}", "path": TAKE},
            )
        return self


TAKE = ("data", "folds", "take")
