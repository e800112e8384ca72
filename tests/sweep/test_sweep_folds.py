"""A sweep over folds: a trial is the mean of its folds, and each fold ends as an ordinary run of it alone."""

import csv
import os
from math import ceil
from statistics import mean, stdev

import pytest

from nettrain.experiment.load import load
from nettrain.experiment.settings import Experiment
from nettrain.sweep.in_process import train_in_process
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.shared_data import map_shared
from nettrain.sweep.summary import trials_table
from nettrain.workflow.run import Run
from nettrain.workflow.train import train
from tests.sweep.sweeping import rows, run_sweep, write_experiment

# early stopping ends folds after different epochs
FOLDS = """experiment: folds
data: {source: 'builtin:iris', test: 0.2, folds: {count: 2, repeats: 2}}
model: {hidden: [6]}
training: {epochs: 8, batch_size: 16}
sweep:
  trials: 6
  metric: {name: val_macro_f1}
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e-1}
    model.hidden: {values: [[6], [5, 4]]}
    data.scaling: {values: [standard, minmax]}
    training.early_stopping: {values: [null, {patience: 2}]}
"""
# forward chaining: folds of 20, 40 and 60 training rows, and so of 2, 3 and 4 steps
CHAINED = """experiment: chained
data: {source: 'synthetic:sine', order: time, folds: 3}
model: {hidden: [4]}
optimizer: sgd
training: {epochs: 9, batch_size: 60}
sweep:
  trials: 8
  early_terminate: {type: successive_halving, min_iter: 1, eta: 2}
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e-1}
    training.early_stopping: {values: [null, {patience: 1}]}
"""
HALVED = CHAINED.replace("chained", "halved").replace(", order: time", "")


def alone(experiment: Experiment, number: int) -> Run:
    """An ordinary run whose validation rows are those of a fold."""
    assert experiment.data.folds is not None
    data = experiment.data.model_copy(update={"folds": experiment.data.folds.fold(number)})
    return train(experiment.model_copy(update={"data": data, "sweep": None}).model_dump())


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return run_sweep(tmp_path_factory.mktemp("folds"), FOLDS, jobs=2)


@pytest.fixture(scope="module", params=[CHAINED, HALVED], ids=["several populations", "one population"])
def halved(request, tmp_path_factory):
    return run_sweep(tmp_path_factory.mktemp("halved"), request.param, jobs=2)


def test_each_fold_of_each_trial_is_bit_equal_to_its_own_run(swept):
    for trial in swept.trials:
        result = swept.results[trial.number]
        runs = [alone(trial.experiment, number).summary for number in (1, 2, 3, 4)]
        for name in ("loss", "accuracy", "macro_f1"):
            own = [run["metrics"]["val"][name] for run in runs]
            assert own == [fold[f"val_{name}"] for fold in result.folds], trial.values
            assert mean(own) == pytest.approx(result.figures[f"val_{name}"], rel=1e-14)
            assert stdev(own) == pytest.approx(result.sd[f"val_{name}"], rel=1e-12)
        assert max(run["epochs_run"] for run in runs) == result.epochs
        assert mean(run["best_epoch"] for run in runs) == pytest.approx(result.best_epoch, rel=1e-14)


def test_all_folds_of_all_trials_of_one_form_are_one_population(tmp_path):
    text = FOLDS.partition("    model.hidden")[0]
    with open_sweep(load(write_experiment(tmp_path, text)), tmp_path, total=None, workers=1) as sweep:
        (chunk,) = sweep.chunks
        assert ((0, 1, 2, 3),) == chunk.populations
        assert 24 == chunk.networks


def test_the_table_has_means_and_deviations_and_the_journal_each_fold(swept):
    with swept.folder.trials.open() as f:
        table = list(csv.DictReader(f))
    for row in table:
        result = swept.results[int(row["trial"])]
        assert float(row["val_loss"]) == result.figures["val_loss"]
        assert float(row["val_loss_sd"]) == result.sd["val_loss"] > 0
    assert '"folds": {"1": {"val_loss": ' in swept.folder.journal.read_text()


def test_the_best_trial_has_the_best_mean(swept):
    best = max(mean(fold["val_macro_f1"] for fold in one.folds) for one in swept.results.values())
    assert best == pytest.approx(swept.best[0].figures["val_macro_f1"], rel=1e-14)


def test_the_best_file_is_cross_validated_in_the_same_folds(swept):
    assert ", the mean of 4 folds\n" in swept.folder.best.read_text()
    run, best = train(swept.folder.best), swept.best[0]
    assert best.figures["val_macro_f1"] == run.metrics["val"]["macro_f1"]
    assert [fold["val_loss"] for fold in best.folds] == run.folds["val_loss"].to_list()


def test_neither_workers_nor_an_interruption_change_anything(swept, tmp_path):
    first = run_sweep(tmp_path, FOLDS, stop_after=1)
    assert 0 < len(first.results) < 6
    assert rows(swept) == rows(run_sweep(tmp_path, FOLDS))


def test_a_sweep_in_this_process_is_the_same(swept, tmp_path):
    with open_sweep(load(write_experiment(tmp_path, FOLDS)), tmp_path, total=None, workers=1) as sweep:
        train_in_process(sweep)
        assert rows(swept) == trials_table(sweep)


