"""What suits the size of a table, a recipe or a network and its training: a place to start."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nettrain.catalogue.registry import meaning
from nettrain.data.guess import Guess
from nettrain.experiment.document import PlainValue
from nettrain.experiment.recipes import DataFacts, recipes, value_at

FEWEST = 20  # rows, of which some can be held back
FEW = 1_000  # rows, of which quantiles are coarse
MEDIUM, LARGE = (
    2_000,
    10_000,
)  # rows up to which points are a curve, and from which images take a large network
SEVERAL = 3_000  # rows up to which one more recipe takes less than half a minute
MANY = 50_000  # rows up to which folds take less than a minute or so
LONG = 6_000  # rows up to which the same holds for a fixed number of epochs
MOST = 100_000  # rows from which a small network has enough to do
FOLDS = 5
FEWER_FOLDS = 3  # where each takes long
WIDE = 40  # numeric inputs up to which each has a large embedding
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
class BlendedRecipe:
    """A further recipe in the same folds, and what it has otherwise than the recipe says, by block."""

    name: str
    settings: Mapping[str, Mapping[str, PlainValue]] = field(default_factory=dict)


@dataclass(frozen=True)
class RecommendedRecipe:
    """A recipe by name; `held` says whether rows are held back for validation and test.

    With `folds` each network is validated on another part of the rows, and all predict together, also with
    those of a recipe that is `blended` in. `scaling` is another than the recipe's. With `calibrated` a
    temperature is fitted to validation rows.
    """

    name: str
    held: bool = True
    folds: int = 0
    scaling: str | None = None
    calibrated: bool = False
    blended: BlendedRecipe | None = None

    @property
    def keeps_scaling(self) -> bool:
        """Whether the scaling is part of the recipe, whatever the numbers are."""
        return self.name == "realmlp"

    @property
    def meaning(self) -> str:
        """What it is, in a few words."""
        return meaning_of(self.name)

    def value(self, key: str, facts: DataFacts) -> PlainValue:
        """What it sets a dotted key to for such data; None where it does not."""
        recipe = recipes[self.name]
        return recipe.for_data(facts).get(key, value_at(recipe.settings, key))


def meaning_of(recipe: str) -> str:
    """What a recipe is, in a few words."""
    words = meaning(recipes[recipe])
    return words[:1].lower() + words[1:]


CALM = {"model": {"dropout": 0.1}, "optimizer": {"learning_rate": 0.001}}  # for few rows, of either kind
PLAIN = BlendedRecipe("mlp", {"data": {"scaling": "standard"}, **CALM})
EMBEDDING = BlendedRecipe("mlp_plr", {"data": {"scaling": "robust_clip"}, **CALM})
OF_IMAGES = Recommendation([512, 512], 0.2, 0.0, 0.001, 60, 8)
OF_CURVES = Recommendation([32, 32], 0.0, 0.001, 0.01, 400, 40)
OF_VERY_FEW = Recommendation([64], 0.2, 0.003, 0.003, 400, 40)
OF_MANY = Recommendation([128, 64], 0.0, 0.0, 0.001, 100, 8)


def recommend(guess: Guess) -> Recommendation | RecommendedRecipe:
    """What suits a table: a recipe, but for images, curves, and tables of very few or very many rows.

    Chosen by validation rows, see docs/tables.md.
    """
    rows = guess.rows - guess.unlabelled
    if rows < FEWEST:
        recommended = replace(OF_VERY_FEW, held=False)
    elif guess.image and rows >= LARGE and len(guess.inputs) >= PIXELS:
        recommended = OF_IMAGES
    elif rows < MEDIUM and is_curve(guess):  # with so few columns the function must be nonlinear
        recommended = OF_CURVES
    elif rows >= MOST:
        recommended = OF_MANY
    else:
        return recipe_for(guess, rows)
    return replace(recommended, batch_size=batch_size(rows))


def is_curve(guess: Guess) -> bool:
    """Whether rows are points on a line, in a plane or in space: few inputs, all of them numbers."""
    return len(guess.inputs) <= CURVE and len(guess.numbers) == len(guess.inputs)


def recipe_for(guess: Guess, rows: int) -> RecommendedRecipe:
    """The recipe for so many rows, in folds where five trainings do not take long.

    Folds predict better than as many networks that are stopped by the same rows: each row trains most of
    them. Large embeddings are too much where columns are many; realmlp has small ones, and probabilities that
    a temperature makes less cautious. Of few rows quantiles are coarse. Which of two recipes suits a table of
    up to some thousand rows is not known before: both are trained, and held-out rows weigh them.
    """
    folds = FOLDS if rows < MANY and in_folds(guess) else 0
    if len(guess.numbers) > WIDE and rows < LONG:
        folds = min(folds, FEWER_FOLDS) if rows >= MEDIUM else folds
        return RecommendedRecipe("realmlp", folds=folds, calibrated=guess.kind != "numbers")
    embeds = 0 < len(guess.numbers) <= WIDE
    network = "mlp_plr" if embeds else "mlp"
    if rows < FEW and guess.kind == "numbers":
        recommended = RecommendedRecipe(network, scaling="robust_clip", blended=PLAIN)
    elif rows < FEW:
        recommended = RecommendedRecipe("mlp", scaling="standard", blended=EMBEDDING)
    else:
        recommended = RecommendedRecipe(network, blended=BlendedRecipe("realmlp") if rows < SEVERAL else None)
    blended = recommended.blended if folds and embeds else None  # which folds weigh
    return replace(recommended, folds=folds, blended=blended)


def in_folds(guess: Guess) -> bool:
    """Whether rows may be held out in turn, at random or block by block in time."""
    return (guess.time.order == "random" or guess.time.blocks) and not mostly_single(guess)


def mostly_single(guess: Guess) -> bool:
    """Whether most rows are alone in their class, so that few can be held out."""
    return 2 * sum(rows == 1 for rows in guess.classes.values()) > sum(guess.classes.values())


def batch_size(rows: int) -> int | str:
    """About a fiftieth of the rows, as a power of two from 16 to 128; `full` for very few rows."""
    if rows < 2 * SMALLEST:
        return "full"
    return min(LARGEST, max(SMALLEST, 1 << (rows // STEPS).bit_length() >> 1))


def facts(guess: Guess, share: float) -> DataFacts:
    """What recipes ask of the data, of which a share are training rows."""
    targets = "two classes" if len(guess.classes) == 2 else guess.kind
    numbers = len(guess.numbers)
    rows = round(share * (guess.rows - guess.unlabelled))
    return DataFacts(targets, rows, numbers, len(guess.inputs) - numbers)


def in_words(recommended: Recommendation | RecommendedRecipe) -> str:
    """The network and its training in a few words."""
    if isinstance(recommended, RecommendedRecipe):
        folds = f" in {recommended.folds} folds" if recommended.folds else ""
        if recommended.blended is not None:
            return f"{recommended.name} and {recommended.blended.name}{folds}, weighed by held-out rows"
        return f"{recommended.name}{folds}, {recommended.meaning}"
    hidden, size = ", ".join(map(str, recommended.hidden)), recommended.batch_size
    batches = "all rows in one step" if size == "full" else f"batches of {size} rows"
    optimizer = f"adam at {recommended.learning_rate}, {recommended.epochs} epochs at most"
    return f"{hidden} hidden units, {batches}, {optimizer}"
