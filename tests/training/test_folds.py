"""Members that train on different rows share a population, and each ends bit-equal to its own run."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.data.prepare import Prepared
from nettrain.experiment.resolution import resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.training.build import build
from nettrain.training.events import EpochDone, MemberStopped
from nettrain.training.loop import TrainingLoop, train
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.run import TrainingRun
from nettrain.training.side_by_side import populations
from tests.fake_cupy.backend import FakeCupyBackend
from tests.trained import NewBackend, Trained, experiment, prepared

pytestmark = pytest.mark.usefixtures("step_by_step")

TEXT = """
data: {source: 'synthetic:sine', target: y}
model: {hidden: [7, 5], activation: tanh}
training: {epochs: 5, batch_size: 16, diagnostics: true}
backend: {threads: 1}
"""
LISTED = {
    "as it is": [],
    "one row more in the last batch": ["rows=65,66,67"],
    "batches without a rest": ["rows=64,64,64"],
    "sub-members": ["model.sub_members=3", "model.dropout=0.2"],
    "sub-members in equal folds": ["model.sub_members=3", "rows=64,64,64"],
    "sub-members that share a batch": ["model.sub_members={count: 3, kind: packed, own_batches: false}"],
    "sub-members and full batches": ["model.sub_members=3", "training.batch_size=full"],
    "full batches": ["training.batch_size=full"],
    "full batches of equal folds": ["training.batch_size=full", "rows=64,64,64"],
    "full batches, drawn": ["training.batch_size=full", "training.sampling=replacement"],
    "batch norm and dropout": ["model.batch_norm=true", "model.dropout=0.2", "model.input_noise=0.1"],
    "limits from rows": ["model.clamp_outputs=true", "model.init.scale=5"],
    "starts from rows": ["model.parametrization=neural_tangent", "model.activation=parametric_mish"],
    "dropout by a schedule": ["model.dropout=0.4", "model.dropout_schedule=flat_cos"],
    "edges of bins": ["model.embeddings={name: piecewise_linear, bins: 5, dimension: 3}"],
    "starts from rows behind edges": [
        *("model.parametrization=neural_tangent", "model.embeddings={name: piecewise_linear, bins: 4}"),
    ],
    "categories": ["data.columns.categorical=[b]", "data.max_categories=3", "data.one_hot_up_to=2"],
    "a rule that looks ahead": ["optimizer=nesterov", "regularization.max_norm=1", "training.clip_norm=1"],
    "L-BFGS": ["optimizer=lbfgs", "training.batch_size=full", "backend.dtype=float64"],
    "early stopping": ["training.early_stopping={patience: 1, min_delta: 0.02}", "training.epochs=20"],
    "evaluation within an epoch": ["training.evaluate_every=0.5", "training.history=step"],
    "some training rows": ["training.evaluate_train=40"],
    "float64 and two threads": ["backend.dtype=float64", "backend.threads=2"],
}


def write_rows(folder: Path, rows: int, seed: int) -> None:
    """A table of rows to train on and one to validate with, each drawn anew."""
    rng = np.random.default_rng(seed)
    for name, count in (("train", rows), ("validation", 20 + seed)):
        x = rng.normal(seed, 1 + seed, size=(count, 3))
        y = np.sin(x[:, 0]) + rng.normal(0, 0.1, count)
        lines = ["a,b,c,y", *(",".join(map(repr, row)) for row in np.c_[x, y].tolist())]
        (folder / f"{name}{seed}.csv").write_text("\n".join(lines) + "\n")


def fold_experiments(folder: Path, overrides: Sequence[str], members: int) -> list[Experiment]:
    """Members of three folds, each fold with other rows and numbers of its own."""
    sizes = next((one.removeprefix("rows=") for one in overrides if one.startswith("rows=")), "61,62,60")
    specs = []
    for fold, rows in enumerate(map(int, sizes.split(","))):
        write_rows(folder, rows, fold)
        own = [f"data.source={folder}/train{fold}.csv", f"data.validation={folder}/validation{fold}.csv"]
        for member in range(members):
            numbers = [f"seed={member}", f"optimizer.learning_rate={0.01 * (1 + fold + member)}"]
            numbers = [] if "optimizer=lbfgs" in overrides else numbers
            others = [one for one in overrides if not one.startswith("rows=")]
            specs.append(experiment(TEXT, *others, *own, *numbers))
    return specs


def with_data(specs: Sequence[Experiment]) -> list[tuple[Experiment, Prepared]]:
    """The experiments resolved with their data, of which members of one fold share one object."""
    found: dict[str, Prepared] = {}
    pairs = []
    for spec in specs:
        data = found.setdefault(spec.data.source, prepared(spec))
        pairs.append((resolve_with_data(spec, data), data))
    return pairs


def built(
    pairs: Sequence[tuple[Experiment, Prepared]], new_backend: NewBackend = NumpyBackend
) -> TrainingRun:
    settings = pairs[0][0].backend
    backend = new_backend(dtype=settings.dtype, threads=int(settings.threads))
    return build([one for one, _ in pairs], [data for _, data in pairs], backend, recorded=True)


def to_the_end(run: TrainingRun) -> Trained:
    result = Trained(run, [], {})
    for event in train(run):
        if isinstance(event, EpochDone):
            result.epochs.append(event)
        elif isinstance(event, MemberStopped):
            result.stopped[event.member] = event
    return result


def layer_figures(trained: Trained, member: int) -> bytes:
    """The diagnostics of one member, and the losses of its steps."""
    found = []
    for event in trained.epochs:
        row = np.flatnonzero(event.members == member)
        found += [values[row] for values in event.diagnostics.values.values()] if event.diagnostics else []
        found += [event.steps.batch_loss[row]] if event.steps else []
    return b"".join(np.ascontiguousarray(values).tobytes() for values in found)


@pytest.mark.parametrize(("name", "members"), [*((name, 2) for name in LISTED), ("as it is", 1)])
def test_a_member_of_a_fold_equals_its_own_run(name: str, members: int, tmp_path: Path) -> None:
    pairs = with_data(fold_experiments(tmp_path, LISTED[name], members))
    assert len(populations(pairs)) == 1
    together = to_the_end(built(pairs))
    for member, pair in enumerate(pairs):
        alone = to_the_end(built([pair]))
        assert together.weights(member).tobytes() == alone.weights().tobytes()
        assert together.run.final.statistics[member].tobytes() == alone.run.final.statistics[0].tobytes()
        assert repr(together.history(member)) == repr(alone.history())
        assert layer_figures(together, member) == layer_figures(alone, 0)
        assert together.stopped[member].reason == alone.stopped[0].reason
        assert together.stopped[member].best_epoch == alone.stopped[0].best_epoch


def test_folds_whose_epochs_have_other_steps_are_parted(tmp_path: Path) -> None:
    plain = fold_experiments(tmp_path, ["rows=64,65,63", "training.diagnostics=false"], 2)
    assert populations(with_data(plain)) == [[0, 1, 4, 5], [2, 3]]
    measured = fold_experiments(tmp_path, ["rows=64,63,62"], 1)  # by the last full batch, here or there
    assert populations(with_data(measured)) == [[0], [1, 2]]


def test_members_are_brought_next_to_those_of_their_fold(tmp_path: Path) -> None:
    pairs = with_data(fold_experiments(tmp_path, [], 2))
    mixed = [pairs[k] for k in (0, 2, 4, 1, 3, 5)]
    assert populations(mixed) == [[0, 3, 1, 4, 2, 5]]
    with pytest.raises(ValueError, match="next to each other"):
        built(mixed)


def test_folds_with_other_inputs_are_parted(tmp_path: Path) -> None:
    specs = fold_experiments(tmp_path, [], 1)
    specs[1] = experiment(TEXT, f"data.source={tmp_path}/train1.csv", "data.columns.ignore=[a]")
    assert populations(with_data(specs)) == [[0, 2], [1]]


def write_letters(folder: Path, name: str, column: str, letters: str) -> Experiment:
    """An experiment on three inputs, of which one is a code of as many categories as there are letters."""
    rng = np.random.default_rng(len(letters))
    cells = {one: [f"{value:.3f}" for value in rng.normal(size=60)] for one in "abcy"}
    cells[column] = [letters[row % len(letters)] for row in range(60)]
    rows = [",".join(row) for row in zip(*cells.values(), strict=True)]
    (folder / name).write_text("\n".join([",".join(cells), *rows]) + "\n")
    return experiment(TEXT, f"data.source={folder}/{name}", "data.one_hot_up_to=2")


def test_folds_with_other_categories_are_parted(tmp_path: Path) -> None:
    """Though all have three inputs: an embedding has a row for each category, at the place of its column."""
    specs = [
        write_letters(tmp_path, "first.csv", "a", "pqrs"),
        write_letters(tmp_path, "more.csv", "a", "pqrst"),
        write_letters(tmp_path, "elsewhere.csv", "b", "pqrs"),
        write_letters(tmp_path, "again.csv", "a", "pqrs"),
    ]
    pairs = with_data(specs)
    assert {data.preprocessing.inputs for _, data in pairs} == {3}
    assert populations(pairs) == [[0, 3], [1], [2]]
    for other in (1, 2):
        with pytest.raises(ValueError, match="other columns"):
            built([pairs[0], pairs[other]])


def test_a_population_of_folds_continues_to_the_bit(tmp_path: Path) -> None:
    pairs = with_data(fold_experiments(tmp_path, ["model.batch_norm=true"], 2))
    whole = to_the_end(built(pairs))
    steps = iter(range(100))
    first = TrainingLoop(built(pairs), lambda: next(steps) == 9)
    for _ in first.events():
        pass
    second = TrainingLoop(built(pairs))
    restore(second, snapshot(first))
    for _ in second.events():
        pass
    assert second.run.final.parameters.tobytes() == whole.run.final.parameters.tobytes()


@pytest.mark.parametrize("name", ["as it is", "full batches", "batch norm and dropout", "edges of bins"])
def test_folds_train_on_a_device(name: str, tmp_path: Path) -> None:
    pairs = with_data(fold_experiments(tmp_path, LISTED[name], 2))
    here, there = to_the_end(built(pairs)), to_the_end(built(pairs, FakeCupyBackend))
    np.testing.assert_allclose(there.run.final.parameters, here.run.final.parameters, rtol=1e-4, atol=1e-5)
    for member in range(len(pairs)):
        ours, theirs = here.history(member)[1:], there.history(member)[1:]  # epoch 0 has other figures
        np.testing.assert_allclose(theirs, ours, rtol=1e-3)


def test_rows_that_do_not_fit_on_a_device_stream_to_it(tmp_path: Path) -> None:
    pairs = with_data(fold_experiments(tmp_path, [], 1))
    fits, streams = built(pairs, FakeCupyBackend), built(pairs, partial(FakeCupyBackend, room=0))
    assert not fits.data.notes
    assert [note for note in streams.data.notes if "validation (fold 2) rows" in note]
    ended = [to_the_end(run) for run in (fits, streams)]
    assert repr(ended[0].history(1)) == repr(ended[1].history(1))
