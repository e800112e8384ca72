"""Training on a device gives what it gives on NumPy, and the host waits only a few times per epoch."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.checks.gradient import check
from nettrain.checks.options import CheckOptions
from nettrain.checks.small import small_problem
from nettrain.experiment.settings import Experiment
from nettrain.model.layers import embeddings
from nettrain.training.diagnostics.divergence import diagnose
from nettrain.training.diagnostics.profile import Profile
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import restore, snapshot
from tests.fake_cupy.backend import FakeCupyBackend
from tests.fake_cupy.backends import BACKENDS, backend_factory
from tests.fake_cupy.traffic import traffic
from tests.trained import IRIS, Trained, built, data_of, experiment, prepared, trained
from tests.variants import overrides, variants

pytestmark = pytest.mark.usefixtures("step_by_step")

RELATIVE = {"float64": 1e-10, "float32": 1e-4}
RELU = "model.activation=relu"  # whose signals are not bounded


def specs(count: int, *choice: str) -> list[Experiment]:
    """Members that differ in their seeds; of two overrides of one key the last counts."""
    chosen = {one.split("=")[0]: one for one in choice}
    return [experiment(IRIS, *chosen.values(), f"seed={r}") for r in range(count)]


@pytest.fixture(params=BACKENDS)
def new_backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from backend_factory(request.param)


def both(new_backend: Any, *choice: str) -> tuple[Trained, Trained]:
    """The same population on NumPy and on a device, for 105 steps if that may round differently."""
    some = specs(2, f"training.epochs={4 if new_backend is FakeCupyBackend else 15}", *choice)
    return trained(some), trained(some, new_backend)


def assert_equal(here: Trained, there: Trained) -> None:
    """All results agree up to rounding."""
    assert here.stopped == there.stopped
    relative = RELATIVE[here.run.experiment.backend.dtype]
    for name in ("parameters", "statistics"):
        ours, theirs = getattr(here.run.final, name), getattr(there.run.final, name)
        scale = np.abs(ours).max(initial=0, where=np.isfinite(ours))
        np.testing.assert_allclose(theirs, ours, rtol=relative, atol=relative * scale)
    for first, second in zip(here.epochs, there.epochs, strict=True):
        for name, values in first.figures.items():
            np.testing.assert_allclose(second.figures[name], values, rtol=100 * relative, atol=relative)


LOSSES = [(name, targets) for name, entry in losses.items() for targets in entry.fits]
RULES = dict(variants(optimizers).values())  # one form of each; they differ in numbers that a kernel takes
HIDDEN = [name for name, entry in activations.items() if not entry.outputs_only]
SETTINGS = {
    "batch norm": ["model.batch_norm=true"],
    "layer norm": ["model.norm=layer", "model.activation=gelu"],
    "residual": ["model.residual=true", "model.hidden=[6, 6]", "model.norm=batch"],
    "sub-members": ["model.sub_members=3", "model.dropout=0.2", "model.activation=relu"],
    "sub-members by their inputs": ["model.sub_members={count: 3, kind: mini, own_batches: false}"],
    "packed sub-members": ["model.sub_members={count: 3, kind: packed}", "model.norm=batch"],
    "neural tangent": ["model.parametrization=neural_tangent", "model.residual=true"],
    **{
        f"embeddings {name}": overrides("model.embeddings", *form)
        for name, form in variants(embeddings).items()
    },
    "sums of many rows": ["model.embeddings=piecewise_linear", "training.batch_size=40"],
    "groups": [
        "model.norm=layer",
        "optimizer.groups={bias: {learning_rate: 0.1, l2: 1}, scale: {weight_decay: 1}}",
        *("training.weight_decay=0.01", "regularization.l2=0.01"),
    ],
    "categories": ["data.source=builtin:penguins", "data.one_hot_up_to=2", "model.input_noise=0.1"],
    "dropout and noise": ["model.dropout=0.3", "model.input_noise=0.1"],
    "schedules": [
        *("model.dropout=0.3", "model.dropout_schedule=flat_cos", "schedule=coslog4"),
        *("training.weight_decay=0.1", "training.weight_decay_schedule={name: cosine, warmup: 1}"),
    ],
    "layers": [
        "model.hidden=null",
        "model.layers=[{units: 9, activation: prelu, dropout: 0.5}, {units: 5, batch_norm: true}]",
    ],
    "maxout": ["model.activation={name: maxout, pieces: 3}", "model.bias=false"],
    "penalties and limits": [
        *("regularization={l1: 0.01, l2: 0.01, max_norm: 1}", "optimizer=nesterov"),
        *("training.clip_norm=0.5", "training.clip_value=0.1", "training.weight_decay=0.01"),
    ],
    "early stopping": ["training.early_stopping={patience: 2, min_delta: 0.02}"],
    "a slow metric stops": ["training.early_stopping={monitor: val_macro_f1, patience: 3}"],
    "plateau": ["schedule={name: plateau, patience: 1}"],
    "convergence": ["training.convergence={tolerance: 0.03, epochs: 2, weight_change: 0.5}"],
    "a target": ["training.target={val_accuracy: 0.9}", "training.evaluate_every=2"],
    "a target of training rows": ["training.target={train_accuracy: 0.97}", "training.evaluate_train=30"],
    "replacement": ["training.sampling=replacement", "training.drop_last=true"],
    "one batch": ["training.batch_size=full", "training.epochs=100"],
    "no shuffling": ["training.shuffle=false"],
    "class weights": ["data.class_weights=balanced"],
    "snapshots": ["training.snapshots=2"],
    "no validation": ["data.validation=0"],
}


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation(new_backend: Any, activation: str) -> None:
    choice = [f"model.activation={activation}", "optimizer.learning_rate=0.01"]
    assert_equal(*both(new_backend, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("activation", activations)
def test_every_activation_of_outputs(new_backend: Any, activation: str, tmp_path: Path) -> None:
    choice = [*data_of("distributions", tmp_path), "loss=mse", f"model.output_activation={activation}"]
    assert_equal(*both(new_backend, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("loss", ["mse", "pinball", "gaussian_nll"])
def test_clamped_outputs(new_backend: Any, loss: str) -> None:
    choice = ["data.source=synthetic:sine", "model.clamp_outputs=true", "model.init.scale=5", f"loss={loss}"]
    assert_equal(*both(new_backend, "backend.dtype=float64", *choice))


@pytest.mark.parametrize(("loss", "targets"), LOSSES)
def test_every_loss(new_backend: Any, loss: str, targets: str, tmp_path: Path) -> None:
    choice = [*data_of(targets, tmp_path), f"loss={loss}"]
    assert_equal(*both(new_backend, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule(new_backend: Any, rule: str) -> None:
    whole = ["training.batch_size=full"] if optimizers[rule].full_batch else []
    choice = [*overrides("optimizer", rule, RULES[rule]), *whole]
    assert_equal(*both(new_backend, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])  # the host computes the rates, of all alike
def test_a_schedule(new_backend: Any, schedule: str) -> None:
    choice = [f"schedule={schedule}", "schedule.warmup=1"]
    assert_equal(*both(new_backend, "backend.dtype=float64", *choice))


# as what a device is asked to do does not depend on the type, some do for the other
IN_BOTH = ("batch norm", "embeddings piecewise_linear relu=False", "categories", "layers", "snapshots")
TYPED = [*((name, "float64") for name in SETTINGS), *((name, "float32") for name in IN_BOTH)]


@pytest.mark.parametrize(("setting", "dtype"), TYPED)
def test_every_setting(new_backend: Any, setting: str, dtype: str) -> None:
    assert_equal(*both(new_backend, f"backend.dtype={dtype}", *SETTINGS[setting]))


MIXTURE = [
    *("optimizer=nesterov", "regularization.l1=0.01", "training.clip_norm=0.5", "model.input_noise=0.1"),
    *("regularization.max_norm=2", "training.early_stopping={patience: 5}", "training.sampling=replacement"),
]


@pytest.mark.parametrize("dtype", RELATIVE)
def test_the_cupy_backend_on_the_fake(dtype: str) -> None:
    """A little of everything; `pytest -m slow` has the rest."""
    choice = [*SETTINGS["layers"], *MIXTURE, f"backend.dtype={dtype}", "training.epochs=1"]
    for new_backend in backend_factory("cupy"):
        some = specs(2, *choice)
        assert_equal(trained(some), trained(some, new_backend))


def test_evaluations_within_an_epoch(new_backend: Any) -> None:
    some = specs(3, "training.evaluate_every=0.25", "model.dropout=0.3", "backend.dtype=float64")
    here, there = trained(some, recorded=True), trained(some, new_backend, recorded=True)
    assert_equal(here, there)
    assert [event.epoch for event in there.epochs[:6]] == [0, 0.25, 0.5, 0.75, 1, 1.25]


def test_losses_of_steps(new_backend: Any) -> None:
    some = specs(3, "training.history=step", "backend.dtype=float64")
    here, there = trained(some, recorded=True), trained(some, new_backend, recorded=True)
    for one, other in zip(here.epochs, there.epochs, strict=True):
        if one.epoch:
            np.testing.assert_allclose(other.steps.batch_loss, one.steps.batch_loss, rtol=1e-10)
            assert other.steps.step.tolist() == one.steps.step.tolist()


def test_rows_of_members_that_stop_leave_the_device(new_backend: Any) -> None:
    choice = ["training.epochs=30", "training.early_stopping={patience: 2, min_delta: 0.02}"]
    some = [experiment(IRIS, *choice, f"optimizer.learning_rate={2.0**-r}") for r in range(12)]
    here, there = trained(some), trained(some, new_backend)
    assert_equal(here, there)
    assert there.run.population.size < len(some)


def test_members_with_different_orders_of_rows_and_one_that_diverges(new_backend: Any) -> None:
    rates = [0.1, 1e30, 0.01]
    rule = "optimizer={name: sgd, learning_rate: %g}"
    some = [experiment(IRIS, RELU, rule % rate, f"training.order_seed={r}") for r, rate in enumerate(rates)]
    here, there = trained(some), trained(some, new_backend)
    assert_equal(here, there)
    assert [end.reason for _, end in sorted(there.stopped.items())] == ["epochs", "diverged", "epochs"]


@pytest.mark.parametrize("choice", [[], ["model.batch_norm=true"]])
def test_where_a_member_diverged(new_backend: Any, choice: list[str]) -> None:
    spec = experiment(IRIS, RELU, "optimizer={name: sgd, learning_rate: 1e30}", *choice)
    here, there = built([spec]), built([spec], new_backend)
    results = [diagnose(run.experiment, prepared(run.experiment), run.backend) for run in (here, there)]
    assert results[0] is not None
    assert results[1] is not None
    same = ("epoch", "step", "where", "layer")
    assert [getattr(results[0], name) for name in same] == [getattr(results[1], name) for name in same]


@pytest.mark.parametrize("device_first", [False, True])
@pytest.mark.parametrize(
    "setting",
    ["early stopping", "dropout and noise", "schedules", "penalties and limits", "convergence", "plateau"],
)
def test_a_run_resumes_on_another_backend(new_backend: Any, setting: str, device_first: bool) -> None:
    some = specs(3, *SETTINGS[setting], "backend.dtype=float64", "training.epochs=15")
    whole = trained(some)
    first, second = (new_backend, NumpyBackend) if device_first else (NumpyBackend, new_backend)
    asked = iter([False] * 24)
    begun = TrainingLoop(built(some, first), lambda: next(asked, True))
    events = list(begun.events())
    rest = TrainingLoop(built(some, second))
    restore(rest, snapshot(begun))
    events += list(rest.events())
    assert begun.progress.step == 25 < rest.progress.step
    np.testing.assert_allclose(rest.run.final.parameters, whole.run.final.parameters, rtol=1e-10, atol=1e-12)
    assert rest.endings.stopped == whole.stopped
    objectives = [event.figures["objective"] for event in events if isinstance(event, EpochDone)]
    for objective, event in zip(objectives, whole.epochs, strict=True):
        np.testing.assert_allclose(objective, event.figures["objective"], rtol=1e-9)


GRADIENTS = {
    "classes": ["model.activation=relu", "model.batch_norm=true", "model.dropout=0.3"],
    "two classes": ["model.activation=prelu", "loss=focal", "regularization.l1=0.1"],
    "labels": ["model.activation={name: maxout, pieces: 3}", "model.input_noise=0.1"],
    "numbers": ["loss=huber", "regularization.l2=0.1", "model.activation=gelu"],
    "counts": ["loss=poisson", "model.activation=elu"],
    "distributions": ["loss=kl_divergence", "model.activation=leaky_relu"],
}


@pytest.mark.parametrize("kind", GRADIENTS)
def test_the_gradient_check(new_backend: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = new_backend(dtype="float64", threads=1)
    monkeypatch.setattr("nettrain.checks.problem.opened", lambda experiment: backend)
    comparison = check(small_problem(kind, GRADIENTS[kind]), CheckOptions(samples=10))
    assert not comparison.empty
    assert not comparison.fails


class TrafficRecorder:
    """Records after every step what the host has exchanged with the device."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def __call__(self) -> bool:
        self.seen.append((traffic.waits, traffic.uploads))
        return False


