"""model.c is C99 without a warning, and computes what the run predicts."""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nettrain.export.c_source import CSource
from nettrain.export.c_source.constants import quoted
from nettrain.export.evaluation import evaluate
from nettrain.export.prediction import PredictionGraph, prediction_graph
from tests.export.compiled_models import ModelInC, compiled, write_model
from tests.export.exported_cells import as_matrix
from tests.export.exported_predictions import expected_of
from tests.export.exported_runs import RUNS, run_of

COMPILERS = [one for one in ("gcc", "clang") if shutil.which(one)]
pytestmark = [
    pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang"),
    pytest.mark.filterwarnings("ignore"),  # of training, which takes a few epochs
]
NAMES = list(RUNS)
DOUBLE = ("all columns", "ensemble of tabm", "scaling quantile_normal", "thresholds of labels", "folds")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All runs in float32, and some in float64, in one library."""
    folder = tmp_path_factory.mktemp("models")
    sources = [write_model(single(name), folder, f"m{k}") for k, name in enumerate(NAMES)]
    sources += [write_model(expected_of(name).graph, folder, f"d{k}") for k, name in enumerate(DOUBLE)]
    sources.append(write_model(prediction_graph(run_of("ensemble"), matrix=True), folder, "matrix"))
    compiled(COMPILERS[0], sources, "-O0", "-fPIC", "-shared", "-o", str(folder / "models.so"))
    return ctypes.CDLL(str(folder / "models.so"))


def single(name: str) -> PredictionGraph:
    """The graph with networks in float32."""
    return prediction_graph(run_of(name), dtype="float32")


@pytest.mark.parametrize("name", NAMES)
def test_float_networks_are_those_of_the_graph(name: str, library: ctypes.CDLL) -> None:
    graph, expected = single(name), expected_of(name)
    values, decided = ModelInC(library, graph, f"m{NAMES.index(name)}").predict(expected.cells)
    rows = len(values)
    exact, *decisions = evaluate(graph.ends, expected.cells, rows)
    np.testing.assert_allclose(values, exact, rtol=1e-5, atol=2e-6 * _unit(exact))
    tame = np.isfinite(exact).all(axis=1) & (np.abs(exact) < 1e3 * _unit(exact)).all(axis=1)
    near = np.abs(values[expected.rows] - expected.values) <= 1e-3 * (np.abs(expected.values) + _unit(exact))
    assert near[tame[expected.rows]].mean() > 0.98, "float32 is near the run's float64"
    for one in decisions:
        clear = np.abs(np.diff(np.sort(exact, axis=1)[:, -2:], axis=1)).ravel() > 1e-5
        alike = (decided == one).reshape(rows, -1).all(axis=1)
        assert alike[clear].all() if exact.shape[1] > 1 and one.ndim == 1 else alike.mean() > 0.99


def _unit(values: np.ndarray) -> float:
    """What the numbers of a column are about as large as."""
    return float(max(np.median(np.abs(values[np.isfinite(values)])), 1e-3))


@pytest.mark.parametrize("name", DOUBLE)
def test_double_networks_predict_what_the_run_does(name: str, library: ctypes.CDLL) -> None:
    expected = expected_of(name)
    model = ModelInC(library, expected.graph, f"d{DOUBLE.index(name)}")
    values, decided = model.predict(expected.cells)
    np.testing.assert_allclose(values[expected.rows], expected.values, rtol=1e-12, atol=1e-14)
    assert np.array_equal(decided[expected.rows], expected.decisions)


def test_one_matrix_of_all_columns(library: ctypes.CDLL) -> None:
    expected = expected_of("ensemble")
    model = ModelInC(library, prediction_graph(run_of("ensemble"), matrix=True), "matrix")
    values, _ = model.predict(as_matrix(expected.cells))
    np.testing.assert_allclose(values[expected.rows], expected.values, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["all columns, embedded", "ensemble of tabm", "thresholds of labels"])
def test_nothing_is_out_of_bounds_or_undefined(name: str, compiler: str, tmp_path: Path) -> None:
    """A program that predicts some rows, with sanitizers."""
    expected = expected_of(name)
    source = write_model(expected.graph, tmp_path, "model")
    rows = range(0, 500, 7)
    main = tmp_path / "main.c"
    main.write_text(_program(expected.graph, expected.cells, rows))
    sanitizers = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    compiled(compiler, [main, source], *sanitizers, "-o", str(tmp_path / "main"))
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    values = np.array([line.split() for line in done.stdout.splitlines()], float)
    exact = evaluate([expected.graph.predictions], expected.cells, 500)[0][list(rows)]
    np.testing.assert_allclose(values, exact, rtol=1e-12, atol=1e-14)


def _program(graph: PredictionGraph, cells: dict[str, np.ndarray], rows: range) -> str:
    fields = ["{" + ", ".join(_literal(cells[one.name][row]) for one in graph.columns) + "}" for row in rows]
    return f"""
#include <math.h>
#include <stdio.h>
#include "model.h"
static const model_row rows[] = {{{", ".join(fields)}}};
int main(void)
{{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {{
        model_prediction out;
        model_predict(&rows[i], &out);
        for (int k = 0; k < {graph.predictions.shape[1]}; k++) printf("%.17g ", out.probabilities[k]);
        printf("\\n");
    }}
    return 0;
}}
"""


def _literal(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"' if value else "NULL"
    return "NAN" if np.isnan(value) else repr(float(value))


def test_the_example_of_the_header_is_a_program(tmp_path: Path) -> None:
    graph = single("all columns")
    source = write_model(graph, tmp_path, "class")  # a keyword
    header = (tmp_path / "class.h").read_text()
    lines = re.findall(r"^ \*     (?!cc )(.*)$", header, flags=re.MULTILINE)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "class.h"\nint main(void)\n{\n' + "\n".join(lines) + "\nreturn 0;\n}\n"
    )
    # the row names the first columns alone, the others are 0 and NULL
    compiled(
        COMPILERS[0],
        [tmp_path / "main.c", source],
        "-Wno-missing-field-initializers",
        "-o",
        str(tmp_path / "m"),
    )
    done = subprocess.run([tmp_path / "m"], capture_output=True, text=True, check=True)
    label, share = done.stdout.split()
    assert label in graph.task.classes
    assert 0 < float(share) <= 1


def test_texts_are_literals_of_c() -> None:
    assert r'"ü \"x\" \\ ?""?="' == quoted('ü "x" \\ ??=')
    assert r'"\0071Á"' == quoted("\a1Á")
    assert r'"\342\200\213"' == quoted("\u200b"), "which cannot be seen"


def test_names_are_distinct_identifiers_and_texts_are_escaped(tmp_path: Path) -> None:
    expected = expected_of("all columns")
    text = CSource(expected.graph, "2 words").source
    assert "void n2_words_predict(const n2_words_row *row, n2_words_prediction *out)" in text
    assert '{"with, comma", ' in text
    assert text == CSource(expected.graph, "2 words").source
