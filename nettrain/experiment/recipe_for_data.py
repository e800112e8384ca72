"""What a recipe leaves to the data, filled in when they are known."""

from pydantic import ValidationError

from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.columns.words import WordColumn
from nettrain.data.prepare import Prepared
from nettrain.errors import SpecError
from nettrain.experiment.document import Document, PlainValue
from nettrain.experiment.problems import find_problems
from nettrain.experiment.recipes import DataFacts, NamedRecipe
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import targets_of


def with_recipe_for(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment with all that its recipe leaves to the data, but for the keys that the file gives.

    Raises SpecError when they contradict what the file gives.
    """
    recipe = experiment.recipe
    if not isinstance(recipe, NamedRecipe) or not recipe.open:
        return experiment
    values: dict[str, PlainValue] = experiment.model_dump()
    for key, value in recipe.for_data(facts_of(data)).items():
        if key in recipe.open:
            _put(values, key, value)
    values["recipe"] = {"name": recipe.name, "open": []}
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise SpecError(find_problems(Document(values), Experiment, error)) from error


def facts_of(data: Prepared) -> DataFacts:
    """What recipes ask of these data."""
    encoders = data.preprocessing.encoders
    categories = sum(isinstance(encoder, CategoryColumn | WordColumn) for encoder in encoders)
    rows, numbers = len(data.train.x), len(encoders) - categories
    return DataFacts(targets_of(data.preprocessing), rows, numbers, categories)


def _put(values: dict[str, PlainValue], key: str, value: PlainValue) -> None:
    """Set a dotted key, unless a block around it is switched off."""
    *outer, last = key.split(".")
    block: PlainValue = values
    for part in outer:
        block = block.get(part) if isinstance(block, dict) else None
    if isinstance(block, dict):
        block[last] = value
