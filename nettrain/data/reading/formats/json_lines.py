"""JSON lines: an object in each line, whose keys are the columns; read through Polars where that is exact."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.data.reading.file_format import file_format
from nettrain.data.reading.frames import frame_source, refuse_nested
from nettrain.data.reading.objects import object_column
from nettrain.data.reading.opening import display_path, open_bytes, reading_errors
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.polars_errors import polars_errors
from nettrain.data.reading.room import RoomWatch
from nettrain.data.reading.source import Source
from nettrain.data.tables.table import check_names
from nettrain.errors import DataError, quoted

if TYPE_CHECKING:
    import polars as pl

ESCAPED = re.compile(rb"\\u[dD][89a-fA-F]")  # half a character, of which Polars makes a zero byte
BLOCK_BYTES = 8_000_000  # are read at once
INFERRED_LINES = 1000  # whose keys are found at once
PAIR_BYTES = 5  # that a key and its value take at least, as in `"":1,`
SMALL_TABLE = 10_000_000  # cells that may all be gaps
MOST_GAPS = 200  # cells for each that holds something, in larger tables
SHOWN = 40  # characters of a line in a message


def begins_with_object(path: Path) -> bool:
    """Whether a file, uncompressed, begins with an object."""
    try:
        with open_bytes(path) as stream:
            return stream.read(1 << 10).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    except (OSError, EOFError, DataError):
        return False


@file_format(".jsonl", ".ndjson", packed=True, recognise=begins_with_object)
def read_json_lines(path: Path, options: ReadOptions, key: str = "") -> Source:
    """The table in a file of JSON lines; a key that an object lacks is a gap, and blank lines are dropped.

    Raises DataError with the line where something is no object, and for nested values.
    """
    origin = display_path(path)
    with reading_errors(path, key):
        with open_bytes(path) as stream:
            data = read_watched(stream, origin).removeprefix(b"\xef\xbb\xbf")
        frame = read_fast(data, origin)
        if frame is None:
            frame = read_exactly(data, origin)

    @cache
    def line_numbers() -> list[int]:
        with open_bytes(path) as stream:
            return [number for number, line in enumerate(stream, 1) if line.strip()]

    return frame_source(frame, origin, line_numbers)


def read_watched(stream: io.BufferedIOBase, origin: str) -> bytes:
    """All bytes of a stream. Raises DataError when they do not fit into memory."""
    parts, watch = io.BytesIO(), RoomWatch(origin)
    while block := stream.read(BLOCK_BYTES):
        watch.add(len(block))
        parts.write(block)
    return parts.getvalue()


def read_fast(data: bytes, origin: str) -> "pl.DataFrame | None":
    """The table as Polars reads it, None where it cannot, or might not keep every cell as it is."""
    import polars as pl

    first = next((list(row) for _, row in objects(data, origin)), None)
    # otherwise columns are in the order of all objects, which Polars changes
    if first is None or ESCAPED.search(data) or keys_of(data, origin) != {*first}:
        return None
    refuse_scattered(data.count(b"\n"), len(first), len(data) // PAIR_BYTES, origin)
    try:
        with polars_errors(origin):
            frame = pl.read_ndjson(data, infer_schema_length=None)
    except DataError:  # the exact reader says where it is wrong
        return None
    text = frame.select(pl.col(pl.String))
    # numbers in a column of text are respelled, and larger ones than 64 bits hold are of a type of their own
    mixed = any(has_numbers(column) for column in text.get_columns())
    wide = any(dtype in (pl.Int128, pl.UInt128) for dtype in frame.schema.values())
    return None if mixed or wide else frame.select(first)


def keys_of(data: bytes, origin: str) -> set[str] | None:
    """The keys of all objects, None where Polars cannot read them. Raises DataError for nested values.

    They are inferred from some lines at a time: where each object has its own keys, Polars takes the square.
    """
    import polars as pl

    lines = io.BytesIO(data)
    try:
        with polars_errors(origin):
            schemas = [
                pl.read_ndjson(block, infer_schema_length=None, n_rows=0).schema
                for block in iter(lambda: b"".join(islice(lines, INFERRED_LINES)), b"")
            ]
    except DataError:
        return None
    for schema in schemas:
        refuse_nested(schema, origin)
    return {name for schema in schemas for name in schema}


def refuse_scattered(rows: int, columns: int, cells: int, origin: str) -> None:
    """Raise DataError when a table would consist of gaps: it is much larger than the file that it is from."""
    if rows * columns > max(SMALL_TABLE, MOST_GAPS * cells):
        raise DataError(
            f"{origin}: has {columns:,} keys in {rows:,} lines, but only one in more than {MOST_GAPS} of"
            " these cells; objects should have the same keys"
        )


def has_numbers(column: "pl.Series") -> bool:
    """Whether a cell of text reads as a number."""
    import polars as pl

    return column.cast(pl.Float64, strict=False).is_not_null().any()


def read_exactly(data: bytes, origin: str) -> "pl.DataFrame":
    """The table as Python's JSON reader reads it."""
    import polars as pl

    rows: list[Mapping[str, object]] = []
    names: dict[str, None] = {}  # in the order of the objects
    for line, row in objects(data, origin):
        nested = next((name for name, cell in row.items() if isinstance(cell, list | dict)), None)
        if nested is not None:
            kind = "a list" if isinstance(row[nested], list) else "an object"
            raise DataError(f"{origin}:{line}: column {quoted(nested)} holds {kind}, expected one value")
        rows.append(row)
        names |= dict.fromkeys(row)
    check_names(list(names), origin)
    refuse_scattered(len(rows), len(names), sum(map(len, rows)), origin)
    return pl.DataFrame([object_column([row.get(name) for row in rows], name, origin) for name in names])


def objects(data: bytes, origin: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The lines that are not blank, as (number, object in it). Raises DataError where there is no object."""
    for number, line in enumerate(io.BytesIO(data), 1):
        if line.strip():
            try:
                value = json.loads(line)
                if ESCAPED.search(line):
                    json.dumps(value, ensure_ascii=False).encode()
            except (ValueError, RecursionError) as error:
                raise DataError(f"{origin}:{number}: is not JSON ({reason(error)})") from error
            if not isinstance(value, dict):
                shown = line.decode(errors="replace").strip()[:SHOWN]
                raise DataError(
                    f"{origin}:{number}: is no object but {shown}; expected one in each line, such as "
                    '{"a": 1, "b": "x"}'
                )
            yield number, value


def reason(error: Exception) -> str:
    """What is wrong with a line."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    if isinstance(error, UnicodeEncodeError):
        return f"half a character, \\u{ord(error.object[error.start]):04x}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error).partition(";")[0]
