"""A text file as chunks of whole rows in UTF-8, whatever its compression and encoding."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import IO, cast

import numpy as np

from nettrain.errors import DataError

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
STRAY = re.compile(rb"\r\r+\n|\r(?!\n)")  # of a line end written twice, or in the middle of a line
LONGEST = 64_000_000  # bytes without the end of a row: a quote that does not close, rather than a cell


@dataclass(frozen=True)
class TextFile:
    """Text that `open` gives as bytes, as often as it is called; `origin` is what errors call it.

    It is read as UTF-8, or as Latin-1 when `latin` is set. Its rows begin after `skip` lines, leave out lines
    that begin with `comment`, and with `whitespace` their runs of blanks and tabs count as one blank.
    """

    origin: str
    open: Callable[[], io.BufferedIOBase]
    latin: bool = False
    skip: int = 0
    comment: str = ""
    whitespace: bool = False

    def text(self) -> IO[str]:
        """The text as a stream, its line ends as they are."""
        encoding = "latin-1" if self.latin else "utf-8-sig"
        return io.TextIOWrapper(cast(IO[bytes], self.open()), encoding, newline="")

    def beginning(self, size: int, lines: int) -> str:
        """About the first `size` characters in whole lines, at least `lines` of them where there are."""
        data = b""
        for block in self._blocks(size):
            data += block
            ends = data.count(b"\n")
            if not ends and len(data) > LONGEST:
                raise DataError(
                    f"{self.origin}: is not a table: its first line has more than {LONGEST:,} bytes"
                )
            if len(data) >= size and (ends >= lines or len(data) > LONGEST):
                return data[: data.rindex(b"\n") + 1].decode()
        return data.decode()

    def line_count(self) -> int:
        """How many lines there are, the last one with or without its end."""
        counts, last = {b"\n": 0, b"\r": 0}, b"\n"
        with self.open() as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                counts = {end: count + block.count(end) for end, count in counts.items()}
                last = block[-1:]
        return max(counts.values()) + (last not in counts)

    def chunks(self, size: int) -> Iterator[bytes]:
        """The text in UTF-8 without a byte order mark, in chunks of whole rows of about `size` bytes.

        Raises UnicodeDecodeError where it is not in its encoding, DataError where it is no text at all.
        """
        rest = OpenRow()
        for block in self._rows(size):
            end = end_of_rows(block, inside=rest.inside)
            if end:
                yield self._separated(rest.closed(block[:end]))
            rest.add(block[end:])
            if rest.size > LONGEST:
                what = "a quote that opens a cell does not close" if rest.quotes else "a row does not end"
                raise DataError(f"{self.origin}: {what} within {rest.size:,} bytes")
        if rest.size:
            yield self._separated(rest.closed(b""))

    def _separated(self, rows: bytes) -> bytes:
        return collapse_blanks(rows.decode()).encode() if self.whitespace else rows

    def _rows(self, size: int) -> Iterator[bytes]:
        """The blocks without the lines above the table and without comments."""
        left = self.skip
        comments = CommentFilter(self.comment) if self.comment else None
        for block in self._blocks(size):
            rows, left = skip_lines(block, left)
            yield comments.rows(rows) if comments else rows
        if comments:
            yield comments.last()

    def _blocks(self, size: int) -> Iterator[bytes]:
        """The bytes as they are read, in UTF-8 and with \\n at the ends of lines."""
        decoder = codecs.getincrementaldecoder("latin-1" if self.latin else "utf-8-sig")()
        old_line_ends: bool | None = None  # until the first end
        inside = False  # quotes
        with self.open() as stream:
            for number, block in enumerate(read_blocks(stream, size)):
                self._refuse_binary(block, number)
                utf8 = block
                if self.latin or not block.isascii() or decoder.getstate()[0]:
                    utf8 = decoder.decode(block).encode()
                if old_line_ends is None and (b"\n" in block or b"\r" in block):
                    old_line_ends = b"\n" not in block
                rows = utf8.replace(b"\r", b"\n") if old_line_ends else utf8
                yield without_strays(rows, inside=inside) if b"\r" in rows else rows
                inside ^= bool(rows.count(b'"') % 2)
        decoder.decode(b"", final=True)

    def _refuse_binary(self, block: bytes, number: int) -> None:
        if number == 0 and block.startswith(UTF_16):
            raise DataError(f"{self.origin}: is UTF-16 text; save the file as UTF-8")
        if b"\0" in block:
            raise DataError(f"{self.origin}: is not text (it holds zero bytes)")


def without_strays(rows: bytes, *, inside: bool) -> bytes:
    """The rows with \\n for every \\r that stands without one, or before another; not in quotes.

    Python's CSV reader takes them for ends of lines too, but Polars for parts of cells. `inside` says whether
    the rows begin within quotes.
    """
    if not STRAY.search(rows):
        return rows
    parts = rows.split(b'"')
    for i in range(int(inside), len(parts), 2):
        parts[i] = STRAY.sub(b"\n", parts[i])
    return b'"'.join(parts)


def end_of_rows(data: bytes, *, inside: bool = False) -> int:
    """Where the last whole row ends: behind the last line end that is not inside quotes, or 0.

    `inside` says whether the data begin within quotes.
    """
    end = data.rfind(b"\n") + 1
    if data.count(b'"', 0, end) % 2 == inside:
        return end
    characters = np.frombuffer(data, np.uint8)
    quoted = np.bitwise_xor.accumulate((characters == ord('"')).view(np.uint8))
    ends = np.flatnonzero((characters == ord("\n")) & (quoted == inside))
    return int(ends[-1]) + 1 if len(ends) else 0


@dataclass
class OpenRow:
    """The beginning of a row whose end has not been read: its parts, and how many bytes and quotes they hold.

    Each part is looked at once, however many belong to one row.
    """

    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    quotes: int = 0

    @property
    def inside(self) -> bool:
        """Whether it ends within quotes."""
        return bool(self.quotes % 2)

    def add(self, part: bytes) -> None:
        """Another part of the row."""
        self.parts.append(part)
        self.size += len(part)
        self.quotes += part.count(b'"')

    def closed(self, end: bytes) -> bytes:
        """The row with its end, after which another one begins."""
        whole = b"".join([*self.parts, end])
        self.parts, self.size, self.quotes = [], 0, 0
        return whole


def read_blocks(stream: io.BufferedIOBase, size: int) -> Iterator[bytes]:
    """The bytes of a stream in blocks, none of which ends between \\r and \\n."""
    while block := stream.read(size):
        yield block + stream.read(1) if block.endswith(b"\r") else block


@dataclass
class CommentFilter:
    """Leaves lines that begin with `prefix` out of a stream of blocks, unless they are part of a cell."""

    prefix: str
    quotes: int = 0  # so far, outside comments
    rest: bytes = b""  # of a line that is not whole

    @cached_property
    def comment(self) -> re.Pattern[bytes]:
        """A whole line that is a comment, or looks like one."""
        return re.compile(rb"^[ \t]*" + re.escape(self.prefix.encode()) + rb"[^\n]*\n?", re.MULTILINE)

    def rows(self, block: bytes) -> bytes:
        """The whole lines of this block and what is left of those before, without comments."""
        data = self.rest + block
        end = data.rfind(b"\n") + 1
        self.rest = data[end:]
        return self._without_comments(data[:end])

    def last(self) -> bytes:
        """The last line, if it has no end."""
        return self._without_comments(self.rest)

    def _without_comments(self, lines: bytes) -> bytes:
        kept, start = [], 0
        for comment in self.comment.finditer(lines):
            before = lines[start : comment.start()]
            self.quotes += before.count(b'"')
            kept.append(before)
            start = comment.end()
            if self.quotes % 2:
                self.quotes += comment[0].count(b'"')
                kept.append(comment[0])
        self.quotes += lines.count(b'"', start)
        return b"".join([*kept, lines[start:]])


def skip_lines(block: bytes, count: int) -> tuple[bytes, int]:
    """The block without its first `count` lines, and how many of those are still to come after it."""
    while count and (end := block.find(b"\n") + 1):
        block, count = block[end:], count - 1
    return b"" if count else block, count


class TableLines:
    """The lines of a file's table for Python's CSV reader, one at a time, without comments between rows.

    `first` is the line that the row being read starts on, counted from 1 in the whole file; whoever reads
    sets it to 0 between rows.
    """

    def __init__(self, file: TextFile, text: IO[str]) -> None:
        self.file = file
        self.numbered = enumerate(islice(text, file.skip, None), file.skip + 1)
        self.first = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in self.numbered:
            inside = self.first > 0
            if inside or not is_comment(line, self.file.comment):
                self.first = self.first or number
                yield collapse_blanks(line, inside=inside) if self.file.whitespace else line


def is_comment(line: str, prefix: str) -> bool:
    """Whether a line begins with a prefix that is not empty, perhaps after blanks."""
    return bool(prefix) and line.lstrip(" \t").startswith(prefix)


def collapse_blanks(text: str, *, inside: bool = False) -> str:
    """Whole lines with one blank in place of runs of blanks and tabs, and none at their ends; not in quotes.

    `inside` says whether the text begins within quotes.
    """
    parts = text.split('"')
    for i in range(int(inside), len(parts), 2):
        part = parts[i].replace("\t", " ")
        while "  " in part:
            part = part.replace("  ", " ")
        part = part.replace(" \n", "\n").replace(" \r", "\r").replace("\n ", "\n")
        part = part.lstrip(" ") if i == 0 else part
        parts[i] = part.rstrip(" ") if i == len(parts) - 1 else part
    return '"'.join(parts)
