"""Every method of search through the command: the same to the bit with any number of processes, and after kills."""

import json
import signal
import subprocess
from importlib.util import find_spec
from io import StringIO
from time import monotonic, sleep

import polars as pl
import pytest

from nettrain.catalogue.searches import search_methods
from tests.cli.command import COMMAND, ENVIRONMENT, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SEARCH = """experiment: searched
data: {source: 'builtin:iris'}
model: {hidden: [6]}
training: {epochs: 9, batch_size: 16}
sweep:
  trials: 20
  parameters:
    optimizer: {values: [adam, sgd]}
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e+15}
    optimizer.beta2: {values: [0.9, 0.999]}
    model.hidden: {values: [[6], [5, 4]]}
    model.dropout: {distribution: q_uniform, min: 0.0, max: 0.4, q: 0.1}
"""
STEPS = "sweep.parameters={optimizer: {values: [adam, sgd]}, optimizer.beta2: {values: [0.9, 0.99, 0.999]}, seed: {min: 1, max: 4}}"
METHODS = {  # by a name: the method, as options
    "random": ["sweep.method=random"],
    "grid": ["sweep.method=grid", STEPS],
    "sobol": ["sweep.method=sobol"],
    "hyperband": ["sweep.method={name: hyperband, eta: 2}"],
    "pbt": [
        "sweep.method={name: pbt, population: 8, interval: 2, share: 0.4}",
        "sweep.parameters={optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e+15},"
        " optimizer.beta2: {min: 0.8, max: 0.999}, model.dropout: {values: [0.0, 0.1, 0.3]}}",
    ],
    "bayes": ["sweep.method={name: bayes, generation: 4, startup: 8}"],
    "bayes and goals": [
        "sweep.method={name: bayes, generation: 4, startup: 8}",
        "sweep.metric=[val_loss, parameters]",
        "sweep.constraints={parameters: {at_most: 60}, val_loss: {at_most: 100.0}}",
    ],
    "bayes and halving": [
        "sweep.method={name: bayes, generation: 6, startup: 6}",
        "sweep.early_terminate={min_iter: 1, eta: 2, bracket: 6}",
    ],
}
LEARNING = (
    pytest.param("hyperband", marks=pytest.mark.slow),
    "pbt",
    "bayes and halving",
    "bayes and goals",
)  # whose trials depend on results of others
FOLDER = "sweeps/searched"


def needs(case):
    if case.startswith("bayes") and find_spec("optuna") is None:
        pytest.skip("needs nettrain[optuna]")


def folder_of(tmp_path, *options, jobs=1):
    """The folder of a sweep that has run to its end."""
    (tmp_path / "f.yaml").write_text(SEARCH)
    ended = inside(tmp_path, "sweep", "f.yaml", *options, "--quiet", "--jobs", jobs)
    assert 0 == ended.code, ended.err
    return tmp_path / FOLDER


def rows(folder):
    return (folder / "trials.csv").read_text()


def test_every_method_is_tried():
    assert set(search_methods) <= set(METHODS)


@pytest.mark.parametrize("case", LEARNING)
def test_neither_processes_nor_kills_change_a_bit(case, tmp_path):
    needs(case)
    (tmp_path / "whole").mkdir()
    expected = folder_of(tmp_path / "whole", *METHODS[case])
    (tmp_path / "f.yaml").write_text(SEARCH)
    killed_after(tmp_path, 9, *METHODS[case], jobs=4)
    actual = folder_of(tmp_path, *METHODS[case], jobs=2)
    assert rows(expected) == rows(actual)
    assert bests(expected) == bests(actual)
    for file in ("population.csv", "best/model.safetensors", "best/history.csv"):
        assert contents(expected / file) == contents(actual / file)
    assert [] == [file.name for file in actual.iterdir() if file.name.startswith(".")]
    assert statuses(expected) <= {"finished", "pruned", "diverged", "infeasible"}
    assert ("infeasible" in statuses(expected)) is (case == "bayes and goals")


