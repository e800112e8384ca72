"""Which loops over rows and columns can be shared out in two dimensions, and which would race."""

import ast

import pytest

from nettrain.backend.cuda.loop_nests import loop_nest

LINE = "line = z[r, i, first:last]"


def loop(*body: str, width: str = "width", before: str = LINE) -> ast.For:
    """for i in range(rows): `before`; for j in range(width): `body`."""
    lines = [
        "for i in range(rows):",
        f"    {before}",
        f"    for j in range({width}):",
        *(f"        {one}" for one in body),
    ]
    (parsed,) = ast.parse("\n".join(lines)).body
    assert isinstance(parsed, ast.For)
    return parsed


KNOWN = {"z", "r", "rows", "width", "first", "last", "sums", "scale", "largest"}


@pytest.mark.parametrize(
    ("body", "sums"),
    [
        (["line[j] *= scale[j]"], set()),
        (["sums[j] += line[j]"], {"sums"}),
        (["away = line[j] - scale[j]", "sums[j] += away * away", "line[j] = away"], {"sums"}),
    ],
)
def test_what_each_row_and_column_does_alone(body: list[str], sums: set[str]) -> None:
    nest = loop_nest(loop(*body), KNOWN)
    assert nest is not None
    assert nest.sums == sums


@pytest.mark.parametrize(
    "body",
    [
        ["line[j] = line[j + 1]"],  # another column's, written meanwhile
        ["line[j + 1] = scale[j]"],
        ["sums[j] = line[j]"],  # the last row's
        ["sums[j] += line[j]", "line[j] = sums[j]"],  # a sum that is not complete
        ["sums[j] *= line[j]"],
        ["sums[0] += line[j]"],
        ["scale[j] = line[j]", "sums[j] += scale[j]"],
        ["largest = max(largest, line[j])"],  # of outside
        ["largest += line[j]", "line[j] = largest"],
        ["if line[j] > 0:", "    sums[j] += line[j]"],
    ],
)
def test_what_would_race(body: list[str]) -> None:
    assert loop_nest(loop(*body), KNOWN) is None


def test_columns_are_as_many_in_every_row() -> None:
    assert loop_nest(loop("line[j] = 0", width="line.size"), KNOWN) is None


@pytest.mark.parametrize("index", ["0", "i // 2"])
def test_a_view_of_the_row_is_taken_by_its_number(index: str) -> None:
    assert loop_nest(loop("line[j] = scale[j]", before=f"line = z[r, {index}, first:last]"), KNOWN) is None


def test_nothing_is_written_between_the_loops() -> None:
    assert loop_nest(loop("line[j] = 0", before="line = z[r, i]; z[r, 0, 0] = 1"), KNOWN) is None


def test_rows_may_not_choose_where_they_are_summed_up() -> None:
    bins = "line = z[r, i, first:last]; total = sums[b[r, i]]"
    known = KNOWN | {"b"}
    assert loop_nest(loop("total[j] += line[j]", before=bins), known) is None
    assert loop_nest(loop("total[j] += line[j]"), known | {"total"}) is not None
