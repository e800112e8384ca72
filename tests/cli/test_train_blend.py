"""A blend through the real command: what it shows, leaves behind, and answers afterwards."""

import json
import signal
import subprocess
import time

import polars as pl
import pytest

from tests.cli.command import COMMAND, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

FILE = """\
experiment: two
data: {source: 'builtin:iris', test: 0.2, folds: 3}
recipe: mlp
model: {hidden: [5]}
optimizer: {learning_rate: 0.05}
training: {epochs: 12, batch_size: 20, early_stopping: null}
backend: {threads: 1}
blend:
  - recipe: mlp_plr
    model: {hidden: [6]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blend")
    (folder / "two.yaml").write_text(FILE)
    return folder


@pytest.fixture(scope="module")
def ended(folder):
    """The command that trains two networks in three folds."""
    return inside(folder, "train", "two.yaml")


@pytest.fixture(scope="module")
def run(folder, ended):
    assert 0 == ended.code, ended.err
    return folder / "runs" / "two"


def summary(run):
    return json.loads((run / "summary.json").read_text())


def test_the_files_of_a_blend(run):
    together = {"config.yaml", "summary.json", "ensemble.json", "out_of_fold.parquet", "confusion.png"}
    assert together | {"networks"} == {path.name for path in run.iterdir()}
    for number in "12":
        assert {"config.yaml", "summary.json", "folds", "folds.csv", "out_of_fold.parquet"} == {
            path.name for path in (run / "networks" / number).iterdir()
        }


def test_what_is_shown_names_each_network(ended, run):
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "data 120 cross-validated, 30 test rows → 3 classes" in lines
    assert "networks 1 mlp: 4-5-3, 43 parameters" in lines
    assert "2 mlp_plr: 4-6-3, " in " ".join(lines)
    assert "network 1 of 2 mlp: 4-5-3, 43 parameters" in lines
    assert 6 == sum(line.startswith("fold ") for line in lines)
    networks = summary(run)["networks"]
    total = sum(one["count"] for one in networks)
    for one, recipe in zip(networks, ("mlp", "mlp_plr"), strict=True):
        begins = f"{one['network']} {recipe} {one['count'] / total:.0%} 12 "
        assert [f"{one['metrics']['val']['log_loss']:#.4g}"] == [
            line.removeprefix(begins).split()[0] for line in lines if line.startswith(begins)
        ]
    own = summary(run)["metrics"]["val"]
    assert any(line.startswith(f"mean {own['log_loss']:#.4g} {own['accuracy']:#.4g}") for line in lines)
    assert f"next nettrain predict {run.relative_to(run.parent.parent)} DATA" in lines


def test_its_answers(folder, run):
    predicted = inside(folder, "predict", run, "builtin:iris")
    assert 151 == len(predicted.out.splitlines())
    evaluated = json.loads(inside(folder, "evaluate", run, "--json").out)
    assert summary(run)["metrics"]["test"]["accuracy"] == evaluated["metrics"]["accuracy"]
    assert "runs/two" in inside(folder, "runs").out
    assert 0 == inside(folder, "report", run).code
    words = (run / "report.html").read_text()
    assert "A blend of 2 networks, weighed by rows that they were not trained on," in words
    assert "Of 30 test rows it predicts" in words
    assert "Each network trained as its experiment says." in words
    (run / "report.html").unlink()
    assert "finished after 12 epochs, nothing to do" in inside(folder, "resume", run).out


def test_json_has_all_networks(folder):
    ended = inside(folder, "train", "two.yaml", "--json", "--quiet", "--no-figures", "--out", "quiet")
    found = json.loads(ended.out)
    assert ([1, 2], "finished") == ([one["network"] for one in found["networks"]], found["status"])
    assert "" == ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "two.yaml", "--profile"],
            "--profile: is for one training; blend=[] data.folds.take=1 trains the first fold of the file's own "
            "network alone\n",
        ),
        (
            ["train", "two.yaml", "--animate", "data.folds=null", "data.validation=0.2"],
            "--animate: is for one training; blend=[] trains the file's own network alone\n",
        ),
        (
            ["train", "two.yaml", "blend.0.recipe=mlpplr"],
            'override "blend.0.recipe=mlpplr": blend.0: recipe: unknown "mlpplr", did you mean "mlp_plr"?\n',
        ),
        (["train", "two.yaml", "blend.1.recipe=mlp"], None),
    ],
)
def test_refusals(folder, arguments, message):
    ended = inside(folder, *arguments)
    assert (2, 1) == (ended.code, ended.err.count("\n"))
    assert message in (None, ended.err)


def test_an_interrupted_one_says_how_to_go_on(folder, run):
    running = subprocess.Popen(
        [*COMMAND, "train", "two.yaml", "training.epochs=100000", "--out", "stopped", "--no-figures"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun = folder / "stopped" / "two" / "networks" / "1" / "folds" / "1" / "history.csv"
    while not begun.is_file() and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert 130 == running.returncode
    assert "interrupted; go on with: nettrain resume stopped/two\n" == err
    assert "interrupted in network 1 of 2" in out
    stored = folder / "stopped" / "two"
    assert ("interrupted", {}) == (summary(stored)["status"], summary(stored)["metrics"])
    predicted = inside(folder, "predict", "stopped/two", "builtin:iris")
    assert "stopped/two: was interrupted; nettrain resume stopped/two goes on with it\n" == predicted.err
    assert "interrupted" in inside(folder, "runs", "stopped").out


def test_where_all_networks_diverge_it_says_so(folder):
    wild = ("optimizer.name=sgd", "optimizer.learning_rate=1e30", "--out", "wild", "--quiet")
    ended = inside(folder, "train", "two.yaml", *wild)
    assert (1, "all 2 networks of the blend diverged in wild/two\n") == (ended.code, ended.err)
    ended = inside(folder, "train", "two.yaml", *wild[:-1])
    assert "all 2 networks diverged; " in ended.out
    assert "learning_rate" in ended.out.partition("diverged; ")[2]
    assert "all of its networks diverged" in inside(folder, "predict", "wild/two", "builtin:iris").err
    assert "networks of the blend diverged" in inside(folder, "resume", "wild/two").err


def test_a_note_names_one_that_was_interrupted(folder, run):
    config = (run / "config.yaml").read_bytes()
    unfinished = folder / "kept" / "two"
    unfinished.mkdir(parents=True)
    (unfinished / "config.yaml").write_bytes(config)
    ended = inside(folder, "train", run / "config.yaml", "--out", "kept")
    assert "nettrain resume kept/two goes on" in " ".join(ended.out.split())


def test_networks_alone_have_pictures_and_figures_of_test_rows(folder):
    ended = inside(folder, "train", "two.yaml", "data.folds=null", "data.validation=0.2", "experiment=one")
    assert 0 == ended.code, ended.err
    assert (folder / "runs" / "one" / "confusion.png").is_file()
    assert not (folder / "runs" / "one" / "out_of_fold.parquet").exists()
    assert {"train", "val", "test"} == set(summary(folder / "runs" / "one")["metrics"])


def test_out_of_fold_predictions_are_a_table(run):
    frame = pl.read_parquet(run / "out_of_fold.parquet")
    assert ["row", "repeat", "fold"] == frame.columns[:3]
    assert (120, 120) == (frame.height, frame["row"].n_unique())
