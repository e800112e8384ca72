"""The engine on a device: it obeys its rules, waits once an epoch, and trains what NumPy trains."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules
from nettrain.checks.gradient import check
from nettrain.checks.options import CheckOptions
from nettrain.checks.small import small_problem
from nettrain.experiment.settings import Experiment
from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members
from nettrain.inference.importance import importances
from nettrain.inference.mc_dropout import mc_predictions
from nettrain.inference.predictions import metrics_of, predict_labelled
from nettrain.inference.split_predictions import most_telling_split, predict_split
from nettrain.store.trained_run import TrainedRun
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

RELATIVE = {"float64": 1e-10, "float32": 1e-4}
RELU = "model.activation=relu"  # which lets a signal grow


def specs(count: int, *choice: str) -> list[Experiment]:
    """Members that differ in their seeds; of two overrides of one key the last counts."""
    chosen = {one.split("=")[0]: one for one in choice}
    return [experiment(IRIS, *chosen.values(), f"seed={r}") for r in range(count)]


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from backend_factory(request.param)


def both(place: Any, *choice: str) -> tuple[Trained, Trained]:
    """The same population on NumPy and elsewhere, for 105 steps where a device may round in its own way."""
    some = specs(2, f"training.epochs={4 if place is FakeCupyBackend else 15}", *choice)
    return trained(some), trained(some, place)


def assert_equal(here: Trained, there: Trained) -> None:
    """All that came out agrees to rounding."""
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
RULES = variants(optimizers)
HIDDEN = [name for name, entry in activations.items() if not entry.outputs_only]
SETTINGS = {
    "batch norm": ["model.batch_norm=true"],
    "layer norm": ["model.norm=layer", "model.activation=gelu"],
    "residual": ["model.residual=true", "model.hidden=[6, 6]", "model.norm=batch"],
    "groups": [
        "model.norm=layer",
        "optimizer.groups={bias: {learning_rate: 0.1, l2: 1}, scale: {weight_decay: 1}}",
        *("training.weight_decay=0.01", "regularization.l2=0.01"),
    ],
    "dropout and noise": ["model.dropout=0.3", "model.input_noise=0.1"],
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
    "replacement": ["training.sampling=replacement", "training.drop_last=true"],
    "one batch": ["training.batch_size=full", "training.epochs=100"],
    "no shuffling": ["training.shuffle=false"],
    "class weights": ["data.class_weights=balanced"],
    "snapshots": ["training.snapshots=2"],
    "no validation": ["data.validation=0"],
}


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_activation(place: Any, activation: str) -> None:
    choice = [f"model.activation={activation}", "optimizer.learning_rate=0.01"]
    assert_equal(*both(place, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("activation", activations)
def test_every_activation_of_outputs(place: Any, activation: str, tmp_path: Path) -> None:
    choice = [*data_of("distributions", tmp_path), "loss=mse", f"model.output_activation={activation}"]
    assert_equal(*both(place, "backend.dtype=float64", *choice))


@pytest.mark.parametrize(("loss", "targets"), LOSSES)
def test_every_loss(place: Any, loss: str, targets: str, tmp_path: Path) -> None:
    choice = [*data_of(targets, tmp_path), f"loss={loss}"]
    assert_equal(*both(place, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("rule", RULES)
def test_every_form_of_a_rule(place: Any, rule: str) -> None:
    name, numbers = RULES[rule]
    whole = ["training.batch_size=full"] if optimizers[name].full_batch else []
    choice = [*overrides("optimizer", name, numbers), *whole]
    assert_equal(*both(place, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("schedule", schedules)
def test_every_schedule(place: Any, schedule: str) -> None:
    choice = [f"schedule={schedule}", "schedule.warmup=1"]
    assert_equal(*both(place, "backend.dtype=float64", *choice))


@pytest.mark.parametrize("dtype", RELATIVE)
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting(place: Any, setting: str, dtype: str) -> None:
    assert_equal(*both(place, f"backend.dtype={dtype}", *SETTINGS[setting]))


MIXTURE = [
    *("optimizer=nesterov", "regularization.l1=0.01", "training.clip_norm=0.5", "model.input_noise=0.1"),
    *("regularization.max_norm=2", "training.early_stopping={patience: 5}", "training.sampling=replacement"),
]


@pytest.mark.parametrize("dtype", RELATIVE)
def test_the_cupy_backend_on_the_fake(dtype: str) -> None:
    """A little of everything; `pytest -m slow` has the rest."""
    choice = [*SETTINGS["layers"], *MIXTURE, f"backend.dtype={dtype}", "training.epochs=1"]
    for place in backend_factory("cupy"):
        some = specs(2, *choice)
        assert_equal(trained(some), trained(some, place))


def test_members_that_stop_leave_the_device(place: Any) -> None:
    choice = ["training.epochs=30", "training.early_stopping={patience: 2, min_delta: 0.02}"]
    some = [experiment(IRIS, *choice, f"optimizer.learning_rate={2.0**-r}") for r in range(12)]
    here, there = trained(some), trained(some, place)
    assert_equal(here, there)
    assert there.run.population.size < len(some)


def test_members_of_their_own_orders_and_one_that_diverges(place: Any) -> None:
    rates = [0.1, 1e30, 0.01]
    rule = "optimizer={name: sgd, learning_rate: %g}"
    some = [experiment(IRIS, RELU, rule % rate, f"training.order_seed={r}") for r, rate in enumerate(rates)]
    here, there = trained(some), trained(some, place)
    assert_equal(here, there)
    assert [end.reason for _, end in sorted(there.stopped.items())] == ["epochs", "diverged", "epochs"]


@pytest.mark.parametrize("choice", [[], ["model.batch_norm=true"]])
def test_where_a_member_diverged(place: Any, choice: list[str]) -> None:
    spec = experiment(IRIS, RELU, "optimizer={name: sgd, learning_rate: 1e30}", *choice)
    here, there = built([spec]), built([spec], place)
    found = [diagnose(run.experiment, prepared(run.experiment), run.backend) for run in (here, there)]
    assert found[0] is not None
    assert found[1] is not None
    same = ("epoch", "step", "where", "layer")
    assert [getattr(found[0], name) for name in same] == [getattr(found[1], name) for name in same]


@pytest.mark.parametrize("elsewhere_first", [False, True])
@pytest.mark.parametrize(
    "setting", ["early stopping", "dropout and noise", "penalties and limits", "convergence", "plateau"]
)
def test_a_run_goes_on_elsewhere(place: Any, setting: str, elsewhere_first: bool) -> None:
    some = specs(3, *SETTINGS[setting], "backend.dtype=float64", "training.epochs=15")
    whole = trained(some)
    first, second = (place, NumpyBackend) if elsewhere_first else (NumpyBackend, place)
    asked = iter([False] * 24)
    begun = TrainingLoop(built(some, first), lambda: next(asked, True))
    events = list(begun.events())
    rest = TrainingLoop(built(some, second))
    restore(rest, snapshot(begun))
    events += list(rest.events())
    assert begun.progress.step == 25 < rest.progress.step
    np.testing.assert_allclose(rest.run.final.parameters, whole.run.final.parameters, rtol=1e-10, atol=1e-12)
    assert rest.endings.stopped == whole.stopped
    told = [event.figures["objective"] for event in events if isinstance(event, EpochDone)]
    for objective, event in zip(told, whole.epochs, strict=True):
        np.testing.assert_allclose(objective, event.figures["objective"], rtol=1e-9)


class Afterwards:
    """What is asked of a network when it is trained, and answers as numbers."""

    def __init__(self, place: Any, tmp_path: Path, *choice: str) -> None:
        some = specs(2, *choice)
        self.run, self.data = trained(some, place).run, prepared(some[0])
        self.networks, self.datasets = self.run.networks([self.run.experiment] * 2), self.run.data.datasets
        final = self.run.final.parameters, self.run.final.statistics
        fitted = (self.run.architecture, *final, self.data.preprocessing)
        self.stored = TrainedRun(self.run.experiment, *fitted, self.run.backend).networks

    def figures(self) -> Any:
        return evaluate_members(self.networks, self.datasets, self.run.pool)

    def together(self) -> Any:
        return evaluate_ensemble(self.networks, self.datasets)

    def pictures(self) -> Any:
        dataset = self.datasets[most_telling_split(self.datasets)]
        return {"predictions": predict_split(self.networks, dataset)}

    def stored_answers(self) -> Any:
        labelled = predict_labelled(self.stored, self.data.train)
        return {"rows": labelled.losses, "figures": metrics_of(self.stored, labelled).scalars}

    def samples(self) -> Any:
        return dict(enumerate(mc_predictions(self.stored, self.data.train.x, 3)))

    def importance(self) -> Any:
        found = importances(
            self.stored, self.data.preprocessing, self.data.train, "accuracy", shuffles=2, seed=1
        )
        return {one.name: (one.mean, one.sd) for one in found}


@pytest.mark.parametrize(
    "asked",
    [
        *(Afterwards.figures, Afterwards.together, Afterwards.pictures, Afterwards.stored_answers),
        *(Afterwards.samples, Afterwards.importance),
    ],
)
def test_what_is_asked_afterwards(place: Any, asked: Callable[[Afterwards], Any], tmp_path: Path) -> None:
    choice = ["backend.dtype=float64", "model.dropout=0.2", "model.batch_norm=true", "training.repeat=2"]
    here, there = (asked(Afterwards(one, tmp_path, *choice)) for one in (NumpyBackend, place))
    assert_close(here, there)


def assert_close(here: Any, there: Any) -> None:
    if isinstance(here, dict):
        assert here.keys() == there.keys()
        for name, value in here.items():
            assert_close(value, there[name])
    else:
        np.testing.assert_allclose(there, here, rtol=1e-9, atol=1e-12)


GRADIENTS = {
    "classes": ["model.activation=relu", "model.batch_norm=true", "model.dropout=0.3"],
    "two classes": ["model.activation=prelu", "loss=focal", "regularization.l1=0.1"],
    "labels": ["model.activation={name: maxout, pieces: 3}", "model.input_noise=0.1"],
    "numbers": ["loss=huber", "regularization.l2=0.1", "model.activation=gelu"],
    "counts": ["loss=poisson", "model.activation=elu"],
    "distributions": ["loss=kl_divergence", "model.activation=leaky_relu"],
}


@pytest.mark.parametrize("kind", GRADIENTS)
def test_the_gradient_is_checked_there(place: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_there = place(dtype="float64", threads=1)
    monkeypatch.setattr("nettrain.checks.problem.opened", lambda experiment: opened_there)
    comparison = check(small_problem(kind, GRADIENTS[kind]), CheckOptions(samples=10))
    assert not comparison.empty
    assert not comparison.fails


class Observer:
    """Asked after every step: keeps what the host had exchanged with the device by then."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def __call__(self) -> bool:
        self.seen.append((traffic.waits, traffic.uploads))
        return False


