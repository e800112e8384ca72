"""What Polars lacks for Arrow files and streams: a look at lengths in damaged ones, and categories with gaps.

A wrong length makes Polars ask for more memory than there is, which ends the process. In a gap, pandas
writes the code -1, which Polars takes for an error although no value is there. So the footer is changed in
memory: once so that it calls codes whole numbers, and once for each column of categories, so that they are
a file of their own. Source: Apache Arrow, `format/File.fbs`, `Schema.fbs` and `Message.fbs`; FlatBuffers,
"Internals".
"""

import struct
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import polars as pl

MAGIC = b"ARROW1"
CONTINUED = b"\xff\xff\xff\xff"  # begins every message
HEAD = MAGIC + b"\0\0"
TAIL = struct.Struct("<i6s")  # the length of the footer before it, MAGIC
BUFFER = struct.Struct("<qq")  # where a buffer begins in the body, its length
MOST_COMPRESSED = 1 << 16  # bytes that Zstandard makes of one, at best
BLOCK = struct.Struct("<qi4xq")  # where a message begins, the length of its metadata, of its body
Block = tuple[int, int, int]
DICTIONARIES, BATCHES = 2, 3  # the footer's fields
INT, DICTIONARY, RECORD_BATCH = 2, 2, 3  # numbers of the types in the schema's and the message's union


@dataclass(frozen=True)
class FlatBuffer:
    """The tables in `data`, found by where they begin. Raises struct.error outside of it."""

    data: bytearray

    def get(self, kind: str, at: int) -> int:
        """The number of this kind, as `struct` calls it."""
        (number,) = struct.unpack_from(f"<{kind}", self.data, at)
        return int(number)

    def put(self, kind: str, at: int, number: int) -> None:
        """Write a number."""
        struct.pack_into(f"<{kind}", self.data, at, number)

    def entry(self, table: int, field: int) -> int:
        """Where the offset of a table's field stands, in a table that has so many fields."""
        return table - self.get("i", table) + 4 + 2 * field

    def has(self, table: int, field: int) -> bool:
        """Whether a table has the field."""
        fields = table - self.get("i", table)
        return 4 + 2 * field < self.get("H", fields) and self.get("H", self.entry(table, field)) > 0

    def field(self, table: int, field: int) -> int:
        """Where a table has its field. Raises struct.error when it has none."""
        if not self.has(table, field):
            raise struct.error("no such field")
        return table + self.get("H", self.entry(table, field))

    def target(self, at: int) -> int:
        """What the offset points to."""
        return at + self.get("I", at)

    def aim(self, at: int, target: int) -> None:
        """Let the offset point to the target, which stands behind it."""
        self.put("I", at, target - at)


@dataclass(frozen=True)
class Footer(FlatBuffer):
    """The footer of an Arrow IPC file, which says what its columns are and where their values are."""

    @property
    def root(self) -> int:
        """The footer's table: version, schema, dictionaries, record batches."""
        return self.target(0)

    def vector(self, field: int) -> int:
        """A vector of the footer."""
        return self.target(self.field(self.root, field))

    @property
    def columns_vector(self) -> int:
        """The vector of columns."""
        return self.target(self.field(self.target(self.field(self.root, 1)), 1))

    def columns(self) -> list[int]:
        """The table of each column: name, nullable, type's number, type, dictionary."""
        vector = self.columns_vector
        return [self.target(vector + 4 + 4 * i) for i in range(self.get("I", vector))]

    def name(self, column: int) -> str:
        """A column's name."""
        at = self.target(self.field(column, 0))
        return self.data[at + 4 : at + 4 + self.get("I", at)].decode()

    def dictionary(self, column: int) -> int | None:
        """The number of a column's dictionary, if its values are codes."""
        if not self.has(column, 4):
            return None
        encoding = self.target(self.field(column, 4))
        return self.get("q", self.field(encoding, 0)) if self.has(encoding, 0) else 0

    def blocks(self, field: int) -> list[Block]:
        """Where the DICTIONARIES or the BATCHES of rows are."""
        if not self.has(self.root, field):
            return []
        vector = self.vector(field)
        count = self.get("I", vector)
        return [BLOCK.unpack_from(self.data, vector + 4 + BLOCK.size * i) for i in range(count)]

    def of_codes(self) -> bytes:
        """The footer with codes as whole numbers."""
        copy = Footer(bytearray(self.data))
        for column in self.columns():
            if self.dictionary(column) is not None:
                encoding = self.target(self.field(column, 4))
                copy.put("B", self.field(column, 2), INT)
                copy.aim(self.field(column, 3), self.target(self.field(encoding, 1)))
                copy.put("H", self.entry(column, 4), 0)
        copy.put("I", self.vector(DICTIONARIES), 0)
        return bytes(copy.data)

    def of_categories(self, column: int, block: Block) -> bytes:
        """The footer of a file whose only batch, the `block`, is the categories of a column."""
        copy = Footer(bytearray(self.data))
        copy.put("I", self.columns_vector, 1)
        copy.aim(self.columns_vector + 4, column)
        copy.put("H", self.entry(column, 4), 0)
        copy.put("I", self.vector(DICTIONARIES), 0)
        copy.put("I", self.vector(BATCHES), 1)
        BLOCK.pack_into(copy.data, self.vector(BATCHES) + 4, *block)
        return bytes(copy.data)


