"""The other commands, and how each of them fails: one line, the right exit code, no traceback."""

import contextlib
import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from unittest.mock import patch

import pytest

from nettrain.cli.app import app
from nettrain.experiment.document import parse
from tests.cli.command import COMMAND, CONFIGS, ENVIRONMENT, ROOT, ended, inside, nettrain

pytestmark = pytest.mark.usefixtures("without_drawing")

IRIS = CONFIGS / "iris.yaml"
ROWS = ROOT / "nettrain" / "data" / "builtin" / "iris" / "iris.data"
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run in runs/iris."""
    folder = tmp_path_factory.mktemp("commands")
    assert 0 == inside(folder, "train", IRIS, "training.epochs=5", "--quiet").code
    return folder


@pytest.fixture(scope="module")
def answers(folder):
    """What that run predicts for all of iris."""
    return nettrain(folder, "predict", "runs/iris", "builtin:iris")


@pytest.fixture
def broken(folder, tmp_path):
    """A copy of the run to be damaged."""
    return shutil.copytree(folder / "runs" / "iris", tmp_path / "run")


def rows(text):
    """CSV text as lists of cells."""
    return list(csv.reader(io.StringIO(text)))


def test_predict_writes_the_class_and_the_probabilities(answers):
    header, *body = rows(answers.out)
    classes = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    assert (0, "", 150) == (answers.code, answers.err, len(body))
    assert ["species", *(f"probability_{name}" for name in classes)] == header
    for row in body:
        chances = [float(cell) for cell in row[1:]]
        assert sum(chances) == pytest.approx(1, abs=1e-6)
        assert classes[chances.index(max(chances))] == row[0]


def test_predict_finds_columns_by_name(folder, answers):
    order = [3, 1, 0, 2]
    cells = [row for row in rows(ROWS.read_text()) if row]
    with (folder / "permuted.csv").open("w") as f:
        writer = csv.writer(f)
        writer.writerow(["note", *(NAMES[k] for k in order)])
        writer.writerows([f"flower {n}", *(row[k] for k in order)] for n, row in enumerate(cells))
    done = inside(folder, "predict", "runs/iris", "permuted.csv")
    assert (0, answers.out) == (done.code, done.out)


def test_predict_into_a_file(folder, answers):
    done = inside(folder, "predict", "runs/iris", "builtin:iris", "--out", "answers.csv")
    assert (0, "", "wrote answers.csv: 150 rows\n") == (done.code, done.out, done.err)
    assert answers.out == (folder / "answers.csv").read_text()


def test_show_prints_a_file_that_loads_back(folder):
    first = inside(folder, "show", IRIS, "optimizer=sgd")
    assert (0, "") == (first.code, first.err)
    (folder / "shown.yaml").write_text(first.out)
    second = inside(folder, "show", "shown.yaml")
    assert (0, first.out, "") == (second.code, second.out, second.err)
    expected = {"name": "sgd", "learning_rate": 0.01, "groups": None}
    assert expected == parse(first.out, "f").values["optimizer"]


def test_show_in_a_narrow_terminal_has_colours_and_all_of_every_line(folder):
    ours, theirs = pty.openpty()
    environment = {**ENVIRONMENT, "COLUMNS": "40", "TERM": "xterm-256color"}
    del environment["NO_COLOR"]
    command = [*COMMAND, "show", str(IRIS)]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment, cwd=folder)
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other side has closed
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    assert 0 == process.wait(timeout=60)
    text = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode()).replace("\r\n", "\n")
    assert b"\x1b[" in seen
    assert inside(folder, "show", IRIS).out == text


def test_show_tells_on_the_other_stream_what_an_override_drops(folder):
    done = inside(folder, "show", folder / "runs" / "iris" / "config.yaml", "optimizer=sgd")
    assert (0, "optimizer: sgd has no beta1, beta2, epsilon, bias_correction, amsgrad, dropped\n") == (
        done.code,
        done.err,
    )


def test_info_in_words_and_as_json(folder):
    done = inside(folder, "info", "--json")
    facts = json.loads(done.out)
    assert (0, "") == (done.code, done.err)
    assert {"nettrain", "python", "numpy", "backend", "device", "processors", "libraries"} <= set(facts)
    words = inside(folder, "info")
    assert 0 == words.code
    assert re.search(rf"^numpy +{facts['numpy']} *$", words.out, re.MULTILINE)


HELP = {
    (): "Train multilayer perceptrons from one YAML file.",
    ("init",): "Look at DATA and write a commented experiment file that is ready to train.",
    ("check",): "Check an experiment on its data before it is trained",
    ("lr-find",): "Try 32 learning rates by short trainings side by side",
    ("landscape",): "Draw the loss around the weights of a run, and the path of its training.",
    ("graph",): "Draw a small network with its weights, and the values and gradients of one row.",
    ("train",): "Train the network of an experiment file.",
    ("tune",): "Search good settings within minutes, and make an ensemble of the best networks.",
    ("resume",): "Continue an interrupted run bit for bit",
    ("predict",): "Predict rows with a trained run",
    ("export",): "Write a trained run to a file that predicts without nettrain",
    ("evaluate",): "Measure a trained run on new labelled rows, or on its own test rows.",
    ("report",): "Write a page of HTML on a run or a sweep, which needs no other file and no network.",
    ("show",): "Validate an experiment file and print it as it will run, with every key.",
    ("compare",): "Compare experiments, trained over the same seeds, or runs",
    ("sweep",): "Search the parameters that an experiment file",
    ("gradcheck",): "Check backpropagation by finite differences",
    ("runs",): "List runs: when and how they ended, their metrics",
    ("lessons",): "List the lessons with their claims, or run one",
    ("list",): "Show what an experiment file can name",
    ("schema",): "Print the JSON schema of the experiment file",
    ("info",): "Show versions, processors, GPUs and the backend",
}


def test_help_is_tried_for_every_command():
    assert {command.name or command.callback.__name__ for command in app.registered_commands} == {
        name for names in HELP for name in names
    }


@pytest.mark.parametrize("command", HELP, ids=lambda command: " ".join(command) or "nettrain")
def test_help(tmp_path, command):
    done = inside(tmp_path, *command, "--help")
    assert (0, "") == (done.code, done.err)
    assert HELP[command] in done.out
    assert "[[" not in done.out, "Typer puts brackets around optional arguments by itself"


SPEC = [
    (["model.hiden=[3]"], 'override "model.hiden=[3]": model.hiden: unknown key, did you mean "hidden"?'),
    (["training.epochs=0"], 'override "training.epochs=0": training.epochs: 0 is not at least 1'),
    (
        ["--backend", "tpu"],
        'override "backend.name=tpu": backend.name: unknown "tpu" (allowed: auto, numpy, cupy)',
    ),
    (["--device", "-1"], 'override "backend.device=-1": backend.device: -1 is not at least 0'),
    (["loss=poisson"], 'override "loss=poisson": loss: poisson is not for classes'),
]


@pytest.mark.parametrize(("arguments", "expected"), SPEC, ids=lambda part: " ".join(part)[:30])
def test_a_wrong_experiment_is_one_line_and_writes_nothing(tmp_path, arguments, expected):
    done = inside(tmp_path, "train", IRIS, *arguments)
    assert (2, "", 1) == (done.code, done.out, done.err.count("\n"))
    assert done.err.startswith(expected)
    assert [] == list(tmp_path.iterdir())


def test_every_error_of_a_file_is_one_line(tmp_path):
    (tmp_path / "f.yaml").write_text("data: {source: builtin:iris}\nmodl: {}\nseed: x\n")
    done = inside(tmp_path, "train", "f.yaml", "--json")
    assert (2, "") == (done.code, done.out)
    assert (
        'f.yaml:2: modl: unknown key, did you mean "model"?\nf.yaml:3: seed: "x" is not a whole number\n'
        == done.err
    )


DATA = [
    ("data.target=spcies", 'builtin:iris: no target column "spcies", did you mean "species"?\n'),
    (
        "data.test=150",
        'override "data.test=150": data.test: 150 of 150 rows leaves none to train on\n',
    ),
]


@pytest.mark.parametrize(("override", "expected"), DATA)
def test_bad_data_is_one_line(tmp_path, override, expected):
    done = inside(tmp_path, "train", IRIS, override)
    assert (3, "", expected) == (done.code, done.out, done.err)
    assert [] == list(tmp_path.iterdir())


def fails(folder, code, message, *arguments):
    """A command that ends with this code and this one line."""
    done = inside(folder, *arguments)
    assert (code, "", f"{message}\n") == (done.code, done.out, done.err)


def test_missing_files_are_named(folder):
    fails(folder, 2, "nothing.yaml: no such file", "train", "nothing.yaml")
    fails(
        folder, 2, 'runs/irs: no such run folder, did you mean "iris"?', "predict", "runs/irs", "qqqqqqqq.csv"
    )
    fails(folder, 3, "qqqqqqqq.csv: no such file", "predict", "runs/iris", "qqqqqqqq.csv")
    override = "data.source=qqqqqqqq.csv"
    message = f'override "{override}": data.source: qqqqqqqq.csv: no such file'
    fails(folder, 3, message, "train", IRIS, override)


def test_a_folder_that_cannot_be_made_is_named(folder):
    (folder / "file").write_text("")
    fails(folder, 2, "file: is a file, not a folder", "train", IRIS, "--out", "file", "--quiet")
    message = "no/x.csv: cannot be written: there is no folder no"
    fails(folder, 1, message, "predict", "runs/iris", "builtin:iris", "--out", "no/x.csv")


@pytest.mark.parametrize("name", ["config.yaml", "model.safetensors", "preprocessing.json"])
def test_a_run_that_lacks_a_file_says_which(broken, name):
    (broken / name).unlink()
    expected = f"{broken}: not a finished run, {name} is missing"
    fails(broken, 2, expected, "predict", broken, "builtin:iris")


def test_damaged_files_are_one_line(broken):
    (broken / "preprocessing.json").write_text('{"a":')
    done = inside(broken, "predict", ".", "builtin:iris")
    assert (3, "preprocessing.json: is not JSON: Expecting value\n") == (done.code, done.err)
    (broken / "model.safetensors").write_bytes((broken / "model.safetensors").read_bytes()[:-8])
    done = inside(broken, "predict", ".", "builtin:iris")
    assert (3, 1) == (done.code, done.err.count("\n"))
    assert done.err.startswith("model.safetensors: is not a model of nettrain: ")


def test_a_run_put_together_from_two_is_refused(folder, broken, tmp_path):
    arguments = ("train", IRIS, "data.source=synthetic:moons", "data.target=null", "training.epochs=1")
    assert 0 == inside(tmp_path, *arguments, "--quiet").code
    shutil.copy(tmp_path / "runs" / "iris" / "model.safetensors", broken)
    expected = (
        f"{broken}/model.safetensors: has 1 output, the run has 3 by config.yaml and preprocessing.json"
    )
    fails(tmp_path, 3, expected, "predict", broken, "builtin:iris")


def test_a_model_of_other_columns_is_refused(folder, broken, tmp_path):
    fewer = (
        "train",
        IRIS,
        "data.columns={ignore: [sepal_width]}",
        "training.epochs=1",
        "--quiet",
        "--no-figures",
    )
    assert 0 == inside(tmp_path, *fewer).code
    shutil.copy(tmp_path / "runs" / "iris" / "model.safetensors", broken)
    expected = f"{broken}/model.safetensors: has 3 inputs, preprocessing.json makes 4"
    fails(tmp_path, 3, expected, "predict", broken, "builtin:iris")


def test_a_config_whose_loss_was_left_open_is_that_of_no_trained_run(broken, tmp_path):
    config = broken / "config.yaml"
    config.write_text(re.sub("^loss: .*$", "loss: auto", config.read_text(), flags=re.MULTILINE))
    expected = f"{config}: loss: auto is not what a trained run has"
    fails(tmp_path, 3, expected, "predict", broken, "builtin:iris")


def test_a_config_that_leaves_threads_open_predicts(broken, answers):
    config = broken / "config.yaml"
    text = "\n".join(line for line in config.read_text().splitlines() if not line.startswith("backend"))
    config.write_text(text)
    done = inside(broken, "predict", ".", "builtin:iris")
    assert (0, 150) == (done.code, len(rows(done.out)) - 1)


@pytest.mark.parametrize(
    "arguments", [["trian"], ["train"], ["train", IRIS, "--nope"], ["predict"], []], ids=str
)
def test_usage_errors(tmp_path, arguments):
    done = inside(tmp_path, *arguments)
    assert (2, []) == (done.code, list(tmp_path.iterdir()))
    assert "Usage:" in done.err + done.out
    assert "Traceback" not in done.err


def test_debug_shows_the_traceback(tmp_path):
    done = nettrain(tmp_path, "train", "none.yaml", "--debug")
    assert done.code != 0
    assert done.err.startswith("Traceback")
    assert done.err.endswith("SpecError: none.yaml: no such file\n")


def raising(folder, error):
    """What `nettrain` returns and says when a command raises this error."""
    with patch("nettrain.cli.app.app", side_effect=error):
        done = inside(folder)
    return done.code, done.err


def test_our_own_mistakes_are_one_line_too(folder):
    assert (1, "nettrain has failed: KeyError: 'a' (--debug shows where)\n") == raising(folder, KeyError("a"))
    assert (1, "a/b: Permission denied\n") == raising(folder, PermissionError(13, "Permission denied", "a/b"))
    assert (1, "nettrain has failed: OSError: odd (--debug shows where)\n") == raising(folder, OSError("odd"))
    assert (4, "nettrain: not enough memory: 5 GiB\n") == raising(folder, MemoryError("5 GiB"))
    assert (130, "interrupted\n") == raising(folder, KeyboardInterrupt())


def test_output_is_utf_8_whatever_the_terminal_is(folder):
    command = [*COMMAND, "show", str(IRIS), "experiment=größe"]
    done = ended(command, folder, PYTHONIOENCODING="ascii")
    assert (0, "experiment: größe") == (done.code, done.out.splitlines()[0])


def test_a_reader_that_has_seen_enough_is_no_error(folder):
    command = [*COMMAND, "predict", "runs/iris", "builtin:iris"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=ENVIRONMENT
    )
    process.stdout.close()  # before anything is written
    err = process.stderr.read().decode()
    process.stderr.close()
    assert "" == err
    assert process.wait(timeout=60) in (0, 1)


def test_before_there_are_runs_one_is_told_how_to_make_one(tmp_path):
    done = inside(tmp_path, "runs")
    assert (0, "no runs in runs/ yet; nettrain train FILE makes one\n") == (done.code, done.out)


def test_show_is_what_a_run_writes(tmp_path):
    (tmp_path / "moons.yaml").write_text("data: {source: 'synthetic:moons'}\ntraining: {epochs: 1}\n")
    shown = inside(tmp_path, "show", "moons.yaml")
    assert 0 == inside(tmp_path, "train", "moons.yaml", "--quiet").code
    assert shown.out == (tmp_path / "runs" / "experiment" / "config.yaml").read_text()


def test_show_leaves_open_what_only_absent_data_can_tell(tmp_path):
    (tmp_path / "later.yaml").write_text("data: {source: later.csv}\n")
    shown = inside(tmp_path, "show", "later.yaml")
    assert 0 == shown.code
    assert "loss: auto\n" in shown.out
    assert shown.err.startswith("the data cannot be read, so some keys stay at auto: ")


COMPLETE = """
import os, sys
from nettrain.cli.app import main

os.environ["_NETTRAIN_COMPLETE"] = "complete_bash"
for typed in sys.argv[1:]:
    sys.argv = ["nettrain"]
    os.environ |= {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    try:
        main()
    except SystemExit as end:
        assert not end.code
"""


def test_the_shell_completes(tmp_path):
    (tmp_path / "rows.yaml").write_text("")
    offered = {
        "nettrain train rows.yaml optimizer.learning": "optimizer.learning_rate=\n",
        "nettrain train ro": "rows.yaml\n",
        "nettrain list sch": "schedule\n",
        "nettrain sho": "show\n",
    }
    done = ended([sys.executable, "-c", COMPLETE, *offered], tmp_path)
    assert (0, "".join(offered.values()), "") == (done.code, done.out, done.err)
