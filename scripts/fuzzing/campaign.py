"""Many cases in worker processes under a supervisor; what looks wrong is tried once more by itself."""

import json
import os
import re
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic
from typing import Any

from fuzzing import world
from fuzzing.case import ARGUMENTS, Case, copy, drawn
from fuzzing.execution import Command, Limits, Outcome, called, forked, inside, preload
from fuzzing.judge import Expected, damaged_files, faults
from fuzzing.subjects import SUBJECTS, Subject

RESULTS = "cases.jsonl"
KEPT = "faults"  # folder of the inputs of cases with faults
FRAME = re.compile(r'File "[^"]*?((?:nettrain|site-packages)/[^"]+)", line (\d+), in (\S+)')
FIRST = Limits(seconds=120, patience=300)  # what a first run may take, in which machine code is made
PATIENT = Limits(seconds=20, patience=120)
BUSY = 2.0  # seconds of computing, without which a command has only waited
GRACE = 10  # seconds after which the supervisor ends a worker whose alarm has not helped
LARGE = 100_000_000  # bytes of a file that is not kept
Entry = dict[str, Any]
Run = Callable[[Command, Path, Limits], Outcome]
Work = Callable[[list[int], Connection], None]


@dataclass(frozen=True)
class Workshop:
    """Where cases are prepared and run: a folder on a disk in memory, with the world and its results."""

    scratch: Path
    seed: int = 0
    only: str = ""
    limits: Limits = field(default_factory=Limits)

    @property
    def world(self) -> Path:
        return self.scratch / "world"

    def make(self, *, every: bool = True) -> list[str]:
        """Make the world and run every subject as it is; returns what is wrong, which is nothing.

        Unless `every` subject is wanted, those are run that have results to compare with.
        """
        self.world.mkdir(parents=True)
        (self.scratch / "results").mkdir()
        world.make(self.world, lambda folder, command: inside(command, folder, FIRST).code)
        subjects = [subject for name, subject in SUBJECTS.items() if self.only in name]
        subjects = [subject for subject in subjects if every or subject.results]
        return [fault for subject in subjects for fault in self.undisturbed(subject)]

    def undisturbed(self, subject: Subject) -> list[str]:
        """Run a subject without mutation and store its results; returns what is wrong."""
        folder = self.scratch / "undisturbed"
        shutil.rmtree(folder, ignore_errors=True)
        copy(self.world, folder, subject)
        outcome = inside(subject.command, folder, FIRST)
        results = {name: outcome.files.get(name, "missing") for name in subject.results}
        found = faults(outcome, subject, Expected(results, same=True), FIRST)
        found += [f"no {name}" for name, digest in results.items() if digest == "missing"]
        self.results_of(subject).write_text(json.dumps(results))
        return [f"{subject.name} without mutation: {fault}: {outcome.err.strip()}" for fault in found]

    def results_of(self, subject: Subject) -> Path:
        """The file with digests of the results without mutation."""
        return self.scratch / "results" / f"{re.sub(r'[^a-zA-Z0-9]', '-', subject.name)}.json"

    def case(self, number: int) -> Case:
        """The case of a number, with its generator as new."""
        return drawn(number, self.seed)

    def entry(self, number: int, run: Run = inside, limits: Limits | None = None) -> Entry:
        """Run the case of a number and judge it."""
        case = self.case(number)
        with self.place(number) as place:
            command = self.prepared(case, place, apart=run is forked)
            outcome = run(command, place / "work", limits or self.limits)
            found = self.faults(case, outcome, place / "work")
        costs = {"seconds": round(outcome.seconds, 2), "megabytes": round(outcome.megabytes)}
        entry: Entry = {"case": number, "what": str(case), "code": outcome.code, "faults": found, **costs}
        if found:
            entry |= {"command": [one[:200] for one in command[:40]], "err": outcome.err[-1500:]}
        return entry

    def prepared(self, case: Case, place: Path, *, apart: bool) -> list[str]:
        """The command of a case whose input lies in `work`.

        A process that forks the command leaves the making of the input to another one: Polars must not have
        begun in it, and the memory that bombs take would count as the command's.
        """
        answer = place / "command.json"

        def prepare() -> None:
            answer.write_text(json.dumps(case.prepare(self.world, place / "work")))

        if apart and not called(prepare):
            raise RuntimeError(f"case {case.number} cannot be prepared")
        command: list[str] = (
            json.loads(answer.read_text()) if apart else case.prepare(self.world, place / "work")
        )
        return command

    def place(self, number: int) -> "tempfile.TemporaryDirectory[str]":
        """A folder for a case, which goes away."""
        return _Place(prefix=f"case-{number}-", dir=self.scratch, ignore_cleanup_errors=True)

    def faults(self, case: Case, outcome: Outcome, folder: Path) -> list[str]:
        """What is wrong with how a case ended."""
        file = self.results_of(case.subject)
        results = json.loads(file.read_text()) if case.subject.results else {}
        found = faults(outcome, case.subject, Expected(results, case.same), self.limits)
        if case.subject.kinds != (ARGUMENTS,) and not outcome.killed:
            found += damaged_files(folder, outcome.created)
        return found

    def confirmed(self, number: int) -> Entry:
        """The case once more, in a process of its own that has run nothing before.

        One that took too long may have had to compile: it may take its time, and then counts.
        """
        entry = self.entry(number, forked)
        if any(fault.startswith("hang") for fault in entry["faults"]) and entry["seconds"] > BUSY:
            self.entry(number, forked, PATIENT)
            entry = self.entry(number, forked)
        if any(fault.startswith(("internal", "traceback")) for fault in entry["faults"]):
            entry["where"] = self.where(number)
        return entry

    def where(self, number: int) -> str:
        """The innermost line of nettrain in the traceback that --debug shows."""
        with self.place(number) as place:
            command = self.prepared(self.case(number), place, apart=True)
            outcome = forked([*command[:1], "--debug", *command[1:]], place / "work", self.limits)
        ours = [frame for frame in FRAME.findall(outcome.err) if frame[0].startswith("nettrain")]
        return " ".join(f"{file}:{line} {function}" for file, line, function in ours[-1:])

    def keep(self, number: int, folder: Path) -> None:
        """Write the input of a case and its command into a folder, apart from what is huge or no file."""
        shutil.rmtree(folder, ignore_errors=True)
        with self.place(number) as place:
            command = self.case(number).prepare(self.world, place / "work")
            shutil.copytree(place / "work", folder, symlinks=True, ignore=_unkept)
            (folder / "COMMAND.json").write_text(json.dumps(command))