def observed(*choice: str, members: int = 2) -> tuple[TrainingLoop, list[tuple[int, int]]]:
    """A training, and what had been exchanged by the end of every step."""
    recorder = TrafficRecorder()
    training = TrainingLoop(built(specs(members, "training.epochs=4", *choice), FakeCupyBackend), recorder)
    for _ in training.events():
        pass
    return training, recorder.seen


LONG = {name: choice for name, choice in SETTINGS.items() if name != "one batch"}
QUIET = {
    **LONG,
    **{f"rule {name}": [f"optimizer={name}"] for name, one in optimizers.items() if not one.full_batch},
}


@pytest.mark.parametrize("setting", QUIET)
def test_nothing_is_exchanged_between_the_steps_of_an_epoch(setting: str) -> None:
    training, seen = observed(*QUIET[setting])
    steps = training.run.data.batches.steps
    # recorded between the steps, and when the epoch has been evaluated
    epochs = [seen[first : first + steps - 1] for first in range(0, len(seen), steps)]
    assert steps > 2
    assert [len(set(epoch)) for epoch in epochs] == [1] * len(epochs)


@pytest.mark.parametrize(
    "setting", [name for name in SETTINGS if name not in ("a slow metric stops", "convergence")]
)
def test_an_epoch_waits_a_few_times_however_long_it_is(setting: str) -> None:
    """For the last step, the training rows' sums, those of penalties, the validation rows', and the weights."""
    counts = []
    for shorter in ([], ["training.batch_size=5"]):  # so that there are more of them
        training, seen = observed(*SETTINGS[setting], *shorter, members=1)
        ends = [
            waits for waits, _ in seen[training.run.data.batches.steps - 1 :: training.run.data.batches.steps]
        ]
        counts.append(ends[1] - ends[0])
    known = {"no validation": 3, "a target of training rows": 5, "penalties and limits": 5, "groups": 5}
    assert counts == [known.get(setting, 4)] * 2


def test_coefficients_of_a_long_epoch_are_sent_1024_steps_at_a_time() -> None:
    choice = ["training.batch_size=1", "data.source=builtin:optdigits", "training.epochs=1"]
    training, seen = observed(*choice, members=1)
    steps = training.run.data.batches.steps
    assert steps > 2 * 1024
    waits, uploads = np.diff(seen[: steps - 1], axis=0).T
    assert not waits.any()
    assert np.flatnonzero(uploads).tolist() == list(range(1023, steps - 2, 1024))


def test_a_profiled_run_may_wait_in_every_step() -> None:
    run = built([experiment(IRIS, "training.epochs=1")], FakeCupyBackend)
    run = replace(run, profile=Profile())
    for _ in TrainingLoop(run).events():
        pass
    assert run.profile.table()["forward"] > 0
