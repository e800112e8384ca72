"""A look at the lengths in a Parquet file, of which wrong ones make Polars ask for more memory than there is.

Asking in vain for memory ends the process. The footer and the headers of pages are written in Thrift's
compact protocol: fields by number, of which those are read that say how much there is. Sources: Apache
Parquet, `parquet.thrift`; Apache Thrift, "Compact protocol encoding".
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, TypeAlias

from nettrain.data.reading.arrow_file import MOST_COMPRESSED

Value: TypeAlias = "bool | int | float | bytes | list[Value] | dict[int, Value]"
MAGIC = b"PAR1"
LONGEST_HEADER = 1 << 16  # bytes of a page's header, with statistics
STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, STRUCT = 0, 1, 2, 3, 7, 8, 12
INTEGERS, LISTS = (4, 5, 6), (9, 10)
LONG_LIST = 15
DEEPEST = 64
ROW_GROUPS, COLUMNS, COLUMN_METADATA = 4, 1, 3  # fields of the footer, a row group, a column chunk
VALUES, BYTES, DATA_PAGE, DICTIONARY_PAGE = 5, 7, 9, 11  # fields of a column chunk's metadata
UNPACKED, PACKED, HEADERS = 2, 3, (5, 7, 8)  # fields of a page's header


@dataclass
class Compact:
    """Values in Thrift's compact protocol, read one after another. Raises IndexError behind the end."""

    data: bytes
    at: int = 0

    def byte(self) -> int:
        """The next byte."""
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        """A number of seven bits in each byte, the lowest first."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def integer(self) -> int:
        """A number whose sign is its lowest bit."""
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def value(self, kind: int, depth: int = 0) -> Value:
        """A value of this kind. Raises ValueError for an unknown one, and where values nest too deep."""
        if depth > DEEPEST:
            raise ValueError("nested too deep")
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self.byte()
        if kind in INTEGERS:
            return self.integer()
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in LISTS:
            return self.list(depth + 1)
        if kind not in (DOUBLE, BINARY):
            raise ValueError("unknown kind")
        length = self.varint() if kind == BINARY else struct.calcsize("d")
        self.at += length
        return self.data[self.at - length : self.at]

    def list(self, depth: int) -> "list[Value]":
        """The values of a list or set."""
        head = self.byte()
        count, kind = head >> 4, head & 15
        if count == LONG_LIST:
            count = self.varint()
        if count > len(self.data):
            raise ValueError("longer than the file")
        return [self.byte() if kind in (TRUE, FALSE) else self.value(kind, depth) for _ in range(count)]

    def struct(self, depth: int = 0) -> dict[int, Value]:
        """The fields of a struct by number."""
        number, fields = 0, dict[int, Value]()
        while (head := self.byte()) != STOP:
            number = number + (head >> 4) if head >> 4 else self.integer()
            fields[number] = self.value(head & 15, depth)
        return fields


def check_lengths(path: Path) -> int:
    """The bytes that all pages of a Parquet file say they unpack to.

    Raises ValueError or IndexError when a page of a Parquet file cannot be as long as the file says.
    """
    total = 0
    with path.open("rb") as stream:
        size = stream.seek(0, SEEK_END)
        for chunk in column_chunks(stream, size):
            starts = [start for page in (DATA_PAGE, DICTIONARY_PAGE) if (start := number(chunk, page))]
            at = min(starts, default=0)
            end, most = at + number(chunk, BYTES), number(chunk, VALUES)
            if not 0 < at <= end <= size or not 0 <= most <= MOST_COMPRESSED * size:
                raise ValueError("a column ends behind the file")
            while at < end:
                at, unpacked = check_page(stream, at, end, most)
                total += unpacked
    return total


def column_chunks(stream: BinaryIO, size: int) -> Iterator[Mapping[int, Value]]:
    """The metadata of each part of a column that follows the others without a gap. Raises ValueError."""
    stream.seek(max(0, size - 8))
    length, magic = struct.unpack("<I4s", stream.read(8)) if size >= 12 else (0, b"")
    if magic != MAGIC or length > size - 12:
        raise ValueError("no footer")
    stream.seek(size - 8 - length)
    footer = Compact(stream.read(length)).struct()
    for group in structs(footer.get(ROW_GROUPS)):
        for column in structs(group.get(COLUMNS)):
            yield from structs([column.get(COLUMN_METADATA, {})])


def check_page(stream: BinaryIO, at: int, end: int, most: int) -> tuple[int, int]:
    """Where the page that begins at `at` ends, and the bytes that it unpacks to.

    Raises ValueError unless it has at most `most` values.
    """
    stream.seek(at)
    compact = Compact(stream.read(min(end - at, LONGEST_HEADER)))
    header = compact.struct()
    packed, unpacked = number(header, PACKED), number(header, UNPACKED)
    counts = [number(one, 1) for field in HEADERS for one in structs([header.get(field, {})])]
    end_of_page = at + compact.at + packed
    if packed < 0 or end_of_page > end or not 0 <= unpacked <= MOST_COMPRESSED * max(packed, 1):
        raise ValueError("a page ends behind its column")
    if not all(0 <= count <= most for count in counts):
        raise ValueError("a page promises too many values")
    return end_of_page, unpacked


def structs(values: "Value | None") -> Iterator[Mapping[int, Value]]:
    """The structs in a list."""
    return (value for value in (values if isinstance(values, list) else []) if isinstance(value, dict))


def number(fields: Mapping[int, Value], field: int) -> int:
    """A field that is a whole number, 0 where it is not there."""
    value = fields.get(field, 0)
    return value if isinstance(value, int) else 0
