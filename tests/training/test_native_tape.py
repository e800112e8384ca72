"""A tape in machine code gives the bits of the tape that Python runs, for every entry of the catalogue."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.backend.base import Call
from nettrain.backend.native_replay import NativeReplay, flat
from nettrain.backend.numpy import TAPE
from nettrain.backend.tiled_products import large_product
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules
from nettrain.model.layers import embeddings, norms
from nettrain.training.step.training_step import training_step
from tests.trained import IRIS, Trained, built, data_of, experiment, trained
from tests.variants import overrides, variants

FORMS = variants(optimizers)
PANELS = -3  # among the arguments of `large_product`
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
    "large products": ["model.hidden=[600]", "training.batch_size=40", "model.dropout=0.3"],
    "a BLAS": ["model.hidden=[150, 150]", "training.batch_size=40", "model.dropout=0.3"],
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


WIDE = ["model.hidden=[600, 300]"]  # products in blocks, kernels in shares
LARGE = {
    "float32": ["training.batch_size=80", "model.dropout=0.3", "training.clip_norm=0.5"],
    "float64": ["training.batch_size=80", "backend.dtype=float64", "model.norm=batch"],
    "sub-members": ["training.batch_size=40", "model.sub_members={count: 4}", "model.norm=layer"],
    "full batch": ["training.batch_size=full", "model.residual=true"],
}


@pytest.mark.parametrize("choice", LARGE)
def test_no_bit_depends_on_the_number_of_threads(choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [train(*WIDE, *LARGE[choice], f"backend.threads={threads}") for threads in (1, 2, 3)]
    monkeypatch.setenv(TAPE, "python")
    runs.append(train(*WIDE, *LARGE[choice]))
    assert 1 == len({one.run.final.parameters.tobytes() for one in runs})
    assert 1 == len({repr([event.figures for event in one.epochs]) for one in runs})
    assert runs[0].epochs[-1].figures["running_loss"].max() < runs[0].epochs[1].figures["running_loss"].min()
    products = [call for call in recorded_calls(runs[1]) if getattr(call, "kernel", None) is large_product]
    assert max(len(product.arrays[PANELS]) for product in products) > 1  # parts that threads share out


def recorded_calls(one: Trained) -> list[Call]:
    """The calls of a step."""
    step = training_step(one.run, one.run.data.batches.batch_size)
    return list(flat([step.replay]))