def losses_of(run: Run) -> dict[int, float]:
    """The validation loss after each epoch; after its last epoch the one that the run ended with."""
    final, last = run.summary["metrics"]["val"]["loss"], run.summary["epochs_run"]
    losses = dict(run.history.select("epoch", "val_loss").iter_rows())
    return {epoch: losses[epoch] if epoch <= last else final for epoch in range(1, 10)}


def dropped(scores: dict[int, dict[int, float]]) -> dict[int, int]:
    """The epoch at which each trial that does not survive falls out, by {trial: {epoch: score}}."""
    left, gone = sorted(scores), {}
    for rung in (1, 2, 4, 8):
        ranked = sorted(left, key=lambda trial: (scores[trial][rung], trial))
        kept = ranked[: ceil(len(left) / 2)]
        gone |= dict.fromkeys(set(left) - set(kept), rung)
        left = sorted(kept)
    return gone


def test_halving_compares_means_over_the_folds_and_ends_all_of_a_trial(halved):
    """The oracle trains every fold of every trial to its end, alone."""
    scores, ends = {}, {}
    for trial in halved.trials:
        runs = [alone(trial.experiment, number) for number in (1, 2, 3)]
        losses = [losses_of(run) for run in runs]
        scores[trial.number] = {epoch: mean(fold[epoch] for fold in losses) for epoch in range(1, 10)}
        ends[trial.number] = [run.summary["epochs_run"] for run in runs]
    gone = dropped(scores)
    assert any(len(set(one)) > 1 for one in ends.values())  # folds that end before others
    for number, result in halved.results.items():
        reached = {rung: scores[number][rung] for rung in result.rungs}
        assert result.rungs == pytest.approx(reached, rel=1e-6)
        pruned = number in gone and max(ends[number]) > gone[number]
        assert ("pruned" if pruned else "finished", 3) == (result.status, len(result.folds))
        assert result.epochs == (gone[number] if pruned else max(ends[number]))
    assert {"finished", "pruned"} == {result.status for result in halved.results.values()}


def test_halving_over_folds_does_not_depend_on_the_workers(halved, tmp_path):
    text = HALVED if "halved" in halved.folder.path.name else CHAINED
    assert rows(halved) == rows(run_sweep(tmp_path, text))


@pytest.mark.parametrize("folds", ["", ", folds: 2"], ids=["ordinary", "folds"])
def test_figures_are_of_calibrated_predictions_and_of_decisions_by_the_threshold(tmp_path, folds):
    text = f"""experiment: calibrated
data: {{source: 'synthetic:moons'{folds}}}
model: {{hidden: [4]}}
training: {{epochs: 9}}
calibration: temperature
threshold: f1
sweep:
  trials: 3
  metric: {{name: val_log_loss}}
  early_terminate: {{min_iter: 2, eta: 2}}
  parameters: {{optimizer.learning_rate: {{min: 0.01, max: 0.1}}}}
"""
    sweep = run_sweep(tmp_path, text)
    experiment = sweep.experiment_of(sweep.best[0].trial).model_dump()
    for name in ("loss", "log_loss", "accuracy"):
        own = train({**experiment, "sweep": None}).metrics["val"][name]
        assert own == sweep.best[0].figures[f"val_{name}"]


def test_a_trial_of_which_one_fold_diverges_has_diverged_and_stops(tmp_path):
    """A row far from all others makes the steps of the fold that trains on it too long."""
    lines = [f"{k % 7 - 3},{k % 3}" for k in range(40)]
    (tmp_path / "far.csv").write_text("\n".join(["x,y", *lines, "100,1"]))
    text = f"""experiment: far
data: {{source: {tmp_path}/far.csv, target_kind: numbers, folds: 2, scaling: none, target_scaling: none}}
model: {{hidden: []}}
optimizer: sgd
training: {{epochs: 200, batch_size: full}}
sweep:
  method: grid
  parameters: {{optimizer.learning_rate: {{values: [0.02, 1.0e-5]}}}}
"""
    sweep = run_sweep(tmp_path, text)
    ends = [alone(sweep.trials[0].experiment, number).summary for number in (1, 2)]
    assert {"diverged", "finished"} == {one["status"] for one in ends}
    diverged = min(one["epochs_run"] for one in ends)
    assert ("diverged", diverged + 1) == (sweep.results[1].status, sweep.results[1].epochs)
    assert ("finished", 200) == (sweep.results[2].status, sweep.results[2].epochs)
    assert [2] == [one.trial for one in sweep.best]


def test_data_of_many_folds_keep_one_file_open(tmp_path):
    text = FOLDS.replace("{count: 2, repeats: 2}", "{count: 2, repeats: 20}").replace(
        "epochs: 8", "epochs: 1"
    )
    with open_sweep(load(write_experiment(tmp_path, text)), tmp_path, total=1, workers=1) as sweep:
        before = set(os.listdir("/proc/self/fd"))
        folds = map_shared(sweep.chunks[0].data)
        assert 40 == len(folds)
        assert len(set(os.listdir("/proc/self/fd")) - before) <= 1
        del folds
