"""Columns and classes of any spelling become valid programs."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

import nettrain
from nettrain.export.identifiers import Identifiers, identifier
from nettrain.export.numpy_module import files
from nettrain.export.prediction import prediction_graph
from tests.export.compiled_models import compiled, write_model

NAMES = ["class", 'a"b', "x*/y", "back\\slash", "1 2", "A", "a", "日本", "np", "row", '"""', "exp", "int ??/"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sepal length (cm)", "sepal_length_cm"),
        ("petalWidth", "petal_width"),
        ("2nd", "n2nd"),
        ("Größe", "grosse"),
        ("日本", ""),
        ("__x__", "x"),
    ],
)
def test_texts_become_identifiers(text: str, expected: str) -> None:
    assert expected == identifier(text)


def test_no_name_is_given_twice_or_is_a_keyword() -> None:
    names = Identifiers(["class"])
    assert ["class_2", "class_3", "value", "value_2", "A"] == [
        *(names.new(text) for text in ("class", "Class", "日本", "?")),
        names.new("a", upper=True),
    ]


@pytest.mark.filterwarnings("ignore")
def test_strange_names_are_valid_in_python_and_c(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, len(NAMES)))
    words = ["it's", 'a "quote"', "back\\slash", "??/"]
    rows = [
        [*(f"{value:.3f}" for value in row[:-1]), words[k % 4], words[int(row[0] > 0) + 1]]
        for k, row in enumerate(x)
    ]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*NAMES, "target*/"], *rows])
    trained = nettrain.train(
        {
            "data": {"source": str(tmp_path / "rows.csv"), "target": "target*/", "test": 0.2},
            "model": {"hidden": [4]},
            "training": {"epochs": 1},
        }
    )
    graph = prediction_graph(trained.predictor.select_members())
    (content,) = files(graph, "model").values()
    module: dict = {"__name__": "model"}
    exec(compile(content.decode(), "model.py", "exec"), module)
    cells = {name: [row[k] for row in rows] for k, name in enumerate(NAMES)}
    assert set(module["predict"](cells)) <= {'a "quote"', "back\\slash"}
    if shutil.which("gcc"):
        source = write_model(graph, tmp_path, "model")
        compiled("gcc", [source], "-c", "-O0", "-o", str(tmp_path / "model.o"))
