"""A path of another kind than the command takes: what it is, and the command that takes it."""

import gzip
import os

import pytest

import nettrain
from nettrain.data.reading.formats import FORMATS
from nettrain.errors import SpecError
from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

FILE = """experiment: e
data: {source: d.csv}
training: {epochs: 1, batch_size: 8}
sweep: {trials: 1, parameters: {seed: {values: [1]}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table, an experiment file, two runs on it, and a sweep."""
    path = tmp_path_factory.mktemp("mistaken")
    lines = ["a,b,y", *(f"{k % 7 / 3},{k * 37 % 11},{'uv'[k % 2]}" for k in range(60))]
    (path / "d.csv").write_text("\n".join(lines))
    (path / "d.csv.gz").write_bytes(gzip.compress((path / "d.csv").read_bytes()))
    (path / "d.list").write_text("\n".join(lines[1:]))
    (path / "d.text").write_text("a: 1\tb\n1\t2\n")
    (path / "e.yaml").write_text(FILE)
    (path / "two words.csv").write_text("\n".join(lines))
    (path / "empty").mkdir()
    for k in range(2):
        assert 0 == inside(path, "train", "e.yaml", "--quiet", "--no-figures").code
        os.utime(path / "runs" / ("e" if k == 0 else "e-2") / "config.yaml", (k, k))  # the second is newer
    assert 0 == inside(path, "sweep", "e.yaml", "--jobs", "1", "--quiet").code
    return path


INIT = "nettrain init {} writes an experiment file for it"
TABLE = "is a table, not an experiment file; " + INIT
NO_RUN = "is a table, not a run folder; " + INIT
RUNS = "runs: holds 2 runs, name one of them: runs/e-2, runs/e"
SWEEP = (
    "sweeps/e: the folder of a sweep; continue it with: nettrain sweep FILE; "
    "train its best trial with: nettrain train sweeps/e/best.yaml"
)
CASES = {
    "train d.csv": "d.csv: " + TABLE.format("d.csv"),
    "train d.csv.gz": "d.csv.gz: " + TABLE.format("d.csv.gz"),
    "sweep d.csv": "d.csv: " + TABLE.format("d.csv"),
    "show d.csv": "d.csv: " + TABLE.format("d.csv"),
    "gradcheck d.csv": "d.csv: " + TABLE.format("d.csv"),
    "train builtin:iris": "builtin:iris: is data, not an experiment file; " + INIT.format("builtin:iris"),
    "train d.list": "d.list: is not an experiment file, which is a block of keys in YAML; if it is a table, "
    + INIT.format("d.list"),
    "train d.text": "d.text: is not an experiment file, which is a block of keys in YAML; if it is a table, "
    + INIT.format("d.text"),
    "train runs": "runs: is a folder, name one of the files in it: runs/e-2/config.yaml, runs/e/config.yaml",
    "train runs/e": "runs/e: is a run folder; its experiment file is runs/e/config.yaml",
    "train sweeps/e": "sweeps/e: is the folder of a sweep; the experiment file of its best trial is sweeps/e/best.yaml",
    "train .": ".: is a folder, name one of the files in it: e.yaml",
    "train empty": "empty: is a folder, not an experiment file; nettrain init empty writes one for data in it",
    "train no.csv": "no.csv: no such file",
    "resume d.csv": "d.csv: " + NO_RUN.format("d.csv"),
    "predict d.csv runs/e": "d.csv: " + NO_RUN.format("d.csv"),
    "evaluate d.csv.gz": "d.csv.gz: " + NO_RUN.format("d.csv.gz"),
    "predict runs d.csv": RUNS,
    "evaluate runs": RUNS,
    "evaluate runs/": RUNS,
    "resume runs": RUNS,
    "gradcheck runs": RUNS,
    "resume e.yaml": "e.yaml: is an experiment file, not a run folder; nettrain train e.yaml makes a run",
    "predict runs/e/model.safetensors d.csv": "runs/e/model.safetensors: is a file, not a run folder; its run is runs/e",
    "predict sweeps/e d.csv": SWEEP,
    "resume sweeps/e": SWEEP,
    "predict sweeps d.csv": "sweeps: holds sweeps, not runs; train the best trial of one: "
    "nettrain train sweeps/…/best.yaml",
    "predict runs/x d.csv": "runs/x: no such run folder (there are runs/e-2, runs/e)",
    "predict runs/e3 d.csv": 'runs/e3: no such run folder, did you mean "e"?',
    "predict empty d.csv": "empty: not a finished run, config.yaml is missing",
}


@pytest.mark.parametrize(("command", "message"), CASES.items())
def test_what_the_path_is_and_what_takes_it(command, message, folder):
    ended = inside(folder, *command.split())
    assert (2, f"{message}\n", "") == (ended.code, ended.err, ended.out)


def test_the_advice_can_be_typed_as_it_stands(folder):
    message = inside(folder, "train", "two words.csv").err
    assert "nettrain init 'two words.csv' writes" in message


@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending not in ("/", ".json")])
def test_every_format_of_tables_is_known(ending, tmp_path):
    (tmp_path / f"rows{ending}").write_bytes(b"x")
    assert (
        f"rows{ending}: is a table, not an experiment file" in inside(tmp_path, "train", f"rows{ending}").err
    )


def test_from_python(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for call, message in {
        nettrain.open_run: RUNS,
        nettrain.evaluate: RUNS,
        nettrain.resume: RUNS,
        nettrain.train: CASES["train runs"],
    }.items():
        with pytest.raises(SpecError) as caught:
            call("runs")
        assert message == str(caught.value)
