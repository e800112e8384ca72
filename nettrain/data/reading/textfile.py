"""A text file as chunks of whole rows in UTF-8, whatever its compression and encoding."""

import codecs
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, cast

from nettrain.errors import DataError

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LONGEST = 64_000_000  # bytes without the end of a row: a quote that does not close, rather than a cell


@dataclass(frozen=True)
class TextFile:
    """Text that `open` gives as bytes, as often as it is called; `origin` is what errors call it.

    It is read as UTF-8, or as Latin-1 when `latin` is set.
    """

    origin: str
    open: Callable[[], io.BufferedIOBase]
    latin: bool = False

    def text(self) -> IO[str]:
        """The text as a stream, its line ends as they are."""
        encoding = "latin-1" if self.latin else "utf-8-sig"
        return io.TextIOWrapper(cast(IO[bytes], self.open()), encoding, newline="")

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
        rest = b""
        for block in self._blocks(size):
            data = rest + block
            end = end_of_rows(data)
            if end:
                yield data[:end]
            rest = data[end:]
            if len(rest) > LONGEST:
                raise DataError(
                    f"{self.origin}: a quote that opens a cell does not close within {len(rest)} bytes"
                )
        if rest:
            yield rest

    def _blocks(self, size: int) -> Iterator[bytes]:
        """The bytes as they are read, in UTF-8 and with \\n at the ends of lines."""
        decoder = codecs.getincrementaldecoder("latin-1" if self.latin else "utf-8-sig")()
        old_line_ends = False
        with self.open() as stream:
            for number, block in enumerate(iter(lambda: stream.read(size), b"")):
                self._refuse_binary(block, number)
                utf8 = block
                if self.latin or not block.isascii() or decoder.getstate()[0]:
                    utf8 = decoder.decode(block).encode()
                old_line_ends = old_line_ends or (number == 0 and b"\r" in block[:-1] and b"\n" not in block)
                yield utf8.replace(b"\r", b"\n") if old_line_ends else utf8
        decoder.decode(b"", final=True)

    def _refuse_binary(self, block: bytes, number: int) -> None:
        if number == 0 and block.startswith(UTF_16):
            raise DataError(f"{self.origin}: is UTF-16 text; save the file as UTF-8")
        if b"\0" in block:
            raise DataError(f"{self.origin}: is not text (it holds zero bytes)")


def end_of_rows(data: bytes) -> int:
    """Where the last whole row ends: behind the last line end that is not inside quotes, or 0."""
    end = data.rfind(b"\n") + 1
    quotes = data.count(b'"', 0, end)
    while end and quotes % 2:
        before = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(b'"', before, end)
        end = before
    return end
