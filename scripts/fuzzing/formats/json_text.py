"""JSON files of a run: nodes, and what only a text has, such as keys that are there twice."""

import json
import re
from random import Random

from fuzzing import hostile
from fuzzing.mutation import mutation
from fuzzing.trees import Tree, as_json, mutate_as_trees

KIND = "json"
ENTRY = re.compile(rb'"[^"\n]*": [^,\n{}\[\]]+')


def written(tree: Tree, before: bytes) -> bytes:
    """The document as JSON."""
    return as_json(tree).encode(errors="surrogatepass")


mutate_as_trees(KIND, json.loads, written)


@mutation(KIND)
def an_entry_is_there_twice(data: bytes, draw: Random) -> bytes:
    """A key comes again with another value."""
    found = list(ENTRY.finditer(data))
    if not found:
        return data
    one = draw.choice(found)
    value = hostile.with_raw_text(json.dumps(hostile.value(draw))).encode(errors="surrogatepass")
    key = one[0].partition(b":")[0]
    return data[: one.start()] + key + b": " + value + b", " + data[one.start() :]


@mutation(KIND)
def is_spelled_as_other_languages_do(data: bytes, draw: Random) -> bytes:
    """Comments, trailing commas, single quotes, Python's words."""
    pairs = [
        (b'"', b"'"),
        (b"}", b",}"),
        (b"null", b"None"),
        (
            b"{",
            b"{ // x\n",
        ),
        (b": ", b" = "),
        (b",", b";"),
    ]
    before, after = draw.choice(pairs)
    return data.replace(before, after, draw.choice([1, -1]))


@mutation(KIND, keeps=True)
def has_other_blanks(data: bytes, draw: Random) -> bytes:
    """In one line, or indented otherwise."""
    return json.dumps(json.loads(data), indent=draw.choice([None, 0, 7])).encode()


@mutation(KIND, keeps=True)
def keys_are_in_another_order(data: bytes, draw: Random) -> bytes:
    """The keys at the root, shuffled."""
    items = list(json.loads(data).items())
    draw.shuffle(items)
    return json.dumps(dict(items)).encode()
