"""Models and checkpoints: headers that lie about arrays, metadata node by node, numbers, whole arrays."""

import json
from random import Random
from typing import Any

from fuzzing import hostile
from fuzzing.mutation import mutation
from fuzzing.trees import Tree, as_json, mutate_as_trees

KIND = "safetensors"
METADATA = "__metadata__"


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the numbers of a file. Raises ValueError when it is damaged."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    if not isinstance(header, dict):
        raise ValueError("its header is no mapping")
    return header, data[8 + length :]


def written(header: Tree, before: bytes) -> bytes:
    """The file with another header."""
    return joined(as_json(header).encode(errors="surrogatepass"), parts(before)[1])


def joined(header: bytes, numbers: bytes) -> bytes:
    """A file whose length of the header is right."""
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + numbers


def inner(data: bytes) -> Tree:
    """The document that is text in the metadata. Raises LookupError when there is none."""
    metadata = parts(data)[0][METADATA]
    return json.loads(next(iter(metadata.values())))


def with_inner(tree: Tree, before: bytes) -> bytes:
    """The file with another document in its metadata."""
    header, numbers = parts(before)
    header[METADATA] = {next(iter(header[METADATA])): as_json(tree)}
    return joined(json.dumps(header).encode(errors="surrogatepass"), numbers)


mutate_as_trees(KIND, lambda data: parts(data)[0], written)
mutate_as_trees(f"{KIND} metadata", inner, with_inner)


def _arrays(header: dict[str, Any]) -> list[str]:
    return [name for name in header if name != METADATA]


@mutation(KIND)
def a_bit_of_the_numbers_is_turned(data: bytes, draw: Random) -> bytes:
    """One bit, behind the header."""
    header, numbers = parts(data)
    if not numbers:
        return data
    turned = bytearray(numbers)
    turned[draw.randrange(len(turned))] ^= 1 << draw.randrange(8)
    return joined(json.dumps(header).encode(), bytes(turned))


@mutation(KIND)
def an_array_is_not_finite(data: bytes, draw: Random) -> bytes:
    """The bytes of an array are those of NaN, of zeros, or of the largest numbers."""
    header, numbers = parts(data)
    begin, end = header[draw.choice(_arrays(header))]["data_offsets"]
    filling = draw.choice([b"\xff", b"\0", b"\x7f"]) * (end - begin)
    return joined(json.dumps(header).encode(), numbers[:begin] + filling + numbers[end:])


@mutation(KIND)
def an_array_is_missing(data: bytes, draw: Random) -> bytes:
    """An array goes away, and its bytes with it."""
    header, numbers = parts(data)
    gone = draw.choice(_arrays(header))
    begin, end = header.pop(gone)["data_offsets"]
    for name in _arrays(header):
        if header[name]["data_offsets"][0] >= end:
            header[name]["data_offsets"] = [at - (end - begin) for at in header[name]["data_offsets"]]
    return joined(json.dumps(header).encode(), numbers[:begin] + numbers[end:])


@mutation(KIND)
def an_array_is_added(data: bytes, draw: Random) -> bytes:
    """An array that nobody knows, or that an ordinary run does not have."""
    header, numbers = parts(data)
    name = draw.choice(["rows.extra", "layers.9.weight", "rows.momentum", "x", "", "rows.", "layers.0.gain"])
    header[name] = {"dtype": "F32", "shape": [1, 2], "data_offsets": [len(numbers), len(numbers) + 8]}
    return joined(json.dumps(header).encode(), numbers + bytes(8))


@mutation(KIND)
def two_arrays_change_names(data: bytes, draw: Random) -> bytes:
    """Two arrays have each other's name, shape or bytes."""
    header, numbers = parts(data)
    one, other = draw.choice(_arrays(header)), draw.choice(_arrays(header))
    header[one], header[other] = header[other], header[one]
    return joined(json.dumps(header).encode(), numbers)


@mutation(KIND)
def a_shape_is_another(data: bytes, draw: Random) -> bytes:
    """As many numbers in another shape, of another type, or with more members."""
    header, numbers = parts(data)
    one = header[draw.choice(_arrays(header))]
    shape = one["shape"]
    size = 1
    for length in shape:
        size *= length
    others = [
        [size],
        shape[::-1],
        [1, *shape],
        [*shape, 1],
        [],
        [0, *shape],
        [size, 1, 1],
        [2**62, 4],
        [-1, size],
    ]
    if draw.random() < 0.3:
        one["dtype"] = draw.choice(["F32", "I32", "U32", "F64", "BF16", "F16", "BOOL", "F8_E4M3", "C64", "x"])
    else:
        one["shape"] = draw.choice(others)
    return joined(json.dumps(header).encode(), numbers)


@mutation(KIND)
def offsets_lie(data: bytes, draw: Random) -> bytes:
    """Arrays that overlap, leave gaps, end before they begin, or lie outside."""
    header, numbers = parts(data)
    one = header[draw.choice(_arrays(header))]
    begin, end = one["data_offsets"]
    pairs = [
        [0, end - begin],
        [end, begin],
        [begin + 4, end + 4],
        [begin, 2**63],
        [-4, end],
        [begin, begin],
        [0, len(numbers)],
    ]
    one["data_offsets"] = draw.choice(pairs)
    return joined(json.dumps(header).encode(), numbers)


@mutation(KIND)
def the_length_of_the_header_lies(data: bytes, draw: Random) -> bytes:
    """Longer than the file, zero, or beyond what is allowed."""
    length = draw.choice([0, 1, 2**63, 2**64 - 1, len(data), len(data) - 8, 100_000_000, 100_000_001, 2**32])
    return length.to_bytes(8, "little") + data[8:]


@mutation(KIND)
def metadata_are_missing(data: bytes, draw: Random) -> bytes:
    """No metadata, as other programs write, or of another kind."""
    header, numbers = parts(data)
    other: list[Any] = [
        None,
        {},
        {"format": "pt"},
        {"architecture": "{}"},
        {"nettrain": "{}"},
        {"nettrain": "[]"},
        {"a": 1},
        "x",
    ]
    header[METADATA] = draw.choice(other)
    if header[METADATA] is None:
        del header[METADATA]
    return joined(json.dumps(header).encode(), numbers)


@mutation(KIND)
def many_arrays(data: bytes, draw: Random) -> bytes:
    """Thousands of empty arrays."""
    header, numbers = parts(data)
    empty = {"dtype": "F32", "shape": [0, 3], "data_offsets": [len(numbers), len(numbers)]}
    names = draw.choice(["rows.{}", "layers.{}.weight", "x{}"])
    return joined(json.dumps(header | {names.format(k): empty for k in range(20_000)}).encode(), numbers)


@mutation(KIND)
def metadata_are_huge(data: bytes, draw: Random) -> bytes:
    """Megabytes of blanks or keys in the metadata."""
    header, numbers = parts(data)
    key = next(iter(header.get(METADATA) or {"x": ""}))
    text = draw.choice([" " * 30_000_000, "[" * 1_000_000, '{"a":' * 500_000, hostile.RAW["@raw-long list@"]])
    header[METADATA] = {key: text}
    return joined(json.dumps(header).encode(), numbers)
