"""ONNX models predict in onnxruntime what `nettrain predict` does, for runs of every kind."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import nettrain
from nettrain.backend.numpy import NumpyBackend
from nettrain.errors import SpecError
from nettrain.export.onnx_model import onnx_model
from nettrain.export.onnx_model.interface import class_values, inputs_of
from nettrain.export.prediction import PredictionGraph, prediction_graph
from nettrain.inference.predictions import predict
from nettrain.store.trained_folds import Predictor
from nettrain.store.trained_run import TrainedRun
from nettrain.workflow.prediction import read_rows
from tests.export.exported_cells import as_matrix, cells_of_file
from tests.export.exported_runs import RUNS, rows_of, run_of

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore")


class Session:
    """A model, checked and loaded."""

    def __init__(self, graph: PredictionGraph) -> None:
        self.graph, self.model = graph, onnx_model(graph)
        onnx.checker.check_model(self.model, full_check=True)
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        content = self.model.SerializeToString()
        self.session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def feeds(self, cells: dict) -> dict:
        """Columns (N,) as the model takes them, (N, 1)."""
        return {
            one.name: cells[one.name]
            .astype(object if one.dtype.kind == "U" else one.dtype)
            .reshape(-1, one.shape[1])
            for one in inputs_of(self.graph)
        }

    def run(self, cells: dict) -> list:
        return list(self.session.run(None, self.feeds(cells)))

    def values(self, outputs: list) -> np.ndarray:
        """Predictions (N, K) among the outputs."""
        return np.concatenate(outputs, axis=1) if self.graph.task.targets == "numbers" else outputs[1]


def predictions(trained: Predictor, path: str) -> tuple[np.ndarray, np.ndarray]:
    """What nettrain predicts (M, K), and the numbers (M,) of these rows in the file."""
    rows = read_rows(trained, path)
    pairs = zip(trained.runs, rows.inputs, strict=True)
    return np.mean([predict(one.networks, x) for one, x in pairs], axis=0), rows.rows


def in_dtype(trained: Predictor, dtype: str) -> Predictor:
    """The same networks in another dtype."""
    settings = trained.experiment.backend.model_copy(update={"dtype": dtype})
    changed = {"experiment": trained.experiment.model_copy(update={"backend": settings})}
    if not isinstance(trained, TrainedRun):
        return replace(trained, runs=tuple(in_dtype(run, dtype) for run in trained.runs), **changed)
    arrays = {name: getattr(trained, name).astype(dtype) for name in ("parameters", "statistics")}
    return replace(trained, backend=NumpyBackend(dtype), **arrays, **changed)


@pytest.mark.parametrize("name", RUNS)
def test_a_model_predicts_the_same_in_float64(name: str) -> None:
    trained, path = in_dtype(run_of(name), "float64"), rows_of(name)
    expected, rows = predictions(trained, path)
    session = Session(prediction_graph(trained))
    outputs = session.run(cells_of_file(trained, path, session.graph.columns))
    np.testing.assert_allclose(session.values(outputs)[rows], expected, rtol=1e-12, atol=1e-14)
    if session.graph.task.targets != "numbers":
        assert labels(session.graph, expected).tolist() == outputs[0][rows].tolist()


@pytest.mark.parametrize("name", RUNS)
def test_a_model_predicts_the_same_in_float32(name: str) -> None:
    """To 1e-5 of the largest number of a row, or the usual one, or to what nettrain itself loses to rounding."""
    trained, path = in_dtype(run_of(name), "float32"), rows_of(name)
    expected, rows = predictions(trained, path)
    exact, _ = predictions(in_dtype(trained, "float64"), path)
    session = Session(prediction_graph(trained))
    outputs = session.run(cells_of_file(trained, path, session.graph.columns))
    values, rounded = session.values(outputs)[rows], expected.astype(np.float32)
    off = np.where(values == rounded, 0.0, np.abs(values - rounded)).max(axis=1)  # some counts are infinite
    lost = np.nan_to_num(np.abs(expected - exact)).max(axis=1)
    size = np.abs(rounded).max(axis=1)
    allowed = 1e-5 * np.maximum(size, np.median(size))
    assert (off <= allowed + 4 * lost).all()
    assert np.mean(off <= allowed) > 0.9
    if session.graph.task.targets != "numbers":
        agree = labels(session.graph, expected) == outputs[0][rows]
        assert agree.reshape(len(off), -1).all(axis=1)[lost < 1e-4].all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["column gappy", "column grade", "loss mse of numbers"])
def test_a_matrix_holds_the_same_columns(name: str, dtype: str) -> None:
    trained, path = in_dtype(run_of(name), dtype), rows_of(name)
    apart, matrix = (Session(prediction_graph(trained, matrix=one)) for one in (False, True))
    cells = cells_of_file(trained, path, apart.graph.columns)
    together = matrix.run(as_matrix(cells))
    assert ["x"] == [one.name for one in matrix.session.get_inputs()]
    for one, other in zip(apart.run(cells), together, strict=True):
        assert one.tolist() == other.tolist()


def labels(graph: PredictionGraph, predictions: np.ndarray) -> np.ndarray:
    """What is predicted: classes as they are in the data, or 0 and 1."""
    decided = graph.task.decisions(predictions)
    return decided if graph.task.targets == "labels" else class_values(graph)[decided]


def test_a_small_model_is_small_and_reads_as_one_writes_it() -> None:
    run = nettrain.train(
        {"data": {"source": "builtin:iris"}, "model": {"hidden": [16]}, "training": {"epochs": 2}}
    )
    model = run.to_onnx()
    assert len(model.SerializeToString()) < 10_000
    steps = "Concat IsNaN Where Cast Sub Div Cast Gemm Relu Gemm Cast Softmax ArgMax Gather Cast"
    assert steps.split() == [node.op_type for node in model.graph.node]
    assert ["sepal_length", "sepal_width", "petal_length", "petal_width"] == [
        one.name for one in model.graph.input
    ]
    assert ["label", "probabilities"] == [one.name for one in model.graph.output]


def test_the_metadata_say_what_the_model_is() -> None:
    model = onnx_model(prediction_graph(run_of("column color")))
    facts = {one.key: one.value for one in model.metadata_props}
    assert nettrain.__version__ == facts["nettrain"]
    assert ["setosa", "versicolor", "virginica"] == json.loads(facts["classes"])
    assert {"plain": "number", "color": "text"} == json.loads(facts["columns"])
    assert 64 == len(facts["config_sha256"])
    assert {"": 17, "ai.onnx.ml": 3} == {one.domain: one.version for one in model.opset_import}


def test_the_hash_is_that_of_the_run_s_config(tmp_path: Path) -> None:
    run = nettrain.train(
        {"data": {"source": "builtin:iris"}, "training": {"epochs": 1}}, folder=tmp_path / "iris"
    )
    facts = {one.key: one.value for one in run.to_onnx().metadata_props}
    content = (tmp_path / "iris" / "config.yaml").read_bytes()
    assert hashlib.sha256(content).hexdigest() == facts["config_sha256"]


def test_a_wide_table_has_no_more_nodes() -> None:
    """784 columns are joined by one Concat; a matrix needs not even that."""
    rng = np.random.default_rng(0)
    columns = {f"pixel {k}": rng.integers(0, 256, 40) for k in range(784)} | {"digit": [*"abcdefghij"] * 4}
    data = {"target": "digit", "validation": 0, "test": 0.5}
    run = nettrain.train({"data": data, "model": {"hidden": [4]}, "training": {"epochs": 1}}, data=columns)
    steps = ["IsNaN", "Where", "Cast", "Sub", "Div", "Cast", "Gemm", "Relu", "Gemm", "Cast", "Softmax"]
    steps += ["ArgMax", "Gather", "Cast"]
    assert ["Concat", *steps] == [node.op_type for node in run.to_onnx().graph.node]
    assert steps == [node.op_type for node in run.to_onnx(one_input=True).graph.node]


def test_columns_called_as_outputs_keep_their_names() -> None:
    columns = {"label": np.arange(40.0), "probabilities": np.arange(40.0) ** 2, "kind": ["a", "b"] * 20}
    run = nettrain.train({"data": {"target": "kind"}, "training": {"epochs": 1}}, data=columns)
    model = run.to_onnx()
    onnx.checker.check_model(model, full_check=True)
    assert ["label", "probabilities"] == [one.name for one in model.graph.input]
    assert ["predicted_label", "predicted_probabilities"] == [one.name for one in model.graph.output]


def test_cells_that_equal_a_quantile_do_so_in_float32() -> None:
    """0.1 and 0.3 are no float32 numbers; most rows of the column have one of them."""
    cells = np.repeat([0.1, 0.2, 0.3], [90, 20, 90])
    columns = {"share": cells, "kind": np.where(np.arange(200) % 3 > 0, "a", "b")}
    settings = {"target": "kind", "scaling": "quantile_normal"}
    run = nettrain.train({"data": settings, "training": {"epochs": 5}}, data=columns)
    session = Session(prediction_graph(run.predictor.select_members(), dtype="float32"))
    _, probabilities = session.run({"share": np.array([0.1, 0.2, 0.3])})
    expected = run.predict_proba({"share": [0.1, 0.2, 0.3]})
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)


def test_without_onnx_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("nettrain.export.onnx_model.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SpecError, match=r'pip install "nettrain\[onnx\]"'):
        onnx_model(prediction_graph(run_of("column gappy")))


def test_outputs_are_named_as_users_expect() -> None:
    kinds = {
        "loss mse of numbers": ["size", "weight"],
        "loss hinge of classes": ["label", "scores"],
        "thresholds of labels": ["label", "probabilities"],
    }
    for name, expected in kinds.items():
        session = Session(prediction_graph(run_of(name)))
        assert expected == [one.name for one in session.session.get_outputs()]
    numbers = onnx_model(prediction_graph(run_of("loss poisson of counts"))).graph.node
    assert "Gemm" in [node.op_type for node in numbers][-3:], "also of a single output"
    codes = Session(prediction_graph(run_of("classes of numbers")))
    assert "tensor(int64)" == codes.session.get_outputs()[0].type
    assert "Gather" in [node.op_type for node in codes.model.graph.node]
    levels = Session(prediction_graph(run_of("classes from 0")))
    assert ["label", "probabilities"] == [one.name for one in levels.session.get_outputs()]
    assert "Gather" not in [node.op_type for node in levels.model.graph.node], (
        "their positions are the classes"
    )
