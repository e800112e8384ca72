"""The time of each phase of a run; together they are nearly the whole."""

from dataclasses import replace

import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.model.tape import Tape
from nettrain.training.diagnostics.profile import PHASES, STEP, Profile, timing
from nettrain.training.loop import train
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import training_step
from tests.trained import built, experiment

DIGITS = """
data: {source: 'builtin:optdigits', seed: 0}
model: {hidden: [256, 128], dropout: 0.1}
training: {epochs: 3}
backend: {threads: 1}
"""


def test_a_tape_is_cut_where_a_phase_begins() -> None:
    tape, calls = Tape(), [lambda k=k: k for k in range(4)]
    tape.add_call(calls[0])
    tape.phase("gather")
    tape.add_call(calls[1])
    tape.phase("forward")
    tape.add_call(calls[2])
    tape.add_call(calls[3])
    tape.phase("loss")
    expected = [("gather", calls[:2]), ("forward", calls[2:]), ("loss", [])]
    assert tape.phases(NumpyBackend()) == expected


def test_each_phase_gets_the_time_of_its_calls() -> None:
    now = [0.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    tape = Tape()
    for name, seconds in (("gather", 1.0), ("forward", 2.0), ("update", 4.0)):
        tape.phase(name)
        tape.call(spend, seconds)
    profile = Profile(clock=lambda: now[0])
    replay = profile.timed(tape, NumpyBackend())
    replay()
    replay()
    with profile.phase("writing"):
        spend(8.0)
    spend(16.0)
    table = profile.table()
    assert (table["gather"], table["forward"], table["update"], table["writing"]) == (2, 4, 8, 8)
    assert (table["loss"], table["rest"], table["whole"]) == (0, 16, 38)


def profiled(run: TrainingRun) -> TrainingRun:
    """The same run, measuring where its time goes."""
    return replace(run, profile=Profile())


def test_without_a_profile_nothing_is_measured() -> None:
    with timing(None, "writing"):
        pass


@pytest.mark.parametrize("rule", ["adam", "nesterov"])
def test_all_phases_of_a_step_take_time(rule: str) -> None:
    run = profiled(built([experiment(DIGITS, f"optimizer={rule}")]))
    training_step(run, 64).replay()
    table = run.profile.table()
    assert all(table[name] > 0 for name in STEP)


def test_the_phases_together_are_nearly_the_whole() -> None:
    run = profiled(built([experiment(DIGITS)]))
    for _ in train(run):
        pass
    table = run.profile.table()
    named = sum(table[name] for name in PHASES)
    assert 0.9 * table["whole"] < named <= table["whole"] + 1e-9
    assert table["rest"] == pytest.approx(table["whole"] - named)


def test_a_profiled_run_has_the_same_bits() -> None:
    plain, timed = built([experiment(DIGITS)]), profiled(built([experiment(DIGITS)]))
    for run in (plain, timed):
        for _ in train(run):
            pass
    assert plain.final.parameters.tobytes() == timed.final.parameters.tobytes()
