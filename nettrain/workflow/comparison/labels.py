"""What experiments are called beside each other: by that in which they differ, in few words."""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePath

from pydantic.fields import FieldInfo

from nettrain.catalogue.registry import Variant
from nettrain.catalogue.settings import Settings
from nettrain.experiment.keys import shortest_end
from nettrain.experiment.scheduled_numbers import SCHEDULED_NUMBERS
from nettrain.experiment.settings import Experiment
from nettrain.model.settings import LayerSettings, ModelSettings

LONGEST = 48  # characters of a label made of differences; beyond, names are used where they differ
RECIPE = "recipe.name"  # which most other keys follow from
UNIMPORTANT = (
    *("experiment", "recipe.open", "sweep", "backend.threads"),
    *("training.repeat", "training.checkpoint", "training.evaluate_train"),
    *("training.diagnostics", "training.history"),
)
SEEDS = ("data.seed", "model.seed", "training.order_seed", "training.noise_seed")  # which follow from `seed`
FOLLOWING = {"loss.name": ("data.target_scaling",), "seed": SEEDS}  # keys that follow from another
NETWORKS = (
    "repeat",
    "ensemble",
    "snapshots",
)  # settings whose number 1 means that there are none of the kind
NAMED_BY_KIND = (  # whose variants' names say too little alone
    *("schedule", "scaling", "norm"),
    *(number.key for number in SCHEDULED_NUMBERS),
)


@dataclass(frozen=True)
class Leaf:
    """A setting: its value, and whether it is the default of its block."""

    value: object
    is_default: bool

    @property
    def text(self) -> str:
        """The value as JSON, by which values are compared."""
        return json.dumps(self.value, default=str)


Leaves = Mapping[str, Leaf]


def differing_settings_of(experiments: Sequence[Experiment]) -> tuple[list[Leaves], list[str]]:
    """The settings of each experiment by dotted key, and the keys in which they differ."""
    leaves = [dict(_leaves(experiment)) for experiment in experiments]
    keys = dict.fromkeys(key for settings in leaves for key in settings)
    different = [key for key in keys if _differs(key, leaves)]
    if RECIPE in different:
        different = [key for key in different if key == RECIPE or _differs_within_recipe(key, leaves)]
    dropped = {follower for key in different for follower in FOLLOWING.get(key, ())}
    return list(leaves), [key for key in different if key not in dropped and not _is_unimportant(key)]


def _differs(key: str, leaves: Sequence[Leaves]) -> bool:
    return len({_text(settings, key) for settings in leaves}) > 1


def _differs_within_recipe(key: str, leaves: Sequence[Leaves]) -> bool:
    """Whether experiments of one recipe differ in a key."""
    named = {_text(settings, RECIPE) for settings in leaves}
    return any(_differs(key, [one for one in leaves if _text(one, RECIPE) == name]) for name in named)


def labels_of(experiments: Sequence[Experiment], names: Sequence[str]) -> list[str]:
    """A label for each experiment: in what it differs, or else its own name or that of its file.

    `names` are those of files and folders. The labels are all different.
    """
    leaves, keys = differing_settings_of(experiments)
    words = [list(_words(settings, keys, leaves)) for settings in leaves]
    by_difference = _joined([[text for text, absent in one if not absent] for one in words], words)
    by_name = [experiment.experiment for experiment in experiments]
    by_file = [PurePath(name).name.removesuffix(".yaml").removesuffix(".yml") for name in names]
    short = by_difference if max(map(len, by_difference)) <= LONGEST else []
    for labels in (short, by_name, by_file, list(names), by_difference):
        if all(labels) and len({*labels}) == len(experiments):
            return labels
    return _numbered(by_name)


def _joined(shorter: Sequence[list[str]], words: Sequence[Sequence[tuple[str, bool]]]) -> list[str]:
    """Labels without what is only absent, where something else is left of them and they are still apart."""
    whole = [", ".join(text for text, _ in one) for one in words]
    short = [", ".join(one) or text for one, text in zip(shorter, whole, strict=True)]
    return short if len({*short}) == len(short) else whole


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that are there already."""
    numbers = [list(names[: k + 1]).count(name) for k, name in enumerate(names)]
    return [f"{name} ({n})" if n > 1 else name for name, n in zip(names, numbers, strict=True)]


# ----- what differs -----


def _leaves(settings: Settings, prefix: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every setting by dotted key; an optional block that is there is true under its own key too."""
    if isinstance(settings, ModelSettings):
        yield from _leaves_of_layers(settings.hidden_layers() or [_shared_by_layers(settings)], prefix)
    for name, field in type(settings).model_fields.items():
        if isinstance(settings, ModelSettings) and name in {*LayerSettings.model_fields, "hidden", "layers"}:
            continue
        yield from _leaf(getattr(settings, name), f"{prefix}{name}", field)


