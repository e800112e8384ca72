"""What a column is, is decided on the training source: a row means the same in every file and format."""

import io

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nettrain.data.columns.profiles import column_profiles
from nettrain.data.guess import guess
from nettrain.data.labelled import read_labelled
from nettrain.data.prepare import prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.sources import read_source
from nettrain.data.settings import DataSettings
from nettrain.errors import DataError
from tests.data.reading import read_rows

NUMBERS = ["01067", "1067", "1.1", "1.10", "250.00", "250", "12345678901234567", "12345678901234568", "1e3"]
CODES = [*NUMBERS, *(f"x{i}" for i in range(6))]  # so many texts are no strays
LABELS = ["00", "01", "1"]


def table(rows=60):
    draw = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "amount": draw.normal(size=rows).round(4),
            "code": [CODES[i % len(CODES)] for i in range(rows)],
            "declared": [NUMBERS[i % len(NUMBERS)] for i in range(rows)],
            "label": [LABELS[i % 3] for i in range(rows)],
        }
    )


def write(frame, path):
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    return str(path)


def fit(source, **keys):
    keys = {"target": "label", "columns": {"categorical": ["declared"]}, "validation": 0} | keys
    return prepare(DataSettings(source=source, **keys), seed=0, dtype="float64").preprocessing


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    return folder, fit(write(table(), folder / "train.csv"))


def test_no_two_codes_are_one(fitted):
    _, preprocessing = fitted
    code, declared = preprocessing.encoders[1:]
    assert (len(CODES), len(NUMBERS)) == (len(code.values), len(declared.values))
    assert tuple(LABELS) == preprocessing.classes


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.integers(0, 59), min_size=1, max_size=8),
    suffix=st.sampled_from([".csv", ".tsv", ".parquet", "memory"]),
    turned=st.booleans(),
)
def test_a_row_means_the_same_beside_any_other_rows(fitted, rows, suffix, turned):
    folder, preprocessing = fitted
    expected = read_labelled(str(folder / "train.csv"), preprocessing)
    frame = table()[rows]
    frame = frame.select(reversed(frame.columns)) if turned else frame
    source = MemoryTables.of(frame) if suffix == "memory" else write(frame, folder / f"new{suffix}")
    read = read_labelled(source, preprocessing)
    np.testing.assert_array_equal(expected.x[rows], read.x)
    np.testing.assert_array_equal(expected.y[rows], read.y)


@pytest.mark.parametrize("suffix", [".tsv", ".parquet"])
def test_every_format_trains_on_the_same_numbers(fitted, suffix):
    folder, preprocessing = fitted
    other = fit(write(table(), folder / f"train{suffix}"))
    assert preprocessing.encoders == other.encoders
    assert preprocessing.target.classes == other.target.classes


def test_files_without_names_keep_spellings_by_position(tmp_path):
    """Also of rows to predict, which lack the target in the middle."""
    frame = table().select("amount", "label", "declared")
    (tmp_path / "train.csv").write_text(frame.write_csv(include_header=False))
    keys = {"target": 1, "columns": {"categorical": [2]}, "header": False}
    preprocessing = fit(str(tmp_path / "train.csv"), **keys)
    assert tuple(LABELS) == preprocessing.classes
    expected = read_rows(str(tmp_path / "train.csv"), preprocessing)
    rows = [4, 5]  # 250.00 and 250
    (tmp_path / "new.csv").write_text(frame[rows].drop("label").write_csv(include_header=False))
    np.testing.assert_array_equal(expected[rows], read_rows(str(tmp_path / "new.csv"), preprocessing))


def test_a_second_source_is_read_as_the_first(tmp_path):
    source = write(table(), tmp_path / "train.csv")
    test = write(table().filter(pl.col("label") == "00"), tmp_path / "test.csv")
    data = prepare(
        DataSettings(source=source, test=test, target="label", columns={"categorical": ["declared"]}),
        seed=0,
        dtype="float64",
    )
    assert {0} == {*data.test.y.tolist()}
    again = read_labelled(test, data.preprocessing)
    np.testing.assert_array_equal(data.test.x, again.x)


IDS = [12345678901234567, 12345678901234568, 2**63 + 1, 2**64 - 1]


