"""model.py predicts what the run does, with NumPy alone, and is tidy."""

import ast
import csv
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nettrain.export.node import in_order
from nettrain.export.numpy_module import files
from nettrain.export.prediction import PredictionGraph, prediction_graph
from nettrain.workflow.prediction import predict_rows, read_rows
from tests.export.exported_cells import as_matrix
from tests.export.exported_predictions import expected_of
from tests.export.exported_runs import RUNS, rows_of, run_of

ALLOWED = {"argparse", "base64", "csv", "math", "re", "statistics", "sys", "numpy"}


def module_of(graph: PredictionGraph) -> dict[str, Any]:
    """The names of the module that is written."""
    (content,) = files(graph, "model").values()
    names: dict[str, Any] = {"__name__": "model"}
    exec(compile(content.decode(), "model.py", "exec"), names)
    return names


def predicted(module: dict[str, Any], graph: PredictionGraph, cells: Any) -> np.ndarray:
    """Predictions (N, K)."""
    if graph.task.targets == "numbers":
        return module["predict"](cells).reshape(-1, len(graph.task.names))
    return module["probabilities" if graph.task.probabilities else "scores"](cells)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.filterwarnings("ignore")
def test_the_module_predicts_what_the_run_does(name: str) -> None:
    expected = expected_of(name)
    graph, cells, rows = expected.graph, expected.cells, expected.rows
    module = module_of(graph)
    values = predicted(module, graph, cells)
    np.testing.assert_allclose(values[rows], expected.values, rtol=expected.tolerance, atol=1e-14)
    if expected.decisions is not None:
        labels = module["predict"](cells)[rows]
        classes = np.array(module.get("CLASSES", [0, 1]))
        assert np.array_equal(labels, classes[expected.decisions])
    if all(one.kind == "number" for one in graph.columns):
        matrix = prediction_graph(run_of(name), matrix=True)
        again = predicted(module_of(matrix), matrix, as_matrix(cells)["x"])
        np.testing.assert_allclose(again, values, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.filterwarnings("ignore")
def test_the_text_is_tidy_and_imports_numpy_alone(name: str) -> None:
    (content,) = files(expected_of(name).graph, "model").values()
    text = content.decode()
    tree = ast.parse(text)
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([one.name for one in node.names] if isinstance(node, ast.Import) else [node.module])
    }
    assert imported <= ALLOWED
    assert [] == [line for line in text.splitlines() if len(line) > 88 or line != line.rstrip()]
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    public = {"predict", "probabilities", "scores", "main"}
    assert defined - used <= public, "functions that nothing calls"


def written(name: str, folder: Path) -> str:
    """The text of the module, which lies in the folder as model.py."""
    (content,) = files(expected_of(name).graph, "model").values()
    (folder / "model.py").write_bytes(content)
    return content.decode()


def run_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs model.py as a program that can import neither nettrain nor what it needs."""
    blocked = ("nettrain", "scipy", "polars", "pandas", "numba")
    code = (
        "import runpy, sys; "
        f"sys.modules.update(dict.fromkeys({blocked}));"
        "sys.argv[:] = sys.argv[1:]; runpy.run_path('model.py', run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, "model.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


DATES = ("date", "day")


@pytest.mark.parametrize("name", ["all columns", "thresholds of labels", "ensemble of numbers"])
@pytest.mark.filterwarnings("ignore")
def test_the_program_prints_predictions_of_a_csv_file(name: str, tmp_path: Path) -> None:
    expected = expected_of(name)
    written(name, tmp_path)
    cells = {
        column: [_cell(value, date=column in DATES) for value in array.tolist()]
        for column, array in expected.cells.items()
    }
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([list(cells), *zip(*cells.values(), strict=True)])
    done = run_alone(tmp_path, "rows.csv")
    assert (0, "") == (done.returncode, done.stderr)
    header, *lines = csv.reader(done.stdout.splitlines())
    frame = predict_rows(run_of(name), read_rows(run_of(name), rows_of(name)))
    assert header == frame.columns
    count = expected.values.shape[1]
    values = np.array([line[-count:] for line in lines], float)
    np.testing.assert_allclose(values[expected.rows], expected.values, rtol=1e-12, atol=1e-14)
    if expected.decisions is not None:
        first = [[line[0] for line in lines][row] for row in expected.rows]
        assert first == [str(one) for one in frame[header[0]].drop_nulls()]


def _cell(value: float | str, *, date: bool) -> str:
    if isinstance(value, str):
        return value
    if np.isnan(value):
        return ""
    return str(np.datetime64(int(value), "s")) if date else repr(value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("plain,gappy\n1,2\n", 'rows.csv: column "year" is missing'),
        ("plain,gappy,year\n1,x,3\n", "rows.csv: column \"gappy\": could not convert string to float: 'x'"),
        (None, "rows.csv: No such file or directory"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_predicted_is_one_line(rows: str | None, message: str, tmp_path: Path) -> None:
    written("ensemble", tmp_path)
    if rows is not None:
        (tmp_path / "rows.csv").write_text(rows)
    done = run_alone(tmp_path, "rows.csv")
    assert (1, "", message + "\n") == (done.returncode, done.stdout, done.stderr)
    assert "usage: model.py" in run_alone(tmp_path, "-h").stdout


@pytest.mark.filterwarnings("ignore")
def test_columns_may_be_lists_frames_and_dates_of_any_kind() -> None:
    graph = expected_of("all columns").graph
    module = module_of(graph)
    cells: dict[str, Any] = {
        one.name: [1.0, None] if one.kind == "number" else ["red", None] for one in graph.columns
    }
    moments = ("2024-02-29 13:45", np.datetime64("2024-02-29T13:45"), datetime(2024, 2, 29, 13, 45))
    results = [module["probabilities"](cells | {"date": [one, None], "day": [one, ""]}) for one in moments]
    results.append(
        module["probabilities"](pl.DataFrame(cells | {"date": [moments[2], None], "day": [moments[2], None]}))
    )
    for one in results[1:]:
        assert np.array_equal(one, results[0])
    with pytest.raises(ValueError, match='column "plain" is missing'):
        module["predict"]({})
    with pytest.raises(ValueError, match="different numbers of rows"):
        module["predict"](cells | {"date": [None] * 2, "day": [None] * 2, "plain": [1.0]})


@pytest.mark.filterwarnings("ignore")
def test_formatters_leave_it_as_it_is(tmp_path: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("needs ruff")
    for k, name in enumerate(("all columns", "folds", "ensemble of tabm", "thresholds of labels", "clamp")):
        written(name, tmp_path)
        (tmp_path / "model.py").rename(tmp_path / f"model{k}.py")
    for length in ("88", "110"):
        done = subprocess.run(
            [ruff, "format", "--isolated", "--check", "--line-length", length, tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout


@pytest.mark.filterwarnings("ignore")
def test_many_weights_are_blocks_and_few_are_numbers(tmp_path: Path) -> None:
    few, many = written("column sex", tmp_path), written("ensemble of tabm", tmp_path)
    assert "decoded" not in few
    assert "def decoded(dtype, shape, text):" in many
    assert written("column sex", tmp_path) == few
    graph = expected_of("column sex").graph
    weights = [
        node.constant for node in in_order(graph.ends) if node.is_constant and node.name == "output weight"
    ]
    assert np.array_equal(module_of(graph)["OUTPUT_WEIGHT"], weights[0])
