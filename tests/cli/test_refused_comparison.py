"""A comparison of runs whose histories cannot be read: the file is named, and no folder is left."""

import os

import pytest

from tests.cli.command import inside

SPEC = """
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [3]}
training: {epochs: 2}
"""


@pytest.fixture
def runs(tmp_path):
    (tmp_path / "e.yaml").write_text(SPEC)
    for name in "ab":
        arguments = ("train", "e.yaml", f"experiment={name}", "--quiet", "--no-figures")
        assert 0 == inside(tmp_path, *arguments).code
    return tmp_path


def compared(folder):
    return inside(folder, "compare", "runs/a", "runs/b", "--no-figures", "--quiet")


def test_an_empty_history_leaves_no_folder(runs):
    (runs / "runs/b/history.csv").write_bytes(b"")
    ended = compared(runs)
    assert 3 == ended.code
    assert ended.err.startswith("runs/b/history.csv: was changed since it was written")
    assert not (runs / "comparisons").exists()


def test_other_comparisons_stay(runs):
    assert 0 == compared(runs).code
    before = sorted((runs / "comparisons").rglob("*"))
    (runs / "runs/b/history.csv").write_bytes(b"")
    assert 3 == compared(runs).code
    assert before == sorted((runs / "comparisons").rglob("*"))


def test_a_history_for_which_there_is_no_memory_is_refused_before_it_is_read(runs, monkeypatch):
    os.truncate(runs / "runs/b/history.csv", 100 << 20)
    monkeypatch.setattr("nettrain.data.reading.room.obtainable_memory", lambda: 50 << 20)
    ended = compared(runs)
    assert 3 == ended.code
    assert (
        "runs/b/history.csv: it takes 105 MB of memory, 52.4 MB are free; restore or remove it\n" == ended.err
    )
