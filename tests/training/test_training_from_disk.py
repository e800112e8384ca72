"""Training rows on disk are read window by window and give the bits of rows in memory with the same window."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.backend import scratch_file
from nettrain.backend.scratch_file import is_scratch
from nettrain.errors import SpecError
from nettrain.experiment.settings import Experiment
from nettrain.inference import predict
from nettrain.store.data_fingerprint import fingerprint
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.rows import double_buffer
from tests.trained import built, experiment, prepared, resolved_with_data, trained

ROWS, COLUMNS, BATCH = 500, 6, 16
STEPS = 4  # of a block of rows: a window of 64 rows, of the 425 that train
SPEC = """
data: {source: SOURCE, seed: 0, test: 0}
model: {hidden: [7, 5], activation: tanh}
training: {epochs: 3, batch_size: 16}
backend: {threads: 1}
"""


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and blocks of a few batches, and chunks of a few rows."""
    size = STEPS * BATCH * COLUMNS * 4
    monkeypatch.setattr(scratch_file, "BLOCK_BYTES", size + 1)
    monkeypatch.setattr(double_buffer, "BLOCK_BYTES", STEPS * BATCH * (COLUMNS * 4 + 8) + 1)
    monkeypatch.setattr(predict, "chunk_rows", lambda architecture, chunk_bytes: 32)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    y = (x[:, 0] + rng.normal(size=ROWS) > 0) + 0
    np.save(tmp_path / "rows.npy", np.column_stack([x, y])[np.argsort(y)].astype(np.float32))
    return tmp_path / "rows.npy"


def specs(rows: Path, storage: str, members: int, *choice: str) -> list[Experiment]:
    text = SPEC.replace("SOURCE", f"'{rows}'")
    own = storage == "disk" and "backend.dtype=float64" not in choice  # the window that a run chooses
    window = [] if own else [f"training.shuffle_window={STEPS * BATCH}"]
    return [
        experiment(text, f"data.storage={storage}", *window, *choice, f"seed={r}") for r in range(members)
    ]


SHARED = "training.order_seed=5"
SETTINGS: dict[str, tuple[int, list[str]]] = {
    "alone": (1, []),
    "one order": (3, [SHARED]),
    "own orders": (3, []),
    "the last batch dropped": (1, ["training.drop_last=true"]),
    "best weights": (2, ["training.early_stopping={patience: 1, min_delta: 0.1}", "training.epochs=5"]),
    "dropout and batch norm": (2, ["model.dropout=0.3", "model.batch_norm=true", SHARED]),
    "class weights": (1, ["data.class_weights=balanced"]),
    "sub-members": (1, ["model.sub_members=2"]),
    "parts of an epoch": (2, ["training.evaluate_every=0.5", SHARED]),
    "a sample of training rows": (1, ["training.evaluate_train=30"]),
    "numbers": (1, ["data.target_kind=numbers", "backend.dtype=float64"]),
}


def assert_streams(run: Any) -> None:
    assert is_scratch(run.data.train.x)
    assert run.data.double_buffer is not None
    assert run.data.batches.steps > 2 * run.data.double_buffer.steps


@pytest.mark.parametrize("setting", SETTINGS)
def test_rows_on_disk_give_the_bits_of_rows_in_memory(rows: Path, setting: str) -> None:
    members, choice = SETTINGS[setting]
    here, there = (trained(specs(rows, one, members, *choice)) for one in ("memory", "disk"))
    assert_streams(there.run)
    assert here.run.data.double_buffer is None
    assert here.stopped == there.stopped
    for name in ("parameters", "statistics"):
        assert getattr(here.run.final, name).tobytes() == getattr(there.run.final, name).tobytes()
    for member in range(members):
        np.testing.assert_equal(there.history(member), here.history(member))


def test_a_window_on_disk_is_a_number_of_the_resolved_experiment(rows: Path) -> None:
    (resolved,) = resolved_with_data(specs(rows, "disk", 1))
    assert STEPS * BATCH == resolved.training.shuffle_window
    assert "disk" == resolved.data.storage
    (unshuffled,) = resolved_with_data(specs(rows, "disk", 1, "training.shuffle=false"))
    assert unshuffled.training.shuffle_window is None


@pytest.mark.parametrize("steps", [3, 4, 13, 26])
def test_a_run_interrupted_within_an_epoch_and_resumed_ends_the_same(rows: Path, steps: int) -> None:
    experiments = specs(rows, "disk", 2)
    whole = trained(experiments)
    asked = iter([False] * steps)
    begun = TrainingLoop(built(experiments), partial(next, asked, True), moment=0.0)
    for _ in begun.events():
        pass
    assert 0 < begun.progress.step < 81
    rest = TrainingLoop(built(experiments))
    restore(rest, snapshot(begun))
    for _ in rest.events():
        pass
    assert rest.run.final.parameters.tobytes() == whole.run.final.parameters.tobytes()


def test_the_fingerprint_is_that_of_rows_in_memory(rows: Path) -> None:
    here, there = (prepared(specs(rows, one, 1)[0]) for one in ("memory", "disk"))
    assert fingerprint(here) == fingerprint(there)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (
            "training.batch_size=full",
            "training.batch_size: full takes all rows on disk (data.storage: disk) at once; give a number",
        ),
        (
            "training.sampling=replacement",
            "training.sampling: replacement draws from all rows on disk (data.storage: disk) at once; "
            "write permutation",
        ),
        (
            "model.embeddings=piecewise_linear",
            "model.embeddings: this one is fitted on all rows on disk (data.storage: disk) at once; choose another",
        ),
    ],
)
def test_what_needs_all_rows_at_once_is_refused(rows: Path, choice: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        resolved_with_data(specs(rows, "disk", 1, choice))
    assert message == str(caught.value)
