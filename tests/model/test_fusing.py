"""Fusing neighbours on a tape changes nothing, or the last bit where that is said."""

import numpy as np
import pytest

from nettrain.backend.numpy import PRODUCTS, NumpyBackend
from nettrain.catalogue.activations import activations
from nettrain.model.fusing import fused
from nettrain.model.layers import layers
from nettrain.model.tape import AddBias, Launch, Multiply, Product, Tape
from tests.model.probe import Probe

Dense, Activation = layers["dense"], layers["activation"]
RELU = Activation(function=activations["relu"]())


def network(units: int) -> list:
    dropout = layers["dropout"](rate=0.3)
    return [Dense(units=units), RELU, dropout, Dense(units=units), RELU, Dense(units=units)]


def both(units: int, dtype: str) -> tuple[Probe, Probe]:
    """The same pass with and without fusing."""
    rng = np.random.default_rng(units)
    x, delta = (rng.normal(size=(2, 96, units)).astype(dtype) for _ in range(2))
    biases = {"bias": np.float64(0.1)}
    one, other = (Probe.of(network(units), x.copy(), biases, fuse=fuse).run(delta) for fuse in (True, False))
    return one, other


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_bit_changes_where_a_blas_multiplies(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PRODUCTS, "blas")
    one, other = both(160, dtype)
    assert one.output.tobytes() == other.output.tobytes()
    assert one.gradient.tobytes() == other.gradient.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_no_bit_changes_in_layers_of_sub_members(rate: float, dtype: str) -> None:
    """Rectifiers and dropout masks go into the passes of the factors."""
    body = [layers["batch_ensemble"](units=12, sub_members=4, start="normal"), RELU]
    body = body if rate == 0 else [*body, layers["dropout"](rate=rate)]
    rng = np.random.default_rng(5)
    x, delta = (rng.normal(size=(2, 20, 12)).astype(dtype) for _ in range(2))
    one, other = (Probe.of(body * 3, x.copy(), fuse=fuse).run(delta) for fuse in (True, False))
    for name in ("output", "dx", "gradient"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("units", [16, 160], ids=["small", "large"])
def test_products_by_tiles_differ_in_rounding_alone(units: int, dtype: str) -> None:
    one, other = both(units, dtype)
    tolerance = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(one.output, other.output, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(one.gradient, other.gradient, rtol=1e3 * tolerance, atol=1e3 * tolerance)


def test_a_bias_and_a_rectifier_go_into_the_product() -> None:
    a, b, out, w = (np.zeros((1, 2, 2)) for _ in range(4))
    tape, relu = Tape(), activations["relu"]
    tape.product(a, b, out)
    tape.add_bias(out, w, 5)
    tape.launch(relu.forward_kernel, out, out, np.zeros((1, 0)), signals=2)
    (product,) = fused(tape)
    assert isinstance(product, Product)
    assert ((w, 5), 0.0, None) == (product.bias, product.clamp_min, product.relu_mask)


def test_a_mask_goes_into_the_product_past_a_dropout_mask() -> None:
    a, b, delta, mask, signal = (np.zeros((1, 2, 2)) for _ in range(5))
    tape, relu = Tape(), activations["relu"]
    tape.product(a, b, delta)
    tape.multiply(delta, mask, delta)
    tape.launch(relu.backward_kernel, delta, signal, signal, np.zeros((1, 0)), signals=3)
    product, scale = fused(tape)
    assert isinstance(product, Product)
    assert product.relu_mask is signal
    assert isinstance(scale, Multiply)


def test_what_is_not_next_to_each_other_stays() -> None:
    a, b, out, other, w = (np.zeros((1, 2, 2)) for _ in range(5))
    relu = activations["relu"]
    apart = Tape()
    apart.product(a, b, out)
    apart.call(print)  # somebody looks at the product
    apart.add_bias(out, w, 0)
    apart.launch(relu.forward_kernel, out, other, np.zeros((1, 0)), signals=2)  # not in place
    kinds = [type(entry) for entry in fused(apart)]
    assert [Product, AddBias, Launch] == [kind for kind in kinds if kind in (Product, AddBias, Launch)]
    assert 4 == len(kinds)


def test_phases_are_fused_one_by_one() -> None:
    a, b, out = (np.zeros((1, 2, 2)) for _ in range(3))
    tape = Tape()
    tape.phase("forward")
    tape.product(a, b, out)
    tape.phase("loss")
    tape.add_bias(out, np.zeros((1, 8)), 0)
    assert [1, 1] == [len(calls) for _, calls in tape.phases(NumpyBackend("float64"))]
