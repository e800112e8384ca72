"""Roles of columns: by name or position, one each."""

import pytest

from nettrain.data.columns.roles import Columns, Roles
from nettrain.data.tables.table import Table
from nettrain.errors import DataError

TABLE = Table.of({"id": [1], "age": [2], "city": ["x"], "w": [1], "y": [0]}, "x.csv")


def test_names_stand_for_positions_and_the_rest_are_inputs():
    columns = Columns(ignore=[0], categorical=["city"], numeric=[1], weight=-2)
    roles = columns.resolve(TABLE, ["y"])
    assert Roles(("id",), ("city",), ("age",), (), "w", None) == roles
    assert ["age", "city"] == roles.inputs(TABLE, ["y"])
    assert Columns(ignore=["id"], categorical=["city"], numeric=["age"], weight="w") == roles.columns()


def test_a_name_goes_before_a_position():
    table = Table.of({"1": [1], "0": [2], "y": [0]})
    assert ("0",) == Columns(ignore=[0]).resolve(table, ["y"]).ignore
    assert ("1",) == Columns(ignore=["1"]).resolve(table, ["y"]).ignore
    assert ("age",) == Columns(ignore=["1"]).resolve(TABLE, ["y"]).ignore


def test_without_roles_all_but_the_target_are_inputs():
    assert ["id", "age", "city", "w"] == Columns().resolve(TABLE, ["y"]).inputs(TABLE, ["y"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"ignore": ["cty"]}, 'data.columns.ignore: x.csv: no column "cty", did you mean "city"?'),
        ({"weight": "?"}, 'data.columns.weight: x.csv: no column "?" (allowed: id, age, city, w, y)'),
        ({"numeric": [7]}, "data.columns.numeric: 7 is not a position in x.csv, of 5 columns"),
        ({"ignore": ["age", 1]}, 'data.columns.ignore: "age" is named twice'),
        (
            {"ignore": ["age"], "numeric": ["age"]},
            'data.columns.numeric: "age" is in data.columns.ignore too',
        ),
        ({"weight": "w", "group": "w"}, 'data.columns.group: "w" is in data.columns.weight too'),
        ({"categorical": ["y"]}, 'data.columns.categorical: "y" is in data.target too'),
    ],
)
def test_refuses_a_column_with_two_roles_or_none(columns, message):
    with pytest.raises(DataError) as caught:
        Columns(**columns).resolve(TABLE, ["y"])
    assert message == str(caught.value)
