"""A run that is restored from a state ends like one that was never interrupted, to the bit."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.errors import StoredContentError
from nettrain.training.events import EpochDone, Event, MemberStopped
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import TrainingState, restore, snapshot
from tests.trained import IRIS, built, experiment

pytestmark = pytest.mark.usefixtures("step_by_step")

COMMON = ["model.dropout=0.2", "regularization.l2=0.01"]
STOPPING = ["training.early_stopping={patience: 2, min_delta: 0.02}", "training.epochs=30"]
KINDS = {
    "adam": [],
    "nesterov with warmup": ["optimizer=nesterov", "schedule={name: cosine, warmup: 2}"],
    "stops": [*STOPPING, "optimizer.learning_rate=0.02"],
    "evaluates now and then": ["training.epochs=5", "training.evaluate_every=2", "training.shuffle=false"],
    "converges": ["training.convergence={tolerance: 0.03, epochs: 2, weight_change: 0.5}"],
    "draws with replacement": ["training.sampling=replacement", "training.target={val_accuracy: 0.9}"],
    "batch norm and noise": ["model.batch_norm=true", "model.input_noise=0.1"],
    "residual blocks": ["model.residual=true", "model.norm=layer", "model.hidden=[6, 6, 4]"],
    "sub-members": ["model.sub_members={count: 3, kind: mini}", "model.norm=layer"],
    "neural tangent": ["model.parametrization=neural_tangent", "model.activation=parametric_selu"],
    "categories": ["data.source=builtin:penguins", "data.one_hot_up_to=2"],
    "groups": ["optimizer.groups={bias: {learning_rate: 0.1}, weight: {l2: 2}}", "model.norm=batch"],
    "schedules": [
        *("model.dropout_schedule={name: flat_cos, warmup: 1}", "schedule=coslog4"),
        *("training.weight_decay=0.2", "training.weight_decay_schedule=cosine"),
    ],
    "one batch": ["training.batch_size=full"],
    "losses of steps": ["training.history=step"],
}


def specs(count: int, *overrides: str) -> list:
    return [
        experiment(IRIS, *COMMON, *overrides, f"seed={r}", f"training.order_seed={r // 2}")
        for r in range(count)
    ]


class InterruptAfter:
    """Interrupts a training when it has been called often enough."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self) -> bool:
        self.times -= 1
        return self.times < 0


def recorded(events: Iterator[Event]) -> list[tuple]:
    """What the events say, without times and interruptions."""
    record: list[tuple] = []
    for event in events:
        if isinstance(event, EpochDone):
            figures = {name: values.tolist() for name, values in event.figures.items()}
            steps = event.steps and (event.steps.step.tolist(), event.steps.batch_loss.tolist())
            record.append(
                (steps, event.epoch, event.step, event.members.tolist(), str(figures), event.better.tolist())
            )
        elif isinstance(event, MemberStopped) and event.reason != "interrupted":
            record.append((event,))
    return record


def restored(state: TrainingState, members: list) -> TrainingLoop:
    """The training of these members, from a state on."""
    training = TrainingLoop(built(members, recorded=True))
    restore(training, state)
    return training


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 5])
def test_a_run_interrupted_anywhere_and_resumed_ends_the_same(kind: str, count: int) -> None:
    members = specs(count, *KINDS[kind])
    whole = TrainingLoop(built(members, recorded=True))
    undisturbed = recorded(whole.events())
    rng = np.random.default_rng(len(kind) + count)
    for times in rng.integers(0, whole.progress.step, size=4):
        training = TrainingLoop(built(members, recorded=True), InterruptAfter(int(times)))
        record = recorded(training.events())
        resumed = restored(snapshot(training), members)
        record += recorded(resumed.events())
        assert undisturbed == record
        assert whole.run.final.parameters.tobytes() == resumed.run.final.parameters.tobytes()
        assert whole.endings.stopped == resumed.endings.stopped
        assert (whole.progress.epoch, whole.progress.step) == (resumed.progress.epoch, resumed.progress.step)


ANY = {
    "optimizer": st.sampled_from(["sgd", "nesterov", "adam", "adadelta", "rmsprop"]),
    "schedule": st.sampled_from(
        ["constant", "{name: plateau, patience: 1}", "{name: one_cycle, warmup: 1}", "{name: step, every: 2}"]
    ),
    "model.hidden": st.sampled_from(["[]", "[3]", "[4, 3]"]),
    "model.activation": st.sampled_from(["tanh", "relu", "prelu"]),
    "model.dropout": st.sampled_from([0, 0.3]),
    "model.dropout_schedule": st.sampled_from(["none", "flat_cos"]),
    "model.batch_norm": st.booleans(),
    "training.batch_size": st.sampled_from([16, 40, "full"]),
    "training.epochs": st.integers(1, 6),
    "training.evaluate_every": st.integers(1, 3),
    "training.shuffle": st.booleans(),
    "training.history": st.sampled_from(["epoch", "step"]),
    "training.clip_norm": st.sampled_from(["null", 0.5]),
    "training.early_stopping": st.sampled_from(["null", "{patience: 2}", "{patience: 1, min_delta: 0.3}"]),
    "regularization.l1": st.sampled_from([0, 0.01]),
}


