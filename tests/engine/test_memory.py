"""A step works in place: what it allocates is nothing, whatever the batch size."""

import tracemalloc

import pytest

from nettrain.catalogue.optimizers import optimizers
from nettrain.engine.step import training_step
from tests.trained import built, experiment

DIGITS = "data: {source: 'builtin:optdigits', seed: 0}\nmodel: {dropout: 0.2}\nbackend: {threads: 2}\n"


def peak(batch_size: int, *overrides: str) -> int:
    """Bytes that one step has allocated at most, beyond what was there before."""
    run = built([experiment(DIGITS, f"training.batch_size={batch_size}", *overrides)])
    step = training_step(run, batch_size, 1)
    step.replay()
    tracemalloc.start()
    try:
        step.replay()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rule", optimizers)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_a_step_allocates_next_to_nothing(rule: str, activation: str) -> None:
    choice = [f"optimizer={rule}", f"model.activation={activation}"]
    small, large = peak(64, *choice), peak(1024, *choice)
    assert large < 64_000
    assert abs(large - small) < 1_000
