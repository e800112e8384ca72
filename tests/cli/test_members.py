"""Repeats, ensembles and snapshots through the real command: what they leave behind and how they answer."""

import csv
import json
import statistics

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.cli.command import CONFIGS, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

IRIS = CONFIGS / "iris.yaml"
SHORT = ["training.epochs=30", "training.early_stopping.patience=4", "optimizer.learning_rate=0.05"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of three members with different endings: a repeat, an ensemble, and each member by itself."""
    folder = tmp_path_factory.mktemp("members")
    for kind in ("repeat", "ensemble"):
        name = [f"experiment={kind}", f"training.{kind}=3"]
        assert 0 == inside(folder, "train", IRIS, "--quiet", *SHORT, *name).code
    for r in range(3):
        name = [f"experiment=alone{r}", f"seed={r}", "data.seed=0"]
        assert 0 == inside(folder, "train", IRIS, "--quiet", *SHORT, *name).code
    snapshots = ["experiment=snapshots", "training.snapshots=4", "training.early_stopping=null"]
    assert 0 == inside(folder, "train", IRIS, "--quiet", "training.epochs=8", *snapshots).code
    return folder / "runs"


def summary(run):
    return json.loads((run / "summary.json").read_text())


def history(run, member=None):
    """The rows of a history, of one member where there are several."""
    rows = list(csv.DictReader((run / "history.csv").read_text().splitlines()))
    if member is None:
        return rows
    return [{k: v for k, v in row.items() if k != "member"} for row in rows if row["member"] == str(member)]


@pytest.mark.parametrize("kind", ["repeat", "ensemble"])
@pytest.mark.parametrize("member", range(3))
def test_a_member_is_the_run_with_its_seeds_to_the_bit(folder, kind, member):
    ours, alone = (load_file(folder / name / "model.safetensors") for name in (kind, f"alone{member}"))
    assert list(ours) == list(alone)
    for name, array in alone.items():
        assert array[0].tobytes() == ours[name][member].tobytes()
    assert history(folder / f"alone{member}") == history(folder / kind, member)


def test_the_summary_tells_of_each_member_what_its_own_run_tells(folder):
    several = summary(folder / "repeat")
    keys = ["status", "stop_reason", "epochs_run", "best_epoch", "restored_best", "metrics"]
    for r, member in enumerate(several["members"]):
        alone = summary(folder / f"alone{r}")
        assert {key: alone[key] for key in keys} == {key: member[key] for key in keys}
        assert (r, r) == (member["member"], member["seed"])
    assert len({member["epochs_run"] for member in several["members"]}) > 1  # they stopped apart
    assert several["epochs_run"] == max(member["epochs_run"] for member in several["members"])


def test_the_summary_has_mean_and_standard_deviation(folder):
    several = summary(folder / "repeat")
    for part in ("train", "val", "test"):
        for name in ("loss", "accuracy"):
            each = [member["metrics"][part][name] for member in several["members"]]
            assert statistics.fmean(each) == pytest.approx(several["mean"][part][name], rel=1e-12)
            assert statistics.stdev(each) == pytest.approx(several["sd"][part][name], rel=1e-9)
    assert several["metrics"] == several["mean"]


def test_the_config_of_a_repeat_repeats_it_to_the_bit(folder, tmp_path):
    done = inside(tmp_path, "train", folder / "repeat" / "config.yaml", "--quiet")
    assert 0 == done.code
    for name in ("model.safetensors", "history.csv", "config.yaml"):
        assert (folder / "repeat" / name).read_bytes() == (tmp_path / "runs" / "repeat" / name).read_bytes()


def predicted(folder, run, *options):
    """Probabilities that a run predicts for iris."""
    done = inside(folder, "predict", run, "builtin:iris", *options)
    assert (0, "") == (done.code, done.err)
    return np.array([row[1:] for row in csv.reader(done.out.splitlines()[1:])], dtype=float)


def test_an_ensemble_predicts_the_mean_and_a_repeat_its_first_member(folder):
    each = [predicted(folder, f"alone{r}") for r in range(3)]
    np.testing.assert_allclose(predicted(folder, "ensemble"), np.mean(each, axis=0), rtol=1e-14)
    assert np.array_equal(predicted(folder, "repeat"), each[0])
    for run in ("ensemble", "repeat"):
        assert np.array_equal(predicted(folder, run, "--member", "2"), each[2])


@pytest.mark.parametrize("run", ["ensemble", "snapshots"])
def test_evaluate_finds_the_mean_response_worth_what_the_summary_says(folder, run):
    done = inside(folder, "evaluate", run, "--json")
    assert summary(folder / run)["metrics"]["test"] == json.loads(done.out)["metrics"]


def test_evaluate_measures_one_member(folder):
    done = inside(folder, "evaluate", "ensemble", "--member", "1", "--json")
    assert summary(folder / "alone1")["metrics"]["test"] == json.loads(done.out)["metrics"]


def test_a_member_that_is_not_there_is_refused(folder):
    done = inside(folder, "predict", "repeat", "builtin:iris", "--member", "3")
    assert (2, "--member: 3 is not there, repeat has 0 to 2\n") == (done.code, done.err)


def test_snapshots_are_told_with_their_epochs(folder):
    told = summary(folder / "snapshots")
    assert [5, 6, 7, 8] == [one["epoch"] for one in told["snapshots"]]
    losses = [one["metrics"]["val"]["loss"] for one in told["snapshots"]]
    rows = {row["epoch"]: row for row in history(folder / "snapshots")}
    assert losses == pytest.approx([float(rows[str(k)]["val_loss"]) for k in (5, 6, 7, 8)], rel=1e-12)


@pytest.fixture(scope="module")
def wild(tmp_path_factory):
    """An ensemble of which one member diverges: where its seed leads is found by trying."""
    folder = tmp_path_factory.mktemp("wild")
    (folder / "f.yaml").write_text(
        "experiment: wild\ndata: {source: synthetic:sine}\nmodel: {hidden: [8], activation: relu}\n"
    )
    rates = ["optimizer=sgd", "training.ensemble=6", "training.epochs=5"]
    for rate in (1.2, 1.0, 1.5, 0.8, 2.0):
        out = folder / str(rate)
        done = inside(
            folder, "train", "f.yaml", *rates, f"optimizer.learning_rate={rate}", "--quiet", "--out", out
        )
        told = summary(out / "wild")
        if 0 < sum(member["status"] == "diverged" for member in told["members"]) < 6:
            return done, out / "wild", told
    pytest.fail("no rate at which some members diverge and some do not")


def test_a_member_that_diverged_is_told_and_left_out(wild):
    done, run, told = wild
    gone = [one["member"] for one in told["members"] if one["status"] == "diverged"]
    assert (1, "diverged") == (done.code, told["status"])
    assert all(np.isfinite(value) for value in told["metrics"]["val"].values())
    for one in told["members"]:
        cause = one.get("divergence")
        assert (one["member"] in gone) == (cause is not None)
        if cause is not None:
            assert one["epochs_run"] == cause["epoch"]
            assert f"in step {cause['step']} (epoch {cause['epoch']})" in cause["text"]
    stays = next(one for one in range(6) if one not in gone)
    assert 0 == inside(run.parent, "predict", "wild", "synthetic:sine", "--member", stays).code
    assert 0 == inside(run.parent, "predict", "wild", "synthetic:sine").code
    refused = inside(run.parent, "predict", "wild", "synthetic:sine", "--member", gone[0])
    assert (2, f"wild: member {gone[0]} diverged, choose another with --member\n") == (
        refused.code,
        refused.err,
    )
