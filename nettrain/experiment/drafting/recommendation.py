"""What suits the size of a table, a recipe or a network and its training: a place to start."""

import math
from dataclasses import dataclass, replace

from nettrain.catalogue.registry import meaning
from nettrain.data.guess import Guess
from nettrain.experiment.document import PlainValue
from nettrain.experiment.recipes import DataFacts, recipes, value_at

FEWEST = 20  # rows, of which some can be held back
MEDIUM, LARGE = 2_000, 10_000  # rows from which a network may be larger
CURVE = 3  # inputs, at most, of a curve or of points in space
PIXELS = 400  # inputs from which an image needs wide layers
SMALLEST, LARGEST = 16, 128  # rows in a batch
STEPS = 50  # in an epoch, roughly


@dataclass(frozen=True)
class Recommendation:
    """A network and its training; `held` says whether rows are held back for validation and test."""

    hidden: list[int]
    dropout: float
    l2: float
    learning_rate: float
    epochs: int
    patience: int
    batch_size: int | str = "full"
    held: bool = True


@dataclass(frozen=True)
class RecommendedRecipe:
    """A recipe by name; `held` says whether rows are held back for validation and test."""

    name: str
    held: bool = True

    @property
    def meaning(self) -> str:
        """What it is, in a few words."""
        words = meaning(recipes[self.name])
        return words[:1].lower() + words[1:]

    def value(self, key: str, facts: DataFacts) -> PlainValue:
        """What it sets a dotted key to for such data; None where it does not."""
        recipe = recipes[self.name]
        return recipe.for_data(facts).get(key, value_at(recipe.settings, key))


OF_IMAGES = Recommendation([512, 512], 0.2, 0.0, 0.001, 60, 8)
OF_CURVES = Recommendation([32, 32], 0.0, 0.001, 0.01, 400, 40)
BY_ROWS = (  # of tables with fewer rows than this
    (500, Recommendation([64], 0.2, 0.003, 0.003, 400, 40)),
    (MEDIUM, Recommendation([64, 32], 0.0, 0.003, 0.002, 400, 40)),
    (LARGE, Recommendation([128, 64], 0.2, 0.0003, 0.001, 300, 25)),
    (100_000, Recommendation([128, 64], 0.1, 0.0, 0.001, 300, 15)),
    (math.inf, Recommendation([128, 64], 0.0, 0.0, 0.001, 100, 8)),
)


def recommend(guess: Guess) -> Recommendation | RecommendedRecipe:
    """What suits a table: few rows need many epochs, a penalty on large weights and dropout.

    Chosen by validation rows, see docs/configs.md. Patience, not the number of epochs, should end a training.
    """
    rows = guess.rows - guess.unlabelled
    recommended = next(one for most, one in BY_ROWS if rows < most)
    if guess.image and rows >= LARGE and len(guess.inputs) >= PIXELS:
        recommended = OF_IMAGES
    elif rows < MEDIUM and len(guess.inputs) <= CURVE:  # with so few columns the function must be nonlinear
        recommended = OF_CURVES
    return replace(recommended, batch_size=batch_size(rows), held=rows >= FEWEST)


def batch_size(rows: int) -> int | str:
    """About a fiftieth of the rows, as a power of two from 16 to 128; `full` for very few rows."""
    if rows < 2 * SMALLEST:
        return "full"
    return min(LARGEST, max(SMALLEST, 1 << (rows // STEPS).bit_length() >> 1))


def facts(guess: Guess) -> DataFacts:
    """What recipes ask of the data, of which a share is held out for validation and test."""
    targets = "two classes" if len(guess.classes) == 2 else guess.kind
    numbers = len(guess.numbers)
    rows = guess.rows - guess.unlabelled
    return DataFacts(targets, rows, numbers, len(guess.inputs) - numbers)


def in_words(recommended: Recommendation | RecommendedRecipe) -> str:
    """The network and its training in a few words."""
    if isinstance(recommended, RecommendedRecipe):
        return f"{recommended.name}, {recommended.meaning}"
    hidden, size = ", ".join(map(str, recommended.hidden)), recommended.batch_size
    batches = "all rows in one step" if size == "full" else f"batches of {size} rows"
    optimizer = f"adam at {recommended.learning_rate}, {recommended.epochs} epochs at most"
    return f"{hidden} hidden units, {batches}, {optimizer}"
