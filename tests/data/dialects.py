"""Random tables written in the many ways that people and programs write text files."""

import random
from dataclasses import dataclass, field

ROWS = 14
CLASSES = ("low", "high", "none at all")
TITLES = ("Sales of the year", "Shops, as of today", "by me", 'width 5" or more')
COMMENTS = ("# one", '# 5" wide', "#two; three, four")


@dataclass
class WrittenTable:
    """A table with its names, how it is written, and the line of each row."""

    draw: random.Random
    names: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    header: bool = True
    separator: str = ","
    text: bytes = b""
    lines: list[int] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """The names as they should be read."""
        return self.names if self.header else [f"column_{i}" for i in range(len(self.names))]


def written_table(seed: int) -> WrittenTable:
    """A table of a column of decimals, one of classes, and up to three others."""
    draw = random.Random(seed)
    table = WrittenTable(draw)
    kinds = [
        "decimals",
        "classes",
        *draw.choices(["decimals", "counts", "classes", "dates"], k=draw.randint(0, 3)),
    ]
    draw.shuffle(kinds)
    table.rows = [list(row) for row in zip(*(column(kind, draw) for kind in kinds), strict=True)]
    table.names = names(kinds, draw)
    table.header = draw.random() < 0.6
    table.separator = draw.choice([",", ";", "\t", "|", " "])
    if table.separator == " ":
        table.names = [name.replace(" ", "_") for name in table.names]
        table.rows = [[cell.replace(" ", "_") for cell in row] for row in table.rows]
    write(table)
    return table


def written_again(table: WrittenTable, seed: int) -> WrittenTable:
    """The table in another dialect, with a header where it had one."""
    draw = random.Random(seed)
    separators = [" "] if table.separator == " " else [",", ";", "\t", "|"]
    again = WrittenTable(draw, table.names, table.rows, table.header, draw.choice(separators))
    write(again)
    return again


def column(kind: str, draw: random.Random) -> list[str]:
    """The cells of a column, each class more than once."""
    if kind == "classes":
        cells = [*CLASSES, *CLASSES, *draw.choices(CLASSES, k=ROWS - 2 * len(CLASSES))]
        draw.shuffle(cells)
        return cells
    if kind == "dates":
        return [
            f"20{draw.randint(10, 30)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}" for _ in range(ROWS)
        ]
    return [
        str(draw.randint(0, 400)) if kind == "counts" else f"{draw.uniform(-99, 99):.2f}" for _ in range(ROWS)
    ]


def names(kinds: list[str], draw: random.Random) -> list[str]:
    """Names: words, or numbers over numbers, or words of which one is a value too."""
    words = [f"{kind} {i}" for i, kind in enumerate(kinds)]
    style, first = draw.choice(["words", "numbers", "value"]), draw.choice([0, 1, 2015])
    if style == "numbers":
        return [word if "classes" in word else str(first + i) for i, word in enumerate(words)]
    if style == "value" and kinds.count("classes") < len(kinds) - 1:
        words[kinds.index("classes")] = draw.choice(CLASSES)
    return words


def write(table: WrittenTable) -> None:
    """Write the table in a dialect."""
    draw = table.draw
    blanks, quote = table.separator == " ", '"' if draw.random() < 0.3 else ""
    trailing = draw.choice(["no", "no", "rows", "all"]) if not blanks else "no"
    above = draw.choice(["nothing", "titles", "comments", "sep", "blank lines"])
    lines = lines_above(above, table)
    if table.header:
        lines.append(line(table, table.names, quote, padded=trailing == "all"))
    for i, row in enumerate(table.rows):
        if above == "comments" and i and draw.random() < 0.1:
            lines.append(draw.choice(comments(table)))
        lines.append(line(table, row, quote, padded=trailing != "no"))
        table.lines.append(len(lines))
    end = draw.choice(["\n", "\r\n", "\r"])
    text = end.join(lines) + draw.choice(["", end])
    table.text = draw.choice([b"", b"\xef\xbb\xbf"]) + text.encode()


def lines_above(above: str, table: WrittenTable) -> list[str]:
    """The lines above the table."""
    draw, count = table.draw, table.draw.randint(1, 3)
    if above == "comments":
        return draw.choices(comments(table), k=count)
    if above == "sep" and table.separator != " ":
        return [f"sep={table.separator}"]
    if above == "titles" and table.separator != " ":
        titles = TITLES if len(table.names) > 3 else [title for title in TITLES if "," not in title]
        return draw.choices(titles, k=count)
    return [""] * count if above == "blank lines" else []


def comments(table: WrittenTable) -> list[str]:
    """Comments that are no rows of the table's width."""
    separator = None if table.separator == " " else table.separator
    return [one for one in COMMENTS if len(one.split(separator)) != len(table.names)]


def line(table: WrittenTable, cells: list[str], quote: str, *, padded: bool) -> str:
    """A row."""
    draw = table.draw
    quoted = [f"{quote}{cell}{quote}" for cell in cells]
    if table.separator == " ":
        return (
            draw.choice(["", "  "]) + draw.choice([" ", "    ", " \t"]).join(quoted) + draw.choice(["", " "])
        )
    return table.separator.join(quoted) + (table.separator if padded else "")
