"""Categories as codes and signs, scaled indicators, and gaps that a scaling sees."""

import json

import numpy as np
import pytest
from scipy.special import ndtri

from nettrain.data.columns.categories import CategoryColumn
from nettrain.data.columns.cell_inputs import CellInputs
from nettrain.data.columns.encoding import fit_encoders
from nettrain.data.deviations import compare_with_training
from nettrain.data.giveaways import giveaways
from nettrain.data.prepare import Prepared, prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.tables.table import Table
from nettrain.errors import StoredContentError


def fitted(cells, inputs, train=None):
    table = Table.of({"c": cells})
    rows = np.arange(table.height) if train is None else np.array(train)
    (encoder,), notes = fit_encoders(table, ["c"], rows, inputs=inputs)
    return encoder, notes, table


def prepared(frame, **keys) -> Prepared:
    settings = DataSettings(source="memory:train", target="y", validation=0, **keys)
    return prepare(settings, seed=1, dtype="float64", memory=MemoryTables.of(frame))


def test_codes_are_whole_numbers_and_0_is_missing_or_unseen():
    encoder, notes, table = fitted(["b", "a", None, "c", "new"], CellInputs(one_hot_up_to=3), [0, 1, 2, 3])
    assert CategoryColumn("c", ("a", "b", "c"), encoding="code") == encoder
    assert [2, 1, 0, 3, 0] == encoder.encode(table)[:, 0].tolist()
    assert (("c",), ("category",), 4) == (encoder.features, encoder.kinds, encoder.categories)
    assert [
        'column "c": 1 gap in the training rows, a category of their own',
        'column "c": more than 3 categories, embedded by their codes (data.one_hot_up_to)',
    ] == notes


@pytest.mark.parametrize(
    ("most", "encoding"), [(None, "indicators"), (4, "indicators"), (3, "code"), (1, "code")]
)
def test_the_missing_category_counts(most, encoding):
    encoder, _, _ = fitted(["a", "b", "c"], CellInputs(one_hot_up_to=most))
    assert encoding == encoder.encoding
    assert (4 if encoding == "code" else 0) == encoder.categories


def test_rare_values_share_a_code_with_unseen_ones():
    inputs = CellInputs(most=2, one_hot_up_to=3)
    encoder, notes, _ = fitted(["a", "a", "b", "b", "x", "y"], inputs)
    assert [1, 2, 3, 3, 0] == encoder.encode(Table.of({"c": ["a", "b", "y", "new", None]}))[:, 0].tolist()
    assert 4 == encoder.categories
    assert (
        'column "c": 4 different values; the 2 most frequent get a code each (data.max_categories), '
        "the rest (2) share a code"
    ) == notes[-1]


def test_a_sign_tells_two_categories_apart():
    encoder, notes, table = fitted(["no", "yes", None, "maybe"], CellInputs(2, 1, sign=True), [0, 1, 2])
    assert [-1, 1, 0, 0] == encoder.encode(table)[:, 0].tolist()
    assert (("c = yes",), ("indicator",), 0) == (encoder.features, encoder.kinds, encoder.categories)
    assert ['column "c": 1 gap in the training rows, which become 0'] == notes


@pytest.mark.parametrize("cells", [["a", "a"], ["a", "b", "c"]])
def test_no_other_number_of_categories_has_a_sign(cells):
    assert "indicators" == fitted(cells, CellInputs(sign=True))[0].encoding
    assert "indicators" == fitted(cells, CellInputs(1, sign=True))[0].encoding


COLORS = ["red", "blue", "green", "red", "red"] * 20
FRAME = {
    "color": COLORS,
    "sex": ["m", "f"] * 50,
    "age": [str(age) if age % 9 else None for age in range(100)],
    "y": ["yes" if color == "red" else "no" for color in COLORS],
}