def read_footer(path: Path) -> tuple[Footer, int]:
    """The footer of a file, and where it begins. Raises struct.error when there is none."""
    with path.open("rb") as stream:
        tail = max(stream.seek(0, SEEK_END) - TAIL.size, 0)
        stream.seek(tail)
        length, _ = TAIL.unpack(stream.read())
        start = stream.seek(max(tail - length, 0))
        return Footer(bytearray(stream.read(tail - start))), start


def with_footer(body: bytes, footer: bytes) -> bytes:
    """A file of the body, which begins with HEAD, and the footer."""
    return b"".join((body, footer, TAIL.pack(len(footer), MAGIC)))


def message_of(data: bytes) -> tuple[int, FlatBuffer]:
    """Where the metadata of a message begins behind its length, and the metadata."""
    start = 8 if data.startswith(CONTINUED) else 4
    return start, FlatBuffer(bytearray(data[start:]))


def as_batch(message: bytes) -> tuple[int, bytes]:
    """The number of the dictionary in a message, and the message as a batch of rows of its categories."""
    start, buffer = message_of(message)
    root = buffer.target(0)
    header = buffer.field(root, 2)
    dictionary = buffer.target(header)
    number = buffer.get("q", buffer.field(dictionary, 0)) if buffer.has(dictionary, 0) else 0
    buffer.put("B", buffer.field(root, 1), RECORD_BATCH)
    buffer.aim(header, buffer.target(buffer.field(dictionary, 1)))
    return number, message[:start] + bytes(buffer.data)


@dataclass(frozen=True)
class Contents:
    """How many rows there are, and what compressed values take once they are unpacked, in bytes."""

    rows: int = 0
    unpacked: int = 0

    def __add__(self, other: "Contents") -> "Contents":
        return Contents(self.rows + other.rows, self.unpacked + other.unpacked)


def check_file(path: Path) -> Contents:
    """What a file says it holds.

    Raises struct.error or ValueError when something in it is longer than the file can hold.
    """
    footer, size = read_footer(path)
    found = Contents()
    with path.open("rb") as stream:
        for field in (DICTIONARIES, BATCHES):
            for offset, metadata, body in footer.blocks(field):
                found += check_block(stream, (offset, metadata, body), size)
    return found


def check_stream(path: Path) -> Contents:
    """What a stream says it holds.

    Raises struct.error or ValueError when a message is longer than the stream can hold.
    """
    found = Contents()
    with path.open("rb") as stream:
        size, at = stream.seek(0, SEEK_END), 0
        while at < size:
            stream.seek(at)
            marker, length = struct.unpack("<4si", stream.read(8))
            if marker != CONTINUED:
                raise ValueError("a message does not begin")
            if not length:
                return found
            if not 0 < length <= size - at - 8:
                raise ValueError("a message ends behind the stream")
            message = FlatBuffer(bytearray(stream.read(length)))
            root = message.target(0)
            body = message.get("q", message.field(root, 3)) if message.has(root, 3) else 0
            kind = message.get("B", message.field(root, 1))
            if kind in (DICTIONARY, RECORD_BATCH):
                found += check_block(stream, (at, 8 + length, body), size)
            at += 8 + length + body
    return found