def contents(file):
    return file.read_bytes() if file.exists() else b""


def bests(folder):
    """The file of the best trial, without the folder that its first line names."""
    return (folder / "best.yaml").read_text().partition("\n")[2]


def statuses(folder):
    return {row.split(",")[1] for row in rows(folder).splitlines()[1:]}


def killed_after(folder, results, *options, jobs):
    """A sweep in a process of its own, killed when its journal has so many results."""
    command = [*COMMAND, "sweep", "f.yaml", *options, "--quiet", "--jobs", str(jobs)]
    journal, until = folder / FOLDER / "journal.jsonl", monotonic() + 120
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE) as process:
        while not (journal.exists() and journal.read_bytes().count(b'"kind": "trial"') >= results):
            if process.poll() is not None:
                assert process.returncode == 0, process.communicate()
                return
            assert monotonic() < until
            sleep(0.001)
        process.send_signal(signal.SIGKILL)


def without_fronts(table):
    """The table without the column that further trials change."""
    return pl.read_csv(StringIO(table), infer_schema=False).drop("front", strict=False).write_csv()


def values_in(table, keys):
    """The columns of these keys as text."""
    return pl.read_csv(StringIO(table), infer_schema=False).select(keys).rows()


@pytest.mark.parametrize(
    "case", [case for case in METHODS if case != "pbt"]
)  # whose values are those at the end
def test_more_trials_keep_those_that_are_done(case, tmp_path):
    needs(case)
    shorter = without_fronts(rows(folder_of(tmp_path, *METHODS[case], "sweep.trials=10")))
    longer = without_fronts(rows(folder_of(tmp_path, *METHODS[case], "sweep.trials=12")))
    keys = shorter.partition("\n")[0]
    assert longer.startswith(shorter if keys == longer.partition("\n")[0] else "trial")
    assert 13 == len(longer.splitlines())
    (tmp_path / "at-once").mkdir()
    at_once = rows(folder_of(tmp_path / "at-once", *METHODS[case], "sweep.trials=12"))
    # values, and not the rest, do not depend on how often a sweep was made longer
    searched = [one for one in pl.read_csv(StringIO(longer)).columns if "." in one or one == "optimizer"]
    assert values_in(at_once, searched) == values_in(longer, searched)


def test_the_journal_of_a_named_method_is_as_it_always_was(tmp_path):
    folder = folder_of(tmp_path, "sweep.trials=2")
    begun = json.loads((folder / "journal.jsonl").read_text().splitlines()[0])
    assert "random" == begun["sweep"]["method"]


def test_bayes_without_optuna_is_one_line_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr("nettrain.catalogue.searches.bayes.find_spec", lambda name: None)
    (tmp_path / "f.yaml").write_text(SEARCH.replace("sweep:\n", "sweep:\n  method: bayes\n"))
    ended = inside(tmp_path, "sweep", "f.yaml")
    assert (2, "f.yaml:6: sweep.method: bayes needs Optuna: pip install 'nettrain[optuna]'\n") == (
        ended.code,
        ended.err,
    )
    assert not (tmp_path / "sweeps").exists()


def test_hyperband_needs_one_number_of_epochs(tmp_path):
    (tmp_path / "f.yaml").write_text(
        SEARCH.replace("sweep:\n", "sweep:\n  method: hyperband\n")
        + "    training.epochs: {values: [3, 9]}\n"
    )
    ended = inside(tmp_path, "sweep", "f.yaml")
    text = "does not go with hyperband, which compares trials at epochs of its own"
    assert (2, f"f.yaml:14: training.epochs: {text}\n") == (ended.code, ended.err)


def test_a_report_names_the_method(tmp_path):
    folder_of(tmp_path, "sweep.method={name: hyperband, eta: 2}", "sweep.trials=4")
    ended = inside(tmp_path, "report", FOLDER)
    assert 0 == ended.code, ended.err
    assert "A hyperband search over" in (tmp_path / FOLDER / "report.html").read_text()
