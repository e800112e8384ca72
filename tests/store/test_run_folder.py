"""The run folder, its tables and its JSON."""

import json
import math
import os
from dataclasses import replace

import numpy as np
import pytest

from nettrain.errors import SpecError, StoredFileError
from nettrain.files import write_atomic
from nettrain.locks import is_locked, locked
from nettrain.store.diagnostics import DiagnosticsLog
from nettrain.store.history import DownsampledHistory, HistoryWriter
from nettrain.store.run_folder import RunFolder, csv_text, interrupted_run, write_json
from nettrain.store.stored_file import read_stored
from nettrain.store.sweep_folder import SweepFolder
from nettrain.store.written_table import WrittenTable
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES, LayerDiagnostics
from nettrain.training.events import EpochDone


def finished(folder):
    """The folder with the files that predict needs."""
    for file in (folder.config, folder.model, folder.preprocessing):
        file.write_text("")
    return folder


def made(parent, name):
    """A folder of a run that has begun, and that nobody holds."""
    with RunFolder.new(parent, name) as (folder, _):
        folder.config.write_text("")
    return folder


def test_a_new_folder_never_takes_the_place_of_another(tmp_path):
    folders = [made(tmp_path / "runs", "a b") for _ in range(3)]
    assert ["a-b", "a-b-2", "a-b-3"] == [folder.path.name for folder in folders]


def test_two_that_begin_at_once_have_two_folders(tmp_path):
    with RunFolder.new(tmp_path, "x") as (first, _), RunFolder.new(tmp_path, "x") as (second, note):
        assert ["x", "x-2"] == [first.path.name, second.path.name]
        assert note is None


def test_what_was_left_before_anything_was_written_is_taken_over(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / ".lock").write_text("4711\n")
    (tmp_path / "x" / ".config.yaml.abcdefgh").write_text("half")
    with RunFolder.new(tmp_path, "x") as (folder, note):
        assert tmp_path / "x" == folder.path
        assert f"{folder.path}: process 4711 ended without letting go of it; taken over" == note
        assert [".lock"] == [path.name for path in folder.path.iterdir()]


def test_a_folder_that_another_run_took_meanwhile_is_left_alone(tmp_path, monkeypatch):
    looks = iter([True, False])  # unused when it was looked at, but not when it was locked
    monkeypatch.setattr("nettrain.store.run_folder.is_unused", lambda _: next(looks, True))
    with RunFolder.new(tmp_path, "x") as (folder, _):
        assert "x-2" == folder.path.name
        assert not is_locked(tmp_path / "x")


def test_a_finished_run_opens(tmp_path):
    folder = finished(made(tmp_path, "x"))
    assert folder == RunFolder.open(tmp_path / "x")


@pytest.mark.parametrize("name", ["config.yaml", "model.safetensors", "preprocessing.json"])
def test_a_run_that_lacks_a_file_says_which(tmp_path, name):
    folder = finished(made(tmp_path, "x"))
    (folder.path / name).unlink()
    folder.summary.write_text("{}")  # it has ended, and cannot be resumed
    with pytest.raises(SpecError) as caught:
        RunFolder.open(folder.path)
    assert f"{folder.path}: not a finished run, {name} is missing" == str(caught.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("irs", ', did you mean "iris"?'),
        ("zzz", " (there are {folder}/iris)"),
        ("no/where", ""),
        ("notes", " (there are {folder}/iris)"),
    ],
)
def test_a_folder_that_is_not_there_is_named_with_its_neighbour(tmp_path, name, expected):
    made(tmp_path, "iris")
    (tmp_path / "notes.txt").write_text("no folder, so never suggested")
    with pytest.raises(SpecError) as caught:
        RunFolder.open(tmp_path / name)
    assert f"{tmp_path / name}: no such run folder{expected.format(folder=tmp_path)}" == str(caught.value)


def test_files_are_listed_in_the_order_of_their_use(tmp_path):
    folder = finished(made(tmp_path, "x"))
    for name in ("timing.csv", "history.csv", "summary.json", ".history.csv.half"):
        (folder.path / name).write_text("")
    assert [
        *("config.yaml", "summary.json", "history.csv", "model.safetensors"),
        *("preprocessing.json", "timing.csv"),
    ] == folder.file_names()


