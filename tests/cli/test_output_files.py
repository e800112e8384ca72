"""No command overwrites what it reads, nor files of a run, however the path to them is written."""

import os

import numpy as np
import pytest

from tests.cli.command import COMMAND, ended, inside
from tests.cli.test_evaluate import idx

pytestmark = pytest.mark.usefixtures("without_drawing")

FILE = """\
experiment: line
data: {source: rows.csv, target: y, test: other.csv}
training: {epochs: 2, batch_size: 16}
sweep: {trials: 1, parameters: {optimizer.learning_rate: {values: [0.1]}}}
"""
ROWS = "x,y\n" + "".join(f"{k},{3 * k + 0.5}\n" for k in range(40))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run on a file with a second one for its test rows, and a file of new rows under several names."""
    folder = tmp_path_factory.mktemp("outputs")
    (folder / "line.yaml").write_text(FILE)
    for name in ("rows.csv", "other.csv", "mine.csv"):
        (folder / name).write_text(ROWS)
    assert 0 == inside(folder, "train", "line.yaml", "sweep=null").code
    (folder / "link.csv").symlink_to("mine.csv")
    os.link(folder / "mine.csv", folder / "hard.csv")
    (folder / "run").symlink_to("runs/line")
    return folder


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(folder, *arguments):
    """The message of a command that exits with 2 and changes nothing."""
    before = content(folder)
    done = inside(folder, *arguments)
    assert ((2, ""), before) == ((done.code, done.out), content(folder))
    return done.err


OUTPUTS = {
    "mine.csv": "is the data that is read, and is not overwritten",
    "./mine.csv": "is the data that is read, and is not overwritten",
    "runs/../mine.csv": "is another name of mine.csv, which is the data that is read, and is not overwritten",
    "link.csv": "is another name of mine.csv, which is the data that is read, and is not overwritten",
    "hard.csv": "is another name of mine.csv, which is the data that is read, and is not overwritten",
    "rows.csv": "which holds the data of runs/line, and is not overwritten",
    "other.csv": "which holds the data of runs/line, and is not overwritten",
    "runs/line/history.csv": "is a file of the run runs/line, and is not overwritten",
    "run/config.yaml": "which is a file of the run runs/line, and is not overwritten",
    "run/curves.png": "which is a file of the run runs/line, and is not overwritten",
    "line.yaml": "is a YAML file, perhaps an experiment, and is not overwritten",
}


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize("out", OUTPUTS)
def test_inputs_and_files_of_the_run_stay(folder, command, out):
    form = ("--format", "csv") if command == "predict" else ()
    message = refused(folder, command, "runs/line", "mine.csv", "--out", out, *form)
    assert message.startswith(f"--out: {os.path.normpath(out) if out[0] == '.' else out}: ")
    assert message.endswith(f"{OUTPUTS[out]}\n")


def test_the_input_may_be_the_link(folder):
    message = refused(folder, "predict", "runs/line", "link.csv", "--out", "hard.csv")
    assert (
        "--out: hard.csv: is another name of link.csv, which is the data that is read, and is not overwritten"
        in message
    )


def test_files_of_another_run_stay(folder, tmp_path):
    assert 0 == inside(tmp_path, "train", folder / "line.yaml", "sweep=null").code
    out = tmp_path / "runs" / "line" / "timing.csv"
    assert "is a file of the run" in refused(folder, "predict", "runs/line", "mine.csv", "--out", out)


def test_everything_else_may_be_written_and_overwritten(folder):
    for out in ("new.csv", "new.csv", "runs/line/new.csv", "runs/line/new.csv", "new.parquet"):
        done = inside(folder, "predict", "runs/line", "mine.csv", "--out", out)
        assert (0, "", f"wrote {out}: 40 rows\n") == (done.code, done.out, done.err)
    for out in ("new.json", "runs/line/evaluation-test.json"):
        assert 0 == inside(folder, "evaluate", "runs/line", "--out", out).code
    assert (folder / "mine.csv").read_text() == ROWS


def test_standard_output_may_not_be_appended_to_the_input(folder, tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_text(ROWS)
    command = f'{" ".join(COMMAND)} predict runs/line "{mine}" >> "{mine}"'
    done = ended(["sh", "-c", command], folder)
    assert (2, ROWS) == (done.code, mine.read_text())
    assert done.err.startswith("--out: /dev/stdout: is another name of ")


def test_files_in_a_folder_of_idx_files_stay(folder, tmp_path):
    images = tmp_path / "t10k-images-idx3-ubyte"
    idx(images, np.arange(12).reshape(3, 2, 2))
    idx(tmp_path / "t10k-labels-idx1-ubyte", np.arange(3) % 2)
    (tmp_path / "f.yaml").write_text(
        "data: {source: ., validation: 0}\ntraining: {epochs: 1, batch_size: 3}\n"
    )
    assert 0 == inside(tmp_path, "train", "f.yaml", "experiment=run", "--quiet").code
    options = ("--out", images.name, "--format", "csv")
    assert "is the data that is read, and is not" in refused(tmp_path, "predict", "runs/run", ".", *options)
    for _ in range(2):
        assert 0 == inside(tmp_path, "predict", "runs/run", ".", "--out", "all.csv").code


@pytest.mark.parametrize("name", ["best.yaml", "trials.csv"])
def test_a_sweep_leaves_its_inputs(folder, tmp_path, name):
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "line.yaml").write_text(FILE.replace(", test: other.csv", ""))
    sweep = tmp_path / "sweeps" / "line"
    assert 0 == inside(tmp_path, "sweep", "line.yaml", "--jobs", "1", "--quiet").code
    input_file = tmp_path / ("line.yaml" if name == "best.yaml" else "rows.csv")
    (sweep / name).unlink()
    (sweep / name).hardlink_to(input_file)
    message = refused(tmp_path, "sweep", "line.yaml", "--jobs", "1", "--quiet")
    role = "is the experiment file" if name == "best.yaml" else "holds data"
    assert message.startswith(f"--out: sweeps/line/{name}: is another name of ")
    assert message.endswith(f", which {role}, and is not overwritten\n")


def test_init_overwrites_nothing(folder):
    for out in ("mine.csv", "link.csv", "line.yaml"):
        message = refused(folder, "init", "mine.csv", "--out", out)
        assert message.startswith(f"{out}: is there already, and not overwritten")


def test_predictions_go_through_a_pipe(folder):
    command = f"{' '.join(COMMAND)} predict runs/line mine.csv --format csv --out"
    plain = inside(folder, "predict", "runs/line", "mine.csv").out
    for out in ("/dev/stdout | cat", ">(cat)", "/dev/stdout > piped.csv; cat piped.csv"):
        done = ended(["bash", "-c", f"{command} {out}; wait"], folder)
        assert (0, plain) == (done.code, done.out)
        assert done.err.startswith("wrote /dev/")
