"""A journal's lines are as they were written, and where they were written; a torn last one is cut off."""

import errno
import json
import math
import os

import pytest

from nettrain.errors import NettrainError, StoredFileError
from nettrain.store.journal import Journal, read_journal

SEARCH = {"kind": "sweep", "experiment": {"a": 1}, "sweep": {}, "parameters": {}, "order": []}
CHANGED = (
    "was changed since it was written, or is of another place or sweep; restore the file, or remove this"
)


def trial(number: int, **figures: float) -> dict:
    return {
        "kind": "trial",
        "trial": number,
        "status": "finished",
        "epochs": 3,
        "best_epoch": 2,
        "figures": figures or {"val_loss": 0.5 / number, "val_f1": math.nan},
        "rungs": {"1": math.inf},
        "message": "",
        "seconds": 0.25,
        "members": 1,
    }


ENTRIES = [SEARCH, {"kind": "total", "trials": 3}, *(trial(k) for k in (1, 2, 3))]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "journal.jsonl"
    Journal(path).append(ENTRIES[:2])
    Journal(path).append(ENTRIES[2:])
    return path


def refused(path) -> str:
    """What both ways of reading say; the file stays as it is."""
    before = path.read_bytes()
    messages = []
    for read in (read_journal, Journal):
        with pytest.raises(StoredFileError) as caught:
            read(path)
        messages.append(str(caught.value))
    assert before == path.read_bytes()
    assert messages[0] == messages[1]
    (line,) = messages[0].splitlines()
    return line.removeprefix(f"{path}:")


def test_it_reads_back_as_it_was(file):
    assert repr(ENTRIES) == repr(read_journal(file)) == repr(Journal(file).entries)


@pytest.mark.parametrize(
    "block", [{"float": "nan"}, {"float": {"float": "inf"}}, {"float": 1.0}, [[math.nan]], {}]
)
def test_blocks_that_look_like_numbers_and_lists_of_any_numbers_come_back(block, tmp_path):
    """As of an experiment whose `data.labels` are {float: nan}."""
    entry = {**SEARCH, "experiment": {"labels": block}}
    Journal(tmp_path / "j").append([entry])
    assert repr([entry]) == repr(read_journal(tmp_path / "j"))


def test_a_torn_last_line_is_cut_off_and_the_journal_goes_on(file):
    whole = file.read_bytes()
    for length in range(len(whole) - 1, whole[:-1].rindex(b"\n"), -7):
        file.write_bytes(whole[:length])
        assert repr(ENTRIES[:-1]) == repr(read_journal(file))
        journal = Journal(file)
        journal.append(ENTRIES[-1:])
        assert whole == file.read_bytes()


def test_without_its_last_lines_it_is_what_it_was_before_them(file):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3]))
    assert repr(ENTRIES[:3]) == repr(read_journal(file))


@pytest.mark.parametrize(
    ("order", "line"),
    [
        ((0, 1, 3, 4), 3),
        ((0, 1, 2, 2, 3, 4), 4),
        ((0, 1, 3, 2, 4), 3),
        ((1, 2, 3, 4), 1),
        ((0, 1, 2, 3, 4, 4), 6),
    ],
)
def test_lines_that_are_gone_doubled_or_moved_are_named(file, order, line):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[k] for k in order))
    assert refused(file).startswith(f"{line}: {CHANGED}")


def test_lines_of_another_sweep_are_named(file, tmp_path):
    other = tmp_path / "other.jsonl"
    Journal(other).append([{**SEARCH, "experiment": {"a": 2}}, *ENTRIES[1:]])
    lines, others = (path.read_bytes().splitlines(keepends=True) for path in (file, other))
    file.write_bytes(b"".join([*lines[:3], others[3], *lines[4:]]))
    assert refused(file).startswith(f"4: {CHANGED}")
    file.write_bytes(b"".join([*lines, others[4]]))
    assert refused(file).startswith(f"6: {CHANGED}")


def test_every_key_of_a_line_counts(file):
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        stored = json.loads(line)
        for key in stored:
            for value in (None, "x", -1, 10**30, [], {}, "gone"):
                changed = {name: one for name, one in stored.items() if name != key}
                changed |= {} if value == "gone" else {key: value}
                if changed == stored:
                    continue
                file.write_text(
                    "\n".join([*lines[: number - 1], json.dumps(changed), *lines[number:]]) + "\n"
                )
                assert refused(file).startswith(f"{number}: ")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({**trial(1), "status": "unheard"}, "status: \"unheard\" is not 'finished', 'pruned', 'diverged'"),
        ({**trial(1), "trial": 0}, "trial: 0 is not at least 1"),
        ({**trial(1), "rungs": {"x": 1.0}}, "rungs.x: "),
        ({**trial(1), "figures": {"val_loss": "0.1"}}, 'figures.val_loss: "0.1" is not a number'),
        ({**trial(1), "figures": {"val_loss": {"float": []}}}, "figures.val_loss: a block is not a number"),
        ({**trial(1), "new": 1}, "new: unknown key"),
        ({"kind": "total"}, "trials: missing"),
        ({"kind": "total", "trials": 2**60}, "trials: 1152921504606846976 is not at most 1e+08"),
        ({"kind": "unheard"}, "kind: \"unheard\" is not one of 'sweep', 'total', 'values', 'learned', "),
        ({}, "kind: missing"),
    ],
)
def test_a_line_with_the_right_digest_and_wrong_content_names_the_key(file, entry, said):
    """As a journal of a later version may have, or one that somebody has made."""
    Journal(file).append([entry])
    assert said in refused(file)


@pytest.mark.parametrize(
    "line", ["[]", "null", "3", "{", "\xff", "[" * 10_000, '{"a": ' * 300 + "1" + "}" * 300]
)
def test_what_is_no_line_is_named(file, line):
    file.write_bytes(file.read_bytes() + line.encode("latin-1") + b"\n")
    assert refused(file).startswith("6: ")


def test_a_journal_without_digests_is_of_another_version(file):
    lines = [
        {k: v for k, v in json.loads(line).items() if k != "digest"} for line in file.read_text().splitlines()
    ]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert (
        "1: was written by another version of nettrain, whose sweeps this one does not go on with; begin"
        in (refused(file))
    )


def test_one_that_is_refused_keeps_its_torn_line(file):
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], lines[2], b'{"kind": "tri']))
    assert refused(file).startswith(f"2: {CHANGED}")


def test_a_large_file_of_nothing_is_not_read(file):
    with file.open("wb") as f:
        f.truncate(900 << 20)
    assert "is no table: its first line has no end" in refused_large(file)


def refused_large(path) -> str:
    with pytest.raises(StoredFileError) as caught:
        read_journal(path)
    return str(caught.value)


def test_a_folder_that_is_gone_is_one_line(tmp_path):
    path = tmp_path / "gone" / "journal.jsonl"
    with pytest.raises(StoredFileError) as unread:
        read_journal(path)
    with pytest.raises(NettrainError) as unwritten:
        Journal(path).append(ENTRIES)
    assert f"{path}: cannot be read: No such file or directory" == str(unread.value)
    assert f"{path}: cannot be written: there is no folder {path.parent}" == str(unwritten.value)


def test_a_torn_line_that_cannot_be_cut_off_is_one_line(file, monkeypatch):
    def refuse(path, length):
        raise OSError(errno.EROFS, "Read-only file system")

    file.write_bytes(file.read_bytes() + b'{"kind": "tri')
    monkeypatch.setattr(os, "truncate", refuse)
    with pytest.raises(NettrainError) as caught:
        Journal(file)
    assert f"{file}: cannot be written: Read-only file system" == str(caught.value)
