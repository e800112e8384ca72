"""A step works in place: what it allocates is nothing, whatever the batch size."""

import tracemalloc

import pytest

from nettrain.catalogue.activations import activations
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


LAYERS = {
    **{
        f"{name} hidden": [f"model.activation={name}"]
        for name, e in activations.items()
        if not e.outputs_only
    },
    "batch_norm": ["model.batch_norm=true"],
    "batch_norm and bias": ["model.batch_norm=true", "model.bias=true"],
    "no bias": ["model.bias=false"],
    "input_noise": ["model.input_noise=0.1"],
    "layers": ["model.layers=[{units: 64, activation: prelu, dropout: 0.5}, {units: 32, batch_norm: true}]"],
}


@pytest.mark.parametrize("layers", LAYERS)
def test_no_layer_allocates(layers: str) -> None:
    small, large = (peak(rows, "optimizer=sgd", *LAYERS[layers]) for rows in (64, 1024))
    assert large < 64_000
    assert abs(large - small) < 1_000


@pytest.mark.parametrize("rule", [name for name, rule in optimizers.items() if not rule.whole])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_a_step_allocates_next_to_nothing(rule: str, activation: str) -> None:
    choice = [f"optimizer={rule}", f"model.activation={activation}"]
    small, large = peak(64, *choice), peak(1024, *choice)
    assert large < 64_000
    assert abs(large - small) < 1_000
