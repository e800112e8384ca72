"""Functions that an exported module takes along, as they stand in it."""

from collections.abc import Collection, Iterator

from nettrain.data.columns.words import LETTERS

NUMBERS = '''
def numbers(values):
    """The cells of a column as numbers (N,), NaN in gaps."""
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return array.astype(float)
    truth = {"true": 1.0, "false": 0.0}
    texts = [str(value).strip() for value in array.tolist()]
    read = [truth.get(one.lower(), one) for one in texts]
    return np.array([np.nan if one in GAPS else float(one) for one in read])
'''
TEXTS = '''
def texts(values):
    """The cells of a column as a list of texts, "" in gaps."""

    def text(value):
        gap = not isinstance(value, str) and str(value) in ("None", "nan", "<NA>")
        return "" if gap else str(value)

    return [text(value) for value in values]
'''
DATES = '''
def dates(values):
    """The cells of a column of dates as seconds since 1970 (N,), NaN in gaps."""
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return array.astype(float)
    if array.dtype.kind != "M":
        texts = [str(value).strip() for value in array.tolist()]
        texts = ["NaT" if one in GAPS else one for one in texts]
        array = np.array(texts, "datetime64[us]")
    return (array - np.datetime64(0, "us")) / np.timedelta64(1, "s")
'''
POSITIONS = '''
def positions(texts, table, other):
    """The position (N,) of each text in a table, `other` of those that it lacks."""
    return np.array([table.get(text, other) for text in texts], np.int64)
'''
HAS_WORD = '''
WORD = re.compile("[LETTERS]+")


def has_word(texts, word):
    """Whether each text has a word (N,), with letters from A to Z in any case."""
    lower = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    texts = [text.translate(lower) for text in texts]
    return np.array([word in WORD.findall(text) for text in texts], bool)
'''.replace("LETTERS", LETTERS.encode("unicode_escape").decode())
SIGMOID = '''
def sigmoid(x):
    """1/(1+e^-x), which overflows nowhere."""
    return np.exp(np.minimum(x, 0.0)) / (1.0 + np.exp(-np.abs(x)))
'''
ERFC = '''
def erfc(x):
    """The complementary error function."""
    return np.array([math.erfc(value) for value in x.ravel()], x.dtype).reshape(x.shape)
'''
NORMAL_QUANTILE = '''
def normal_quantile(p):
    """Below which value a normal variable lies with probability p."""
    ends, inverse = {0.0: -np.inf, 1.0: np.inf}, NormalDist().inv_cdf
    values = [ends[one] if one in ends else inverse(one) for one in p.ravel().tolist()]
    return np.array(values, p.dtype).reshape(p.shape)
'''
DECODED = '''
def decoded(dtype, shape, text):
    """An array from a block of base64."""
    little = np.dtype(dtype).newbyteorder("<")
    return np.frombuffer(base64.b64decode(text), little).reshape(shape)
'''
BY_OPERATION = {
    **{"has_word": HAS_WORD, "lookup": POSITIONS},
    **{"expit": SIGMOID, "erfc": ERFC, "ndtri": NORMAL_QUANTILE},
}
BY_KIND = {"number": NUMBERS, "text": TEXTS, "date": DATES}
IMPORTS = {
    "math.": "import math",
    "re.compile": "import re",
    "base64.": "import base64",
    "NormalDist": "from statistics import NormalDist",
}


def helpers(kinds: Collection[str], operations: Collection[str], *, packed: bool) -> Iterator[str]:
    """The functions that read columns of these kinds and compute these operations."""
    yield from (text for kind, text in BY_KIND.items() if kind in kinds)
    yield from (text for operation, text in BY_OPERATION.items() if operation in operations)
    if packed:
        yield DECODED


def imports(code: str) -> list[str]:
    """The standard modules that code needs, in order."""
    needed = [line for sign, line in IMPORTS.items() if sign in code]
    every = [*needed, "import argparse", "import csv", "import sys"]
    return sorted(every, key=lambda line: (line.startswith("from"), line))
