"""Layers in training: members equal single runs, running averages and masks are right."""

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.members import grouping_key
from nettrain.errors import DataError
from nettrain.model.layers import norms
from nettrain.model.parameters import statistics_layout, views
from nettrain.model.tape import Tape
from nettrain.training.loop import train
from nettrain.training.step.training_step import append_loss, training_step
from tests.trained import IRIS, built, experiment, outputs_of, trained
from tests.training.test_population import assert_bit_equal, check, members
from tests.variants import varying

HIDDEN = [name for name, entry in activations.items() if not entry.outputs_only]
LAYERS = """[
  {units: 7, batch_norm: {momentum: 0.2}, dropout: 0.3, init: {scale: 2.0}},
  {units: 5, activation: {name: leaky_relu, negative_slope: 0.2}, bias: false},
  {units: 6, activation: {name: maxout, pieces: 3}, batch_norm: true, bias: true, dropout: 0.2},
]"""


def varied(count: int, *overrides: str) -> list:
    """Members of LAYERS that differ in all numbers of layers."""
    return [
        experiment(
            IRIS.replace("hidden: [7, 5], ", ""),
            f"model.layers={LAYERS}",
            *overrides,
            f"seed={r}",
            f"training.noise_seed={40 + r // 2}",
            f"model.input_noise={0.2 * (r % 3)}",
            f"model.layers.0.dropout={0.1 * (r % 4)}",
            f"model.layers.0.batch_norm.momentum={0.1 * (1 + r)}",
            f"model.layers.0.batch_norm.epsilon={10.0 ** -(1 + r % 5)}",
            f"model.layers.0.init.scale={1 + 0.1 * r}",
            f"model.layers.1.activation.negative_slope={0.1 * (r % 5)}",
            f"model.layers.2.dropout={0.4 - 0.1 * (r % 5)}",
        )
        for r in range(count)
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_members_that_differ_in_every_number_of_their_layers_equal_their_own_runs(dtype: str) -> None:
    specs = varied(5, f"backend.dtype={dtype}", "training.epochs=3")
    assert len({grouping_key(spec) for spec in specs}) == 1
    check(specs)


@pytest.mark.parametrize("name", HIDDEN)
def test_members_equal_their_own_runs_for_every_activation_behind_batch_norm(name: str) -> None:
    check(members(3, f"model.activation={name}", "model.batch_norm=true", "training.epochs=2"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", norms)
def test_members_equal_their_own_runs_for_every_norm_in_residual_blocks(name: str, dtype: str) -> None:
    blocks = "[{units: 7, residual: true}, {units: 7, dropout: 0.2}, {units: 5, residual: true}]"
    check(
        members(
            3,
            f"model.layers={blocks}",
            "model.hidden=null",
            f"model.norm={name}",
            "model.activation=silu",
            f"backend.dtype={dtype}",
            "training.epochs=3",
        )
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", norms)
def test_members_that_differ_in_the_numbers_of_a_norm_equal_their_own_runs(name: str, dtype: str) -> None:
    fields = varying(norms[name])
    specs = [
        experiment(
            IRIS,
            f"model.norm={name}",
            f"backend.dtype={dtype}",
            *(f"model.norm.{field}={getattr(norms[name](), field) * 3**r}" for field in fields),
            f"seed={r}",
        )
        for r in range(3)
    ]
    assert len({grouping_key(spec) for spec in specs}) == 1
    check(specs)


@pytest.mark.parametrize("name", activations)
def test_members_equal_their_own_runs_for_every_activation_of_outputs(name: str) -> None:
    target = ["data.target=[2, 3]", "data.columns.ignore=[4]", "loss.name=mse", "training.epochs=2"]
    check(members(3, *target, f"model.output_activation={name}"))


@pytest.mark.parametrize("threads", [1, 2])
def test_wide_normalised_members_equal_their_own_runs_on_any_number_of_threads(threads: int) -> None:
    rows = "data: {source: 'builtin:optdigits', seed: 0, validation: 0.75}"  # a full batch and a short one
    text = f"{rows}\ntraining: {{batch_size: 512, epochs: 1}}\n"
    wide = ["model.hidden=[512, 300]", "model.batch_norm=true", f"backend.threads={threads}"]
    check(members(3, *wide, "model.activation=prelu", "model.input_noise=0.1", text=text))


def test_compacting_a_population_moves_running_averages() -> None:
    stopping = ["training.epochs=40", "training.early_stopping.monitor=val_loss", "model.batch_norm=true"]
    specs = [
        experiment(
            IRIS,
            *stopping,
            f"training.early_stopping.patience={1 + r % 3}",
            f"optimizer.learning_rate={0.01 * (1 + r)}",
            f"model.batch_norm.momentum={0.05 * (1 + r)}",
            f"seed={r}",
            "model.dropout=0.2",
        )
        for r in range(8)
    ]
    together = check(specs)
    assert together.run.population.size < 8
    assert len({stop.epoch for stop in together.stopped.values()}) >= 3
    assert any(stop.restored for stop in together.stopped.values())


def test_averages_are_restored_with_the_best_weights() -> None:
    stopping = ["training.early_stopping.patience=3", "optimizer.learning_rate=0.3", "training.epochs=60"]
    spec = experiment(IRIS, "model.batch_norm=true", *stopping)
    whole = trained([spec])
    best = whole.stopped[0].best_epoch
    assert whole.stopped[0].restored
    assert best < whole.stopped[0].epoch
    short = spec.model_copy(
        update={"training": spec.training.model_copy(update={"epochs": best, "early_stopping": None})}
    )
    assert_fitted_equal(whole, trained([short]))


def assert_fitted_equal(one, other) -> None:
    assert one.run.final.parameters.tobytes() == other.run.final.parameters.tobytes()
    assert one.run.final.statistics.tobytes() == other.run.final.statistics.tobytes()


def test_averages_follow_the_batches() -> None:
    run = built([experiment(IRIS, "model.batch_norm={momentum: 0.25}", "backend.dtype=float64")])
    step, x = training_step(run, 16), run.data.datasets["train"].x
    mean, variance = np.zeros(7), np.ones(7)
    layout = statistics_layout(run.architecture)
    for first in (0, 16, 32):
        weight = run.population["parameters"][0, : 4 * 7].reshape(4, 7).copy()
        z = x[first : first + 16] @ weight
        step.index[...] = np.arange(first, first + 16)
        run.population["coefficients"][:] = 0.01
        step.replay()
        mean = 0.75 * mean + 0.25 * z.mean(axis=0)
        variance = 0.75 * variance + 0.25 * z.var(axis=0, ddof=1)
    averages = views(run.population["statistics"], layout)[1]
    np.testing.assert_allclose(averages["running_mean"][0, 0], mean, rtol=1e-12)
    np.testing.assert_allclose(averages["running_variance"][0, 0], variance, rtol=1e-12)


def test_a_rows_prediction_does_not_depend_on_the_others() -> None:
    run = trained([experiment(IRIS, "model.batch_norm=true", "backend.dtype=float64")]).run
    x = run.data.datasets["test"].x
    fitted = (run, run.final.parameters, run.final.statistics)
    whole = outputs_of(*fitted, x)
    alone = np.concatenate([outputs_of(*fitted, x[k : k + 1]) for k in range(len(x))], axis=1)
    np.testing.assert_allclose(whole, alone, rtol=1e-12)


def test_a_last_batch_of_one_row_is_left_out_with_a_note() -> None:
    uneven = ["training.batch_size=101", "training.epochs=1"]
    run = built([experiment(IRIS, *uneven, "model.batch_norm=true")])
    assert run.data.batches.rows == 102
    assert run.data.batches.sizes == (101,)
    assert run.data.batches.notes == [
        "the last batch of an epoch is one row and left out: batch_norm needs two"
    ]
    for _ in train(run):
        pass
    assert np.isfinite(run.final.parameters).all()
    plain = built([experiment(IRIS, *uneven)])
    assert plain.data.batches.sizes == (101, 1)
    assert plain.data.batches.notes == []
    dropped = built([experiment(IRIS, *uneven, "model.batch_norm=true", "training.drop_last=true")])
    assert dropped.data.batches.notes == []


def test_one_training_row_has_no_spread(tmp_path) -> None:
    (tmp_path / "one.csv").write_text("a,b\n1.5,2.5\n")
    text = f"data: {{source: '{tmp_path}/one.csv', target: b, target_kind: numbers, validation: 0}}\n"
    full = ["training.batch_size=full", "model.batch_norm=true"]
    with pytest.raises(DataError, match=r"model\.batch_norm: one training row has no spread, it needs two"):
        built([experiment(text, *full)])


def test_each_layer_drops_units_at_its_own_rate() -> None:
    text = "data: {source: 'builtin:optdigits', seed: 0}\n"
    layers = "[{units: 200, dropout: 0.1}, {units: 100}, {units: 300, dropout: 0.6}]"
    run = built([experiment(text, f"model.layers={layers}", "training.batch_size=1024")])
    tape, index = Tape(), np.arange(1024)[None]
    contexts = append_loss(tape, run, index, run.pool.prefixed("train")).signals.contexts
    for call in tape.bound(run.backend):
        call()
    masked = [at for at in contexts.values() if "mask" in at.buffers]
    assert [200, 300] == [at.output.shape[2] for at in masked]
    for at, rate in zip(masked, (0.1, 0.6), strict=True):
        mask, a, dropped = at.buffers["mask"], contexts[at.number - 1].output, at.output
        kept, n = mask > 0, mask.size
        assert abs(1 - kept.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / n) + 1e-5
        assert np.array_equal(dropped, a * mask)
        np.testing.assert_allclose(mask[kept], 1 / (1 - round(rate * 65536) / 65536), rtol=1e-7)
        # inverted dropout keeps the mean: the spread of a sum of independent ±
        spread = np.sqrt((a.astype(float) ** 2).sum() * rate / (1 - rate))
        assert abs(dropped.astype(float).sum() - a.astype(float).sum()) < 5 * spread


@pytest.mark.parametrize("rate", [1e-6, 0.1, 0.3, 0.999, 0.99999, 0.9999999])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_mean_mask_is_one(rate: float, dtype: str) -> None:
    """At 0.99999, which 16 bits round to 1 - 2^-16, a scale of 1e5 would make it 1.53."""
    text = f"data: {{source: 'builtin:optdigits', seed: 0}}\nbackend: {{dtype: {dtype}}}\n"
    layers = f"[{{units: 4096, dropout: {rate}}}]"
    run = built([experiment(text, f"model.layers={layers}", "training.batch_size=1024")])
    tape, index = Tape(), np.arange(1024)[None]
    contexts = append_loss(tape, run, index, run.pool.prefixed("train")).signals.contexts
    for call in tape.bound(run.backend):
        call()
    mask = next(at.buffers["mask"] for at in contexts.values() if "mask" in at.buffers)
    share = 1 - min(round(rate * 65536), 65535) / 65536
    assert set(np.unique(mask)) <= {0.0, mask.dtype.type(1 / share)}
    spread = np.sqrt((1 / share - 1) / mask.size)
    assert abs(mask.mean(dtype=float) - 1) <= 4 * spread + 1e-6
    assert mask.any()


def test_inputs_have_noise_in_training_only() -> None:
    base = experiment(IRIS, "backend.dtype=float64")
    loud = experiment(IRIS, "backend.dtype=float64", "model.input_noise=0.5")
    quiet, noisy = built([base]), built([loud])
    inputs = []
    for run in (quiet, noisy):
        tape = Tape()
        signals = append_loss(tape, run, np.arange(16)[None], run.pool.prefixed("train")).signals
        for call in tape.bound(run.backend):
            call()
        inputs.append(next(at for at in signals.contexts.values() if at.layout.has(at.number, "weight")))
    before, after = (at.buffers["x"] for at in inputs)
    drawn = after - before
    assert abs(drawn.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * drawn.size)
    ours, theirs = (
        outputs_of(run, *(run.population[name] for name in ("parameters", "statistics")), x)
        for run, x in ((quiet, quiet.data.datasets["test"].x), (noisy, noisy.data.datasets["test"].x))
    )
    assert np.array_equal(ours, theirs)


def test_softmax_outputs_sum_to_one() -> None:
    target = ["data.target=[2, 3]", "data.columns.ignore=[4]", "loss.name=mse", "data.target_scaling=none"]
    run = trained([experiment(IRIS, *target, "model.output_activation=softmax")]).run
    x = run.data.datasets["test"].x
    out = outputs_of(run, run.final.parameters, run.final.statistics, x)
    np.testing.assert_allclose(out.sum(axis=-1), 1, rtol=1e-5)


def test_the_output_activation_of_a_loss_may_be_named() -> None:
    named = built([experiment(IRIS, "loss=cross_entropy", "model.output_activation=softmax")])
    plain = built([experiment(IRIS, "loss=cross_entropy")])
    assert named.architecture == plain.architecture
    assert named.experiment == plain.experiment


def test_widths_and_layers_give_the_same_bits() -> None:
    short = experiment(IRIS, "model.dropout=0.2", "model.batch_norm=true")
    shared = "activation: tanh, dropout: 0.2, batch_norm: true"
    long = experiment(
        IRIS.replace("hidden: [7, 5], ", ""), f"model.layers=[{{units: 7, {shared}}}, {{units: 5, {shared}}}]"
    )
    assert_bit_equal(trained([short]), trained([long]), 0)


def test_learned_slopes_start_at_their_default_and_change() -> None:
    run = trained([experiment(IRIS, "model.activation=prelu")]).run
    fresh = built([experiment(IRIS, "model.activation=prelu")])
    first, last = (
        views(rows, run.layout)[1]["slope"] for rows in (fresh.population["parameters"], run.final.parameters)
    )
    assert (first == 0.25).all()
    assert (last != 0.25).all()
