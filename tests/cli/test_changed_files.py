"""No file of a run folder, whatever it holds, ends a command in an internal error."""

import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from nettrain.errors import NettrainError, StoredFileError
from nettrain.store.diagnostics import read_rows
from nettrain.store.epoch_seconds import read_times
from nettrain.store.history import read_history_rows
from nettrain.store.preprocessing_file import read_preprocessing
from nettrain.store.run_folder import RunFolder
from nettrain.store.run_overview import find_runs
from nettrain.store.summary import read_summary
from nettrain.store.trained_run import open_trained
from nettrain.workflow.diagnostics import read_diagnostics
from nettrain.workflow.history import read_history
from nettrain.workflow.run import open_run
from nettrain.workflow.steps import read_steps
from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SPEC = """
experiment: people
data: {source: people.csv, target: rich, test: 0.2, validation: 0.2}
model: {hidden: [6], norm: batch, dropout: 0.1, residual: true}
calibration: isotonic
threshold: f1
training: {epochs: 4, history: step, diagnostics: true, checkpoint: {seconds: 0}}
"""
GONE = "gone"
VALUES = (None, "héllo", "", [], [1, "a"], {"a": 1}, 10**18, 10**30, -1, 1.5, GONE)
DEEP = 10_000
TABLES = ("history.csv", "timing.csv", "diagnostics.csv", "steps.csv")

Path_ = tuple[str | int, ...]


