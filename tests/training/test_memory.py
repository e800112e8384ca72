"""A step works in place: it allocates nothing, whatever the batch size."""

import tracemalloc
from pathlib import Path

import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.model.layers import embeddings, norms
from nettrain.training.step.training_step import training_step
from tests.trained import built, data_of, experiment
from tests.variants import overrides, variants

FIRST_STEPS = 16
DIGITS = "data: {source: 'builtin:optdigits', seed: 0}\nmodel: {dropout: 0.2}\nbackend: {threads: 2}\n"


def peak(batch_size: int, *overrides: str) -> int:
    """The most bytes that one step has allocated at any time, after so many that Python has adapted to it.

    It rewrites a function at its eighth call in the process, until when each call allocates more.
    """
    run = built([experiment(DIGITS, f"training.batch_size={batch_size}", *overrides)])
    step = training_step(run, batch_size)
    for _ in range(FIRST_STEPS):
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
    **{f"norm {name}": [f"model.norm={name}"] for name in norms},
    **{f"embeddings {name}": [f"model.embeddings={name}"] for name in embeddings},
    "residual": ["model.residual=true", "model.hidden=[64, 64]"],
    "no bias": ["model.bias=false"],
    "dropout by a schedule": ["model.dropout_schedule=cosine"],
    "input_noise": ["model.input_noise=0.1"],
    "layers": ["model.layers=[{units: 64, activation: prelu, dropout: 0.5}, {units: 32, batch_norm: true}]"],
}


@pytest.mark.parametrize("layers", LAYERS)
def test_no_layer_allocates(layers: str) -> None:
    small, large = (peak(rows, "optimizer=sgd", *LAYERS[layers]) for rows in (64, 256))
    assert large < 64_000
    assert abs(large - small) < 1_000


LOSSES = [(name, targets) for name, entry in losses.items() for targets in entry.fits]


@pytest.mark.parametrize(("loss", "targets"), LOSSES)
def test_no_loss_allocates(loss: str, targets: str, tmp_path: Path) -> None:
    choice = [*data_of(targets, tmp_path), f"loss={loss}", "optimizer=sgd"]
    assert abs(peak(60, *choice) - peak(4, *choice)) < 200
    assert peak(60, *choice) < 16_000


@pytest.mark.parametrize("output", activations)
def test_no_activation_of_outputs_allocates(output: str, tmp_path: Path) -> None:
    choice = [*data_of("distributions", tmp_path), "loss=mse", f"model.output_activation={output}"]
    assert abs(peak(60, *choice) - peak(4, *choice)) < 200


LIMITS = [
    "training.clip_norm=1",
    "training.clip_value=1",
    "regularization.l1=0.1",
    "regularization.max_norm=1",
]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("rule", ["sgd", "nesterov"])
def test_no_limit_allocates(limit: str, rule: str) -> None:
    choice = ["data.source=builtin:iris", f"optimizer={rule}", limit]
    narrow, wide = (peak(16, *choice, f"model.hidden=[{units}]") for units in (8, 2048))
    assert abs(wide - narrow) < 1_000


FORMS = variants(optimizers)


@pytest.mark.parametrize(
    "label", [label for label, (name, _) in FORMS.items() if not optimizers[name].full_batch]
)
def test_no_form_of_a_rule_allocates(label: str) -> None:
    """What a rule would allocate depends on the parameters, not on the rows."""
    choice = ["data.source=builtin:iris", *overrides("optimizer", *FORMS[label])]
    narrow, wide = (peak(16, *choice, f"model.hidden=[{units}]") for units in (8, 2048))
    assert abs(wide - narrow) < 1_000


@pytest.mark.parametrize("rule", [name for name, rule in optimizers.items() if not rule.full_batch])
def test_a_step_allocates_next_to_nothing(rule: str) -> None:
    choice = [f"optimizer={rule}", "model.activation=tanh"]  # the others are above
    small, large = peak(64, *choice), peak(1024, *choice)
    assert large < 64_000
    assert abs(large - small) < 1_000
