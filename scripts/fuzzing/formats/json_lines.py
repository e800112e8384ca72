"""Journals of sweeps, and tables as JSON lines: nodes of a line, lines that are gone, doubled or foreign."""

import json
from random import Random

from fuzzing import hostile
from fuzzing.mutation import add, mutation, on_path
from fuzzing.trees import CHANGES, OfTree, as_json

KIND = "json lines"


def of_a_line(change: OfTree) -> "object":
    """A change of documents, applied to one line of the file."""

    def apply(data: bytes, draw: Random) -> bytes:
        lines = data.split(b"\n")
        at = draw.randrange(max(1, len(lines) - 1))
        try:
            lines[at] = as_json(change(json.loads(lines[at]), draw)).encode(errors="surrogatepass")
        except (ValueError, RecursionError):  # damaged by a mutation before this one
            return data
        return b"\n".join(lines)

    return apply


for name, one in CHANGES.items():
    add(KIND, name, on_path(of_a_line(one)))  # type: ignore[arg-type]


@mutation(KIND)
def lines_are_shuffled(data: bytes, draw: Random) -> bytes:
    """All lines in another order."""
    lines = data.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


@mutation(KIND)
def a_line_is_no_object(data: bytes, draw: Random) -> bytes:
    """A line that is a number, a list, text, blank or broken."""
    lines = data.split(b"\n")
    some = [
        b"1",
        b"[]",
        b'"x"',
        b"null",
        b"",
        b" ",
        b"{",
        b"{}",
        b'{"kind": "trial"}',
        b'{"kind": 1}',
        b"\xff",
        b'{"a":1}{"a":1}',
    ]
    lines.insert(draw.randrange(len(lines)), draw.choice(some))
    return b"\n".join(lines)


@mutation(KIND)
def figures_of_another_line(data: bytes, draw: Random) -> bytes:
    """A value of one line stands in another."""
    lines = [line for line in data.split(b"\n") if line]
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    try:
        source, goal = json.loads(lines[one]), json.loads(lines[other])
        key = draw.choice(list(source))
        goal[key] = source[key]
    except (ValueError, IndexError, TypeError):
        return data
    lines[other] = json.dumps(goal).encode()
    return b"\n".join(lines) + b"\n"


@mutation(KIND)
def the_last_line_is_cut(data: bytes, draw: Random) -> bytes:
    """As a crash leaves it."""
    return data[: -draw.randrange(1, 40)]


@mutation(KIND)
def a_line_is_huge(data: bytes, draw: Random) -> bytes:
    """Megabytes in one line."""
    line = draw.choice(
        [b'{"kind": "' + b"x" * 5_000_000 + b'"}', b"[" * 200_000, hostile.RAW["@raw-long list@"].encode()]
    )
    return data + line + b"\n"
