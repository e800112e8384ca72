"""Exact tables of what an experiment file can name."""

from io import StringIO

import pytest
from rich.cells import cell_len

from nettrain.errors import SpecError
from nettrain.experiment.reference.kinds import (
    REGISTRIES,
    CatalogueEntry,
    VariantSetting,
    allowed,
    entries,
    kinds,
)
from nettrain.output.catalogue import details, overview
from nettrain.output.console import Console
from nettrain.output.numbers import setting

RATE = VariantSetting("rate", 0.01, "> 0", "step size", True)
FORM = VariantSetting(
    "form", "old", "old | new", "old: as it was; new: as it will be, which takes more words to say", False
)
ENTRIES = [
    CatalogueEntry("plain", "w -= g", (RATE,), "Somebody 1951"),
    CatalogueEntry(
        "heavy", "v = μv + g; w -= v, for those who like it heavy", (RATE, FORM), "", (("fits", "classes"),)
    ),
]


def drawn(draw, *arguments, width=80):
    console = Console(file=StringIO(), width=width)
    draw(console, *arguments)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


DETAILS_80 = """\
plain
  w -= g
  source: Somebody 1951

heavy
  v = μv + g; w -= v, for those who like it heavy
  fits: classes
  form  old  old | new  old: as it was; new: as it will be, which takes more
                        words to say

every rule also has
  rate*  0.01  > 0  step size

* may differ between the members of a population"""


def test_details_at_80_and_120_columns():
    assert DETAILS_80 == drawn(details, "rule", ENTRIES)
    wide = DETAILS_80.replace("takes more\n                        words", "takes more words")
    assert wide == drawn(details, "rule", ENTRIES, width=120)


def test_overview_at_80_columns():
    expected = """\
rule
  plain  w -= g
  heavy  v = μv + g; w -= v, for those who like it heavy

nettrain list KIND shows a kind with its numbers, ranges and sources."""
    assert expected == drawn(overview, {"rule": ENTRIES})


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("kind", kinds())
def test_every_kind_fits_the_width(kind, width):
    text = drawn(details, kind, entries(kind), width=width)
    assert [] == [line for line in text.splitlines() if cell_len(line) > width or "…" in line]


@pytest.mark.parametrize("kind", REGISTRIES)
def test_every_variant_says_what_it_does(kind):
    assert list(REGISTRIES[kind]) == [entry.name for entry in entries(kind)]
    assert [] == [entry.name for entry in entries(kind) if not entry.meaning]
    bare = [f"{e.name}.{n.name}" for e in entries(kind) for n in e.numbers if not (n.meaning and n.range)]
    assert [] == bare


def test_data_name_their_target_and_origin():
    shipped = [entry for entry in entries("data") if entry.name.startswith("builtin:")]
    assert all(entry.source and dict(entry.facts)["target"] for entry in shipped)


def test_an_unknown_kind_is_refused():
    with pytest.raises(SpecError, match='"optimiser", did you mean "optimizer"'):
        entries("optimiser")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": "number", "exclusiveMinimum": 0}, "> 0"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "0 ≤ x < 1"),
        ({"type": "number"}, "number"),
        ({"type": "integer", "minimum": 1}, "whole number ≥ 1"),
        ({"type": "number", "maximum": 2.5}, "≤ 2.5"),
        ({"enum": ["a", "b"]}, "a | b"),
        ({"const": "full"}, "full"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "true | false or null"),
    ],
)
def test_ranges_in_a_few_signs(field, expected):
    assert expected == allowed(field)


def test_settings_as_a_file_spells_them():
    spelled = [setting(value) for value in (True, None, 1e-8, [0.0, 1.0], {"a": 2}, "adam", 3)]
    assert ["true", "null", "1e-08", "[0, 1]", "{a: 2}", "adam", "3"] == spelled