def _leaf(value: object, key: str, field: FieldInfo) -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, Settings):
        if not isinstance(value, Variant):
            yield key, Leaf(True, is_default=True)
        yield from _leaves(value, f"{key}.")
    else:
        yield key, Leaf(value, value == field.default)


def _leaves_of_layers(layers: Sequence[LayerSettings], prefix: str) -> Iterator[tuple[str, Leaf]]:
    """The widths of the hidden layers, and their other settings: one value where all have the same."""
    yield f"{prefix}hidden", Leaf([layer.units for layer in layers if layer.units], is_default=False)
    leaves = [dict(_leaves(layer, prefix)) for layer in layers]
    for key in dict.fromkeys(key for one in leaves for key in one if key != f"{prefix}units"):
        there = [one[key] for one in leaves if key in one]
        same = len({leaf.text for leaf in there}) == 1
        yield key, there[0] if same else Leaf([leaf.value for leaf in there], is_default=False)


def _shared_by_layers(settings: ModelSettings) -> LayerSettings:
    """What the hidden layers would share if there were any, so that a network without any is like others."""
    shared = {key: getattr(settings, key) for key in LayerSettings.model_fields if key != "units"}
    return LayerSettings.model_construct(units=0, **shared)


def _text(settings: Leaves, key: str) -> str | None:
    return settings[key].text if key in settings else None


def _is_unimportant(key: str) -> bool:
    return any(key == one or key.startswith(f"{one}.") for one in UNIMPORTANT)


# ----- in words -----


def _words(settings: Leaves, keys: Sequence[str], others: Sequence[Leaves]) -> Iterator[tuple[str, bool]]:
    """What tells an experiment from the others, variants first, and whether it is a default such as `no l2`.

    Defaults of a variant that others do not have go unsaid.
    """
    told = [key for key in keys if key in settings and _is_told(key, settings, others, {*keys})]
    for key in sorted(told, key=lambda key: not key.endswith(".name")):
        word = _word(key, settings[key].value, keys)
        is_variant = key.endswith(".name")  # of which any is the default of its own block
        yield word, settings[key].is_default and word.startswith("no ") and not is_variant


def _is_told(key: str, settings: Leaves, others: Sequence[Leaves], keys: AbstractSet[str]) -> bool:
    """Whether a key belongs into the label: not if it is a default of what differs as a whole."""
    outer = [above for above in _blocks_around(key) if above in keys and above != key]
    if not outer or not settings[key].is_default:
        return True
    alike = [one for one in others if all(_text(one, above) == _text(settings, above) for above in outer)]
    return len({_text(one, key) for one in alike}) > 1


def _blocks_around(key: str) -> Iterator[str]:
    """The keys that say of the blocks around a key which variants they are, or whether they are there."""
    parts = key.split(".")
    for depth in range(1, len(parts)):
        block = ".".join(parts[:depth])
        yield from (block, f"{block}.name")


def _word(key: str, value: object, keys: Sequence[str]) -> str:
    """One setting in a label: `adam`, `dropout 0.5`, `no momentum`, `hidden 64-32`."""
    block, _, last = key.rpartition(".")
    if last == "name" and block:
        return _variant(block.rpartition(".")[2], value)
    name = shortest_end(key, keys)
    if key == "data.source":
        return str(value).rpartition(":")[2].rpartition("/")[2]
    if value is True:
        return name
    nothing = value is None or value is False or (value == 0 and not last.endswith("seed"))
    if nothing or (value == 1 and last in NETWORKS):
        return f"no {name}"
    return "no hidden layers" if value == [] and last == "hidden" else f"{name} {_value(value)}"


def _variant(kind: str, value: object) -> str:
    """A variant by its name, and where that says too little alone, by its kind too."""
    names = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    word = "-".join(names)
    if word == "none":
        return f"no {kind}"
    return f"{word} {kind}" if kind in NAMED_BY_KIND or word == "auto" else word


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "-".join(map(_value, value))
    if isinstance(value, Mapping):
        return json.dumps(value, default=str)
    return str(value)


COMMON = (  # settings that are told when all experiments share them
    "data.source",
    "model.hidden",
    "model.activation.name",
    "loss.name",
    "optimizer.name",
    "optimizer.learning_rate",
    "training.batch_size",
    "training.epochs",
)


def common_settings(experiments: Sequence[Experiment]) -> Iterator[str]:
    """The most important settings that all experiments share, in words."""
    leaves = [dict(_leaves(experiment)) for experiment in experiments]
    for key in COMMON:
        texts = {_text(settings, key) for settings in leaves}
        if len(texts) == 1 and None not in texts:
            yield _word(key, leaves[0][key].value, (key,))
