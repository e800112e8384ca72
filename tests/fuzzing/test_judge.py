"""The judge of mutated inputs can fail: commands that do each thing that no command may do."""

import os
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from fuzzing.execution import Limits, Outcome, forked, inside
from fuzzing.judge import Expected, damaged_files, faults
from fuzzing.subjects import Subject

TABLE, RESULT = "data.csv", "p.csv"
KILLED = ".data.csv.a1b2c3d4"  # what a process that was killed has left
SUBJECT = Subject("a stand-in", TABLE, ("csv",), ("predict",), (TABLE,), writes=(RESULT,), results=(RESULT,))
CONTINUATION = Subject(
    "another", TABLE, ("csv",), ("resume",), (TABLE,), (RESULT,), (RESULT,), continuation=True
)
LIMITS = Limits(seconds=1, patience=60, megabytes=400)
IMPATIENT = Limits(patience=0.3)


def write(name, text):
    Path(name).write_text(text)


def refuse(message, code=3):
    print(message, file=sys.stderr)
    sys.exit(code)


def succeeds(_):
    write(RESULT, "a\n1\n")


def refuses(_):
    refuse('data.csv:3: column "a": "x" is not a number')


def raises(_):
    raise KeyError("columns")


def has_failed(_):
    refuse("nettrain has failed: TypeError: 'int' object is not iterable (--debug shows where)", 1)


def waits(_):
    time.sleep(60)


def computes(_):
    started = time.process_time()
    while time.process_time() < started + 1.1:
        sum(range(10_000))


def swallows_exceptions(_):
    while True:
        try:
            time.sleep(60)
        except Exception:
            continue


def takes_memory(_):
    np.ones(70_000_000).sum()


def leaves_a_temporary_file(_):
    write(".model.safetensors.a1b2c3d4", "{")
    refuses(_)


def clears_a_temporary_file(_):
    Path(KILLED).unlink()
    refuses(_)


def leaves_a_folder(_):
    Path("runs/a").mkdir(parents=True)
    refuses(_)


def changes_its_input(_):
    write(TABLE, "a\n2\n")
    succeeds(_)


def writes_elsewhere(_):
    write("executed", "")
    succeeds(_)


def has_another_result(_):
    write(RESULT, "a\n1.0000001\n")


def has_no_result(_):
    pass


def says_nothing(_):
    sys.exit(2)


def names_no_place(_):
    refuse("not enough memory")


def says_too_much(_):
    refuse(f"data.csv: {'x' * 100_000}")


def sends_an_escape(_):
    refuse("data.csv: \x1b[2J")


def lets_a_library_warn(_):
    warnings.warn_explicit("overflow", RuntimeWarning, "x.py", 1)
    print("x.py:1: RuntimeWarning: overflow", file=sys.stderr)


def ends_by_another_code(_):
    sys.exit(77)


def fails_without_a_purpose(_):
    refuse("data.csv: something", 1)


def panics(_):
    refuse("thread '<unnamed>' panicked at src/lib.rs:1:1:\nindex out of bounds")


def run(how, folder, entry, limits=LIMITS):
    (folder / "work").mkdir()
    (folder / "work" / TABLE).write_text("a\n1\n")
    (folder / "work" / KILLED).write_text("{")
    return how(["predict"], folder / "work", limits, entry)


def expected(folder):
    """The digest of what `succeeds` writes."""
    (folder / "right").mkdir()
    outcome = inside(["predict"], folder / "right", LIMITS, succeeds)
    return {RESULT: outcome.files[RESULT]}


@pytest.mark.parametrize("how", [forked, inside])
@pytest.mark.parametrize("entry", [succeeds, refuses, clears_a_temporary_file])
def test_what_works_or_is_refused_has_no_fault(how, entry, tmp_path):
    outcome = run(how, tmp_path, entry)
    assert [] == faults(outcome, SUBJECT, Expected(expected(tmp_path)), LIMITS)


@pytest.mark.parametrize("how", [forked, inside])
@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (raises, "traceback: KeyError: 'columns'"),
        (has_failed, "internal error: TypeError: 'int' object is not iterable (--debug shows where)"),
        (computes, "hang: more computing than allowed"),
        (takes_memory, "memory: more than 400 MB"),
        (leaves_a_temporary_file, "half-written: .model.safetensors.a1b2c3d4"),
        (leaves_a_folder, "left behind by a command that refused: runs and 1 more"),
        (changes_its_input, "touched: data.csv"),
        (writes_elsewhere, "touched: executed"),
        (says_nothing, "message: nothing is said"),
        (names_no_place, "message: without a place: not enough memory"),
        (says_too_much, "message: a line of thousands of characters"),
        (sends_an_escape, "message: has the control character '\\x1b'"),
        (lets_a_library_warn, "warning of a library: x.py:1: RuntimeWarning: overflow"),
        (ends_by_another_code, "exit code: 77"),
        (fails_without_a_purpose, "exit code: 1 without a purpose that failed: data.csv: something"),
        (panics, "panic: thread '<unnamed>' panicked at src/lib.rs:1:1:"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_every_fault_is_found(how, entry, fault, tmp_path):
    assert fault in faults(run(how, tmp_path, entry), SUBJECT, Expected({}), LIMITS)


@pytest.mark.parametrize("how", [forked, inside])
@pytest.mark.parametrize("entry", [waits, swallows_exceptions])
def test_what_does_not_end_is_killed(how, entry, tmp_path):
    outcome = run(how, tmp_path, entry, IMPATIENT)
    assert ["hang: killed after its patience"] == faults(outcome, SUBJECT, Expected({}), IMPATIENT)


def test_a_crash_is_found(tmp_path):
    outcome = run(forked, tmp_path, lambda _: os.kill(os.getpid(), signal.SIGSEGV))
    assert ["crash: signal 11"] == faults(outcome, SUBJECT, Expected({}), LIMITS)


@pytest.mark.parametrize("entry", [has_another_result, has_no_result])
def test_another_result_is_found_where_it_must_be_the_same(entry, tmp_path):
    outcome, results = run(inside, tmp_path, entry), expected(tmp_path)
    assert [] == faults(outcome, SUBJECT, Expected(results), LIMITS)
    assert ["another result: p.csv"] == faults(outcome, SUBJECT, Expected(results, same=True), LIMITS)
    assert ["another result: p.csv"] == faults(outcome, CONTINUATION, Expected(results), LIMITS)


def test_what_says_the_same_may_not_be_refused(tmp_path):
    outcome = run(inside, tmp_path, refuses)
    found = faults(outcome, SUBJECT, Expected({}, same=True), LIMITS)
    assert ['refused what says the same: data.csv:3: column "a": "x" is not a number'] == found


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("e.json", b'{"a": 1', "half-written: e.json: Expecting ',' delimiter: line 1 column 8 (char 7)"),
        ("m.safetensors", b"\x10\0\0\0\0\0\0\0{", "half-written: m.safetensors: Expecting property name"),
        ("h.csv", b"a,b\n1,", "half-written: h.csv: it ends within a line"),
    ],
)
def test_files_that_end_early_are_found(name, content, fault, tmp_path):
    (tmp_path / name).write_bytes(content)
    (found,) = damaged_files(tmp_path, (name,))
    assert found.startswith(fault)


def test_files_that_are_whole_are_none():
    assert [] == list(damaged_files(Path(), ("missing",)))
    assert Outcome(0, "", "", 0.0).killed is False
