"""Parquet files: footers and lengths that lie, tables with other columns and types, and bombs."""

import io
import struct
from random import Random

from fuzzing.mutation import mutation

KIND = "parquet"
MOST_ROWS = 40_000_000


def footer(data: bytes) -> tuple[bytes, bytes]:
    """The pages of a file, and its footer."""
    length = int.from_bytes(data[-8:-4], "little")
    length = min(length, max(0, len(data) - 12))
    return data[: len(data) - 8 - length], data[len(data) - 8 - length : -8]


def joined(pages: bytes, end: bytes) -> bytes:
    """A file of pages and a footer whose length is right."""
    return pages + end + len(end).to_bytes(4, "little") + b"PAR1"


@mutation(KIND)
def the_footer_is_damaged(data: bytes, draw: Random) -> bytes:
    """Some bits or bytes of the footer, while its length stays right."""
    pages, end = footer(data)
    damaged = bytearray(end or b"\0")
    for _ in range(draw.choice([1, 1, 2, 5])):
        damaged[draw.randrange(len(damaged))] = draw.choice([0, 255, draw.randrange(256)])
    return joined(pages, bytes(damaged))


@mutation(KIND)
def the_footer_is_cut_or_doubled(data: bytes, draw: Random) -> bytes:
    """A footer that ends early, is there twice, or is empty."""
    pages, end = footer(data)
    return joined(pages, draw.choice([end[: draw.randrange(len(end) + 1)], end + end, b"", end[1:]]))


@mutation(KIND)
def the_length_lies(data: bytes, draw: Random) -> bytes:
    """The length of the footer is another."""
    length = draw.choice(
        [0, 1, len(data), len(data) - 8, 2**31 - 1, 2**32 - 1, draw.randrange(len(data) + 1)]
    )
    return data[:-8] + struct.pack("<I", length) + draw.choice([b"PAR1", b"PARE", b"PAR1"])


@mutation(KIND)
def the_pages_are_damaged(data: bytes, draw: Random) -> bytes:
    """Some bytes of the pages, while the footer stays as it is."""
    pages, end = footer(data)
    damaged = bytearray(pages or b"PAR1")
    for _ in range(draw.choice([1, 2, 10])):
        damaged[draw.randrange(len(damaged))] = draw.randrange(256)
    return joined(bytes(damaged), end)


@mutation(KIND)
def the_pages_are_shifted(data: bytes, draw: Random) -> bytes:
    """Bytes too many or too few in front of the first page, where the footer points."""
    pages, end = footer(data)
    return joined(draw.choice([pages[4:], pages + b"\0" * 9, pages[:4] + b"\0" + pages[4:], pages[:-5]]), end)


@mutation(KIND)
def the_table_is_another(data: bytes, draw: Random) -> bytes:
    """Columns of types that a table of numbers does not have."""
    import polars as pl

    count = 40
    columns: dict[str, object] = {
        "nested": [[1.0, 2.0]] * count,
        "struct": [{"a": 1, "b": "x"}] * count,
        "binary": [b"\xff\x00"] * count,
        "nothing": [None] * count,
        "decimal": pl.Series([1] * count).cast(pl.Decimal(10, 2)),
        "wide": pl.Series([1] * count).cast(pl.Int128),
        "huge": [2**63] * count,
        "not finite": [float("nan"), float("inf")] * (count // 2),
        "\x1b[2J": [1.0] * count,
        "": [1.0] * count,
        "kind": pl.Series(["a", "b"] * (count // 2), dtype=pl.Categorical),
        "time": pl.Series([1] * count).cast(pl.Time),
    }
    frame = pl.read_parquet(io.BytesIO(data)).head(count)
    name = draw.choice(list(columns))
    position = draw.randrange(len(frame.columns))
    new = pl.Series(
        draw.choice([name, frame.columns[position], frame.columns[-1]]), columns[name], strict=False
    )
    return written(frame.head(len(new)).with_columns(new))


@mutation(KIND)
def there_are_no_rows(data: bytes, draw: Random) -> bytes:
    """A table without rows, or without columns."""
    import polars as pl

    frame = pl.read_parquet(io.BytesIO(data))
    return written(draw.choice([frame.head(0), frame.head(1), frame.select([])]))


@mutation(KIND)
def is_a_bomb(data: bytes, draw: Random) -> bytes:
    """Tens of millions of equal rows, or thousands of equal columns, in a small file."""
    import polars as pl

    frame = pl.read_parquet(io.BytesIO(data)).head(1)
    if draw.random() < 0.5:
        return written(pl.select(pl.repeat(1.5, MOST_ROWS).alias("x"), pl.repeat(1, MOST_ROWS).alias("y")))
    return written(pl.concat([frame] * 40).with_columns(pl.lit(1.0).alias(f"c{k}") for k in range(20_000)))


def written(frame: "object", **options: object) -> bytes:
    """The frame as Parquet."""
    out = io.BytesIO()
    frame.write_parquet(out, **options)  # type: ignore[attr-defined]
    return out.getvalue()


@mutation(KIND, keeps=True)
def is_written_otherwise(data: bytes, draw: Random) -> bytes:
    """Another compression, other row groups, no statistics."""
    import polars as pl

    return written(
        pl.read_parquet(io.BytesIO(data)),
        compression=draw.choice(["uncompressed", "snappy", "gzip", "zstd", "brotli"]),
        row_group_size=draw.choice([1, 7, 1000]),
        statistics=draw.random() < 0.5,
    )