@pytest.mark.parametrize("form", ["npz", "parquet", "polars", "list", "csv", "pandas"])
def test_labels_of_twenty_digits_are_exact(form, tmp_path):
    y = np.array(IDS * 10, np.uint64)
    x = np.arange(40.0)
    frame = pl.DataFrame({"x": x, "y": y})
    if form == "npz":
        np.savez(tmp_path / "t.npz", x=x, y=y)
    elif form in ("parquet", "csv"):
        write(frame, tmp_path / f"t.{form}")
    elif form == "pandas":
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame({"x": x, "y": pd.array(y, dtype="UInt64")})
    elif form == "list":
        frame = {"x": x.tolist(), "y": y.tolist()}
    memory = MemoryTables.of(frame) if form in ("polars", "list", "pandas") else None
    source = "memory:train" if memory else str(tmp_path / f"t.{form}")
    data = prepare(
        DataSettings(source=source, target="y", target_kind="classes"), seed=0, dtype="float64", memory=memory
    )
    assert tuple(map(str, IDS)) == data.preprocessing.classes


def test_whole_numbers_of_pandas_with_gaps_are_exact():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": pd.array([12345678901234567, None, 12345678901234568] * 10, dtype="Int64")})
    frame["y"] = range(30)
    settings = DataSettings(source="memory:train", target="y", columns={"categorical": ["id"]})
    data = prepare(settings, seed=0, dtype="float64", memory=MemoryTables.of(frame))
    assert ("12345678901234567", "12345678901234568") == data.preprocessing.encoders[0].values


def test_a_column_of_codes_takes_numbers_of_a_typed_file_by_value(tmp_path):
    frame = pl.DataFrame({"code": ["1.10", "1.20"] * 20, "y": range(40)})
    preprocessing = fit(write(frame, tmp_path / "t.csv"), target="y", columns={"categorical": ["code"]})
    typed = pl.DataFrame({"code": [1.2, 1.1, 1.3]})
    assert [[0, 1], [1, 0], [0.5, 0.5]] == read_rows(MemoryTables.of(typed), preprocessing).tolist()


def test_an_unknown_spelling_of_a_class_is_refused_with_the_known_one(tmp_path):
    source = write(table(), tmp_path / "train.csv")
    preprocessing = fit(source)
    rows = table()[:1].with_columns(label=pl.lit("01.0"))
    with pytest.raises(DataError) as caught:
        read_labelled(write(rows, tmp_path / "new.csv"), preprocessing)
    assert str(caught.value).endswith(
        'new.csv:2: target "label": class "01.0" is not in the training data, did you mean "01"?'
    )


def test_csv_of_a_compressed_stream_is_read_alike(fitted):
    import gzip

    folder, preprocessing = fitted
    buffer = io.BytesIO()
    table().write_csv(buffer)
    (folder / "z.csv.gz").write_bytes(gzip.compress(buffer.getvalue()))
    plain = read_labelled(str(folder / "train.csv"), preprocessing)
    np.testing.assert_array_equal(plain.x, read_labelled(str(folder / "z.csv.gz"), preprocessing).x)


def csv_rows(path, header, cells, rows=80):
    lines = [f"{i},{cells[i % len(cells)]},{i % 7}" for i in range(rows)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return str(path)


@pytest.mark.parametrize("cells", [["00", "01"], ["12345678901234567890", "12345678901234567891"]])
def test_init_sees_classes_as_the_file_spells_them(tmp_path, cells):
    found = guess(csv_rows(tmp_path / "l.csv", "x,y,z", cells), "y")
    assert {*cells} == {*found.classes}
    assert found.positive[0] in cells


def test_codes_that_are_taken_as_amounts_are_pointed_out(tmp_path):
    source = csv_rows(tmp_path / "t.csv", "x,plz,y", ["01067", "1067", "04103"])
    data = prepare(DataSettings(source=source, target="y"), seed=0, dtype="float64")
    (note,) = [note for note in data.notes if "codes" in note]
    assert 'column "plz": cells such as "01067" look like codes, taken as amounts' in note
    plz = next(
        column
        for column in column_profiles(read_source(source, ReadOptions(), seed=0).table)
        if column.name == "plz"
    )
    assert ("numbers", 3) == (plz.kind, plz.distinct)


def test_long_numbers_are_no_constant(tmp_path):
    source = csv_rows(tmp_path / "t.csv", "x,id,y", [str(12345678901234567890 + k) for k in range(3)])
    data = prepare(DataSettings(source=source, target="y"), seed=0, dtype="float64")
    assert not [note for note in data.notes if "in every training row" in note]
    assert [note for note in data.notes if 'cells such as "12345678901234567890" look like codes' in note]