def observed(*choice: str, members: int = 2) -> tuple[TrainingLoop, list[tuple[int, int]]]:
    """What was exchanged by the end of every step."""
    observer = Observer()
    training = TrainingLoop(built(specs(members, "training.epochs=4", *choice), FakeCupyBackend), observer)
    for _ in training.events():
        pass
    return training, observer.seen


LONG = {name: choice for name, choice in SETTINGS.items() if name != "one batch"}
QUIET = {
    **LONG,
    **{f"rule {name}": [f"optimizer={name}"] for name, one in optimizers.items() if not one.full_batch},
}


@pytest.mark.parametrize("setting", QUIET)
def test_nothing_is_exchanged_between_the_steps_of_an_epoch(setting: str) -> None:
    training, seen = observed(*QUIET[setting])
    steps = training.run.data.batches.steps
    # asked between the steps, and when the epoch has been evaluated
    epochs = [seen[first : first + steps - 1] for first in range(0, len(seen), steps)]
    assert steps > 2
    assert [len(set(epoch)) for epoch in epochs] == [1] * len(epochs)


@pytest.mark.parametrize(
    "setting", [name for name in SETTINGS if name not in ("a slow metric stops", "convergence")]
)
def test_an_epoch_waits_a_few_times_however_long_it_is(setting: str) -> None:
    """For the last step, the training rows' sums, those of penalties, the validation rows', and the weights."""
    counts = []
    for source in ("builtin:iris", "builtin:optdigits"):
        training, seen = observed(*SETTINGS[setting], f"data.source={source}", members=1)
        ends = [
            waits for waits, _ in seen[training.run.data.batches.steps - 1 :: training.run.data.batches.steps]
        ]
        counts.append(ends[1] - ends[0])
    known = {"no validation": 3, "penalties and limits": 5, "groups": 5}
    assert counts == [known.get(setting, 4)] * 2


def test_coefficients_of_a_long_epoch_are_laid_out_a_thousand_at_a_time() -> None:
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
