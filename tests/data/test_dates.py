"""Dates as numbers: their components, gaps, and cells that are no dates."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from nettrain.data.columns.cell_inputs import CellInputs
from nettrain.data.columns.column_formats import detect_formats
from nettrain.data.columns.dates import DateColumn, is_dates
from nettrain.data.columns.encoding import encoder_from_json, fit_encoders
from nettrain.data.columns.numbers import NumberColumn
from nettrain.data.tables.table import Table
from nettrain.errors import DataError


def formatted(cells, **known):
    table = Table.of({"d": cells}, "x.csv")
    return replace(table, formats=detect_formats(table, ["d"], **known).formats)


def fitted(cells, train=None, **roles):
    table = formatted(cells)
    rows = np.arange(table.height) if train is None else np.array(train)
    encoders, notes = fit_encoders(table, ["d"], rows, **roles)
    return encoders, notes, table


def test_days_become_their_components():
    (encoder,), notes, table = fitted(["2024-02-29", "2023-12-31", "2024-01-01"])
    assert [[2024, 2, 4, 60], [2023, 12, 7, 0], [2024, 1, 1, 1]] == encoder.encode(table).tolist()
    assert ("d year", "d month", "d day of week", "d days since 2023-12-31") == encoder.features
    assert ("number",) * 4 == encoder.kinds
    assert ['column "d": dates, taken as year, month, day of week, days since 2023-12-31'] == notes


def test_hours_count_where_there_are_some():
    (encoder,), _, table = fitted(["2024-02-28 06:00", "2024-02-28T18:30:00", "2024-02-28 18:30:00.5"])
    assert ("d hour", "d days since 2024-02-28") == encoder.features
    np.testing.assert_allclose(
        encoder.encode(table), [[6, 0], [18, 0.5 + 1 / 48], [18, 0.5 + 1 / 48 + 0.5 / 86400]], atol=1e-10
    )


def test_constant_components_are_those_of_the_training_rows():
    (encoder,), _, table = fitted(["2024-01-01", "2024-01-08", "2025-06-05"], train=[0, 1])
    assert ("d days since 2024-01-01",) == encoder.features
    assert [[0], [7], [521]] == encoder.encode(table).tolist()


def test_gaps_get_medians_and_a_mark():
    cells = ["2024-01-01", None, "2024-01-03", "2024-01-08"]
    (encoder,), notes, table = fitted(cells, inputs=CellInputs(mark_gaps_from=1))
    assert [[1, 0, 0], [1, 2, 1], [3, 2, 0], [1, 7, 0]] == encoder.encode(table).tolist()
    assert ("d day of week", "d days since 2024-01-01", "d is missing") == encoder.features
    assert ("number", "number", "indicator") == encoder.kinds
    assert 'column "d": 1 gap in the training rows filled with medians; a 0/1 input marks gaps' == notes[1]
    assert encoder == encoder_from_json(encoder.to_json())
    (encoder,), notes, _ = fitted(cells, inputs=CellInputs(mark_gaps_from=2))
    assert [[1, 0], [1, 2], [3, 2], [1, 7]] == encoder.encode(table).tolist()
    assert ("number", "number") == encoder.kinds
    assert 'column "d": 1 gap in the training rows filled with medians' == notes[1]


def test_gaps_that_training_rows_lack_get_medians_alone():
    (encoder,), _, table = fitted(["2024-01-01", "2024-01-03", None], train=[0, 1])
    assert [[1, 0], [3, 2], [2, 1]] == encoder.encode(table).tolist()


def test_a_constant_date_is_left_out_and_so_is_a_column_without_one():
    for cells, note in (
        (["2024-01-01", "2024-01-01"], "2024-01-01 in every training row, left out"),
        (["2024-01-01", None], "2024-01-01 in every training row that has one, left out"),
    ):
        encoders, notes, _ = fitted(cells)
        assert ([], [f'column "d": {note}']) == (encoders, notes)
    encoders, notes, _ = fitted([None, "2024-01-01"], train=[0])
    assert ([], ['column "d": no value in any training row, left out']) == (encoders, notes)


def test_dates_of_a_typed_column_are_dates():
    days = [date(2024, 1, 1), None, date(2024, 1, 3)]
    times = [datetime(2024, 1, 1, 5), None, datetime(2024, 1, 3, 6)]
    zoned = [datetime(2024, 1, 1, 5, tzinfo=UTC), None, datetime(2024, 1, 3, 6, tzinfo=UTC)]
    for cells in (days, times, zoned):
        assert isinstance(fitted(cells)[0][0], DateColumn)
    np.testing.assert_array_equal(
        *(fitted(cells)[0][0].encode(Table.of({"d": times})) for cells in (times, zoned))
    )


def test_offsets_are_converted_to_utc():
    (encoder,), _, table = fitted(["2024-01-01T00:00:00Z", "2024-01-01 02:00:00+02:00", "2024-01-01 05:00"])
    np.testing.assert_allclose(encoder.encode(table), [[0, 0], [0, 0], [5, 5 / 24]], rtol=1e-15)


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-01-01", "soon"],
        ["2024-13-01"],
        ["2024-02-30"],
        ["20240101", "20240102"],
        ["1/2/2024"],
        ["x2024-01-01"],
        [2024, 2025],
        [None, None],
    ],
)
def test_these_are_no_dates(cells):
    assert not is_dates(formatted(cells), "d")


def test_a_date_may_be_a_category_and_as_numbers_is_its_components():
    cells = ["2024-01-01", "2024-01-02"]
    assert ("2024-01-01", "2024-01-02") == fitted(cells, categorical=["d"])[0][0].values
    assert isinstance(fitted(cells, numeric=["d"])[0][0], DateColumn)
    assert isinstance(fitted(["20240101", "20240102"])[0][0], NumberColumn)


def test_json_keeps_it():
    (encoder,), _, _ = fitted(["2024-01-01 05:30:10.25", None, "2023-01-03 06:00"])
    assert encoder == encoder_from_json(encoder.to_json())


def test_a_new_cell_that_is_no_date_is_refused_with_its_row():
    (encoder,), _, _ = fitted(["2024-01-01", "2024-01-03"])
    with pytest.raises(DataError) as caught:
        encoder.encode(Table.of({"d": ["2024-01-01", "soon", "late"]}, "new.csv"))
    assert (
        'new.csv row 2: column "d": "soon" is not a date (and 1 more); '
        "write it like 2024-02-29 or leave it empty" == str(caught.value)
    )


def test_typed_dates_are_read_whatever_the_format_of_the_training_source():
    (encoder,), _, trained = fitted(["31.12.2024 07:00", "01.01.2024 18:00", "15.06.2023 07:00"])
    assert isinstance(encoder, DateColumn)
    typed = Table.of({"d": [datetime(2024, 12, 31, 7), datetime(2024, 1, 1, 18), datetime(2023, 6, 15, 7)]})
    text = Table.of({"d": ["2024-12-31 07:00:00", "2024-01-01 18:00:00", "2023-06-15 07:00:00"]})
    for table in (replace(one, formats=trained.formats) for one in (typed, text)):
        np.testing.assert_array_equal(encoder.encode(trained), encoder.encode(table))
        assert not encoder.invalid_cells(table)[0].any()
        assert [] == encoder.deviations(table)
    untyped = replace(text, formats=trained.formats, typed=False)
    assert encoder.invalid_cells(untyped)[0].all()
