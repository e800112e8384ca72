"""The graph of a whole run, evaluated plainly, is what `nettrain predict` computes."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.errors import SpecError
from nettrain.export.evaluation import evaluate
from nettrain.export.formats import format_of
from nettrain.export.node import ROWS, in_order
from nettrain.export.prediction import prediction_graph
from tests.export.exported_cells import as_matrix
from tests.export.exported_predictions import expected_of
from tests.export.exported_runs import RUNS, run_of


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.filterwarnings("ignore")  # of training, which takes a few epochs
def test_the_graph_is_the_prediction(name: str) -> None:
    expected = expected_of(name)
    graph, cells = expected.graph, expected.cells
    rows = len(next(iter(cells.values())))
    values, *decided = evaluate(graph.ends, cells, rows)
    assert len(expected.rows) > 400
    np.testing.assert_allclose(values[expected.rows], expected.values, rtol=expected.tolerance, atol=1e-14)
    if decided:
        assert np.array_equal(decided[0][expected.rows], expected.decisions)
    if all(one.kind == "number" for one in graph.columns):
        matrix = prediction_graph(run_of(name), matrix=True)
        again, *_ = evaluate(matrix.ends, as_matrix(cells), rows)
        assert np.array_equal(again, values)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("column", "words"), [("color", "categories"), ("date", "dates")])
def test_a_matrix_holds_numbers_alone(column: str, words: str) -> None:
    message = f'--one-input: column "{column}" holds {words}, a matrix only numbers'
    with pytest.raises(SpecError, match=f"^{message}$"):
        prediction_graph(run_of(f"column {column}"), matrix=True)


def test_the_ending_says_what_is_written() -> None:
    assert "nettrain.export.c_source" == format_of(Path("model.C")).module
    with pytest.raises(SpecError) as caught:
        format_of(Path("model.onx"))
    assert 'FILE: model.onx: unknown ending ".onx", did you mean ".onnx"?' == str(caught.value)


@pytest.mark.filterwarnings("ignore")
def test_a_single_network_has_no_axis_of_members() -> None:
    nodes = in_order(prediction_graph(run_of("column gappy")).ends)
    assert max(len(node.shape) for node in nodes) == 2
    products = [node for node in nodes if node.operation == "matmul"]
    assert [(ROWS, 6), (ROWS, 3)] == [node.shape for node in products]
    together = in_order(prediction_graph(run_of("ensemble")).ends)
    products = [node for node in together if node.operation == "matmul"]
    assert [(3, ROWS, 6), (3, ROWS, 3)] == [node.shape for node in products]