def test_json_has_no_nan(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": math.nan, "b": [math.inf, -math.inf, (1.5, None)], "ü": {"c": True}})
    expected = {"a": None, "b": [None, None, [1.5, None]], "ü": {"c": True}}
    assert expected == json.loads(file.read_text(), parse_constant=pytest.fail)
    assert expected == read_stored(file, dict)
    assert '  "ü": {\n' in file.read_text()


def test_csv_keeps_every_bit_and_leaves_gaps_empty():
    values = [0.1, 1e-300, 1 / 3, 5, None, "a,b", 'say "x"']
    expected = '0.1,1e-300,0.3333333333333333,5,,"a,b","say ""x"""'
    assert f"a\n{expected}\n" == csv_text(["a"], [values])


def epoch(number, members, *, evaluated=True, **figures):
    """An epoch's event; each figure has a value per member."""
    return EpochDone(
        epoch=number,
        epochs=2,
        step=10 * number,
        members=np.array(members),
        learning_rate=np.full(len(members), 0.1),
        figures={name: np.array(values) for name, values in figures.items()},
        better=np.array([number == 1] * len(members)),
        evaluated=evaluated,
        step_seconds=0.25,
        seconds=0.5,
    )


def test_an_epoch_that_was_not_evaluated_has_its_time_but_no_row(tmp_path):
    folder = made(tmp_path, "x")
    history = HistoryWriter(folder)
    history.add(epoch(1, [0], evaluated=False, train_loss=[3.0]))
    history.add(epoch(2, [0], train_loss=[2.0], val_loss=[4.0]))
    history.flush()
    assert (
        "epoch,step,learning_rate,train_loss,val_loss,better\n2,20,0.1,2.0,4.0,0\n"
        == folder.history.read_text()
    )
    assert "epoch,step_seconds,seconds\n1,0.25,0.5\n2,0.25,0.5\n" == folder.timing.read_text()


def test_many_members_have_a_row_each(tmp_path):
    folder = made(tmp_path, "x")
    history = HistoryWriter(folder, member_column=True)
    history.add(epoch(1, [0, 4], train_loss=[3.0, 2.0]))
    history.add(epoch(2, [4], train_loss=[1.0]))
    history.flush()
    assert [
        "member,epoch,step,learning_rate,train_loss,better",
        "0,1,10,0.1,3.0,1",
        "4,1,10,0.1,2.0,1",
        "4,2,20,0.1,1.0,0",
    ] == folder.history.read_text().splitlines()


def test_the_files_are_brought_up_to_date_by_time(tmp_path):
    now = [0.0]
    folder = made(tmp_path, "x")
    history = HistoryWriter(folder, clock=lambda: now[0])
    lines = []
    for number in range(1, 7):
        history.add(epoch(number, [0], train_loss=[1.0]))
        now[0] += 0.75
        lines.append(folder.history.read_text().count("\n") if folder.history.exists() else 0)
    # the first epoch at once, at 2.25 s four epochs; the next writing is two seconds later, here at the end
    assert [2, 2, 2, 5, 5, 5] == lines
    history.flush()
    once = folder.history.read_text()
    history.flush()
    assert once == folder.history.read_text()
    assert [str(number) for number in range(1, 7)] == [row.split(",")[0] for row in once.splitlines()[1:]]
    assert 7 == folder.timing.read_text().count("\n")


def test_writing_that_takes_long_comes_seldom(tmp_path):
    times = iter([0.0, 2.0, 2.0, 3.0, 52.9, 53.0, 53.0, 53.0])
    folder = made(tmp_path, "x")
    history = HistoryWriter(folder, clock=lambda: next(times))
    lines = []
    for number in range(1, 4):  # the first writing takes a second, so the next is fifty seconds later
        history.add(epoch(number, [0], train_loss=[1.0]))
        lines.append(folder.history.read_text().count("\n"))
    assert [2, 2, 4] == lines


def test_what_is_kept_of_a_long_run_is_little(tmp_path):
    sample = DownsampledHistory(limit=100)
    for number in range(1, 5001):
        rows = [{"member": k, "epoch": number, "better": int(number == 777 + k)} for k in range(2)]
        sample.add(rows)
    rows = sample.rows()
    assert 25 <= len(rows) <= 104
    assert {(1, 0), (777, 0), (778, 1), (5000, 1)} <= {(row["epoch"], row["member"]) for row in rows}


def test_a_short_run_is_kept_in_full(tmp_path):
    history = HistoryWriter(made(tmp_path, "x"), member_column=True)
    for number in (1, 2):
        history.add(epoch(number, [0, 4], train_loss=[3.0, 2.0]))
    assert [(1, 0), (1, 4), (2, 0), (2, 4)] == [(row["epoch"], row["member"]) for row in history.rows]


def test_a_run_that_has_not_ended_can_be_resumed(tmp_path):
    folder = made(tmp_path, "x")
    with pytest.raises(SpecError) as caught:
        RunFolder.open(folder.path)
    expected = "not a finished run, model.safetensors is missing; nettrain resume"
    assert f"{folder.path}: {expected} {folder.path} goes on with it" == str(caught.value)


@pytest.mark.parametrize("file", ["preprocessing", "summary", "timing", "checkpoint"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_file_is_refused_before_it_is_read(make, file, tmp_path):
    folder = finished(RunFolder(tmp_path))
    path = getattr(folder, file)
    path.unlink(missing_ok=True)
    make(path)
    with pytest.raises(StoredFileError, match=rf"{path.name}: is not a file$"):
        RunFolder.open_started(tmp_path)


def test_a_sweep_refuses_what_is_no_file(tmp_path):
    folder = SweepFolder.open(tmp_path)
    folder.journal.write_text("")
    os.mkfifo(folder.summary)
    with pytest.raises(StoredFileError, match=r"summary.json: is not a file$"):
        SweepFolder.open(tmp_path)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_sweep_that_has_not_begun_leaves_no_folder(is_first, tmp_path):
    parent = tmp_path / "sweeps"
    for name in ("empty", "begun"):
        SweepFolder.open(parent / name)
    SweepFolder(parent / "empty").remove_if_empty(is_first=is_first)
    assert ["begun"] == [path.name for path in parent.iterdir()]
    SweepFolder(parent / "begun").journal.touch()
    SweepFolder(parent / "begun").remove_if_empty(is_first=is_first)
    SweepFolder(parent / "begun").journal.unlink()
    SweepFolder(parent / "begun").remove_if_empty(is_first=is_first)
    assert is_first is not parent.exists()


def test_the_newest_run_of_the_same_config_that_can_go_on(tmp_path):
    runs, statuses = {}, {"x": "interrupted", "x-2": "finished", "x-3": None, "x-4": "damaged", "x-5": None}
    for number, (name, status) in enumerate(statuses.items()):
        runs[name] = made(tmp_path, name)
        write_atomic(runs[name].config, "seed: 1\n" if name != "x-5" else "seed: 2\n")
        os.utime(runs[name].config, (number, number))
        if status is not None:
            runs[name].summary.write_text("{" if status == "damaged" else json.dumps({"status": status}))
    elsewhere = RunFolder(tmp_path / "elsewhere")
    found = interrupted_run(tmp_path, "x", "seed: 1\n", elsewhere.path)
    assert runs["x-3"].path == found.path, "which was killed after x was interrupted"
    runs["x-3"].summary.write_text(json.dumps({"status": "diverged"}))
    assert runs["x"].path == interrupted_run(tmp_path, "x", "seed: 1\n", elsewhere.path).path
    with locked(runs["x"].path):
        assert interrupted_run(tmp_path, "x", "seed: 1\n", elsewhere.path) is None


def test_what_is_kept_of_the_layers_of_a_long_run_is_little(tmp_path, monkeypatch):
    monkeypatch.setattr("nettrain.store.diagnostics.MAX_ROWS", 100)
    path = tmp_path / "diagnostics.csv"
    whole = LayerDiagnostics(("hidden 1", "output"), {name: np.ones((1, 2)) for name in QUANTITIES})
    log = DiagnosticsLog(WrittenTable(path), member_column=False)
    for number in range(1, 1001):
        log.add(replace(epoch(number, [0], train_loss=[1.0]), diagnostics=whole))
    epochs = [row["epoch"] for row in log.rows]
    assert 50 <= len(epochs) <= 102
    assert (1, 1000) == (epochs[0], epochs[-1])
    assert epochs == sorted(epochs)
