"""A tape in machine code gives the bits of the tape that Python runs, for every entry of the catalogue."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.backend.native_replay import NativeReplay
from nettrain.backend.numpy import TAPE
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules
from nettrain.model.layers import embeddings, norms
from nettrain.training.step.training_step import training_step
from tests.trained import IRIS, Trained, built, data_of, experiment, trained
from tests.variants import overrides, variants

FORMS = variants(optimizers)
CHOICES = {
    **{
        f"activation {name}": [f"model.activation={name}"]
        for name, e in activations.items()
        if not e.outputs_only
    },
    **{f"optimizer {label}": overrides("optimizer", *form) for label, form in FORMS.items()},
    **{f"schedule {name}": [f"schedule={name}"] for name in schedules},
    **{f"norm {name}": [f"model.norm={name}"] for name in norms},
    **{f"embeddings {name}": [f"model.embeddings={name}"] for name in embeddings},
    "residual": ["model.residual=true", "model.hidden=[4, 4]", "model.input_noise=0.1"],
    "projected": ["model.residual=true", "model.hidden=[5, 7]", "model.activation=elu"],
    "limits": ["training.clip_norm=0.5", "training.clip_value=0.4", "regularization={l1: 0.01, max_norm: 1}"],
    "sub-members": ["model.sub_members={count: 3}", "model.activation=leaky_relu"],
    "a BLAS": ["model.hidden=[600]", "training.batch_size=40", "model.dropout=0.3"],
    "float64": ["backend.dtype=float64", "model.dropout=0.3", "model.dropout_schedule=cosine"],
    "two threads": ["backend.threads=2", "model.hidden=[3000]", "training.batch_size=full"],
    "steps": ["training.history=step", "training.diagnostics=true", "training.evaluate_every=0.5"],
}


def assert_same_bits(monkeypatch: pytest.MonkeyPatch, *choice: str) -> None:
    ours, pythons = train(*choice), None
    with monkeypatch.context() as patch:
        patch.setenv(TAPE, "python")
        pythons = train(*choice)
    assert ours.run.final.parameters.tobytes() == pythons.run.final.parameters.tobytes()
    assert ours.run.final.statistics.tobytes() == pythons.run.final.statistics.tobytes()
    assert [repr(event.figures) for event in ours.epochs] == [repr(event.figures) for event in pythons.epochs]
    assert np.isfinite(ours.run.final.parameters).all()


def train(*choice: str) -> Trained:
    """Two members with other seeds, for two epochs."""
    common = ["training.epochs=2", "optimizer.learning_rate=0.001"]
    if any("lbfgs" in one for one in choice):
        common[1:] = ["training.batch_size=full", "backend.dtype=float64"]
    return trained([experiment(IRIS, *choice, *common, f"seed={r}") for r in range(2)], recorded=True)


@pytest.mark.parametrize("choice", CHOICES)
def test_machine_code_gives_the_bits_of_python(choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same_bits(monkeypatch, *CHOICES[choice])


@pytest.mark.parametrize(("loss", "targets"), [(n, k) for n, entry in losses.items() for k in entry.fits])
def test_with_every_loss_too(
    loss: str, targets: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same_bits(monkeypatch, *data_of(targets, tmp_path), f"loss={loss}", "training.batch_size=48")


@pytest.mark.parametrize("choice", ["activation=tanh", "activation=elu", "dropout=0.3", "batch_norm=true"])
def test_a_small_step_needs_no_interpreter(choice: str) -> None:
    step = training_step(built([experiment(IRIS, f"model.{choice}", f"seed={r}") for r in range(3)]), 16)
    assert isinstance(step.replay, NativeReplay)