def check_block(stream: BinaryIO, block: Block, size: int) -> Contents:
    """What a message says it holds: rows, unless it is a dictionary.

    Raises struct.error or ValueError when it or a buffer in it does not end within `size` bytes.
    """
    offset, metadata, body = block
    if min(offset, metadata, body) < 0 or offset + metadata + body > size:
        raise ValueError("a block ends behind the file")
    stream.seek(offset)
    message = stream.read(metadata)
    _, buffer = message_of(message)
    is_dictionary = buffer.get("B", buffer.field(buffer.target(0), 1)) == DICTIONARY
    if is_dictionary:
        _, message = as_batch(message)
    unpacked = 0
    for start, length in compressed_buffers(message):
        if min(start, length) < 0 or start + length > body:
            raise ValueError("a buffer ends behind its block")
        stream.seek(offset + metadata + start)
        unpacked += uncompressed_size(stream.read(min(length, 8)), length)
    return Contents(0 if is_dictionary else rows_of(message), unpacked)


def rows_of(message: bytes) -> int:
    """The rows of a batch. Raises ValueError for less than none."""
    _, buffer = message_of(message)
    batch = buffer.target(buffer.field(buffer.target(0), 2))
    rows = buffer.get("q", buffer.field(batch, 0)) if buffer.has(batch, 0) else 0
    if rows < 0:
        raise ValueError("a batch has less than no rows")
    return rows


def compressed_buffers(message: bytes) -> list[tuple[int, int]]:
    """Where the compressed buffers of a batch are in its body, and their lengths."""
    _, buffer = message_of(message)
    batch = buffer.target(buffer.field(buffer.target(0), 2))
    if not buffer.has(batch, 3):  # not compressed
        return []
    vector = buffer.target(buffer.field(batch, 2))
    count = buffer.get("I", vector)
    return [BUFFER.unpack_from(buffer.data, vector + 4 + BUFFER.size * i) for i in range(count)]


def uncompressed_size(start: bytes, length: int) -> int:
    """The bytes that a compressed buffer, which begins so, says it has; -1 is for not compressed.

    Raises ValueError when that is more than its length can hold.
    """
    (promised,) = struct.unpack("<q", start) if length else (0,)
    if not -1 <= promised <= MOST_COMPRESSED * length:
        raise ValueError("a buffer promises too much")
    return length if promised < 0 else int(promised)


def column_names(path: Path) -> list[str]:
    """The names of a file's columns, also where two are equal.

    Raises struct.error or ValueError when it is damaged.
    """
    footer, _ = read_footer(path)
    return [footer.name(column) for column in footer.columns()]


def read_decoded(path: Path) -> "pl.DataFrame":
    """The table in a file, with values in place of codes.

    Raises struct.error, KeyError, ValueError or what Polars raises when the file is damaged.
    """
    import polars as pl

    footer, start = read_footer(path)
    data = path.read_bytes()
    frame = pl.read_ipc(with_footer(data[:start], footer.of_codes()))
    batches: dict[int, list[tuple[Block, bytes]]] = {}
    for offset, metadata, body in footer.blocks(DICTIONARIES):
        dictionary, batch = as_batch(data[offset : offset + metadata + body])
        batches.setdefault(dictionary, []).append(((len(HEAD), metadata, body), batch))
    for column in footer.columns():
        coded = footer.dictionary(column)
        if coded is not None:
            parts = [
                pl.read_ipc(with_footer(HEAD + batch, footer.of_categories(column, block))).to_series()
                for block, batch in batches[coded]
            ]
            codes = frame[footer.name(column)]
            frame = frame.with_columns(pl.concat(parts).gather(codes).alias(codes.name))
    return frame
