"""A disk without room, one that may not be written to, and a folder that goes away: named, and nothing lost."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nettrain.store.checkpoint import read_checkpoint
from tests.cli.command import COMMAND, ENVIRONMENT, Ended, inside

SPEC = """
experiment: kept
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [8]}
training: {epochs: 20, batch_size: 16}
"""
SWEEP = """
sweep:
  trials: 4
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
"""
NOBODY = 65534  # the number of a user who owns nothing
ROOM = 1_000_000  # bytes of the disk
SIZE = r"[\d.,]+ (?:bytes|MB)"
FULL = rf"cannot be written: No space left on device: it takes {SIZE}, {SIZE} are free\n"


def mount(*arguments: str) -> bool:
    """Whether that could be mounted: not everybody may."""
    tool = shutil.which("mount")
    return bool(tool) and subprocess.run([tool, *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A folder on a small disk of its own, with an experiment."""
    if not mount("-t", "tmpfs", "-o", f"size={ROOM}", "none", str(tmp_path)):
        pytest.skip("no disk can be mounted here")
    try:
        (tmp_path / "kept.yaml").write_text(SPEC)
        yield tmp_path
    finally:
        # lazily: arrays that this process has mapped keep it busy
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def run(folder: Path, *arguments: str) -> Ended:
    return inside(folder, *arguments, "--quiet", "--no-figures")


def fill(disk: Path, leave: int = 0) -> Path:
    """A file that takes all the room but so many bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass
    os.truncate(filler, max(0, filler.stat().st_size - leave))
    return filler


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_without_room_to_go_on_all_is_as_it_was_and_goes_on_later(disk, tmp_path_factory):
    assert (0, "") == (run(disk, "train", "kept.yaml").code, "")
    before, filler = content(disk / "runs/kept"), fill(disk)
    done = run(disk, "resume", "runs/kept", "training.epochs=33")
    assert (1, "") == (done.code, done.out)
    assert re.fullmatch(rf"runs/kept/[a-z]+\.[a-z]+: {FULL}", done.err), done.err
    assert before == content(disk / "runs/kept")
    filler.unlink()
    assert 0 == run(disk, "resume", "runs/kept", "training.epochs=33").code
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "kept.yaml").write_text(SPEC)
    assert 0 == run(elsewhere, "train", "kept.yaml", "training.epochs=33").code
    for name in ("history.csv", "model.safetensors", "config.yaml"):
        assert content(elsewhere / "runs/kept")[name] == content(disk / "runs/kept")[name]


def test_a_disk_that_gets_full_on_the_way_keeps_a_checkpoint_that_goes_on(disk, step_by_step, monkeypatch):
    """Room for the first epochs' files, not for a history of them all."""
    monkeypatch.setattr("nettrain.store.checkpointer.MIN_RATIO", 0)  # after a slow one too, others follow
    fill(disk, leave=20 * 4096)
    done = run(disk, "train", "kept.yaml", "training.epochs=1500", "training.checkpoint={seconds: 0.02}")
    assert 1 == done.code
    assert re.fullmatch(rf"runs/kept/[a-z]+\.[a-z]+: {FULL}", done.err), done.err
    assert not (disk / "runs/kept/summary.json").exists()
    assert not [name for name in os.listdir(disk / "runs/kept") if name.startswith(".")]
    (disk / "filler").unlink()
    done = inside(disk, "resume", "runs/kept", "training.epochs=1500", "--no-figures")
    assert (0, True) == (done.code, "goes on after epoch" in done.out), done.err


def test_a_search_without_room_names_the_file(disk):
    (disk / "kept.yaml").write_text(SPEC + SWEEP)
    filler = fill(disk)
    done = inside(disk, "sweep", "kept.yaml", "--quiet")
    assert (1, "") == (done.code, done.out)
    assert re.fullmatch(rf"sweeps/kept/\S+: {FULL}", done.err), done.err
    filler.unlink()
    assert 0 == inside(disk, "sweep", "kept.yaml", "--quiet").code


