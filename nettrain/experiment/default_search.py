"""The search of an experiment that has no `sweep:` block: ranges around its own settings."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

from nettrain.errors import SpecError
from nettrain.experiment.document import Document, PlainValue
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.recipes import value_at
from nettrain.experiment.settings import Experiment
from nettrain.experiment.sweep_settings import Parameter, SweepSettings, parameters
from nettrain.model.settings import ModelSettings

FACTOR = 10.0  # the learning rate is searched from a tenth to ten times its value
SIGNIFICANT = 3  # digits of a limit
PENALTIES: dict[str, PlainValue] = {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}
DROPOUTS = (0.0, 0.1, 0.3)


@dataclass(frozen=True)
class Search:
    """What a sweep searches: the settings of its block, and the parameters; `note` says what nobody wrote."""

    settings: SweepSettings
    parameters: Sequence[Parameter]
    note: str = ""


def search_of(loaded: LoadedExperiment) -> Search:
    """The search of a file's `sweep:` block, or else the default one.

    Raises SpecError when there is no block, and no validation row by which trials could be compared.
    """
    settings = loaded.experiment.sweep
    if settings is not None:
        return Search(settings, parameters(loaded.document))
    label = loaded.document.location(())
    if not loaded.experiment.data.holds_out_validation:
        why = "data.validation is 0, so there are no rows to compare trials by"
        raise SpecError(": ".join(filter(None, (label, f"has no sweep block, and {why}"))))
    ranges = default_ranges(loaded.experiment)
    document = Document({"sweep": {"parameters": ranges}}, {(): label})
    note = f"no sweep block, so the usual ranges are searched: {in_words(ranges)}"
    return Search(SweepSettings(parameters=dict(ranges)), parameters(document), note)


def default_ranges(experiment: Experiment) -> dict[str, PlainValue]:
    """What is worth searching, as `sweep.parameters` spells it: a block for each dotted key.

    That of the recipe, but for keys to which the file gives other values. Without a recipe, the learning
    rate, the penalty on large weights, and where hidden layers are given by their widths, the widths and the
    dropout. Keys that do nothing for the optimizer are left out.
    """
    if experiment.recipe.space:
        return space_of_recipe(experiment)
    optimizer, model = experiment.optimizer, experiment.model
    ranges: dict[str, PlainValue] = {}
    rate = getattr(optimizer, "learning_rate", None)
    if rate == "auto":
        rate = type(optimizer).model_fields["learning_rate"].default
    if rate:
        limits = {"min": _rounded(rate / FACTOR), "max": _rounded(rate * FACTOR)}
        ranges["optimizer.learning_rate"] = {"distribution": "log_uniform_values", **limits}
    decays = hasattr(optimizer, "weight_decay")
    ranges["optimizer.weight_decay" if decays else "regularization.l2"] = dict(PENALTIES)
    if model.hidden:
        ranges["model.hidden"] = {"values": _networks(model.hidden)}
        ranges |= {} if optimizer.full_batch else {"model.dropout": _dropouts(model)}
    return ranges


def space_of_recipe(experiment: Experiment) -> dict[str, PlainValue]:
    """What is searched around a recipe: its space without the keys to which the file gives other values."""
    recipe, values = type(experiment.recipe), experiment.model_dump()
    from_data = getattr(experiment.recipe, "open", None) or recipe.follows_data
    return {
        key: deepcopy(block)
        for key, block in recipe.space.items()
        if key in from_data or value_at(values, key) == value_at(recipe.settings, key)
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT}g}")


def _networks(hidden: list[int]) -> list[PlainValue]:
    """Hidden layers of half, the same and twice the widths, and with one more layer of half the last."""
    halved = [-(-units // 2) for units in hidden]
    networks = [halved, hidden, [2 * units for units in hidden], [*hidden, halved[-1]]]
    return [list(network) for network in dict.fromkeys(map(tuple, networks))]


def _dropouts(model: ModelSettings) -> PlainValue:
    """The usual shares, and the model's."""
    return {"values": [float(share) for share in sorted({*DROPOUTS, model.dropout})]}


def in_words(ranges: Mapping[str, PlainValue]) -> str:
    """`optimizer.learning_rate 0.001 to 0.1, model.hidden [8], [16] or [32]`."""
    return "; ".join(f"{key} {_range_in_words(block)}" for key, block in ranges.items())


def _range_in_words(block: PlainValue) -> str:
    assert isinstance(block, dict)
    if "min" in block:
        return f"{block['min']:g} to {block['max']:g}"
    *values, last = map(str, cast("list[PlainValue]", block["values"]))
    return f"{', '.join(values)} or {last}"
