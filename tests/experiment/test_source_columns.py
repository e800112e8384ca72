"""The columns that a network's inputs come from, as its layers know them."""

from nettrain.data.prepare import prepare
from nettrain.data.settings import DataSettings
from nettrain.experiment.task import source_columns
from nettrain.model.input_columns import SourceColumn, kinds_of


def columns_of(source: str, **keys: object) -> tuple[SourceColumn, ...]:
    prepared = prepare(DataSettings(source=source, **keys), seed=1, dtype="float64")
    columns = source_columns(prepared.preprocessing)
    assert len(kinds_of(columns)) in (prepared.preprocessing.inputs, 0)
    return columns


def test_every_column_says_what_its_inputs_are() -> None:
    island, bill, *others, sex = columns_of("builtin:penguins")
    assert SourceColumn(("indicator",) * 3) == island
    assert SourceColumn(("number",)) == bill
    assert [bill] * 3 == others
    assert SourceColumn(("indicator",) * 2) == sex


def test_plain_numbers_need_no_columns() -> None:
    assert columns_of("builtin:iris") == ()
