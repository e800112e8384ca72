"""The wire format of protocol buffers, as far as event files need it.

A message is the concatenation of its fields. Each is a tag, (number << 3 | wire type) as a varint, and a
value: a varint, 8 or 4 bytes in little-endian order, or a length and so many bytes, which hold text, a
message or packed numbers. https://protobuf.dev/programming-guides/encoding
"""

import math
import struct
from collections.abc import Sequence

VARINT, BITS_64, LENGTH, BITS_32 = 0, 1, 2, 5  # wire types
FLOAT = struct.Struct("<f").pack


def varint(value: int) -> bytes:
    """A whole number in groups of seven bits, the lowest first; a negative one as its 64-bit complement."""
    value &= 0xFFFF_FFFF_FFFF_FFFF
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _tag(number: int, wire_type: int) -> bytes:
    return varint(number << 3 | wire_type)


def whole_field(number: int, value: int) -> bytes:
    """A field of type int32, int64, bool or enum."""
    return _tag(number, VARINT) + varint(value)


def double_field(number: int, value: float) -> bytes:
    """A field of type double."""
    return _tag(number, BITS_64) + struct.pack("<d", value)


def float_field(number: int, value: float) -> bytes:
    """A field of type float."""
    return _tag(number, BITS_32) + float_bits(value)


def float_bits(value: float) -> bytes:
    """The four bytes of a float; what is too large becomes infinite."""
    try:
        return FLOAT(value)
    except OverflowError:
        return FLOAT(math.copysign(math.inf, value))


def bytes_field(number: int, value: bytes) -> bytes:
    """A field of type bytes, or one that is a message."""
    return _tag(number, LENGTH) + varint(len(value)) + value


def text_field(number: int, value: str) -> bytes:
    """A field of type string."""
    return bytes_field(number, value.encode())


def doubles_field(number: int, values: Sequence[float]) -> bytes:
    """A field of repeated doubles, packed."""
    return bytes_field(number, struct.pack(f"<{len(values)}d", *values))
