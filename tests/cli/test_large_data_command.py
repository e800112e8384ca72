"""Rows that stay on disk, through the real command: notes, files, resumption, predictions."""

import json
import random
import re
import signal
from pathlib import Path

import numpy as np
import pytest
import yaml

from nettrain.backend import scratch_file
from nettrain.data.reading import storage
from tests.cli.command import inside
from tests.cli.test_resume import hit, start, summary

SPEC = """
experiment: long
data: {source: rows.npy, test: 0.2, storage: disk}
model: {hidden: [8], dropout: 0.2}
training: {epochs: 900, batch_size: 16, shuffle_window: 64, checkpoint: {seconds: 0.02}}
"""
QUIET = ("--quiet", "--no-figures")
SAME = ("history.csv", "model.safetensors", "preprocessing.json", "config.yaml")


def write(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)).astype(np.float32)
    y = (x[:, 0] + rng.normal(size=300) > 0) + 0
    np.save(folder / "rows.npy", np.column_stack([x, y]).astype(np.float32))
    (folder / "long.yaml").write_text(SPEC)
    return folder


def short(folder: Path, *overrides: str) -> str:
    done = inside(folder, "train", "long.yaml", "training.epochs=3", "--no-figures", *overrides)
    assert (0, "") == (done.code, done.err)
    return done.out


def test_rows_on_disk_are_announced_and_kept_in_the_config(tmp_path, monkeypatch):
    write(tmp_path)
    monkeypatch.setattr(storage, "available_memory", lambda: 1000)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    out = " ".join(short(tmp_path, "data.storage=auto", "training.shuffle_window=null").split())
    assert (
        f"rows.npy: 6.0 kB of numbers stay on disk, in temporary files in {scratch_file.scratch_folder()}; "
        "data.storage: memory reads them whole"
    ) in out
    config = yaml.safe_load((tmp_path / "runs/long/config.yaml").read_text())
    assert "disk" == config["data"]["storage"]


def test_killed_and_resumed_it_ends_the_same_and_leaves_no_file(tmp_path_factory, monkeypatch):
    whole, folder = (write(tmp_path_factory.mktemp(name)) for name in ("whole", "killed"))
    assert 0 == inside(whole, "train", "long.yaml", *QUIET).code
    temporary = tmp_path_factory.mktemp("scratch")
    monkeypatch.setitem(start.__globals__["ENVIRONMENT"], "TMPDIR", str(temporary))
    killed = hit(
        start(folder, "train", "long.yaml", *QUIET), folder, signal.SIGKILL, random.Random(4).random() / 4
    )
    assert -signal.SIGKILL == killed.code
    assert [] == list(temporary.iterdir())
    last = inside(folder, "resume", "runs/long", *QUIET)
    assert (0, "") == (last.code, last.err)
    for name in SAME:
        expected = (whole / "runs/long" / name).read_bytes().replace(bytes(whole), bytes(folder))
        assert expected == (folder / "runs/long" / name).read_bytes(), name
    assert summary(whole) == summary(folder)


def test_where_rows_are_may_change_when_a_run_goes_on(tmp_path):
    write(tmp_path)
    short(tmp_path)
    resumed = inside(
        tmp_path, "resume", "runs/long", "training.epochs=6", "data.storage=memory", "--no-figures"
    )
    assert (0, "") == (resumed.code, resumed.err)
    once = inside(tmp_path, "train", "long.yaml", "training.epochs=6", *QUIET)
    assert (0, "") == (once.code, once.err)
    models = [(tmp_path / "runs" / name / "model.safetensors").read_bytes() for name in ("long", "long-2")]
    assert models[0] == models[1]


def test_a_file_that_has_changed_is_noticed(tmp_path):
    write(tmp_path)
    short(tmp_path)
    rows = np.load(tmp_path / "rows.npy")
    rows[299, 3] += 1
    np.save(tmp_path / "rows.npy", rows)
    refused = inside(tmp_path, "resume", "runs/long", "training.epochs=6")
    assert 3 == refused.code
    assert re.search(r"data\.source: \S+rows\.npy has changed since runs/long was trained on it", refused.err)


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_predictions_and_figures_of_rows_on_disk_are_those_in_memory(tmp_path, monkeypatch, command):
    write(tmp_path)
    short(tmp_path)
    arguments = (command, "runs/long", "rows.npy", "--json")
    here = inside(tmp_path, *arguments)
    monkeypatch.setattr(storage, "available_memory", lambda: 1)
    monkeypatch.setattr(scratch_file, "BLOCK_BYTES", 1000)
    there = inside(tmp_path, *arguments)
    assert (0, 0) == (here.code, there.code)
    found, expected = json.loads(there.out), json.loads(here.out)
    for one in (found, expected):
        one.pop("notes", None)
    assert expected == found
