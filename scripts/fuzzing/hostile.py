"""Values that nobody expects where they stand."""

from random import Random

NUMBERS = (
    *(0, -1, 1, 2, 3.5, 0.1, -0.0, 1e-300, 1e300, 1e308, -1e308, 0.9999999999),
    *(2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, 10**400),
    *(float("nan"), float("inf"), float("-inf")),
)
TEXTS = (
    *(
        "",
        " ",
        "\n",
        "\t",
        "\0",
        "\r",
        "a\0b",
        "a\nb",
        "auto",
        "none",
        "null",
        "true",
        "nan",
        "inf",
        "1e5",
        "0x1F",
    ),
    *("🙂", "é", "e\u0301", "\u202e", "\u200b", "ﬁ", "İ", "\x1b[31mred\x1b[0m", "\x07", "\x9b", "\ufeff"),
    *(
        "../..",
        "../../etc/passwd",
        "/",
        ".",
        "~",
        "-",
        "--help",
        "=",
        "a=b",
        "[bold]x[/bold]",
        "[/]",
        "{",
        "%s",
    ),
    *(
        "${HOME}",
        "$(id)",
        "`id`",
        "'; --",
        "<script>alert(1)</script>",
        "=1+1",
        "CON",
        "a" * 300,
        "b" * 100_000,
    ),
)
OTHERS = (None, True, False, [], {}, [[]], [None], {"": None}, [1, "a"], {"name": "x"}, {"a": {"b": {}}})
# What the writers of JSON and YAML would not write: text that takes the place of a marker
RAW = {
    "@raw-deep@": "[" * 300 + "]" * 300,
    "@raw-abyss@": "[" * 100_000 + "]" * 100_000,
    "@raw-deeper keys@": '{"a":' * 3000 + "1" + "}" * 3000,
    "@raw-digits@": "9" * 5000,
    "@raw-exponent@": "1e999",
    "@raw-surrogate@": '"\\ud800"',
    "@raw-pair@": '"\\ud83d\\ude42"',
    "@raw-nul@": '"\\u0000"',
    "@raw-escape@": '"\\u001b[2J"',
    "@raw-long list@": "[" + "0," * 200_000 + "0]",
    "@raw-long text@": '"' + "x" * 3_000_000 + '"',
    "@raw-not a number@": "NaN",
}


def number(draw: Random) -> int | float:
    """A number at the border of what can be represented, or of what makes sense."""
    return draw.choice(NUMBERS)


def text(draw: Random) -> str:
    """Text with characters that mean something to somebody."""
    return draw.choice(TEXTS)


def value(draw: Random) -> object:
    """A value of any kind; markers in it become raw text where a file is written."""
    kind = draw.randrange(4)
    if kind == 0:
        return number(draw)
    if kind == 1:
        return text(draw)
    return draw.choice(OTHERS) if kind == 2 else draw.choice(list(RAW))


def with_raw_text(written: str) -> str:
    """A JSON or YAML text with raw text in the place of its markers."""
    for marker, raw in RAW.items():
        for quoted in (f'"{marker}"', f"'{marker}'", marker):
            written = written.replace(quoted, raw)
    return written
