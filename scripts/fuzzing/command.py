"""`scripts/torture --inputs`: how many cases were run, and by fault those that have one."""

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from fuzzing.campaign import RESULTS, Campaign, Entry, Workshop, by_fault
from fuzzing.execution import MEMORY_DISK, Limits

SHOWN = 5  # numbers of cases in a line


def torture_inputs(numbers: Iterable[int], seed: int, jobs: int, only: str, folder: Path) -> int:
    """Run cases and print what they led to; returns how many have faults."""
    began, numbers = monotonic(), list(numbers)
    os.environ.update(THREADS)
    sys.path.insert(0, str(Path(__file__).parents[2]))
    parent = MEMORY_DISK if MEMORY_DISK.is_dir() else None
    with TemporaryDirectory(dir=parent, prefix="nettrain-inputs-") as place:
        campaign = Campaign(Workshop(Path(place) / "cases", seed, only), folder)
        campaign.begin()
        if len(numbers) == 1:
            (folder / RESULTS).unlink(missing_ok=True)
        for entry in campaign.run(numbers, jobs):
            if entry["faults"] or len(numbers) == 1:
                print(described(entry), flush=True)
    entries = [entry for number, entry in campaign.done().items() if number in set(numbers)]
    print(summary(entries, (monotonic() - began) / 60))
    return sum(bool(entry["faults"]) for entry in entries)


# One thread each: a case is small, and several run side by side.
THREADS = {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def described(entry: Entry) -> str:
    """A case in some lines."""
    lines = [f"case {entry['case']}: {entry['what']}: exit code {entry['code']}", *entry["faults"]]
    return "\n  ".join([*lines, *([f"at {entry['where']}"] if entry.get("where") else [])])


def summary(entries: list[Entry], minutes: float) -> str:
    """Faults with the cases that have them, and a line with the figures."""
    lines = [
        f"{len(cases):5} × {fault}: {', '.join(map(str, cases[:SHOWN]))}"
        for fault, cases in by_fault(entries).items()
    ]
    faulty = sum(bool(entry["faults"]) for entry in entries)
    ends = {code: sum(entry["code"] == code for entry in entries) for code in (0, 1, 2, 3, 4)}
    codes = ", ".join(f"{count} with {code}" for code, count in ends.items())
    limits, day = Limits(), datetime.now(UTC).date()
    costs = f"{limits.seconds:g} s, {limits.megabytes} MB"
    total = f"{len(entries)} inputs, {faulty} with faults (limits {costs}); exit codes: {codes}"
    return "\n".join([*lines, f"{total}; {minutes:.1f} minutes, {day}"])
