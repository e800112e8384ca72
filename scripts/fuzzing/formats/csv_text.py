"""Tables as text: cells, dialects, ragged rows, quotes, encodings, sizes."""

import csv
import io
from collections.abc import Callable
from random import Random

from fuzzing import hostile
from fuzzing.mutation import mutation

KIND = "csv"
Rows = list[list[str]]
CELLS = (
    *(
        "",
        " ",
        "?",
        "NA",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "1e-999",
        "-0",
        "+1",
        "1.",
        ".5",
        "1_0",
        "0x10",
        "1e",
        "--1",
    ),
    *(
        "1,5",
        "1.234,5",
        "1,234.5",
        "1'234",
        "1 234",
        "$3",
        "5 %",
        "3 kg",
        "(5)",
        "5-",
        "−5",
        "½",
        "٣",
        "Ⅷ",
        "1" * 400,
        "9" * 20,
    ),
    *(
        "2024-02-30",
        "31.12.2024",
        "12/13/2011",
        "9 Feb 2024",
        "0000-00-00",
        "99999-01-01",
        "12:30",
        "25:61",
        "true",
        "TRUE",
    ),
    *(
        '"',
        '""',
        'a"b',
        "a\rb",
        "a\nb",
        "a\tb",
        "\0",
        "\x1b[2J",
        "é",
        "🙂",
        "\u2028",
        "\x85",
        "\x0b",
        "\ufeff",
        "=1+1",
        "#",
        "//",
    ),
    *(
        "Iris",
        "x" * 5000,
        "\\N",
        "\\",
        "NULL",
        "None",
        "null",
        "-",
        "Inf",
        "1d5",
        "1f",
        "1L",
        "True",
        "no",
        "0",
        "00",
        "1e5",
    ),
)


def rows_of(data: bytes) -> Rows:
    """The cells, by Python's reader."""
    text = data.decode("utf-8", errors="replace").replace("\0", "")
    return [row for row in csv.reader(io.StringIO(text)) if row]


def text_of(rows: Rows, **dialect: object) -> bytes:
    """The rows as CSV, by Python's writer."""
    out = io.StringIO()
    csv.writer(out, **({"lineterminator": "\n"} | dialect)).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue().encode(errors="surrogatepass")


def of_rows(function: Callable[[Rows, Random], Rows]) -> Callable[[bytes, Random], bytes]:
    """A change of cells as a change of bytes; the name stays."""

    def change(data: bytes, draw: Random) -> bytes:
        try:
            rows = rows_of(data)
        except csv.Error:
            return data
        return text_of(function(rows, draw)) if rows else data

    change.__name__ = function.__name__
    return change


@mutation(KIND)
@of_rows
def a_cell_is_another(rows: Rows, draw: Random) -> Rows:
    """One cell, or the cells of a column, hold what nobody expects."""
    row = draw.choice(rows)
    row[draw.randrange(len(row))] = draw.choice(CELLS)
    return rows


@mutation(KIND)
@of_rows
def a_column_is_another(rows: Rows, draw: Random) -> Rows:
    """All cells of a column are drawn from a few."""
    at, few = draw.randrange(len(rows[0])), draw.sample(CELLS, draw.choice([1, 1, 2, 5]))
    return [rows[0], *([*row[:at], draw.choice(few), *row[at + 1 :]] for row in rows[1:])]


@mutation(KIND)
@of_rows
def a_row_is_ragged(rows: Rows, draw: Random) -> Rows:
    """A row with cells too many or too few."""
    row = draw.choice(rows)
    row[:] = draw.choice([row[:-1], [*row, "1"], [*row, ""], row[:1], row * 3, [""]])
    return rows


@mutation(KIND)
@of_rows
def the_header_is_another(rows: Rows, draw: Random) -> Rows:
    """Names that are equal, empty, numbers, hostile, or there are too many."""
    names = rows[0]
    headers: list[list[str]] = [
        [names[0]] * len(names),
        [""] * len(names),
        [str(k) for k in range(len(names))],
        [hostile.text(draw)[:2000] for _ in names],
        [*names, *names],
        names[:-1],
        [*names[:-1], "x" * 200_000],
        [*names, *(f"c{k}" for k in range(100_000))],
    ]
    return [draw.choice(headers), *rows[1:]]


@mutation(KIND)
@of_rows
def there_are_few_rows(rows: Rows, draw: Random) -> Rows:
    """None, one or two below the header, or no header."""
    return draw.choice([rows[:1], rows[:2], rows[:3], rows[1:2], rows[1:], [[]]])


@mutation(KIND)
@of_rows
def there_are_many_columns(rows: Rows, draw: Random) -> Rows:
    """Thousands of columns of one number."""
    count = draw.choice([1000, 20_000])
    return [[*(f"c{k}" for k in range(count)), *rows[0]], *([*["1"] * count, *row] for row in rows[1:20])]


@mutation(KIND)
@of_rows
def a_class_for_each_row(rows: Rows, draw: Random) -> Rows:
    """Every cell of a column is another text."""
    at = draw.choice([len(rows[0]) - 1, draw.randrange(len(rows[0]))])
    return [rows[0], *([*row[:at], f"v{k}", *row[at + 1 :]] for k, row in enumerate(rows[1:]))]


