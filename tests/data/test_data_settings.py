"""The `data:` block: its defaults, what it refuses and in which words."""

import subprocess
import sys

import pytest
import yaml
from pydantic import ValidationError

from nettrain.catalogue.settings import is_later
from nettrain.data.settings import DataSettings, is_path

KEYS = (
    "source target test validation header separator missing columns labels positive target_kind scaling "
    "target_scaling class_weights stratify order seed"
)
REFUSED = [
    ({"source": "a.tsv"}, "is not built yet (a .csv or .csv.gz file, builtin:NAME or synthetic:NAME is)"),
    ({"source": "a.npz"}, "is not built yet"),
    ({"source": "digits/"}, "is not built yet"),
    ({"source": "notes.txt"}, "is not a source"),
    ({"source": "builtin:irsi"}, 'is not a builtin source, did you mean "iris"?'),
    ({"source": "synthetic:spirale"}, 'is not a synthetic source, did you mean "spirals"?'),
    ({"target": ["a", "b"]}, "is not built yet (several targets)"),
    ({"target": 1.5}, "is not a column's name or position"),
    ({"test": 1.0}, "is not below 1 (a count of rows is a whole number)"),
    ({"test": -3}, "is below 0"),
    ({"test": True}, "is not a share, a count or a source"),
    ({"validation": "more.parquet"}, "is not built yet"),
    ({"header": 1}, "is not auto, true or false"),
    ({"separator": ", "}, "is not auto or one character"),
    ({"separator": '"'}, "is not auto or one character"),
    ({"missing": [None]}, "is not text or a number"),
    ({"scaling": {"name": "minmax", "range": [1, 0]}}, "range does not rise from low to high"),
    ({"scaling": {"name": "divide", "by": 0}}, "greater than 0"),
    ({"seed": -1}, "greater than or equal to 0"),
    ({"scalings": "none"}, "not permitted"),
]


def test_every_key_is_there_with_a_meaning():
    assert KEYS.split() == list(DataSettings.model_fields)
    assert all(field.description for field in DataSettings.model_fields.values())


def test_keys_of_later_features_are_marked():
    later = [name for name in DataSettings.model_fields if is_later(DataSettings, name)]
    assert ["columns", "labels", "positive", "class_weights", "order"] == later


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
        scaling={"name": "minmax", "range": [-1, 1]},
        seed=2**63,
    )
    assert settings == DataSettings(**yaml.safe_load(yaml.safe_dump(settings.model_dump())))


def test_paths_are_what_names_a_file():
    assert [True, False, False, False, False] == [
        is_path(source) for source in ("a.csv", "builtin:iris", "synthetic:xor", 0.2, None)
    ]


def test_importing_the_settings_loads_no_polars():
    code = "import sys, nettrain.data.settings; print('polars' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
