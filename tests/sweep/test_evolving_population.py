"""Population-based training: a network that nobody replaced is that of its own run, others go on from their parents."""

import csv
import json
import shutil

import pytest

from nettrain.errors import SpecError
from nettrain.experiment.load import load
from nettrain.sweep.search_space import SearchSpace
from nettrain.workflow.run import open_run
from nettrain.workflow.sweep import sweep
from nettrain.workflow.train import train
from tests.sweep.sweeping import without_trial, write_experiment

PBT = """
experiment: evolved
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [6]}
optimizer: sgd
training: {epochs: 6, batch_size: 16}
backend: {dtype: float64}
sweep:
  method: {name: pbt, population: 8, interval: 3}
  trials: 16
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e+1}
"""
RATE = "optimizer.learning_rate"


@pytest.fixture(scope="module")
def evolved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evolved")
    return sweep(write_experiment(folder, PBT), out=folder / "sweeps", jobs=1)


def table(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def first_values(tmp_path):
    space = SearchSpace(load(write_experiment(tmp_path, PBT)))
    return {trial: space.sampler.values(trial, {})[RATE] for trial in range(1, 17)}


def alone(rate, *overrides):
    keys = {key: value for key, value in load_text().items() if key != "sweep"}
    keys["optimizer"] = {"name": "sgd", "learning_rate": rate}
    return train(keys, *overrides).metrics["val"]["loss"]


def load_text():
    import yaml

    return yaml.safe_load(PBT.replace("1.0e+1", "10.0").replace("1.0e-3", "0.001"))


def test_networks_that_nobody_replaced_are_those_of_their_own_runs(evolved, tmp_path):
    replaced = {int(row["trial"]) for row in table(evolved.folder / "population.csv")}
    assert 4 == len(replaced)
    first = first_values(tmp_path)
    for row in table(evolved.folder / "trials.csv"):
        if int(row["trial"]) not in replaced:
            assert first[int(row["trial"])] == float(row[RATE])
            assert alone(first[int(row["trial"])]) == float(row["val_loss"])


def test_networks_that_took_over_others_go_on_from_them_with_their_own_numbers(evolved, tmp_path):
    """The same as one training whose rate is cut, or raised, after 3 epochs."""
    first, figures = (
        first_values(tmp_path),
        {row["trial"]: row for row in table(evolved.folder / "trials.csv")},
    )
    for row in table(evolved.folder / "population.csv"):
        assert "3" == row["epoch"]
        before, after = first[int(row["parent"])], float(row[RATE])
        change = f"schedule={{name: multi_step, milestones: [3], factor: {after / before!r}}}"
        assert float(figures[row["trial"]]["val_loss"]) == pytest.approx(alone(before, change), rel=1e-9)
        assert after == float(figures[row["trial"]][RATE])


def test_the_worst_copied_the_best(evolved):
    results = {
        entry["trial"]: entry["rungs"]["3"]
        for entry in map(json.loads, (evolved.folder / "journal.jsonl").read_text().splitlines())
        if entry["kind"] == "trial"
    }
    for row in table(evolved.folder / "population.csv"):
        population = [results[trial] for trial in (range(1, 9) if int(row["trial"]) < 9 else range(9, 17))]
        assert results[int(row["trial"])] in sorted(population)[-2:]
        assert results[int(row["parent"])] in sorted(population)[:2]


def test_the_best_network_is_a_run(evolved):
    best = evolved.summary["best"]
    assert best["metrics"]["val_loss"] == open_run(evolved.folder / "best").metrics["val"]["loss"]
    history = table(evolved.folder / "best" / "history.csv")
    assert [str(epoch) for epoch in range(1, 7)] == [row["epoch"] for row in history]
    assert not (evolved.folder / ".networks").exists()


def test_a_population_of_which_a_result_is_missing_trains_again_as_a_whole(evolved, tmp_path):
    copied = shutil.copytree(evolved.folder, tmp_path / "sweeps" / "evolved")
    without_trial(copied / "journal.jsonl", 12)
    again = sweep(write_experiment(tmp_path, PBT), out=tmp_path / "sweeps", jobs=1)
    for file in ("trials.csv", "population.csv"):
        assert (evolved.folder / file).read_bytes() == (copied / file).read_bytes()
    assert again.summary["best"] == evolved.summary["best"]


def test_a_sweep_whose_summary_is_gone_has_its_best_network_as_it_was(evolved, tmp_path):
    copied = shutil.copytree(evolved.folder, tmp_path / "sweeps" / "evolved")
    (copied / "summary.json").unlink()
    sweep(write_experiment(tmp_path, PBT), out=tmp_path / "sweeps", jobs=1)
    assert evolved.summary["best"] == json.loads((copied / "summary.json").read_text())["best"]
    for file in ("history.csv", "model.safetensors", "summary.json"):
        assert (evolved.folder / "best" / file).read_bytes() == (copied / "best" / file).read_bytes()


def test_files_that_a_killed_worker_left_are_written_anew(evolved, tmp_path):
    """It had written the network of the best trial, and the sweep has not heard of it."""
    copied = shutil.copytree(evolved.folder, tmp_path / "sweeps" / "evolved")
    best = evolved.summary["best"]["trial"]
    without_trial(copied / "journal.jsonl", best)
    shutil.copytree(copied / "best", copied / ".networks" / str(best))
    shutil.rmtree(copied / "best")
    sweep(write_experiment(tmp_path, PBT), out=tmp_path / "sweeps", jobs=1)
    for file in ("history.csv", "model.safetensors"):
        assert (evolved.folder / "best" / file).read_bytes() == (copied / "best" / file).read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            RATE,
            "model.hidden",
            "model.hidden: does not go with pbt: networks of a population cannot differ in it",
        ),
        (RATE, "seed", "seed: does not go with pbt: networks of a population cannot differ in it"),
        (
            "epochs: 6",
            "epochs: 6, early_stopping: {patience: 2}",
            "training.early_stopping: does not go with pbt",
        ),
        ("test: 0.2", "folds: 3", "data.folds: does not go with pbt"),
        (RATE, "training.epochs", "training.epochs: does not go with pbt, which compares trials at epochs"),
    ],
)
def test_what_cannot_evolve_is_refused_with_its_line(tmp_path, old, new, message):
    text = PBT.replace(old, new)
    if new == "model.hidden":
        text = text.replace(
            "distribution: log_uniform_values, min: 1.0e-3, max: 1.0e+1", "values: [[3], [4]]"
        )
    if new in ("seed", "training.epochs"):
        text = text.replace("distribution: log_uniform_values, min: 1.0e-3, max: 1.0e+1", "min: 1, max: 4")
    with pytest.raises(SpecError) as caught:
        SearchSpace(load(write_experiment(tmp_path, text))).trials()
    assert f"sweep.yaml:{text.partition(new)[0].count(chr(10)) + 1}: {message}" in str(caught.value)


def test_a_tuning_refuses_it(tmp_path):
    from nettrain.workflow.tuning.subject import subject_of

    with pytest.raises(SpecError, match="pbt does not go with a tuning"):
        subject_of(write_experiment(tmp_path, PBT))