def test_json_keeps_codes_and_signs():
    data = prepared(FRAME, one_hot_up_to=3, binary_categories="sign", scale_indicators=True)
    again = Preprocessing.from_json(json.loads(json.dumps(data.preprocessing.to_json())))
    table = Table.of({"color": ["red", "pink", None], "sex": ["m", None, "x"], "age": ["7", None, "9"]})
    assert ("code", "sign") == tuple(one.encoding for one in again.encoders[:2])
    np.testing.assert_array_equal(data.preprocessing.encode(table), again.encode(table))
    assert [3, 0, 0] == again.encode(table)[:, 0].tolist()


def test_a_file_from_before_has_one_hot_categories():
    stored = prepared(FRAME).preprocessing.to_json()
    expected = Preprocessing.from_json(stored)
    del stored["scale_indicators"]
    for column in stored["inputs"]:
        column.pop("encoding", None)
    again = Preprocessing.from_json(stored)
    assert (expected.encoders, False) == (again.encoders, again.scale_indicators)


def test_indicators_are_scaled_where_that_is_wanted_and_codes_never():
    data = prepared(FRAME, one_hot_up_to=3, binary_categories="sign", scale_indicators=True)
    code, sign, age, gap = data.train.x.T
    assert {1, 2, 3} == set(code)
    for scaled in (sign, age, gap):
        np.testing.assert_allclose([scaled.mean(), scaled.std()], [0, 1], atol=1e-12)
    plain = prepared(FRAME, one_hot_up_to=3, binary_categories="sign").train.x.T
    assert ({-1, 1}, {0, 1}) == (set(plain[1]), set(plain[3]))


def test_one_hot_indicators_are_scaled_as_realmlp_does():
    data = prepared(FRAME, scaling="robust_clip", scale_indicators=True)
    blue = data.train.x[:, data.preprocessing.feature_names.index("color = blue")]
    # a fifth are 1, so that the quartiles are 0, and half the range is 1/2
    expected = np.where(np.array(COLORS) == "blue", 2 / np.sqrt(1 + 4 / 9), 0)
    np.testing.assert_allclose(np.sort(blue), np.sort(expected))


def test_gaps_are_0_by_quantiles_and_do_not_count():
    data = prepared(FRAME, scaling={"name": "quantile", "noise": 0.0})
    age, gap = (
        data.train.x[:, data.preprocessing.feature_names.index(name)] for name in ("age", "age is missing")
    )
    assert (age[gap == 1] == 0).all()
    ages = np.array([float(cell) for cell in FRAME["age"] if cell])
    knots = np.quantile(ages, np.linspace(0, 1, 10))
    new = data.preprocessing.encode(Table.of({"color": ["red"], "sex": ["m"], "age": ["50"]}))
    assert ndtri(np.interp(50, knots, np.linspace(0, 1, 10))) == pytest.approx(new[0, -2], abs=1e-12)


@pytest.mark.parametrize(
    "keys",
    [
        {"one_hot_up_to": 3},
        {"scale_indicators": True, "scaling": "robust_clip"},
        {"scale_indicators": True, "scaling": "minmax"},
        {},
    ],
)
def test_a_column_of_categories_that_gives_the_target_away_is_found(keys):
    data = prepared(FRAME, **keys)
    assert {"color": "alone tells the classes apart"} == giveaways(data.preprocessing, data.train)


def test_unseen_values_and_gaps_deviate_under_every_encoding():
    table = Table.of({"color": ["pink", None], "sex": ["x", "m"], "age": ["7", "8"]})
    plain = compare_with_training(table, prepared(FRAME).preprocessing).lines("rows")
    coded = prepared(FRAME, one_hot_up_to=3, binary_categories="sign").preprocessing
    assert plain == compare_with_training(table, coded).lines("rows")
    assert len(plain) == 2


def test_a_damaged_file_is_refused():
    stored = prepared(FRAME).preprocessing.to_json()
    stored["inputs"][0]["encoding"] = "sign"
    with pytest.raises(StoredContentError, match=r"inputs\.0\.values: 3 categories have no sign"):
        Preprocessing.from_json(stored)
