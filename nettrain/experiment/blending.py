"""The `blend:` list: further networks, each given by the keys in which it differs from the file's own.

An entry is read as changes to the file, before a recipe fills in what is left out, so that an entry may name
another recipe: what the file gives counts for all networks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from nettrain.data.tables.table import counted
from nettrain.errors import SpecError
from nettrain.experiment.document import PlainValue
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.near_misses import nearest_key
from nettrain.experiment.overrides import Change
from nettrain.experiment.problems import shortened_yaml
from nettrain.experiment.recipe_merging import RECIPE
from nettrain.experiment.settings import Experiment

BLEND = "blend"
ALL_TOGETHER = "nettrain train trains all"
OWN_BLOCKS = (
    RECIPE,
    "model",
    "loss",
    "regularization",
    "optimizer",
    "schedule",
    "training",
)
# of the data, what makes inputs of the cells and numbers of the targets; all else says which rows there are
OWN_DATA = (
    "max_categories",
    "one_hot_up_to",
    "binary_categories",
    "mark_gaps_from",
    "words_from",
    "scaling",
    "scale_indicators",
    "target_scaling",
)
THREADS = "backend.threads"  # on which no bit depends; those of a small network may be fewer
OWN_KEYS = (*OWN_BLOCKS, *(f"data.{key}" for key in OWN_DATA), THREADS)


def networks_of(loaded: LoadedExperiment) -> list[LoadedExperiment]:
    """The experiment of each network that is blended: the file's own, then those of the entries.

    Raises SpecError with all problems of all entries at once.
    """
    own, _ = loaded.with_changes(())
    networks, problems = [replace(own, notes=loaded.notes, file=loaded.file)], dict[str, None]()
    for position, entry in enumerate(_entries(loaded)):
        try:
            networks.append(_network(loaded, position, entry))
        except SpecError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise SpecError(problems)
    return networks


def without_blend(loaded: LoadedExperiment) -> LoadedExperiment:
    """The experiment of the file's own network alone; a note says that there are others."""
    if not loaded.experiment.blend:
        return loaded
    alone = loaded.experiment.model_copy(update={BLEND: []})
    others = counted(len(loaded.experiment.blend), "network")
    note = f"{BLEND}: {others} left out; this is about that of the file itself, {ALL_TOGETHER}"
    values = {key: value for key, value in loaded.document.block.items() if key != BLEND}
    document = replace(loaded.document, values=values)
    return replace(loaded, experiment=alone, document=document, notes=(*loaded.notes, note))


def blend_entry(own: Experiment, other: Experiment) -> dict[str, PlainValue]:
    """The entry that makes another network of the file's own: every key in which they differ.

    Both are resolved, so that the recipes are written out.
    """
    mine, theirs = own.model_dump(), other.model_dump()
    known = {key: value for key, value in theirs.items() if key not in (BLEND, "sweep")}
    return cast("dict[str, PlainValue]", _difference(mine, known))


def _entries(loaded: LoadedExperiment) -> Sequence[PlainValue]:
    found = loaded.document.block.get(BLEND)
    return found if isinstance(found, list) else []


def _network(loaded: LoadedExperiment, position: int, entry: PlainValue) -> LoadedExperiment:
    """The experiment of one entry. Raises SpecError for keys in which networks may not differ."""
    if not isinstance(entry, dict):
        raise SpecError(f"{_place(loaded, position)}: {shortened_yaml(entry)} is not a block of keys")
    changes = list(_changes(loaded, position, entry))
    refused = [one for one in changes if not _may_differ(one.key)]
    if refused:
        raise SpecError(f"{one.location}: {one.key}{_refusal(one.key)}" for one in refused)
    place = f"{BLEND}.{position}"
    try:
        network, notes = loaded.with_changes(changes)
    except SpecError as error:  # also about keys of the file that do not go with the entry
        own = (line if place in line else f"{_place(loaded, position)}: {line}" for line in error.problems)
        raise SpecError(own) from error
    return replace(network, notes=tuple(notes))


def _changes(loaded: LoadedExperiment, position: int, entry: Mapping[str, PlainValue]) -> Iterator[Change]:
    """The keys of an entry and their values, a recipe and the names of variants first."""
    order = sorted(entry, key=lambda key: key.partition(".")[0] != RECIPE)
    for key in order:
        yield from _leaves(loaded, (BLEND, position, key), key, entry[key])


def _leaves(
    loaded: LoadedExperiment, path: tuple[str | int, ...], key: str, value: PlainValue
) -> Iterator[Change]:
    if isinstance(value, dict) and value and key != RECIPE:
        for inner in sorted(value, key=lambda name: name != "name"):
            yield from _leaves(loaded, (*path, inner), f"{key}.{inner}", value[inner])
        return
    yield Change(key, value, _place(loaded, cast("int", path[1]), path))


def _place(loaded: LoadedExperiment, position: int, path: tuple[str | int, ...] = ()) -> str:
    """Where a key of an entry is: `iris.yaml:14: blend.0`."""
    location = loaded.document.location(path or (BLEND, position))
    return ": ".join(part for part in (location, f"{BLEND}.{position}") if part)


def _may_differ(key: str) -> bool:
    return any(f"{key}.".startswith(f"{own}.") for own in OWN_KEYS)


def _refusal(key: str) -> str:
    block = key.partition(".")[0]
    if key == "data":
        return ": write a block of keys, such as data: {scaling: standard}"
    if block == "data":
        return f": is of all networks, which have the same rows; they may differ in {', '.join(OWN_DATA)}"
    if block not in Experiment.model_fields:
        return f": unknown key{nearest_key(block, (), Experiment, Experiment)}"
    return f": is of all networks; they may differ in {', '.join(OWN_BLOCKS)}, data"


def _difference(mine: Mapping[str, object], theirs: Mapping[str, object]) -> dict[str, object]:
    """The values of `theirs` that differ, block by block; a block of another variant as a whole."""
    found: dict[str, object] = {}
    for key, value in theirs.items():
        before = mine.get(key)
        if before == value and type(before) is type(value):
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping) and key != RECIPE:
            same = before.get("name") == value.get("name") and before.keys() == value.keys()
            found[key] = _difference(before, value) if same else dict(value)
        else:
            found[key] = value
    return found
