"""Constraints on figures of trials: what breaks them, by how much, and who is refused before it trains."""

import json
import math

import polars as pl
import pytest

from nettrain.errors import SpecError
from nettrain.experiment.load import load
from nettrain.sweep import sweep as sweep_module
from nettrain.sweep.constraints import Constraint, broken, excesses
from nettrain.sweep.epoch_time import MOST, seconds_per_epoch
from nettrain.sweep.in_process import train_in_process
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.shared_data import map_shared
from nettrain.sweep.summary import write_results
from tests.sweep.sweeping import copy_sweep, rows, run_sweep, write_experiment

SIZE, LOSS = Constraint("parameters", at_most=100), Constraint("val_loss", 0.5, 0.1)
SEARCH = """
experiment: within
data: {source: 'builtin:iris'}
training: {epochs: 6, batch_size: 16}
sweep:
  trials: 12
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e-1}
    model.hidden: {values: [[4], [16], [5, 4]]}
"""
# 4·4 + 4 + 4·3 + 3 numbers are 35 for [4]; [16] has 131, [5, 4] 64
SMALL = f"{SEARCH}  constraints: {{parameters: {{at_most: 100}}}}\n"


def searched(folder, text, total=None):
    """A sweep that has run to its end in this process."""
    path = write_experiment(folder, text)
    with open_sweep(load(path), folder / "sweeps", total=total, workers=1) as sweep:
        train_in_process(sweep)
        write_results(sweep, 0.0)
        return sweep


@pytest.mark.parametrize(
    ("constraint", "value", "text", "excess"),
    [
        (SIZE, 100, "", 0.0),
        (SIZE, 150, "parameters 150 > 100", 0.5),
        (LOSS, 0.5, "", 0.0),
        (LOSS, 0.75, "val_loss 0.75 > 0.5", 0.5),
        (LOSS, 0.05, "val_loss 0.05 < 0.1", 0.5),
        (LOSS, math.nan, "val_loss nan", math.inf),
        (Constraint("val_r2", at_least=0.0), -0.25, "val_r2 -0.25 < 0", 0.25),
        (LOSS, math.inf, "val_loss inf > 0.5", math.inf),
    ],
)
def test_what_breaks_a_constraint_and_by_which_share_of_the_limit(constraint, value, text, excess):
    assert (text, pytest.approx(excess)) == (constraint.broken_by(value), constraint.excess(value))


def test_what_was_not_measured_breaks_nothing_but_is_unknown():
    figures = {"parameters": 300}
    assert ["parameters 300 > 100"] == broken([SIZE, LOSS], figures)
    assert (2.0, math.inf) == excesses([SIZE, LOSS], figures, untrained=False)
    assert (2.0, 0.0) == excesses([SIZE, LOSS], figures, untrained=True)


def test_networks_that_are_too_large_are_listed_and_not_trained_and_the_others_are_as_they_were(tmp_path):
    free, within = searched(tmp_path / "free", SEARCH), searched(tmp_path / "within", SMALL)
    all_rows, kept_rows = (pl.read_csv(one.folder.trials) for one in (free, within))
    large = all_rows["model.hidden"] == "[16]"
    assert (kept_rows["status"] == "infeasible").to_list() == large.to_list()
    assert set(kept_rows.filter(large)["breaks"]) == {"parameters 131 > 100"}
    assert {35, 64} == set(kept_rows.filter(~large)["parameters"])
    assert 0 == kept_rows.filter(large)["epochs"].sum()
    columns = [name for name in all_rows.columns if name != "status"]
    assert all_rows.filter(~large).equals(kept_rows.filter(~large).select(all_rows.columns))
    assert all_rows.select(columns[:3]).equals(kept_rows.select(columns[:3]))  # the same trials are drawn
    summary = json.loads(within.folder.summary.read_text())
    count = int(large.sum())
    assert 0 < count < 12
    assert {"total": 12, "finished": 12 - count, "infeasible": count} == {
        name: many for name, many in summary["trials"].items() if many
    }
    assert [{"figure": "parameters", "at_most": 100.0, "at_least": None, "broken": count}] == summary[
        "constraints"
    ]
    assert "[16]" != kept_rows.row(summary["best"]["trial"] - 1, named=True)["model.hidden"]