def people() -> str:
    """A table with numbers, categories, dates and prices, some of which are missing."""
    draw = random.Random(0)
    lines = ["age,city,when,income,rich"]
    for _ in range(120):
        age, city = draw.randint(18, 90), draw.choice(["Bonn", "Köln", "Aachen"])
        when = f"{draw.randint(1, 28):02}/{draw.randint(1, 12):02}/20{draw.randint(10, 23)}"
        income = f'"{draw.randint(1, 9)}.{draw.randint(100, 999)},50 €"' if draw.random() < 0.9 else ""
        lines.append(f"{age},{city},{when},{income},{'yes' if age + 20 * draw.random() > 55 else 'no'}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("changed")
    (folder / "people.csv").write_text(people())
    (folder / "people.yaml").write_text(SPEC)
    assert 0 == inside(folder, "train", "people.yaml", "--quiet", "--no-figures").code
    return folder


@pytest.fixture
def run(trained) -> Iterator[Path]:
    """The run folder, which is as it was before when the test ends."""
    folder, before = trained / "runs/people", trained / "before"
    shutil.copytree(folder, before)
    yield folder
    shutil.rmtree(folder)
    before.rename(folder)


def keys(node: object, path: Path_ = ()) -> Iterator[Path_]:
    """The paths of all keys, and of the first positions of lists."""
    inside_ = node if isinstance(node, dict) else range(min(2, len(node))) if isinstance(node, list) else ()
    for key in inside_:
        yield (*path, key)
        yield from keys(node[key], (*path, key))  # type: ignore[index]


def replaced(content: object, path: Path_, value: object) -> str:
    """The JSON in which a key has another value, or is gone."""
    copy = json.loads(json.dumps(content))
    *outer, last = path
    node = copy
    for key in outer:
        node = node[key]
    if value == GONE:
        del node[last]
    else:
        node[last] = value
    return json.dumps(copy)


def assert_one_line(error: NettrainError, file: Path) -> None:
    (line,) = str(error).splitlines()
    assert line.startswith(str(file)), line


def assert_each_names(error: NettrainError, file: Path) -> None:
    assert all(line.startswith(str(file)) for line in str(error).splitlines()), error


def walk(file: Path, read, values=VALUES) -> int:
    """Read a file with every key replaced by everything; how often that was refused."""
    content, refused = json.loads(file.read_text()), 0
    for path in keys(content):
        for value in values:
            file.write_text(replaced(content, path, value))
            try:
                read()
            except StoredFileError as error:
                assert_one_line(error, file)
                refused += 1
    return refused


def test_preprocessing(run):
    file = run / "preprocessing.json"
    assert 300 < walk(file, lambda: read_preprocessing(file))


def test_summary(run):
    file = run / "summary.json"
    assert 200 < walk(file, lambda: read_summary(file), VALUES[::3])


def test_constants_of_the_baseline_that_are_none(run):
    summary = json.loads((run / "summary.json").read_text())
    summary["baseline"]["constants"]["predictions"]["shares"] *= 2
    (run / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(StoredFileError) as caught:
        open_run(run).evaluate(run.parents[1] / "people.csv")
    told = "baseline.constants: predictions.shares: has 4 numbers, the run has 2"
    assert f"{run}/summary.json: {told}" == str(caught.value)


def test_postprocessing(run):
    file = run / "postprocessing.json"
    content = json.loads(file.read_text())
    for path in keys(content):
        for value in VALUES[::2]:
            file.write_text(replaced(content, path, value))
            try:
                open_trained(run)
            except StoredFileError as error:
                assert_each_names(error, file)


@pytest.mark.parametrize("name", ["preprocessing.json", "postprocessing.json", "summary.json"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "3",
        "[]",
        "{}",
        "{",
        "\0",
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        '{"a": "\\ud800"}',
        '{"a": 1e999}',
        "[" * DEEP + "]" * DEEP,
        '{"a": ' * DEEP + "1" + "}" * DEEP,
        "[" + "1," * 8_000_001 + "1]",
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_such_file_at_all(run, name, text):
    (run / name).write_text(text)
    with pytest.raises(StoredFileError) as caught:
        open_trained(run)
    assert_each_names(caught.value, run / name)


@pytest.mark.parametrize("command", ["evaluate", "predict", "report", "show", "runs", "resume", "export"])
def test_commands_name_what_is_changed(trained, run, command):
    """A few of the many changes, through the commands that read all of a folder."""
    arguments = {
        "predict": ("runs/people", "people.csv", "--out", "p.csv"),
        "runs": ("runs",),
        "export": ("runs/people", "model.py"),
        "resume": ("runs/people", "training.epochs=5", "--no-figures"),
    }.get(command, ("runs/people",))
    draw = random.Random(command)
    for name in ("preprocessing.json", "postprocessing.json", "summary.json"):
        file = run / name
        text = file.read_text()
        content = json.loads(text)
        for path in draw.sample(list(keys(content)), 1 if command == "report" else 3):
            file.write_text(replaced(content, path, draw.choice(VALUES)))
            done = inside(trained, command, *arguments)
            assert "nettrain has failed" not in done.err, (name, path, done.err)
            assert done.code in (0, 2, 3), (name, path, done)
            file.write_text(text)


def changed_model(run: Path, change) -> None:
    with safe_open(run / "model.safetensors", framework="numpy") as f:
        arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        metadata = f.metadata()
    change(arrays)
    save_file(arrays, run / "model.safetensors", metadata=metadata)


def test_model(run):
    file = run / "model.safetensors"
    with safe_open(file, framework="numpy") as f:
        arrays = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 not a dict
        content = json.loads(f.metadata()["architecture"])
    refused = 0
    for path in keys(content):
        for value in VALUES:
            save_file(arrays, file, metadata={"architecture": replaced(content, path, value)})
            try:
                open_trained(run)
            except StoredFileError as error:
                assert_one_line(error, file)
                refused += 1
    assert 300 < refused
    for name in arrays:
        rest = {other: array for other, array in arrays.items() if other != name}
        for changed in (rest, rest | {name: arrays[name][:, :, :0]}, rest | {name: np.zeros(3)}):
            save_file(changed, file, metadata={"architecture": json.dumps(content)})
            with pytest.raises(StoredFileError) as caught:
                open_trained(run)
            assert_one_line(caught.value, file)


def lines_changed(lines: list[str]) -> Iterator[list[str]]:
    """A table with rows gone, doubled, in another order, and with other digits."""
    middle = len(lines) // 2
    yield [*lines[:middle], *lines[middle + 1 :]]
    yield lines[:-1]
    yield [*lines[:middle], lines[middle], *lines[middle:]]
    yield [*lines[: middle - 1], lines[middle], lines[middle - 1], *lines[middle + 1 :]]
    digit = next(digit for digit in "123456789" if digit in lines[middle])
    yield [*lines[:middle], lines[middle].replace(digit, "0"), *lines[middle + 1 :]]
    yield [lines[0].replace("epoch", "epochs"), *lines[1:]]
    yield [f"{line[:-1]},1\n" for line in lines]


@pytest.mark.parametrize("name", TABLES)
def test_a_resumed_run_knows_every_row_of_its_tables(trained, run, name):
    file = run / name
    before = file.read_text()
    for lines in lines_changed(before.splitlines(keepends=True)):
        file.write_text("".join(lines))
        done = inside(trained, "resume", "runs/people", "training.epochs=5", "--no-figures")
        assert 3 == done.code, done
        assert done.err.startswith(f"runs/people/{name}: "), done.err
        assert "; restore it, or remove it: it then begins anew\n" in done.err
    file.write_text(before)
    assert 0 == inside(trained, "resume", "runs/people", "training.epochs=5", "--no-figures").code


READERS = {
    "history.csv": (read_history, read_history_rows),
    "timing.csv": (read_times,),
    "diagnostics.csv": (read_diagnostics, read_rows),
    "steps.csv": (read_steps,),
}


def tables_of_anything(header: str, first: str) -> Iterator[str]:
    """A header and a row, and what a file may hold in their place."""
    cells = first.rstrip("\n").split(",")
    yield from ("", "\n", "\0\xff", "\xff" * 9, "\0" * 20_000_000, header[:-1], first, "a,b,c\n1,2,3\n")
    for old, new in ((1, "x"), (1, "9" * 400), (0, ""), (0, "nan"), (0, "1e400"), (-1, '"'), (-1, "1\0")):
        changed = [*cells]
        changed[old] = new
        yield f"{header}{','.join(changed)}\n"
    yield from (header + first[:5], header + first[:5] + "\n" + first, header.replace(",", ",,") + first)
    yield header.replace(",", "\r", 1) + first
    yield from (header + first[:-1] + ",1\n", '"' + header + first, "epoch,epoch\n1,2\n", header * 2)


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_anything(run, name):
    file = run / name
    header, first, *_ = file.read_text().splitlines(keepends=True)
    for text in tables_of_anything(header, first):
        file.write_bytes(text.encode("latin-1"))
        for read in READERS[name]:
            try:
                read(file)
            except StoredFileError as error:
                assert_one_line(error, file)
        assert 1 == len(find_runs([str(run)]))


@pytest.mark.parametrize("name", TABLES)
def test_a_report_names_the_table_that_was_changed(trained, run, name):
    (run / name).write_text((run / name).read_text().replace(",", ";"))
    done = inside(trained, "report", "runs/people")
    used = name in ("history.csv", "diagnostics.csv")
    assert (3 if used else 0, used) == (done.code, f"runs/people/{name}: " in done.err), done


def test_without_its_summary_or_with_a_broken_one_a_run_goes_on(trained, run):
    (run / "summary.json").write_text('{"status": 3}')
    done = inside(trained, "resume", "runs/people", "training.epochs=5", "--no-figures")
    assert 0 == done.code, done.err
    assert "runs/people/summary.json: " in done.out
    assert "; it is written anew" in " ".join(done.out.split())
    assert 5 == json.loads((run / "summary.json").read_text())["epochs_run"]


def test_a_checkpoint_of_another_run_is_named(trained, run, tmp_path):
    (tmp_path / "other.yaml").write_text(SPEC.replace("hidden: [6]", "hidden: [5]"))
    (tmp_path / "people.csv").write_text((trained / "people.csv").read_text())
    assert 0 == inside(tmp_path, "train", "other.yaml", "--quiet", "--no-figures").code
    other = RunFolder(tmp_path / "runs/people").checkpoint
    shutil.copy(other, run / "checkpoint.safetensors")
    done = inside(trained, "resume", "runs/people", "training.epochs=5", "--no-figures")
    assert 2 == done.code
    assert "model.hidden" in done.err


def test_a_pipe_in_place_of_a_file_does_not_hang(run):
    (run / "preprocessing.json").unlink()
    os.mkfifo(run / "preprocessing.json")
    with pytest.raises(NettrainError):
        open_trained(run)