def test_a_disk_that_may_only_be_read_is_named(disk):
    assert 0 == run(disk, "train", "kept.yaml").code
    before = content(disk / "runs/kept")
    assert mount("-o", "remount,ro", str(disk))
    said = "Read-only file system\n"
    done = run(disk, "train", "kept.yaml")
    assert (1, f"runs/kept-2: cannot be created: {said}") == (done.code, done.err)
    done = run(disk, "resume", "runs/kept", "training.epochs=33")
    assert (1, f"runs/kept/.lock: cannot be written: {said}") == (done.code, done.err)
    done = inside(disk, "evaluate", "runs/kept")
    assert (1, f"runs/kept/evaluation-test.json: cannot be written: {said}") == (done.code, done.err)
    assert before == content(disk / "runs/kept")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody reaches, with a run of two epochs.

    It has been trained and resumed: what commands load lies where nobody else may be able to read.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        rows = "".join(f"{k % 7},{k % 11},{k % 3}\n" for k in range(60))
        (folder / "rows.csv").write_text(f"a,b,y\n{rows}")
        (folder / "kept.yaml").write_text(SPEC.replace("'builtin:iris'", "rows.csv"))
        assert 0 == run(folder, "train", "kept.yaml", "training.epochs=1").code
        assert 0 == run(folder, "resume", "runs/kept", "training.epochs=2").code
        yield folder


def bound(folder: Path, *arguments: str) -> Ended:
    """Run a command in a process that permissions bind, as they do not bind root's."""
    root = os.geteuid() == 0
    with contextlib.chdir(folder):  # to which whoever is bound comes back
        if root:
            os.seteuid(NOBODY)
        try:
            return run(folder, *arguments)
        finally:
            if root:
                os.seteuid(0)


def test_folders_that_may_only_be_read_are_named(open_folder):
    before = content(open_folder / "runs/kept")
    (open_folder / "runs").chmod(0o555)
    done = bound(open_folder, "train", "kept.yaml")
    assert (1, "runs/kept-2: cannot be created: Permission denied\n") == (done.code, done.err)
    (open_folder / "runs/kept").chmod(0o555)
    done = bound(open_folder, "resume", "runs/kept", "training.epochs=3")
    assert (1, "runs/kept/.lock: cannot be written: Permission denied\n") == (done.code, done.err)
    (open_folder / "runs/kept").chmod(0o000)
    done = bound(open_folder, "resume", "runs/kept", "training.epochs=3")
    assert 1 == done.code
    assert re.fullmatch(r"runs/kept/[a-z.]+: Permission denied\n", done.err), done.err
    (open_folder / "runs/kept").chmod(0o755)
    assert before == content(open_folder / "runs/kept")


def test_a_checkpoint_that_may_not_be_read_is_named(open_folder):
    run_folder = open_folder / "runs/kept"
    run_folder.chmod(0o777)
    (run_folder / "checkpoint.safetensors").chmod(0o000)
    done = bound(open_folder, "resume", "runs/kept", "training.epochs=3")
    said = "runs/kept/checkpoint.safetensors: cannot be read: Permission denied\n"
    assert (3, said) == (done.code, done.err)


def epochs_kept(folder: Path) -> int:
    """The epochs of the checkpoint in a folder, 0 without one."""
    path = folder / "checkpoint.safetensors"
    return read_checkpoint(path).state.numbers["epoch"] if path.exists() else 0


def test_a_folder_that_is_removed_while_it_trains_is_named(tmp_path):
    (tmp_path / "kept.yaml").write_text(SPEC)
    endless = ["training.epochs=150000", "training.checkpoint={seconds: 0.05}", "--quiet"]
    process = subprocess.Popen(
        [*COMMAND, "train", "kept.yaml", *endless],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    started = time.monotonic()
    # a slow start saves epoch 0, before any training
    while not epochs_kept(tmp_path / "runs/kept") and time.monotonic() - started < 60:
        time.sleep(0.01)
    shutil.move(tmp_path / "runs/kept", tmp_path / "elsewhere")
    _, err = process.communicate(timeout=60)
    assert 1 == process.returncode
    assert re.fullmatch(
        r"runs/kept/[a-z]+\.[a-z]+: cannot be written: there is no folder runs/kept\n", err
    ), err
    assert [] == os.listdir(tmp_path / "runs")
    assert epochs_kept(tmp_path / "elsewhere") > 0  # whole: it has a checksum