def test_processes_interruptions_and_no_process_at_all_make_no_difference(tmp_path):
    whole = searched(tmp_path / "whole", SMALL)
    run_sweep(tmp_path / "parts", SMALL, stop_after=3)
    assert rows(whole) == rows(run_sweep(tmp_path / "parts", SMALL, jobs=2))


def test_more_trials_add_to_the_same_ones(tmp_path):
    whole = searched(tmp_path / "whole", SMALL, total=16)
    searched(tmp_path / "parts", SMALL)
    assert rows(whole) == rows(searched(tmp_path / "parts", SMALL, total=16))


def test_a_metric_that_breaks_a_constraint_is_trained_but_is_not_the_best(tmp_path):
    free = searched(tmp_path / "free", SEARCH)
    limit = free.best[2].figures["val_loss"]
    text = f"{SEARCH}  constraints: {{val_loss: {{at_least: {limit!r}}}, train_log_loss: {{at_most: 100}}}}\n"
    within = searched(tmp_path / "within", text)
    assert [one.trial for one in free.best[2:]] == [one.trial for one in within.best]
    table = pl.read_csv(within.folder.trials)
    assert {"finished"} == set(table["status"])
    assert 2 == table["breaks"].is_not_null().sum()
    assert table["train_log_loss"].is_finite().all()  # which was not measured otherwise
    assert "train_log_loss" not in pl.read_csv(free.folder.trials).columns


def test_where_nobody_is_small_enough_nobody_is_the_best(tmp_path):
    sweep = searched(tmp_path, SMALL.replace("at_most: 100", "at_most: 10"))
    assert [] == sweep.best
    assert ["infeasible"] * 12 == pl.read_csv(sweep.folder.trials)["status"].to_list()
    assert not sweep.folder.best.exists()
    assert {} == {one.key: one for one in sweep.influences()}


