"""Commands that Ctrl-C or SIGTERM reach at random moments, from their first to their last.

Each must end with one line and the exit code 130 or 143, unless it had done its work, and leave no process,
no temporary file and no half of a file. What had begun to train goes on afterwards, and ends with the same
bytes.
"""

import csv
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from shutil import copytree
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import yaml

ROOT = Path(__file__).parents[2]
MARK = "NETTRAIN_TORTURED"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
COMMAND = (sys.executable, "-W", "error", "-m", "nettrain")  # so that a file left open is noticed
PATIENCE = 300  # seconds that a command may take, since other work may share the machine
POLL = 0.005
ENDS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}
EXPERIMENT = """
experiment: signalled
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [12], dropout: 0.1}
training: {epochs: 300, batch_size: 16}
sweep:
  trials: 8
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
    model.hidden: {values: [[8], [16]]}
"""
RUN = "runs/signalled"
WEIGHTS = (f"{RUN}/model.safetensors", f"{RUN}/history.csv")


@dataclass(frozen=True)
class Signalled:
    """A command; `again` goes on with what it began, once `begun` is there, and ends with equal `files`."""

    arguments: list[str]
    needs_run: bool = False
    again: list[str] | None = None
    begun: str = ""
    files: tuple[str, ...] = ()


TRAIN = ["train", "signalled.yaml", "--quiet"]
LONGER = ["resume", RUN, "training.epochs=600", "--quiet"]
SWEEP = ["sweep", "signalled.yaml", "--jobs", "2", "--quiet"]
TUNE = ["tune", "signalled.yaml", "--quiet", "--minutes"]
TABLES = ("sweeps/signalled/trials.csv", "sweeps/signalled/best.yaml")
COMMANDS = {
    "train": Signalled(TRAIN, again=["resume", RUN, "--quiet"], begun=f"{RUN}/config.yaml", files=WEIGHTS),
    "folds": Signalled(
        [*TRAIN, "--folds", "3"],
        again=["resume", RUN, "--quiet"],
        begun=f"{RUN}/config.yaml",
        files=(f"{RUN}/folds.csv", f"{RUN}/folds/3/model.safetensors"),
    ),
    "blend": Signalled(
        [*TRAIN, "blend=[{model: {hidden: [8]}}]"],
        again=["resume", RUN, "--quiet"],
        begun=f"{RUN}/config.yaml",
        files=(f"{RUN}/ensemble.json", f"{RUN}/networks/2/model.safetensors"),
    ),
    "resume": Signalled(LONGER, needs_run=True, again=LONGER, files=WEIGHTS),
    "sweep": Signalled(SWEEP, again=SWEEP, files=TABLES),
    "tune": Signalled([*TUNE, "0.5"], again=[*TUNE, "0.8"]),
    "compare": Signalled(
        ["compare", "signalled.yaml", "--vary", "optimizer.learning_rate=0.01,0.1", "--repeat", "2"]
    ),
    "compare runs": Signalled(["compare", RUN, RUN], needs_run=True),
    "lr-find": Signalled(["lr-find", "signalled.yaml"]),
    "check": Signalled(["check", "signalled.yaml"]),
    "gradcheck": Signalled(["gradcheck", "signalled.yaml"]),
    "evaluate": Signalled(["evaluate", RUN, "--importance"], needs_run=True),
    "predict": Signalled(["predict", RUN, "builtin:iris", "--out", "p.csv"], needs_run=True),
    "export": Signalled(["export", RUN, "signalled.c"], needs_run=True),
    "export to python": Signalled(["export", RUN, "signalled.py"], needs_run=True),
    "export to tensorboard": Signalled(["export", RUN, "--tensorboard", "events"], needs_run=True),
    "report": Signalled(["report", RUN], needs_run=True),
    "landscape": Signalled(["landscape", RUN], needs_run=True),
    "graph": Signalled(["graph", RUN], needs_run=True),
    "show": Signalled(["show", RUN], needs_run=True),
    "runs": Signalled(["runs"], needs_run=True),
    "init": Signalled(["init", "builtin:iris"]),
    "lessons": Signalled(["lessons", "learning_rate"]),
    "list": Signalled(["list", "loss"]),
    "list with a figure": Signalled(["list", "schedule", "--figure"]),
    "schema": Signalled(["schema"]),
    "info": Signalled(["info"]),
}


@dataclass
class Verdicts:
    """How often a command ended by a signal, or before it; and what was wrong, in words."""

    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ended = ", ".join(f"{count} {how}" for how, count in sorted(self.ended.items()))
        return f"{ended}: " + ("as they should" if not self.wrong else f"{len(self.wrong)} WRONG")


