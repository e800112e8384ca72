"""The `data:` block: its defaults, what it refuses and in which words."""

import subprocess
import sys

import pytest
import yaml
from pydantic import ValidationError

from nettrain.data.reading.file_format import known_files
from nettrain.data.settings import DataSettings, is_path

KEYS = (
    "source target test validation folds header separator sheet skip_rows comment names decimal dates missing missing_target "
    "columns max_categories one_hot_up_to binary_categories mark_gaps_from words_from labels positive "
    "target_kind scaling scale_indicators target_scaling class_weights stratify order seed storage"
)
REFUSED = [
    (
        {"source": "notes.docx"},
        f"is not a source ({known_files()}, builtin:NAME or synthetic:NAME)",
    ),
    ({"source": "x.parquet.gz"}, "is not a source"),
    ({"source": "x.npy.gz"}, "is not a source"),
    ({"source": "builtin:irsi"}, 'is not a builtin source, did you mean "iris"?'),
    ({"source": "synthetic:spirale"}, 'is not a synthetic source, did you mean "spirals"?'),
    ({"target": []}, "is not a column's name or position, or a list of them"),
    ({"target": 1.5}, "is not a column's name or position, or a list of them"),
    ({"decimal": ";"}, "'auto', '.' or ','"),
    ({"dates": {"d": "%d/%m/%Q"}}, 'is not a format of dates: "%Q" is not known'),
    ({"dates": {"d": "DD/MM/YYYY"}}, "is not a format of dates: has no year"),
    ({"missing_target": "skip"}, "'refuse' or 'drop'"),
    ({"columns": {"ignore": "a"}}, "should be a valid list"),
    ({"columns": {"ignor": ["a"]}}, "not permitted"),
    ({"columns": {"weight": 0.5}}, "is not a column's name or position"),
    ({"columns": {"numeric": [None]}}, "is not a column's name or position"),
    ({"columns": {"group": "g"}, "order": "time"}, '"time" does not go with data.columns.group'),
    ({"columns": {"group": "g"}, "order": {"by": "t"}}, "{by: t} does not go with data.columns.group"),
    ({"folds": 1}, "greater than or equal to 2"),
    ({"folds": {"repeats": 2}}, "Field required"),
    ({"folds": {"count": 5, "take": 0}}, "greater than or equal to 1"),
    ({"folds": {"count": 5, "take": 6}}, "6 is more than the 5 folds"),
    ({"folds": {"count": 5, "repeats": 2, "take": 11}}, "11 is more than the 10 folds (2 repeats of 5)"),
    (
        {"folds": 5, "validation": 0.2},
        "0.2 does not go with data.folds, whose held-out rows validate; remove",
    ),
    ({"folds": 5, "validation": "v.csv"}, "v.csv does not go with data.folds"),
    ({"folds": {"count": 5, "repeats": 2}, "order": "time"}, "2 does not go with data.order, by which every"),
    ({"names": ["a", "", "y"]}, "has an empty name"),
    ({"names": ["a", "b", "a"]}, 'names two columns "a"'),
    ({"order": "tim"}, "is not random, time, or a block such as {by: date}"),
    ({"order": {"by": 0.5}}, "is not random, time, or a block such as {by: date}"),
    ({"order": {}}, "is not random, time, or a block such as {by: date}"),
    ({"labels": {"a": None}}, "should be a valid string"),
    ({"positive": ["a"]}, "is not a class"),
    ({"class_weights": {}}, "is not balanced, or a block of classes with a number from 0 each"),
    ({"class_weights": {"a": -1.0}}, "is not balanced, or a block of classes with a number from 0 each"),
    ({"class_weights": "equal"}, "is not balanced, or a block of classes with a number from 0 each"),
    ({"scaling": {"name": "channel", "channels": 0}}, "greater than or equal to 1"),
    ({"scaling": {"name": "quantile_normal", "knots": 1}}, "greater than or equal to 2"),
    ({"test": 1.0}, "is not below 1 (a count of rows is a whole number)"),
    ({"test": -3}, "is below 0"),
    ({"test": True}, "is not a share, a count or a source"),
    ({"validation": "more.doc"}, "is not a source"),
    ({"header": 1}, "is not auto, true or false"),
    ({"separator": ", "}, "is not auto, whitespace or one character"),
    ({"separator": '"'}, "is not auto, whitespace or one character"),
    ({"missing": [None]}, "is not text or a number"),
    ({"scaling": {"name": "minmax", "range": [1, 0]}}, "range does not rise from low to high"),
    ({"scaling": {"name": "divide", "by": 0}}, "is not a number above 0"),
    ({"seed": -1}, "greater than or equal to 0"),
    ({"scalings": "none"}, "not permitted"),
]


def test_every_key_is_there_with_a_meaning():
    assert KEYS.split() == list(DataSettings.model_fields)
    assert all(field.description for field in DataSettings.model_fields.values())


@pytest.mark.parametrize(("keys", "words"), REFUSED)
def test_refuses_in_words(keys, words):
    with pytest.raises(ValidationError) as caught:
        DataSettings(**{"source": "a.csv", **keys})
    messages = [error["msg"] for error in caught.value.errors()]
    assert len(messages) == 1
    assert words in messages[0]


def test_survives_yaml():
    settings = DataSettings(
        source="a.csv.gz",
        target=-2,
        test="builtin:iris",
        validation=0,
        separator="\t",
        missing=["-", -9],
        missing_target="drop",
        columns={"ignore": ["a", -1], "categorical": [3], "numeric": ["b"], "weight": "w", "group": 0},
        labels={"a": "b", "c": 1, "d": True},
        positive=True,
        class_weights={"a": 2, "b": 0.5},
        scaling={"name": "minmax", "range": [-1, 1]},
        seed=2**63,
    )
    assert settings == DataSettings(**yaml.safe_load(yaml.safe_dump(settings.model_dump())))


@pytest.mark.parametrize(
    "source",
    ["A.CSV", "a.csv.gz", "a.tsv", "a.tsv.gz", "a.parquet", "a.npz", "digits", "v1.2/digits", "v1.2/"],
)
def test_takes_files_and_folders(source):
    assert source == DataSettings(source=source, test=source).test


def test_paths_are_what_names_a_file():
    assert [True, False, False, False, False] == [
        is_path(source) for source in ("a.csv", "builtin:iris", "synthetic:xor", 0.2, None)
    ]


def test_importing_the_settings_loads_no_polars():
    code = "import sys, nettrain.data.settings; print('polars' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_folds_validate_in_place_of_other_rows():
    short = DataSettings(source="a.csv", folds=5)
    assert short == DataSettings(source="a.csv", folds={"count": 5, "repeats": 1, "take": None}, validation=0)
    assert short.holds_out_validation
    assert DataSettings(source="a.csv").holds_out_validation
    assert not DataSettings(source="a.csv", validation=None).holds_out_validation
    assert DataSettings(**yaml.safe_load(yaml.safe_dump(short.model_dump()))) == short
