"""Dense layers x W/√m + b: their passes by plain formulas, and the start from training rows by its laws."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.backend.product import LARGEST
from nettrain.errors import SpecError
from nettrain.model.architecture import Architecture, Block
from nettrain.model.layers import Layer, layers
from nettrain.model.layers.neural_tangent import NeuralTangentDense
from nettrain.model.parameters import initial_row, parameter_layout
from tests.model.probe import Probe
from tests.trained import built, experiment
from tests.training.test_population import check

PRECISION = {"float64": 1e-13, "float32": 2e-6}
Dense, Residual = layers["dense"], layers["residual"]
SIZES = {"a small product": (5, 4, 3), "a large one": (70, 65, 66)}
RUN = """
data: {source: 'synthetic:sine', seed: 0}
model: {hidden: [7, 5], activation: tanh, parametrization: neural_tangent}
training: {epochs: 4, batch_size: 16}
backend: {threads: 1}
"""


def near(actual: np.ndarray, expected: np.ndarray, dtype: str) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=PRECISION[dtype] * np.abs(expected).max())


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("size", SIZES)
def test_a_pass_by_its_formulas(size: str, dtype: str) -> None:
    rows, inputs, units = SIZES[size]
    assert (rows * inputs * units > LARGEST) is (size == "a large one")
    rng = np.random.default_rng(units)
    x, delta = rng.normal(size=(2, rows, inputs)), rng.normal(size=(2, rows, units))
    weight, bias = rng.normal(size=(2, inputs, units)), rng.normal(size=(2, 1, units))
    arrays = {"weight": weight.astype(dtype), "bias": bias.astype(dtype)}
    probe = Probe.of([NeuralTangentDense(units=units)], x.astype(dtype), arrays).run(delta.astype(dtype))
    near(probe.output, x @ weight / np.sqrt(inputs) + bias, dtype)
    near(probe.gradient_of("weight"), x.swapaxes(1, 2) @ delta / np.sqrt(inputs), dtype)
    near(probe.gradient_of("bias"), delta.sum(axis=1, keepdims=True), dtype)
    near(probe.dx, delta @ weight.swapaxes(1, 2) / np.sqrt(inputs), dtype)


def test_a_projection_by_its_formulas() -> None:
    rng = np.random.default_rng(3)
    x, delta = rng.normal(size=(2, 6, 4)), rng.normal(size=(2, 6, 3))
    arrays = {"weight": rng.normal(size=(2, 4, 3)), "projection": rng.normal(size=(2, 4, 3))}
    block = Residual(body=(NeuralTangentDense(units=3, bias=False),), parametrization="neural_tangent")
    probe = Probe.of([block], x, arrays).run(delta)
    near(probe.output, x @ (arrays["weight"] + arrays["projection"]) / 2, "float64")
    near(probe.gradient_of("projection"), x.swapaxes(1, 2) @ delta / 2, "float64")
    near(probe.dx, delta @ (arrays["weight"] + arrays["projection"]).swapaxes(1, 2) / 2, "float64")


def started(stack: list[Layer], rows: np.ndarray, seed: int = 0) -> list[dict[str, np.ndarray]]:
    """The initial arrays of each of these layers, for training rows (B, D)."""
    architecture = Architecture(rows.shape[1], (Block("hidden 1", 0, tuple(stack)),))
    layout = parameter_layout(architecture)
    row = initial_row(architecture, layout, seed, rows)[None]
    return [
        {slot.name: layout.view(row, number, slot.name)[0] for slot in layout.slots if slot.layer == number}
        for number in range(len(stack))
    ]


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_every_unit_starts_with_the_same_spread_in_every_layer(scale: float) -> None:
    rows = np.random.default_rng(0).normal(3, [0.01, 1, 50], size=(200, 3))
    tanh = layers["activation"](function={"name": "tanh"})
    stack = [NeuralTangentDense(units=9, scale=scale), tanh, NeuralTangentDense(units=4, scale=scale)]
    first, _, second = started(stack, rows)
    z = rows @ first["weight"] / np.sqrt(3)
    np.testing.assert_allclose(z.std(axis=0), scale)
    inner = np.tanh(z + first["bias"])
    np.testing.assert_allclose((inner @ second["weight"] / np.sqrt(9)).std(axis=0), scale)


def test_biases_start_from_mixtures_of_five_rows() -> None:
    rows = np.random.default_rng(1).normal(2, 1, size=(1024, 8))
    (arrays,) = started([NeuralTangentDense(units=6000)], rows)
    values = rows @ arrays["weight"] / np.sqrt(8)
    apart = arrays["bias"][0] + values.mean(axis=0)  # in standard deviations, which are 1
    assert abs(apart.mean()) < 4 * np.sqrt(1 / 3 / 6000)
    # of shares with a uniform Dirichlet distribution E Σa² = 2/(5+1)
    assert 1 / 3 == pytest.approx(apart.var(), rel=0.06)
    assert (-arrays["bias"][0] > values.min(axis=0)).all()
    assert (-arrays["bias"][0] < values.max(axis=0)).all()


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e4])
def test_rows_without_spread_leave_the_weights_as_they_are_drawn(value: float) -> None:
    rows = np.full((300, 40), value)
    (arrays,) = started([NeuralTangentDense(units=50)], rows)
    assert 1 == pytest.approx(arrays["weight"].std(), rel=0.1)
    np.testing.assert_allclose(arrays["bias"], -rows[:1] @ arrays["weight"] / np.sqrt(40), atol=1e-9 * value)


def test_a_start_depends_on_seed_and_rows_alone() -> None:
    rows = np.random.default_rng(2).normal(size=(50, 4))
    same = [started([NeuralTangentDense(units=5)], rows, seed)[0] for seed in (3, 3, 4)]
    assert same[0]["weight"].tobytes() == same[1]["weight"].tobytes()
    assert same[0]["bias"].tobytes() == same[1]["bias"].tobytes()
    assert not np.isclose(same[0]["weight"], same[2]["weight"]).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_members_equal_their_own_runs(dtype: str) -> None:
    specs = [
        experiment(
            RUN,
            f"seed={r}",
            "data.seed=0",
            f"backend.dtype={dtype}",
            f"model.init.scale={1 + 0.5 * r}",
            f"optimizer.learning_rate={0.02 * (r + 1)}",
            f"regularization.l2={0.01 * r}",
        )
        for r in range(3)
    ]
    check(specs)


def test_start_rows_are_from_all_of_a_sorted_table(tmp_path: Path) -> None:
    x = np.sort(np.random.default_rng(5).normal(size=3000))
    (tmp_path / "train.csv").write_text("x,y\n" + "\n".join(f"{v:.6f},{v:.6f}" for v in x) + "\n")
    source = [f"data.source={tmp_path}/train.csv", "data.target=y", "data.validation=0"]
    run = built([experiment(RUN, *source, "model.hidden=[20]")])
    z = run.data.train.x @ run.layout.view(run.population["parameters"], 0, "weight")[0]
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=0.01)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model.init=he_normal"], "model.init: he_normal does not go with parametrization: neural_tangent"),
        (["model.init.bias_init=0.5"], "model.init.bias_init: 0.5 does not go with parametrization"),
        (
            ["model.hidden=null", "model.layers=[{units: 3, init: zeros}]"],
            "model.layers.0.init: zeros does not go with parametrization: neural_tangent",
        ),
        (["regularization.max_norm=3"], "regularization.max_norm: 3 does not go with model.parametrization"),
        (["model.parametrization=ntk"], 'model.parametrization: unknown "ntk"'),
    ],
)
def test_what_does_not_fit_is_refused(overrides: list[str], expected: str) -> None:
    with pytest.raises(SpecError) as error:
        experiment(RUN, *overrides)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)
