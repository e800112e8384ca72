"""Histories and other tables of a run: rows that are gone, doubled or reordered, figures that are others."""

from random import Random

from fuzzing import hostile
from fuzzing.formats.csv_text import rows_of, text_of
from fuzzing.mutation import mutation

KIND = "history"


@mutation(KIND)
def a_row_is_missing(data: bytes, draw: Random) -> bytes:
    """A row goes away, or all but the first ones."""
    rows = rows_of(data)
    if len(rows) > 1:
        at = draw.randrange(1, len(rows))
        rows = draw.choice([rows[:at] + rows[at + 1 :], rows[:at]])
    return text_of(rows)


@mutation(KIND)
def a_row_is_doubled(data: bytes, draw: Random) -> bytes:
    """A row comes twice."""
    rows = rows_of(data)
    at = draw.randrange(len(rows))
    return text_of([*rows[: at + 1], *rows[at:]])


@mutation(KIND)
def rows_are_reordered(data: bytes, draw: Random) -> bytes:
    """Rows in another order."""
    rows = rows_of(data)
    body = rows[1:]
    draw.shuffle(body)
    return text_of([*rows[:1], *body])


@mutation(KIND)
def a_figure_is_another(data: bytes, draw: Random) -> bytes:
    """A digit is another, or the figure is none."""
    rows = rows_of(data)
    row = draw.choice(rows)
    at = draw.randrange(len(row))
    digits = [k for k, letter in enumerate(row[at]) if letter.isdigit()]
    if digits and draw.random() < 0.6:
        k = draw.choice(digits)
        row[at] = row[at][:k] + str((int(row[at][k]) + 1) % 10) + row[at][k + 1 :]
    else:
        row[at] = draw.choice(
            ["", "nan", "-inf", "x", "-1", "1e999", str(hostile.number(draw))[:400], hostile.text(draw)]
        )
    return text_of(rows)


@mutation(KIND)
def a_column_is_missing_or_added(data: bytes, draw: Random) -> bytes:
    """A column goes away, is there twice, or has another name."""
    rows = rows_of(data)
    at, way = draw.randrange(len(rows[0])), draw.randrange(3)
    if way == 2:
        rows[0][at] = draw.choice(["", "x", "epoch", rows[0][-1], hostile.text(draw)])
        return text_of(rows)
    return text_of([row[:at] + row[at : at + 1] * (2 * way) + row[at + 1 :] for row in rows])
