"""YAML 1.2 scalars, duplicate keys, tags, and that what is written is read back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettrain.errors import SpecError
from nettrain.experiment.document import dump, parse

SCALARS = [
    ("1e-4", 1e-4),
    ("1E5", 1e5),
    ("+1.5e+3", 1500.0),
    (".5", 0.5),
    ("-.5", -0.5),
    ("1.", 1.0),
    ("0.0", 0.0),
    ("017", 17),
    ("0o17", 15),
    ("0x1F", 31),
    ("+3", 3),
    ("-3", -3),
    ("0", 0),
    (".inf", math.inf),
    ("-.INF", -math.inf),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("", None),
    ("no", "no"),
    ("yes", "yes"),
    ("on", "on"),
    ("off", "off"),
    ("y", "y"),
    ("tRUE", "tRUE"),
    ("NaN", "NaN"),
    ("nan", "nan"),
    ("inf", "inf"),
    ("1_000", "1_000"),
    ("0b11", "0b11"),
    ("-0x1F", "-0x1F"),
    ("1:30", "1:30"),
    ("2026-11-21", "2026-11-21"),
    ("1.2.3", "1.2.3"),
    (".", "."),
    ("=", "="),
    ("'1'", "1"),
    ('"true"', "true"),
    ("'null'", "null"),
    ("''", ""),
    ('"1e-4"', "1e-4"),
]


@pytest.mark.parametrize(("text", "expected"), SCALARS)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text, expected):
    value = parse(f"key: {text}", "f").values["key"]
    assert (type(expected), expected) == (type(value), value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_nan_is_a_number_with_a_dot(text):
    assert math.isnan(parse(text, "f").values)


def test_keys_are_text_as_written():
    assert {"1": "a", "true": "b", "no": "c", "null": "d"} == parse(
        "{1: a, true: b, no: c, null: d}", "f"
    ).values


def test_locations_of_keys_and_items():
    document = parse("a: 1\nb:\n  c: 2\n  d:\n    - 3\n    - 4\n", "f.yaml")
    assert "f.yaml:3" == document.location(("b", "c"))
    assert "f.yaml:6" == document.location(("b", "d", 1))
    assert "f.yaml:2" == document.location(("b", "nothing", "here"))
    assert "f.yaml:1" == document.location(("nothing",))


PROBLEMS = [
    ("a: 1\nb: 2\na: 3\n", ["f:3: a: given twice, first at f:1"]),
    ("b:\n  c: 1\n  d: 2\n  c: 3\n", ["f:4: b.c: given twice, first at f:2"]),
    ("- a: 1\n  a: 2\n", ["f:2: 0.a: given twice, first at f:1"]),
    ("a: {b: 1, b: 2}\n", ["f:1: a.b: given twice"]),
    ("a: 1\n'a': 2\n", ["f:2: a: given twice, first at f:1"]),
    ("a: !!int 3\n", ["f:1: a: the tag !!int is not allowed"]),
    ("a: !!int x\n", ["f:1: a: the tag !!int is not allowed"]),
    ("a: 1\nb: !own {c: 1}\n", ["f:2: b: the tag !own is not allowed"]),
    ("a: [!!set {}]\n", ["f:1: a.0: the tag !!set is not allowed"]),
    (
        "!!python/object/apply:os.getcwd []\n",
        ["f:1: the tag !!python/object/apply:os.getcwd is not allowed"],
    ),
    ("a: !!str 3\n", ["f:1: a: the tag !!str is not allowed"]),
    ("a: ! 3\n", ["f:1: a: the tag ! is not allowed"]),
    ('a: "x\\0y"\n', ["f:1: a: the character U+0000 is not allowed"]),
    ('a: ["\\ud800"]\n', ["f:1: a.0: the character U+D800 is not allowed"]),
    ('"a\\0": 1\n', ["f:1: the character U+0000 is not allowed"]),
    ("a:\n  [1]: 2\n", ["f:2: a: a key must be plain text"]),
    ("? {a: b}\n: c\n", ["f:1: a key must be plain text"]),
    ("!!str a: 1\n", ["f:1: a key must be plain text"]),
    (f"a: {'9' * 2000}\n", ["f:1: a: a number of 2,000 digits is too long"]),
    (
        "a: 1\na: 2\nb: !x 3\na: 3\n",
        [
            "f:2: a: given twice, first at f:1",
            "f:3: b: the tag !x is not allowed",
            "f:4: a: given twice, first at f:1",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), PROBLEMS)
def test_a_problem_of_the_text_is_reported_with_its_line(text, expected):
    assert expected == parse(text, "f").problems


NO_YAML = [
    (
        "a: 1\nb: [1\n",
        "f:3: not valid YAML: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'",
    ),
    (
        "a:\n\t- b\n",
        "f:2: not valid YAML: while scanning for the next token, "
        "found character '\\t' that cannot start any token",
    ),
    ("a: b: c\n", "f:1: not valid YAML: mapping values are not allowed here"),
    (
        "a: 1\n---\nb: 2\n",
        "f:2: not valid YAML: expected a single document in the stream, but found another document",
    ),
    ("a: *x\n", "f:1: not valid YAML: found undefined alias 'x'"),
    ("a: 1\nb: \x01\n", "f:2: not valid YAML: the character U+0001 is not allowed"),
    ("a: &x [*x]\n", "f: nested too deeply"),
    ("[" * 5000, "f: nested too deeply"),
]


@pytest.mark.parametrize(("text", "expected"), NO_YAML)
def test_invalid_yaml_is_one_line_with_its_location(text, expected):
    with pytest.raises(SpecError) as caught:
        parse(text, "f")
    assert (expected,) == caught.value.problems


def test_a_value_without_lines_is_named_by_its_label():
    assert ["override: a: given twice"] == parse("{a: 1, a: 2}", "override", lines=False).problems


TRICKY = st.sampled_from(
    [text.strip("'\"") for text, _ in SCALARS] + ["<<", "a: b", "# c", "- d", "&e", "!f"]
)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | TRICKY
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def typed(value):
    """The value with the type of each scalar beside it: True is not 1 here."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return type(value), repr(value)


@given(PLAIN)
def test_what_is_written_is_read_back(value):
    document = parse(dump(value), "f")
    assert (typed(value), []) == (typed(document.values), document.problems)


@given(PLAIN)
def test_what_is_written_on_one_line_is_read_back(value):
    assert typed(value) == typed(parse(dump(value, one_line=True), "f").values)


def test_short_lists_stay_on_one_line_and_nothing_is_an_alias():
    shared = [1, 2]
    assert "a: [1, 2]\nb: [1, 2]\nc:\n  d:\n    - [1, 2]\n" == dump(
        {"a": shared, "b": shared, "c": {"d": [shared]}}
    )
