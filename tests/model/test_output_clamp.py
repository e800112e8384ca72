"""Predicted numbers stay in the range of the training targets, and training does not notice."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.catalogue.losses import losses
from nettrain.errors import SpecError
from nettrain.model.layers.base import StartData
from nettrain.model.layers.output_clamp import OutputClamp
from tests.model.probe import Probe
from tests.trained import Trained, data_of, experiment, outputs_of, trained

LOW, HIGH = np.array([-1.0, 0.5]), np.array([2.0, 0.75])  # of two targets
RUN = """
data: {source: 'synthetic:sine', target: y, validation: 0.3, seed: 0}
model: {hidden: [7], activation: tanh, clamp_outputs: true}
training: {epochs: 3, batch_size: 16}
backend: {threads: 1}
"""
WILD = ["model.init.scale=30", "model.activation=relu"]


class Limited(OutputClamp):
    """The layer with targets from LOW to HIGH."""

    def initial_statistics(self, inputs: int, start: StartData | None = None) -> dict:
        return super().initial_statistics(inputs, StartData(np.zeros((2, 1)), np.stack([LOW, HIGH])))


def predicted(layer: OutputClamp, z: np.ndarray, training: bool = False) -> np.ndarray:
    """What the layer makes of outputs z (B, T·C), with targets from LOW to HIGH."""
    probe = Probe.of([Limited(**layer.model_dump())], z[None].copy(), training=training)
    return probe.run(np.ones_like(z[None])).output[0]


def test_numbers_are_cut_in_prediction_alone() -> None:
    z = np.random.default_rng(0).normal(0, 3, size=(50, 2))
    z[3] = np.nan
    np.testing.assert_array_equal(predicted(OutputClamp(), z), np.clip(z, LOW, HIGH))
    np.testing.assert_array_equal(predicted(OutputClamp(), z, training=True), z)


def test_means_are_cut_and_variances_are_not() -> None:
    z = np.random.default_rng(1).normal(0, 3, size=(50, 4))
    cut = predicted(OutputClamp(outputs_per_target=2, form="means"), z)
    np.testing.assert_array_equal(cut[:, ::2], np.clip(z[:, ::2], LOW, HIGH))
    np.testing.assert_array_equal(cut[:, 1::2], z[:, 1::2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("levels", [[0.5], [0.1, 0.9], [0.05, 0.5, 0.95], [0.1, 0.2, 0.8, 0.9]])
def test_quantiles_in_steps_are_cut(levels: list[float], dtype: str) -> None:
    loss = losses["pinball"](quantiles=levels)
    z = np.random.default_rng(len(levels)).normal(0, 2, size=(400, 2 * len(levels))).astype(dtype)
    cut = predicted(OutputClamp(outputs_per_target=len(levels), form=loss.number_form), z)
    before, after = (loss.distribution(one).values for one in (z, cut))
    limits = LOW[:, None], HIGH[:, None]
    tolerance = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(after, np.clip(before, *limits), rtol=tolerance, atol=tolerance)
    inside = ((before > limits[0]) & (before < limits[1])).all(axis=2).repeat(len(levels), axis=1)
    assert 0 < inside.sum() < inside.size
    assert cut[inside].tobytes() == z[inside].tobytes()


def test_steps_that_are_no_numbers_stay_so() -> None:
    z = np.array([[np.nan, 0.0, 0.0, 0.0, np.nan, 0.0]])
    cut = predicted(OutputClamp(outputs_per_target=3, form="steps"), z)
    assert np.isnan(losses["pinball"]().distribution(cut).values[0, 1]).all()
    assert np.isnan(losses["pinball"]().distribution(cut).values[0, 0, 0])


def test_counts_are_cut_by_their_logarithms() -> None:
    layer, y = OutputClamp(form="logarithms"), np.array([[0.0], [3.0], [8.0]])
    limits = layer.initial_statistics(1, StartData(np.zeros((3, 1)), y))
    assert np.exp(limits["least"]) == pytest.approx(0, abs=1e-30)
    assert np.exp(limits["largest"]) == pytest.approx(8)
    assert np.isfinite(limits["least"]).all()


def outputs(run: Trained) -> np.ndarray:
    """Raw outputs (N, K) for rows far from the data."""
    x = np.random.default_rng(0).normal(0, 50, size=(300, run.run.architecture.inputs))
    final = run.run.final
    return outputs_of(run.run, final.parameters, final.statistics, x.astype(np.float32))[0]


def limits_of(run: Trained) -> np.ndarray:
    """The limits that a network has, in its own units."""
    layout = run.run.model.statistics_layout
    number = run.run.architecture.chain[-1].number
    return np.concatenate(
        [layout.view(run.run.final.statistics, number, name)[0].ravel() for name in ("least", "largest")]
    )


@pytest.mark.parametrize(
    "loss", ["mse", "mae", "huber", "pinball", "{name: pinball, crossing: allowed}", "gaussian_nll"]
)
def test_weights_are_those_of_a_run_without(loss: str) -> None:
    run, plain = (
        trained([experiment(RUN, f"loss={loss}", f"model.clamp_outputs={clamp}")])
        for clamp in ("true", "false")
    )
    assert run.weights().tobytes() == plain.weights().tobytes()
    y = run.run.data.train.y
    np.testing.assert_array_equal(limits_of(run), [y.min(), y.max()])


@pytest.mark.parametrize("output", ["auto", "prelu"])
def test_predictions_of_wild_networks_stay_in_the_range(output: str) -> None:
    spec = experiment(RUN, *WILD, f"model.output_activation={output}", "training.epochs=1")
    run = trained([spec])
    y = run.run.data.train.y
    assert (y.min(), y.max()) == (outputs(run).min(), outputs(run).max())


def test_counts_and_several_targets(tmp_path: Path) -> None:
    counts = trained([experiment(RUN, *data_of("counts", tmp_path), "loss=poisson")])
    y = counts.run.data.train.y
    assert np.exp(outputs(counts)).max() == pytest.approx(y.max())
    shares = [*data_of("distributions", tmp_path), "loss=mse"]
    several = trained([experiment(RUN, *shares, *WILD)])
    y = several.run.data.train.y
    np.testing.assert_array_equal(outputs(several).min(axis=0), y.min(axis=0))
    np.testing.assert_array_equal(outputs(several).max(axis=0), y.max(axis=0))


def test_members_with_sub_members_cut_their_mean() -> None:
    run = trained([experiment(RUN, *WILD, "model.sub_members=3", "training.epochs=1")])
    y, mean = run.run.data.train.y, outputs(run)
    assert y.min() <= mean.min()
    assert y.max() == mean.max()


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (
            ["data.source=builtin:iris", "data.target=null"],
            "model.clamp_outputs: true is for numbers, here are classes",
        ),
        (["data.source=synthetic:moons", "data.target=null"], "true is for numbers, here are two classes"),
    ],
)
def test_only_numbers_have_a_range(overrides: list[str], expected: str) -> None:
    with pytest.raises(SpecError, match=expected):
        trained([experiment(RUN, *overrides)])


def test_shares_are_not_cut(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="clamp_outputs: true does not go with kl_divergence"):
        trained([experiment(RUN, *data_of("distributions", tmp_path), "loss=kl_divergence")])
