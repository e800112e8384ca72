"""What is recorded of every layer, activation and loss computes what their kernels do in prediction."""

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.pool import Pool
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.export.evaluation import evaluate
from nettrain.export.node import ROWS, GraphNode, in_order
from nettrain.export.prediction import LayerFormulas
from nettrain.export.primitives import FORMULAS, lowered
from nettrain.export.simplification import simplified
from nettrain.export.traced import Traced
from nettrain.model.architecture import Architecture, Block
from nettrain.model.blocks import stacked_layers
from nettrain.model.layers import Layer, embeddings, layers, norms
from nettrain.model.network import Network
from nettrain.model.parameters import initial_row, parameter_layout, statistics_layout
from nettrain.model.tape import Tape
from tests.model.test_layer_kinds import SAMPLES
from tests.variants import variants

MEMBERS, COPIES = 2, 3
Dense, Activation = layers["dense"], layers["activation"]
FORMS: dict[str, Layer] = {
    **SAMPLES,
    **{
        f"mean of {kind}": layers["mean_prediction"](sub_members=COPIES, averaged=kind)
        for kind in ("outputs", "softmax", "sigmoid", "exp")
    },
    **{
        f"clamp of {form}, {each}": layers["output_clamp"](form=form, outputs_per_target=each)
        for form, each in (("numbers", 2), ("logarithms", 1), ("means", 2), ("steps", 2), ("steps", 6))
    },
    "residual, the same width": layers["residual"](body=(norms["batch"](), Dense(units=6))),
    "residual, tangent": layers["residual"](
        body=(layers["neural_tangent"](units=3),), parametrization="neural_tangent"
    ),
    "dense without bias": Dense(units=3, bias=False),
    "packed without bias": layers["packed_dense"](units=3, sub_members=COPIES, bias=False),
    "periodic lite": layers["number_embedding"](
        embedding=embeddings["periodic"](frequencies=2, dimension=3, lite=True), positions=(0, 2)
    ),
}
ACTIVATIONS = {
    f"activation {label}": Activation(function=activations[name](**numbers))
    for label, (name, numbers) in variants(activations).items()
}
ALL = {**FORMS, **ACTIVATIONS}
# what may stand at the front of a network gets the rows once for all members
FRONT = tuple(
    name for name in ALL if (ALL[name].arrays(6) and not name.startswith("activation")) or name == "repeat"
)
CASES = [*((name, MEMBERS) for name in ALL if name != "category_embedding"), *((name, 1) for name in FRONT)]


def network_of(layer: Layer, shape: tuple[int, ...], dtype: str) -> Network:
    """A network of this layer whose members have parameters and statistics of their own."""
    rng = np.random.default_rng(len(layer.name))
    architecture = Architecture(shape[2], (Block("hidden 1", 0, (layer,)),))
    layout, fitted = parameter_layout(architecture), statistics_layout(architecture)
    rows = rng.normal(size=(18, shape[2]))
    parameters = np.stack([initial_row(architecture, layout, seed, rows) for seed in range(MEMBERS)])
    parameters = parameters + 0.3 * rng.normal(size=parameters.shape)
    statistics = 0.5 + rng.random((MEMBERS, fitted.size))
    for slot in fitted.slots:
        view = fitted.view(statistics, slot.layer, slot.name)
        view[...] = np.sort(view, axis=-1)
        if slot.name == "least":
            view -= 1.0
    arrays = parameters.astype(dtype), statistics.astype(dtype)
    return Network(NumpyBackend(dtype), architecture, *arrays, stacked_layers([architecture] * MEMBERS))


def predicted(network: Network, x: np.ndarray) -> np.ndarray:
    """The output of the kernels, without training."""
    tape = Tape()
    signals = network.forward(tape, x.copy(), Pool(network.backend).prefixed("test"))
    for call in tape.bound(network.backend):
        call()
    return signals.output.copy()


def recorded(network: Network, shape: tuple[int, ...], dtype: str) -> GraphNode:
    """The graph of the same network."""
    x = Traced(GraphNode("input", shape, np.dtype(dtype), options={"column": "x"}))
    formulas = LayerFormulas(network.architecture, network.parameters, network.statistics)
    (end,) = simplified([formulas.through(network.architecture.chain, x).node])
    return end


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "members"), CASES)
def test_the_graph_computes_what_the_kernels_do(name: str, dtype: str, members: int) -> None:
    layer = ALL[name]
    x = np.random.default_rng(3).normal(size=(members, 6, 6)).astype(dtype)
    network = network_of(layer, x.shape, dtype)
    expected = predicted(network, x)
    end = recorded(network, (members, 2 * ROWS * COPIES, 6), dtype)  # of 6 rows, N is 1
    assert end.dtype == np.dtype(dtype)
    for kinds in (set(FORMULAS) | {"erfc"}, {"erfc"}):
        (actual,) = evaluate(lowered([end], kinds), {"x": x}, 1)
        tolerance = 1e-12 if dtype == "float64" else 3e-6
        np.testing.assert_allclose(
            np.broadcast_to(actual, expected.shape), expected, rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", losses)
def test_the_predictions_of_a_loss_are_recorded(name: str, outputs: int) -> None:
    loss = losses[name]()
    each = outputs * loss.outputs_per_target
    z = np.concatenate([np.random.default_rng(1).normal(size=(2, 7, each)), np.full((2, 1, each), -40.0)], 1)
    x = Traced(GraphNode("input", (2, ROWS, each), np.dtype(float), options={"column": "z"}))
    (end,) = simplified([loss.predictions(np, x).node])
    (actual,) = evaluate(lowered([end], ()), {"z": z}, 8)
    np.testing.assert_allclose(actual, loss.predictions(np, z), rtol=1e-13)


def test_a_relu_network_is_read_as_one_writes_it() -> None:
    network = network_of(Dense(units=3), (1, 1, 6), "float64")
    nodes = in_order([recorded(network, (1, ROWS, 6), "float64")])
    assert ["input", "constant", "matmul", "constant", "add"] == [node.operation for node in nodes]
    assert ["hidden 1 weight", "hidden 1 bias"] == [one.name for one in nodes if one.is_constant]
