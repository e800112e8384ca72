"""Files that are written whole or not at all, and folders that are never overwritten."""

import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from nettrain.errors import NettrainError, SpecError, StoredFileError
from nettrain.files import (
    append_atomic,
    check_readable,
    create_folder,
    is_unused,
    numbered_folders,
    remove_temporary_files,
    safe_name,
    write_atomic,
)


def refuse(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("content", ["größe\n", b"\x00\xff", "", "a" * 100_000])
def test_the_written_content_is_there(tmp_path, content):
    file = tmp_path / "a.txt"
    write_atomic(file, content)
    expected = content.encode() if isinstance(content, str) else content
    assert (expected, ["a.txt"]) == (file.read_bytes(), os.listdir(tmp_path))
    assert 0o644 == file.stat().st_mode & 0o777


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch, step):
    file = tmp_path / "a.txt"
    file.write_text("old")
    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), refuse)
    with pytest.raises(NettrainError) as caught:
        write_atomic(file, "new")
    free = r"[\d.,]+ (MB|bytes) are free"
    expected = f"{file}: cannot be written: No space left on device: it takes 3 bytes, {free}"
    assert re.fullmatch(expected, str(caught.value))
    assert (1, "old", ["a.txt"]) == (caught.value.code, file.read_text(), os.listdir(tmp_path))


def test_an_interrupted_write_leaves_no_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.txt", "new")
    assert [] == os.listdir(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    file = tmp_path / "no" / "a.txt"
    with pytest.raises(NettrainError) as caught:
        write_atomic(file, "new")
    assert f"{file}: cannot be written: there is no folder {file.parent}" == str(caught.value)


def test_a_file_cannot_replace_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(NettrainError, match=r"cannot be written: Is a directory$"):
        write_atomic(tmp_path / "a", "new")
    assert ["a"] == os.listdir(tmp_path)


def test_folders_are_numbered_and_created(tmp_path):
    parent = tmp_path / "runs" / "deep"
    (parent / "x-2").mkdir(parents=True)
    created = list(islice(numbered_folders(parent, "x"), 3))
    assert [parent / "x", parent / "x-2", parent / "x-3"] == created
    assert all(folder.is_dir() for folder in created)


def test_a_name_taken_by_a_file_is_skipped(tmp_path):
    (tmp_path / "x").write_text("mine")
    assert "x-2" == next(numbered_folders(tmp_path, "x")).name
    assert "mine" == (tmp_path / "x").read_text()


def test_a_parent_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "runs"
    file.write_text("")
    with pytest.raises(SpecError) as caught:
        next(numbered_folders(file, "x"))
    assert f"{file}: is a file, not a folder" == str(caught.value)


def test_a_folder_that_cannot_be_created_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match=r"file: is a file, not a folder$"):
        next(numbered_folders(tmp_path / "file" / "runs", "x"))


def test_a_folder_with_hidden_files_alone_is_unused(tmp_path):
    assert is_unused(tmp_path)
    (tmp_path / ".lock").write_text("1\n")
    assert is_unused(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    assert not is_unused(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iris", "iris"),
        ("iris_2.b-c", "iris_2.b-c"),
        ("größe", "größe"),
        ("a b/c\\d", "a-b-c-d"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "run"),
        ("a\n", "a"),
    ],
)
def test_unsafe_characters_in_names_are_replaced(name, expected):
    assert expected == safe_name(name)


def test_temporary_files_of_a_killed_process_are_removed(tmp_path):
    for name in (".model.safetensors.a1b2c3d4", ".lock", "model.safetensors", ".hidden"):
        (tmp_path / name).touch()
    remove_temporary_files(tmp_path)
    assert [".hidden", ".lock", "model.safetensors"] == sorted(os.listdir(tmp_path))


def test_appending_keeps_what_was_there(tmp_path):
    file = tmp_path / "a.csv"
    append_atomic(file, "a\n")
    append_atomic(file, "ü\n")
    assert "a\nü\n" == file.read_text(encoding="utf-8")
    assert ["a.csv"] == [path.name for path in tmp_path.iterdir()]


def test_an_append_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "a.csv"
    append_atomic(file, "a\n")
    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(NettrainError):
        append_atomic(file, "b\n")
    assert "a\n" == file.read_text()
    assert ["a.csv"] == [path.name for path in tmp_path.iterdir()]


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        write_atomic(pipe, "a,b\n")
    assert (b"a,b\n", True, ["pipe.csv"]) == (read.result(), pipe.is_fifo(), os.listdir(tmp_path))


def test_a_device_stays_one(tmp_path, monkeypatch):
    device = tmp_path / "null"
    device.write_text("")
    inode = device.stat().st_ino
    monkeypatch.setattr("nettrain.files.DEVICES", (tmp_path,))
    write_atomic(device, "a,b\n")
    assert (inode, ["null"]) == (device.stat().st_ino, os.listdir(tmp_path))


@pytest.mark.parametrize("target", ["nowhere", "no/where", "link"])  # the last leads to itself
def test_a_folder_is_no_link_that_leads_nowhere(tmp_path, target):
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(SpecError, match="link: is a link that leads nowhere, not a folder"):
        next(numbered_folders(link, "run"))
    with pytest.raises(SpecError, match="link: is a link that leads nowhere, not a folder"):
        create_folder(link)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/run").symlink_to(target)
    assert tmp_path / "runs/run-2" == next(numbered_folders(tmp_path / "runs", "run"))


@pytest.mark.parametrize("below", ["", "x", "x/y"])
@pytest.mark.parametrize(
    ("name", "kind"),
    [("loop", "a link that leads nowhere"), ("file", "a file"), ("to", "a file"), ("pipe", "a named pipe")],
)
def test_no_folder_lies_in_what_is_none(tmp_path, name, kind, below):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    (tmp_path / "to").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SpecError, match=f"{name}: is {kind}, not a folder$"):
        create_folder(tmp_path / name / below)
    with pytest.raises(SpecError, match=f"{name}: is {kind}, not a folder$"):
        next(numbered_folders(tmp_path / name / below, "run"))


def test_no_folder_has_a_zero_byte_in_its_name(tmp_path):
    with pytest.raises(SpecError, match=r"'a\\x00b': is no name of a folder"):
        create_folder(Path("a\0b"))


def test_what_cannot_be_read_says_why(tmp_path):
    check_readable(Path(__file__))
    for path, why in (
        (tmp_path, "is not a file"),
        (tmp_path / "gone", "cannot be read: No such file or directory"),
    ):
        with pytest.raises(StoredFileError) as caught:
            check_readable(path)
        assert f"{path}: {why}" == str(caught.value)