class _Place(tempfile.TemporaryDirectory):  # type: ignore[type-arg]
    """A temporary folder as a path."""

    def __enter__(self) -> Path:  # type: ignore[override]
        return Path(super().__enter__())


@dataclass(eq=False)
class Worker:
    """A process that runs cases one after the other."""

    process: int
    connection: Connection
    numbers: list[int]  # those that it has not ended
    since: float = field(default_factory=monotonic)

    def overdue(self, limits: Limits) -> bool:
        """Whether its case takes longer than its own alarm would let it."""
        return monotonic() - self.since > limits.patience + GRACE

    def close(self) -> None:
        """Wait for its end."""
        self.connection.close()
        with suppress(ChildProcessError):
            os.waitpid(self.process, 0)


@dataclass(frozen=True)
class Campaign:
    """Cases in workers; what they led to is in `folder`, from which the same campaign goes on."""

    workshop: Workshop
    folder: Path

    def begin(self) -> None:
        """Import nettrain and make the world, in a process of its own: Polars must not begin in this one."""
        preload()
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.workshop.scratch, ignore_errors=True)
        if not called(self._make):
            raise RuntimeError("the valid inputs have faults")

    def _make(self) -> None:
        found = self.workshop.make()
        if found:
            raise RuntimeError("\n".join(found))

    def done(self) -> dict[int, Entry]:
        """The cases that have been run."""
        path = self.folder / RESULTS
        lines = path.read_text().splitlines() if path.exists() else []
        return {entry["case"]: entry for entry in map(json.loads, lines)}

    def run(self, numbers: Iterable[int], jobs: int) -> Iterator[Entry]:
        """Run the cases that have not been run in so many workers, and yield those that end."""
        done = self.done()
        wanted = [k for k in numbers if k not in done and self.workshop.only in drawn(k).subject.name]
        with (self.folder / RESULTS).open("a") as file:
            for entry in self.entries(wanted, jobs):
                file.write(f"{json.dumps(entry)}\n")
                file.flush()
                yield entry

    def entries(self, numbers: Sequence[int], jobs: int) -> Iterator[Entry]:
        """Run cases in workers; those with faults count as what they are in a process of their own."""
        workers = [self.start(list(numbers[job::jobs])) for job in range(min(jobs, len(numbers)))]
        suspects: list[Entry] = []
        confirming: list[Worker] = []
        while workers or suspects or confirming:
            while suspects and len(confirming) < jobs:
                confirming.append(self.start([suspects.pop(0)["case"]], self.confirm))
            ready = set(wait([one.connection for one in (*workers, *confirming)], timeout=1))
            for one in [*workers, *confirming]:
                if one.connection not in ready and not (one in workers and one.overdue(self.workshop.limits)):
                    continue
                entry = self.received(one) if one.connection in ready else self.ended(one)
                if one in confirming or not entry["faults"]:
                    yield entry
                else:
                    suspects.append(entry)
                one.numbers.pop(0)
                one.since = monotonic()
                group = workers if one in workers else confirming
                if entry.get("died") or not one.numbers:
                    group.remove(one)
                    one.close()
                    group += [self.start(one.numbers)] if one.numbers else []

    def confirm(self, numbers: list[int], connection: Connection) -> None:
        """What a case with faults does by itself; its input is kept."""
        for number in numbers:
            entry = self.workshop.confirmed(number)
            if entry["faults"]:
                self.workshop.keep(number, self.folder / KEPT / str(number))
            connection.send(entry)

    def received(self, worker: Worker) -> Entry:
        """What a worker sends, or that it has died."""
        try:
            entry: Entry = worker.connection.recv()
            return entry
        except EOFError:
            return self.ended(worker)

    def ended(self, worker: Worker) -> Entry:
        """Make sure that a worker has ended."""
        with suppress(ProcessLookupError):
            os.kill(worker.process, signal.SIGKILL)
        number = worker.numbers[0]
        what = str(self.workshop.case(number))
        return {
            "case": number,
            "what": what,
            "code": None,
            "faults": ["crash: a worker has died"],
            "died": True,
        }

    def work(self, numbers: list[int], connection: Connection) -> None:
        """Run cases and send what they led to."""
        for number in list(numbers):
            connection.send(self.workshop.entry(number))

    def start(self, numbers: list[int], work: Work | None = None) -> Worker:
        """A new process for these cases."""
        ours, theirs = Pipe(duplex=False)
        process = os.fork()
        if process == 0:
            ours.close()
            _end_after(work or self.work, numbers, theirs)
        theirs.close()
        return Worker(process, ours, numbers)


def _end_after(work: Work, numbers: list[int], connection: Connection) -> None:
    """Call this and end the process; never returns."""
    code = 1
    try:
        work(numbers, connection)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _unkept(folder: str, names: list[str]) -> list[str]:
    """Pipes, and files that are huge."""
    return [name for name in names if not _is_kept(Path(folder) / name)]


def _is_kept(path: Path) -> bool:
    return path.is_symlink() or path.is_dir() or (path.is_file() and path.stat().st_size <= LARGE)


def by_fault(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """The numbers of cases with faults, by the fault and where it happens; the most frequent first."""
    groups: dict[str, list[int]] = {}
    for entry in entries:
        for fault in entry["faults"]:
            groups.setdefault(_root(fault, entry.get("where", "")), []).append(entry["case"])
    return dict(sorted(groups.items(), key=lambda pair: -len(pair[1])))


def _root(fault: str, where: str) -> str:
    """What faults of one cause have in common."""
    kind, _, rest = fault.partition(": ")
    what = rest.partition(":")[0] if kind in ("internal error", "traceback") else rest
    return f"{kind}: {re.sub(r'[0-9]+', 'N', what)[:100]} {where}".strip()