@mutation(KIND)
@of_rows
def rows_repeat(rows: Rows, draw: Random) -> Rows:
    """All rows the same, sorted, or there a hundred times."""
    return [rows[0], *draw.choice([rows[1:2] * 40, sorted(rows[1:]), rows[1:] * 100, rows[1:][::-1]])]


@mutation(KIND)
def quotes_are_broken(data: bytes, draw: Random) -> bytes:
    """A quote that opens and does not close, or stands inside a cell."""
    at = draw.randrange(len(data) + 1)
    return data[:at] + draw.choice([b'"', b'"""', b'""', b"'", b'\\"', b'",', b'"x"y']) + data[at:]


@mutation(KIND)
def a_quoted_cell_is_endless(data: bytes, draw: Random) -> bytes:
    """Megabytes in one cell, with or without an end."""
    cell = draw.choice([b"x", b"\n", b",", b'""', b"1,2\n"]) * draw.choice([140_000, 3_000_000])
    return data + b'"' + cell + draw.choice([b'"\n', b"", b'",1,2\n'])


@mutation(KIND)
def separators_are_mixed(data: bytes, draw: Random) -> bytes:
    """Half of the lines, or all, have another separator than they say."""
    lines, new = data.split(b"\n"), draw.choice([b";", b"\t", b"|", b" ", b":", b"  ", b",,"])
    return b"\n".join(line.replace(b",", new) if draw.random() < 0.5 else line for line in lines)


@mutation(KIND)
def ends_of_lines_are_mixed(data: bytes, draw: Random) -> bytes:
    """LF, CR LF and CR in one file, or ends that only Unicode knows."""
    ends = draw.choice(
        [[b"\n", b"\r\n", b"\r"], [b"\r"], [b"\r\r\n"], [b"\n\r"], ["\u2028".encode()], [b"\x0b", b"\n"]]
    )
    return b"".join(line + draw.choice(ends) for line in data.split(b"\n"))


@mutation(KIND)
def lines_are_added(data: bytes, draw: Random) -> bytes:
    """Comments, empty lines, titles and totals among the rows."""
    lines = data.split(b"\n")
    some = [
        b"",
        b"#",
        b"# note",
        b"Title of the table",
        b",,,,",
        b"total,1,2,3",
        b";",
        b'""',
        b" ",
        b"sep=;",
        b"---",
        b"// x",
    ]
    for _ in range(draw.choice([1, 2, 50])):
        lines.insert(draw.randrange(len(lines) + 1), draw.choice(some))
    return b"\n".join(lines)


@mutation(KIND)
def has_another_encoding(data: bytes, draw: Random) -> bytes:
    """Accents in encodings that do not say so, marks without what they announce."""
    text = data.decode(errors="replace").replace("a", "é", 20)
    encodings = ["utf-16-le", "utf-32", "latin-1", "utf-7", "cp437", "shift_jis", "cp037", "utf-8-sig"]
    return draw.choice([b"", b"\xff\xfe", b"\xef\xbb\xbf"]) + text.encode(
        draw.choice(encodings), errors="replace"
    )


@mutation(KIND, keeps=True)
def every_cell_is_quoted(data: bytes, draw: Random) -> bytes:
    """Quotes around all cells."""
    return text_of(rows_of(data), quoting=csv.QUOTE_ALL)


@mutation(KIND, keeps=True)
def has_another_separator(data: bytes, draw: Random) -> bytes:
    """Semicolons, tabs or bars throughout."""
    return text_of(rows_of(data), delimiter=draw.choice(";\t|"))


@mutation(KIND, keeps=True)
def ends_lines_otherwise(data: bytes, draw: Random) -> bytes:
    """CR LF, or no end of the last line."""
    return draw.choice([data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), data.rstrip(b"\r\n")])


@mutation(KIND, keeps=True)
def begins_with_a_mark(data: bytes, draw: Random) -> bytes:
    """A byte order mark, as Windows' programs write."""
    return data.decode("utf-8-sig").encode("utf-8-sig")


@mutation(KIND, keeps=True)
@of_rows
def numbers_are_spelled_otherwise(rows: Rows, draw: Random) -> Rows:
    """Each number of a column with an exponent, a sign or zeros in the end."""
    at = draw.randrange(len(rows[0]))
    form = draw.choice(["{:.17e}", "{:+.17g}", "{:.17g}", "0{:.17g}"])
    return [rows[0], *([*row[:at], respelled(row[at], form), *row[at + 1 :]] for row in rows[1:])]


def respelled(cell: str, form: str) -> str:
    """A number with a point and without a sign, in another form; what is none stays."""
    try:
        return form.format(float(cell)) if "." in cell and cell[:1].isdigit() else cell
    except ValueError:
        return cell


@mutation(KIND, keeps=True)
def empty_lines_at_the_end(data: bytes, draw: Random) -> bytes:
    """Blank lines below the table."""
    return data.rstrip(b"\r\n") + b"\n" * draw.choice([2, 10])
