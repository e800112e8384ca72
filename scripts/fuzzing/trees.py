"""Changes of JSON and YAML documents node by node, whatever file they are in."""

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from fuzzing import hostile
from fuzzing.mutation import add, on_path

Tree = Any  # what JSON can hold
OfTree = Callable[[Tree, Random], Tree]
Spot = tuple[Any, Any]  # a mapping or list, and a key or position in it
CHANGES: dict[str, OfTree] = {}
MOST_ENTRIES = 2000  # of a list that is exaggerated


def tree_change(function: OfTree) -> OfTree:
    """Register a change of a document; it may work in place."""
    CHANGES[function.__name__] = function
    return function


def mutate_as_trees(
    kind: str, decode: Callable[[bytes], Tree], encode: Callable[[Tree, bytes], bytes]
) -> None:
    """Register all changes of documents for a kind of file.

    `encode` gets the file from before as well, for all that is in it beside the document.
    """
    for name, change in CHANGES.items():
        add(kind, name, on_path(_applied(change, decode, encode)))


def _applied(
    change: OfTree, decode: Callable[[bytes], Tree], encode: Callable[[Tree, bytes], bytes]
) -> Callable[[bytes, Random], bytes]:
    def apply(data: bytes, draw: Random) -> bytes:
        try:
            tree = decode(data)
        except (
            ValueError,
            LookupError,
            RecursionError,
            MemoryError,
        ):  # damaged by a mutation before this one
            return data
        return encode(change(copy.deepcopy(tree), draw), data)

    return apply


def as_json(tree: Tree) -> str:
    """The document as JSON, raw text included."""
    return hostile.with_raw_text(json.dumps(tree))


def spots(tree: Tree) -> Iterator[Spot]:
    """Every place of a document below its root."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in entries:
        yield tree, key
        yield from spots(inner)


def spot(tree: Tree, draw: Random, *kinds: type) -> Spot | None:
    """A place drawn at random, of values of these kinds if some are named; None if there is none.

    Lists of numbers would have most places: one in a short path is as likely as any in a long list.
    """
    found = [
        (container, key)
        for container, key in spots(tree)
        if (not isinstance(container, list) or key < 3) and (not kinds or isinstance(container[key], kinds))
    ]
    return draw.choice(found) if found else None


@tree_change
def a_value_is_another(tree: Tree, draw: Random) -> Tree:
    """Any value becomes one that nobody expects there."""
    if place := spot(tree, draw):
        place[0][place[1]] = hostile.value(draw)
    return tree


@tree_change
def a_number_is_another(tree: Tree, draw: Random) -> Tree:
    """Numbers that are larger, negative, not finite, or differ in the last digit."""
    if place := spot(tree, draw, int, float):
        before = place[0][place[1]]
        place[0][place[1]] = draw.choice(
            [hostile.number(draw), before + 1, before - 1, before * 2, -before, before * 1.0000001]
        )
    return tree


@tree_change
def a_number_is_written_as_text(tree: Tree, draw: Random) -> Tree:
    """`3` as `"3"`, as true or as a list of one."""
    if place := spot(tree, draw, int, float):
        before = place[0][place[1]]
        place[0][place[1]] = draw.choice([str(before), bool(before), [before], {"value": before}])
    return tree


@tree_change
def a_text_is_another(tree: Tree, draw: Random) -> Tree:
    """Texts with other characters, or with one character changed, missing or doubled."""
    if place := spot(tree, draw, str):
        before = place[0][place[1]]
        at = draw.randrange(len(before) + 1)
        place[0][place[1]] = draw.choice(
            [hostile.text(draw), before[:at] + before[at + 1 :], before[:at] + "x" + before[at:], before * 2]
        )
    return tree


@tree_change
def a_key_is_missing(tree: Tree, draw: Random) -> Tree:
    """A key or an entry of a list goes away."""
    if place := spot(tree, draw):
        del place[0][place[1]]
    return tree


@tree_change
def a_key_is_added(tree: Tree, draw: Random) -> Tree:
    """A key that nobody knows, in any mapping."""
    if place := spot(tree, draw, dict):
        place[0][place[1]][draw.choice([*hostile.TEXTS[:40], "extra"])] = hostile.value(draw)
    elif isinstance(tree, dict):
        tree["extra"] = hostile.value(draw)
    return tree


@tree_change
def a_key_is_renamed(tree: Tree, draw: Random) -> Tree:
    """A key with a letter too many, in capitals, or another one's name."""
    places = [(container, key) for container, key in spots(tree) if isinstance(container, dict)]
    if places:
        container, key = draw.choice(places)
        new = draw.choice([f"{key}s", str(key).upper(), hostile.text(draw), *map(str, container)])
        container[new] = container.pop(key)
    return tree


@tree_change
def two_values_change_places(tree: Tree, draw: Random) -> Tree:
    """Two values, of which neither contains the other, are exchanged."""
    one, other = spot(tree, draw, int, float, str, bool), spot(tree, draw, int, float, str, bool, list)
    if one and other and one[0] is not other[0][other[1]]:
        one[0][one[1]], other[0][other[1]] = other[0][other[1]], copy.deepcopy(one[0][one[1]])
    return tree


@tree_change
def a_value_is_nested(tree: Tree, draw: Random) -> Tree:
    """A value inside lists or mappings that were not there."""
    if place := spot(tree, draw):
        inner = place[0][place[1]]
        for _ in range(draw.choice([1, 1, 2, 10, 60])):
            inner = [inner] if draw.random() < 0.5 else {"name": inner}
        place[0][place[1]] = inner
    return tree


@tree_change
def a_list_has_other_lengths(tree: Tree, draw: Random) -> Tree:
    """A list is empty, shorter, longer by one, or exaggerated."""
    if place := spot(tree, draw, list):
        before = place[0][place[1]]
        many = before * (MOST_ENTRIES // max(1, len(before)))
        place[0][place[1]] = draw.choice([[], before[:-1], before + before[-1:], before[::-1], many])
    return tree


@tree_change
def a_mapping_is_exaggerated(tree: Tree, draw: Random) -> Tree:
    """A mapping with a thousand keys."""
    if place := spot(tree, draw, dict):
        place[0][place[1]] |= {f"key {k}": k for k in range(1000)}
    return tree


@tree_change
def a_block_is_another_block(tree: Tree, draw: Random) -> Tree:
    """One mapping or list takes the place of another."""
    one, other = spot(tree, draw, dict, list), spot(tree, draw, dict, list)
    if one and other:
        one[0][one[1]] = copy.deepcopy(other[0][other[1]])
    return tree


@tree_change
def the_document_is_another(tree: Tree, draw: Random) -> Tree:
    """What is at the root is no mapping, or an empty one."""
    return draw.choice([hostile.value(draw), [tree], {"a": tree}, [], {}, None])
