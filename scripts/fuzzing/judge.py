"""What is wrong with how a command ended: nothing, or a line for each fault."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fuzzing.execution import Limits, Outcome, matches
from fuzzing.formats.safetensors_file import parts
from fuzzing.subjects import Subject

DOCUMENTED = (0, 1, 2, 3, 4)  # exit codes
REFUSED = (2, 3, 4)
# what a run says that fails its purpose, with exit code 1: it diverged, or the disk refused
PURPOSE = re.compile(r"diverged|cannot be written|cannot be created|every run|no trial")
PLACE = re.compile(r"^[^\n]{1,400}?: \S", re.MULTILINE)
USAGE = re.compile(r"^Usage:|^╭─ Error", re.MULTILINE)
TEMPORARY = re.compile(r"(^|/)\..*\.[^./]{8}$")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
ANEW = "history.csv"  # which begins anew where it is gone, as a note says that --quiet hides
LONGEST_LINE = 2000  # characters of a message that somebody can read


@dataclass(frozen=True)
class Expected:
    """The digests of the results without mutation, and whether the mutation kept the meaning."""

    results: Mapping[str, str]
    same: bool = False


def faults(outcome: Outcome, subject: Subject, expected: Expected, limits: Limits | None = None) -> list[str]:
    """Every fault of an outcome, as a line that begins with its kind."""
    limits = limits or Limits()
    return [
        *_crashes(outcome),
        *_costs(outcome, limits),
        *(_messages(outcome) if outcome.code >= 0 and not outcome.killed else ()),
        *_files(outcome, subject),
        *_results(outcome, subject, expected),
    ]


def _crashes(outcome: Outcome) -> Iterator[str]:
    printed = outcome.out + outcome.err
    if "Traceback (most recent call last)" in printed:
        yield f"traceback: {_last_line(printed)}"
    failure = re.search(r"nettrain has failed: (.*)", printed)
    if failure:
        yield f"internal error: {failure[1][:300]}"
    if "panicked at" in printed:
        yield f"panic: {_line_with(printed, 'panicked at')}"
    warning = re.search(r"^.*\b\w+Warning: .*$", outcome.err, re.MULTILINE)
    if warning:
        yield f"warning of a library: {warning[0][:200]}"
    if outcome.code < 0 and not outcome.killed:
        yield f"crash: signal {-outcome.code}"
    elif outcome.code not in DOCUMENTED and not outcome.killed:
        yield f"exit code: {outcome.code}"
    if outcome.code == 1 and not failure and not PURPOSE.search(printed):
        yield f"exit code: 1 without a purpose that failed: {_last_line(outcome.err)}"


def _costs(outcome: Outcome, limits: Limits) -> Iterator[str]:
    if outcome.killed or outcome.seconds > limits.seconds or outcome.code == -24:  # SIGXCPU
        yield f"hang: {'killed after its patience' if outcome.killed else 'more computing than allowed'}"
    if outcome.megabytes > limits.megabytes:
        yield f"memory: more than {limits.megabytes} MB"


def _messages(outcome: Outcome) -> Iterator[str]:
    if outcome.code in REFUSED:
        if not outcome.err.strip():
            yield "message: nothing is said"
        elif not PLACE.search(outcome.err) and not USAGE.search(outcome.err):
            yield f"message: without a place: {_last_line(outcome.err)}"
    longest = max(map(len, outcome.err.splitlines()), default=0)
    if longest > LONGEST_LINE:
        yield "message: a line of thousands of characters"
    control = CONTROL.search(outcome.err + outcome.out)
    if control:
        yield f"message: has the control character {control[0]!r}"


def _files(outcome: Outcome, subject: Subject) -> Iterator[str]:
    # what a killed process has left half-written is cleared away, whatever comes after
    cleared = {name for name in outcome.changed if TEMPORARY.search(name) and name not in outcome.files}
    touched = [*outcome.created, *(name for name in outcome.changed if name not in cleared)]
    left = [name for name in outcome.created if TEMPORARY.search(name)]
    if left and not outcome.killed:
        yield f"half-written: {left[0]}"
    if outcome.code in REFUSED and not outcome.killed and subject.target:
        kept = [name for name in touched if not name.endswith(".lock")]
        if kept:
            yield f"left behind by a command that refused: {_shown(kept)}"
    else:
        others = [name for name in touched if not matches(name, _parents(subject.writes))]
        if others:
            yield f"touched: {_shown(others)}"


def _parents(patterns: tuple[str, ...]) -> list[str]:
    """The patterns, and the folders that lead to them."""
    return [*patterns, *(str(parent) for one in patterns for parent in Path(one).parents)]


def _results(outcome: Outcome, subject: Subject, expected: Expected) -> Iterator[str]:
    if expected.same and outcome.code != 0 and not outcome.killed:
        yield f"refused what says the same: {_last_line(outcome.err)}"
    if outcome.code == 0 and (expected.same or subject.continuation):
        for name, digest in expected.results.items():
            anew = name in outcome.created and name.endswith(ANEW)
            if outcome.files.get(name) != digest and not anew:
                yield f"another result: {Path(name).name}"


def damaged_files(folder: Path, names: tuple[str, ...]) -> Iterator[str]:
    """Files that a command wrote and that no reader takes."""
    for name in names:
        path = folder / name
        if path.is_symlink() or not path.is_file():
            continue
        try:
            if path.suffix == ".json":
                json.loads(path.read_bytes())
            elif path.suffix == ".safetensors":
                parts(path.read_bytes())
            elif path.suffix == ".csv" and not path.read_bytes().endswith(b"\n"):
                raise ValueError("it ends within a line")
        except ValueError as error:
            yield f"half-written: {path.name}: {str(error)[:100]}"


def _shown(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip(" │╯╰─")]
    return lines[-1].strip()[:300] if lines else ""


def _line_with(text: str, words: str) -> str:
    return next(line for line in text.splitlines() if words in line)[:300]