@settings(max_examples=12)
@given(chosen=st.fixed_dictionaries(ANY), count=st.integers(1, 3), cuts=st.lists(st.floats(0, 1), max_size=3))
def test_any_experiment_interrupted_any_number_of_times_ends_the_same(chosen, count, cuts) -> None:
    overrides = [f"{key}={str(value).lower()}" for key, value in chosen.items()]
    members = [experiment(IRIS, *overrides, f"seed={r}") for r in range(count)]
    whole = TrainingLoop(built(members, recorded=True))
    undisturbed = recorded(whole.events())
    training, record = TrainingLoop(built(members, recorded=True)), []
    for cut in cuts:
        training.interrupted = InterruptAfter(int(cut * whole.progress.step))
        record += recorded(training.events())
        training = restored(snapshot(training), members)
    record += recorded(training.events())
    assert undisturbed == record
    assert whole.run.final.parameters.tobytes() == training.run.final.parameters.tobytes()
    assert whole.run.final.statistics.tobytes() == training.run.final.statistics.tobytes()
    assert whole.endings.stopped == training.endings.stopped


def test_a_snapshot_after_any_epoch_leads_to_the_same_end() -> None:
    members = specs(16, *KINDS["stops"])
    whole = TrainingLoop(built(members, recorded=True))
    states = {event.epoch: snapshot(whole) for event in whole.events() if isinstance(event, EpochDone)}
    assert len({len(state.arrays["rows.original"]) for state in states.values()}) > 2  # rows were moved
    for state in states.values():
        resumed = restored(state, members)
        recorded(resumed.events())
        assert whole.run.final.parameters.tobytes() == resumed.run.final.parameters.tobytes()
        assert whole.endings.stopped == resumed.endings.stopped


def test_members_that_ended_with_the_last_epoch_continue_when_there_are_more() -> None:
    short, long = (specs(3, f"training.epochs={epochs}") for epochs in (3, 7))
    first = TrainingLoop(built(short, recorded=True))
    record = recorded(first.events())
    more = TrainingLoop(built(long, recorded=True))
    restore(more, snapshot(first), ["epochs"])
    record = [entry for entry in record if len(entry) > 1] + recorded(more.events())
    whole = TrainingLoop(built(long, recorded=True))
    assert recorded(whole.events()) == record
    assert whole.run.final.parameters.tobytes() == more.run.final.parameters.tobytes()


def test_a_snapshot_has_copies_and_no_scratch_arrays() -> None:
    training = TrainingLoop(built(specs(2)))
    state = snapshot(training)
    assert "rows.gradient" not in state.arrays
    before = state.arrays["rows.parameters"].copy()
    recorded(training.events())
    assert np.array_equal(before, state.arrays["rows.parameters"])


def state_after_an_epoch() -> TrainingState:
    training = TrainingLoop(built(specs(2)))
    next(event for event in training.events() if isinstance(event, EpochDone) and event.epoch == 1)
    return snapshot(training)


ORIGINAL = "rows.original"
IMPOSSIBLE = {
    f"{ORIGINAL}: is missing, or has no numbers of members": {ORIGINAL: None},
    f"{ORIGINAL}: are not members of 2": {ORIGINAL: np.array([0, 2])},
    "numbers.ended: are not members of 2": {"ended": [{"member": 5, "reason": "epochs"}]},
    "rows.parameters: is float32 (2, 1), the run has ": {"rows.parameters": np.zeros((2, 1), np.float32)},
    "rows.active: is int64 (2,), the run has bool (2,)": {"rows.active": np.zeros(2, np.int64)},
    "final_statistics: is nothing, the run has ": {"final_statistics": None},
    "numbers: epoch 1, step 7 and position 99 of 7 do not go together": {"position": 99},
    "numbers: epoch 9, step 7 and position 0 of 7 do not go together": {"epoch": 9},
}


@pytest.mark.parametrize("said", IMPOSSIBLE)
def test_a_state_that_a_training_cannot_have_had_is_refused(said: str) -> None:
    state = state_after_an_epoch()
    numbers: dict = {**state.numbers}
    for name, value in IMPOSSIBLE[said].items():
        if name in numbers:
            numbers[name] = value
        elif value is None:
            del state.arrays[name]
        else:
            state.arrays[name] = value
    with pytest.raises(StoredContentError) as caught:
        restored(TrainingState(state.arrays, numbers), specs(2))
    assert str(caught.value).startswith(said)
