"""IDX files: types, numbers of dimensions and sizes that lie, and values that are missing or too many."""

import struct
from random import Random

from fuzzing.mutation import mutation

KIND = "idx"
TYPES = (0, 1, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255)
SIZES = (0, 1, 2, 39, 41, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1)


def dimensions(data: bytes) -> list[int]:
    """The sizes that the header promises."""
    count = min(data[3] if len(data) > 3 else 0, max(0, (len(data) - 4) // 4))
    return list(struct.unpack(f">{count}I", data[4 : 4 + 4 * count]))


@mutation(KIND)
def the_type_is_another(data: bytes, draw: Random) -> bytes:
    """Types of other widths, and such that do not exist."""
    return data[:2] + bytes([draw.choice(TYPES)]) + data[3:]


@mutation(KIND)
def the_mark_is_another(data: bytes, draw: Random) -> bytes:
    """Other bytes where two zeros should be."""
    return draw.choice([b"\0\1", b"\x1f\x8b", b"PK", b"\xff\xff"]) + data[2:]


@mutation(KIND)
def there_are_more_dimensions(data: bytes, draw: Random) -> bytes:
    """A number of dimensions that is not that of the sizes that follow."""
    return data[:3] + bytes([draw.choice([0, 1, 2, 3, 4, 5, 32, 33, 64, 65, 255])]) + data[4:]


@mutation(KIND)
def a_size_lies(data: bytes, draw: Random) -> bytes:
    """One size is another: zero, one more, or 2^32 − 1."""
    sizes = dimensions(data)
    if not sizes:
        return data
    at = draw.randrange(len(sizes))
    sizes[at] = draw.choice([*SIZES, sizes[at] + 1, sizes[at] * 2, max(0, sizes[at] - 1)])
    return data[:4] + struct.pack(f">{len(sizes)}I", *sizes) + data[4 + 4 * len(sizes) :]


@mutation(KIND)
def sizes_multiply(data: bytes, draw: Random) -> bytes:
    """Sizes whose product is beyond 64 bits, or 0 in a number of that width."""
    count = draw.choice([2, 3, 4])
    return (
        data[:3]
        + bytes([count])
        + struct.pack(f">{count}I", *(draw.choice(SIZES) for _ in range(count)))
        + data[16:]
    )


@mutation(KIND)
def values_have_another_number(data: bytes, draw: Random) -> bytes:
    """More or fewer values than promised."""
    return draw.choice([data + b"\0", data[:-1], data + data[16:] * 50, data[:16]])


@mutation(KIND)
def is_exaggerated(data: bytes, draw: Random) -> bytes:
    """As many zeros as are promised, of a type or shape that makes them many."""
    rows, columns = draw.choice([(2, 4_000_000), (3_000_000, 2), (40, 100_000)])
    return b"\0\0\x08\x02" + struct.pack(">II", rows, columns) + bytes(rows * columns)