def signalled(name: str, times: int, moments: Random) -> Verdicts:
    """Send a command so many signals, each to a process of its own."""
    command, verdicts = COMMANDS[name], Verdicts()
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as of what a script starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # or all commands would ignore it too
    with TemporaryDirectory() as place:
        start, twin = Path(place) / "start", Path(place) / "twin"
        start.mkdir()
        (start / "signalled.yaml").write_text(EXPERIMENT)
        if command.needs_run:
            _finish(TRAIN, start)
        copytree(start, twin)
        notes = _finish(command.arguments, twin).splitlines()  # compiles
        seconds = min(_seconds(command, start, Path(place) / f"timed-{k}") for k in range(2))
        for k in range(times):
            folder = Path(place) / str(k)
            copytree(start, folder)
            number = (signal.SIGINT, signal.SIGTERM)[k % 2]
            moment = moments.uniform(0, 1.1 * seconds)
            how, problems = _try(command, folder, twin, notes, number, moment)
            verdicts.ended[how] += 1
            verdicts.wrong += [f"{name}, {number.name} after {moment:.3f} s: {one}" for one in problems]
    return verdicts


def _seconds(command: Signalled, start: Path, folder: Path) -> float:
    copytree(start, folder)
    began = monotonic()
    _finish(command.arguments, folder)
    return monotonic() - began


def _finish(arguments: list[str], folder: Path) -> str:
    """Run a command to its end; returns what it says on standard error."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"undisturbed, {' '.join(arguments)} failed: {done.stderr}")
    return done.stderr


def _try(
    command: Signalled, folder: Path, twin: Path, notes: list[str], number: signal.Signals, moment: float
) -> tuple[str, list[str]]:
    """How one command ended, and what was wrong with it."""
    mark = f"{MARK}={folder}"
    process = subprocess.Popen(
        [*COMMAND, *command.arguments],
        cwd=folder,
        env=ENVIRONMENT | {MARK: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not _heeds(process.pid, signal.SIGTERM) and process.poll() is None:  # Python itself starts
        sleep(POLL)
    try:
        _, err = process.communicate(timeout=moment)
        how = "before it"
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        how, (_, err) = "by a signal", process.communicate(timeout=PATIENCE)
    problems = []
    code, verb = ENDS[number]
    said = [line for line in err.splitlines() if line not in notes]
    if process.returncode == 0:
        how = "before it"
        if said:
            problems.append(f"exit code 0, but {err!r}")
    elif process.returncode != code or len(said) != 1 or not said[0].startswith(verb):
        problems.append(f"exit code {process.returncode}, {err!r}")
    problems += [f"left {path.name}" for path in folder.rglob(".*.????????")]
    problems += [
        f"left a part of {path.relative_to(folder)}" for path in folder.rglob("*") if not is_whole(path)
    ]
    deadline = monotonic() + 5
    while (left := [*_marked(mark)]) and monotonic() < deadline:
        sleep(POLL)
    problems += [f"left a process {one}" for one in left]
    if command.again is not None and (folder / command.begun).exists():
        _finish(command.again, folder)
        problems += [
            f"{name} differs"
            for name in command.files
            if (folder / name).read_bytes() != (twin / name).read_bytes()
        ]
    return how, problems


def is_whole(path: Path) -> bool:
    """Whether a file can be read to its end, as far as its format tells; all else counts as whole."""
    read = FORMATS.get(path.suffix)
    if read is None or not path.is_file():
        return True
    try:
        return read(path.read_bytes()) is not False
    except (ValueError, yaml.YAMLError, SyntaxError):
        return False


def _is_table(data: bytes) -> bool:
    widths = {len(row) for row in csv.reader(data.decode().splitlines())}
    return len(widths) == 1 and data.endswith(b"\n")


def _is_journal(data: bytes) -> bool:
    """All but its last line, which may be half written: it is taken back when the sweep goes on."""
    return all(json.loads(line) is not None for line in data.decode().splitlines()[:-1])


def _is_safetensors(data: bytes) -> bool:
    size = 8 + int.from_bytes(data[:8], "little")
    return len(data) == size + max(
        one["data_offsets"][1] for name, one in json.loads(data[8:size]).items() if name != "__metadata__"
    )


FORMATS: dict[str, Callable[[bytes], object]] = {
    ".json": json.loads,
    ".jsonl": _is_journal,
    ".yaml": yaml.safe_load,
    ".csv": _is_table,
    ".safetensors": _is_safetensors,
    ".png": lambda data: data.endswith(b"IEND\xaeB`\x82"),
    ".html": lambda data: data.rstrip().endswith(b"</html>"),
    ".py": lambda data: compile(data, "", "exec"),
    ".c": lambda data: data.rstrip().endswith(b"}"),
}


def _heeds(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def _marked(mark: str) -> Iterator[str]:
    """The command lines of processes with this in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                yield (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