def test_halving_compares_those_that_train(tmp_path):
    """Of a bracket in which others were refused, half of those that began go on."""
    text = (
        SMALL.replace("trials: 12", "trials: 16") + "  early_terminate: {min_iter: 2, eta: 2, bracket: 16}\n"
    )
    sweep = run_sweep(tmp_path, text)
    table = pl.read_csv(sweep.folder.trials)
    began = table.filter(pl.col("status") != "infeasible")
    assert 0 < len(began) < 16
    reached = [sum(one.epochs > rung for one in sweep.results.values()) for rung in (2, 4)]
    half = -(-len(began) // 2)
    assert [half, -(-half // 2)] == reached
    again = copy_sweep(sweep, tmp_path / "again")
    lines = again.read_text().splitlines(keepends=True)
    again.write_text("".join(line for line in lines if '"finished"' not in line))
    assert rows(sweep) == rows(run_sweep(tmp_path / "again", text))


TIMED = f"{SEARCH}  metric: [val_loss, seconds_per_epoch]\n  constraints: {{seconds_per_epoch: {{at_most: 0.5}}}}\n"


def fake_time(monkeypatch, measured):
    """Let a network of two hidden layers take long; `measured` gets the widths of all that are timed."""

    def timed(experiments, data, device):
        hidden = experiments[0].model.hidden
        measured.append(hidden)
        assert 23 == len(data[0].validation.y)
        return 0.75 if len(hidden) > 1 else 0.25 + len(measured) / 100  # too long to be measured again

    monkeypatch.setattr(sweep_module, "seconds_per_epoch", timed)


def test_the_time_of_an_epoch_is_measured_once_for_each_kind_of_network_and_stays_decided(
    tmp_path, monkeypatch
):
    measured = []
    fake_time(monkeypatch, measured)
    with open_sweep(
        load(write_experiment(tmp_path, TIMED)), tmp_path / "sweeps", total=None, workers=1
    ) as sweep:
        sweep.begin()
    assert 3 == len(measured)
    again = searched(tmp_path, TIMED)
    assert 3 == len(measured)  # nothing anew
    table = pl.read_csv(again.folder.trials)
    slow = table["model.hidden"] == "[5, 4]"
    assert slow.to_list() == (table["status"] == "infeasible").to_list()
    assert {"seconds_per_epoch 0.75 > 0.5"} == set(table.filter(slow)["breaks"])
    assert 2 == table.filter(~slow)["seconds_per_epoch"].n_unique()
    assert any("read from a clock" in note for note in sweep.notes)
    assert {1} == set(table.filter(pl.col("trial").is_in([one.trial for one in again.front]))["front"])


def test_the_time_is_that_of_the_fastest_epoch_but_the_first(tmp_path):
    with open_sweep(
        load(write_experiment(tmp_path, SEARCH)), tmp_path / "sweeps", total=2, workers=1
    ) as opened:
        chunk = opened.chunks[0]
        data = map_shared(chunk.data)
        slow = iter([0.0, 10.0, 14.0, 17.25, 18.0, 19.0])  # two epochs after the first are enough
        assert 3.25 == seconds_per_epoch(chunk.experiments[0], data, clock=lambda: next(slow))
        assert 2 == len(list(slow))
        quick = iter([0.0, 1.0, *(1.0 + (k + 1) / 64 for k in range(MOST))])
        assert 0.0156 == seconds_per_epoch(chunk.experiments[0], data, clock=lambda: next(quick))
        assert MOST - 13 == len(list(quick))  # 13 of 1/64 s are
        assert 0 < seconds_per_epoch(chunk.experiments[0], data) < 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("metric: val_r2", 'sweep.metric.name: unknown "val_r2"'),
        ("metric: [val_loss, val_rmse]", 'sweep.metric.1.name: unknown "val_rmse"'),
        ("constraints: {val_rmse: {at_most: 1}}", 'sweep.constraints.val_rmse: unknown "val_rmse"'),
    ],
)
def test_figures_that_these_data_do_not_have_are_refused_with_their_line(tmp_path, line, message):
    path = write_experiment(tmp_path, f"{SEARCH}  {line}\n")
    with (
        pytest.raises(SpecError) as caught,
        open_sweep(load(path), tmp_path / "sweeps", total=None, workers=1),
    ):
        pass
    assert str(caught.value).startswith(f"{path}:10: {message}")


def test_the_first_of_short_times_is_measured_again(tmp_path, monkeypatch):
    times = iter([0.08, 0.002, 0.003, 0.004])
    monkeypatch.setattr(sweep_module, "seconds_per_epoch", lambda *work: next(times))
    path = write_experiment(tmp_path, TIMED)
    with open_sweep(load(path), tmp_path / "sweeps", total=None, workers=1) as sweep:
        assert 3 == sweep.to_be_timed
        sweep.begin()
        assert 0 == sweep.to_be_timed
        assert [0.002, 0.003, 0.004] == [*sweep.journal.timed.values()]


def test_trials_that_are_added_are_measured_failed_ones_cost_nothing_and_nothing_is_measured_in_vain(
    tmp_path, monkeypatch
):
    measured = []
    fake_time(monkeypatch, measured)
    path = write_experiment(tmp_path, TIMED.replace("[[4], [16], [5, 4]]", "[[4], [5, 4]]"))
    with open_sweep(load(path), tmp_path / "sweeps", total=1, workers=1) as sweep:
        assert [] == list(sweep._begin(lambda: True))
        assert [] == measured, "it was interrupted before that"
        sweep.begin()
        (failed,) = sweep.record([TrialResult(1, "failed", message="no memory")])
        assert ({}, "no memory") == (failed.figures, failed.message)
        before = {str(hidden) for hidden in measured}
        added = sweep.extend(6)
        assert {"[4]", "[5, 4]"} == {str(hidden) for hidden in measured} > before
        slow = {trial.number for trial in sweep.trials[1:] if trial.values["model.hidden"] == [5, 4]}
        assert slow == {one.trial for one in added.refused}
        assert {2, 3, 4, 5, 6, 7} - slow == {trial for chunk in added.chunks for trial in chunk.trials}
