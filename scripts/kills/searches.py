"""Searches by every method, on this machine or through Dask, whose processes are killed at random moments."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

from kills.processes import spawned

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
PATIENCE = 600  # seconds that a search may take, since other work may share the machine
POLL = 0.02
NAME = "searched"
TABLES = ("trials.csv", "best.yaml", "population.csv", "best/history.csv", "best/model.safetensors")
EPOCHS, TRIALS = 450, 24
METHODS = ("bayes", "hyperband", "pbt", "halving", "random", "sobol", "grid")


def experiment(method: str, epochs: int, trials: int) -> str:
    """The file of a search by this method, `halving` being random search that is ended early.

    Some of its trials diverge. JSON is YAML.
    """
    rate = {"distribution": "log_uniform_values", "min": 1e-3, "max": 1e20}
    penalty = {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-2}
    parameters: dict[str, object] = {"optimizer.learning_rate": rate, "regularization.l2": penalty}
    if method == "grid":
        parameters = {
            "optimizer.learning_rate": {"values": [10.0 ** (k / 2 - 3) for k in range(trials // 2)]}
        }
    if method != "pbt":
        parameters["model.hidden"] = {"values": [[6], [5, 4]]}
    settings: dict[str, dict[str, object]] = {
        "halving": {
            "method": "random",
            "early_terminate": {
                "type": "successive_halving",
                "min_iter": max(epochs // 8, 1),
                "eta": 2,
                "bracket": 8,
            },
        },
        "hyperband": {"method": {"name": "hyperband", "min_iter": max(epochs // 9, 1)}},
        "pbt": {"method": {"name": "pbt", "population": 8, "interval": max(epochs // 3, 1)}},
    }
    search = {"trials": trials, "parameters": parameters, **settings.get(method, {"method": method})}
    return json.dumps(
        {
            "experiment": NAME,
            "data": {"source": "builtin:iris", "test": 0.2},
            "model": {"hidden": [6], "dropout": 0.1},
            "optimizer": "sgd",
            "training": {"epochs": epochs, "batch_size": 8},
            "sweep": search if method != "grid" else {**search, "trials": None},
        }
    )


@dataclass(frozen=True)
class Ended:
    """What must not depend on workers, machines and kills: the tables, and the journal's figures."""

    files: Mapping[str, bytes]
    entries: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Ended":
        """Of the search in this folder, where a result is twice if its population was trained again."""
        found = {name: (folder / name).read_bytes() for name in TABLES if (folder / name).exists()}
        entries: dict[tuple[str, int], dict[str, Any]] = {}
        for line in (folder / "journal.jsonl").read_text().splitlines():
            entry = json.loads(line)
            for name in ("seconds", "members", "digest"):  # who trained together; a digest has all
                entry.pop(name, None)
            key = entry["kind"], entry.get("trial", 0)
            if entries.setdefault(key, entry) != entry and entry["kind"] == "trial":
                raise AssertionError(f"two results of one trial: {entries[key]} and {entry}")
            entries[key] = entry
        return cls(found, [entries[key] for key in sorted(entries)])

    def differences(self, other: "Ended") -> list[str]:
        """The names of what differs."""
        names = sorted({*self.files, *other.files})
        files = [name for name in names if self.files.get(name) != other.files.get(name)]
        return [*files, *(["journal.jsonl"] if self.entries != other.entries else [])]


@dataclass(frozen=True)
class Place:
    """Where a search runs: with so many processes here, or as many workers of the cluster at an address."""

    workers: int
    cluster: str = ""
    processes: Callable[[], list[int]] | None = None  # those of the cluster's workers

    def __str__(self) -> str:
        return f"{self.workers} {'of Dask' if self.cluster else 'here'}"

    @property
    def options(self) -> list[str]:
        return ["--jobs", str(self.workers), *(["--cluster", self.cluster] if self.cluster else [])]

    def workers_of(self, pid: int) -> list[int]:
        """The processes that train for the command with this number."""
        return spawned(pid) if self.processes is None else self.processes()


@dataclass
class Kills:
    """How many of each kind there have been."""

    commands: int = 0
    workers: int = 0

    def __add__(self, other: "Kills") -> "Kills":
        return Kills(self.commands + other.commands, self.workers + other.workers)

    def __str__(self) -> str:
        return f"{self.commands} kills of the command and {self.workers} of workers"


def search(folder: Path, text: str, place: Place, moments: Random | None = None, kills: int = 0) -> Kills:
    """Run a search to its end in a new folder; before that it is killed so often, and begun again.

    Each time the journal has come a random number of results further, one of its workers is killed, and a
    random time later the command.
    """
    folder.mkdir(parents=True)
    (folder / "search.yaml").write_text(text)
    done = Kills()
    for _ in range(kills):
        assert moments is not None
        if not _disturbed(folder, place, moments, done):
            break
    code, errors = _ended(command(folder, place))
    if code != 0:
        raise AssertionError(f"{place}: exit code {code}: {errors}")
    return done


def tortured(
    folder: Path, method: str, places: Sequence[Place], kills: int, moments: Random
) -> Iterator[tuple[Place, Kills, list[str]]]:
    """A search by this method at each place, and what differs from an undisturbed one in one process."""
    text = experiment(method, EPOCHS, TRIALS)
    search(folder / "undisturbed", text, Place(1))
    wanted = Ended.read(folder / "undisturbed" / "sweeps" / NAME)
    for number, place in enumerate(places):
        done = search(folder / str(number), text, place, moments, kills)
        yield place, done, wanted.differences(Ended.read(folder / str(number) / "sweeps" / NAME))


def command(folder: Path, place: Place) -> subprocess.Popen[bytes]:
    """`nettrain sweep` in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "nettrain", "sweep", "search.yaml", "--quiet", *place.options],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _disturbed(folder: Path, place: Place, moments: Random, done: Kills) -> bool:
    """Begin a search, kill one of its workers and then itself; returns whether it was killed."""
    process = command(folder, place)
    until = results(folder) + moments.randint(0, 4)
    _wait(lambda: process.poll() is not None or (has_begun(folder) and results(folder) >= until))
    workers = sorted(place.workers_of(process.pid)) if process.poll() is None else []
    if workers:
        with suppress(ProcessLookupError):
            os.kill(moments.choice(workers), signal.SIGKILL)
            done.workers += 1
    sleep(moments.uniform(0.0, 1.0))
    process.kill()
    code, errors = _ended(process)
    if code not in (0, -signal.SIGKILL):
        raise AssertionError(f"{place}: exit code {code}: {errors}")
    done.commands += code != 0
    return code != 0


def has_begun(folder: Path) -> bool:
    """Whether the command has come so far that it trains."""
    return (folder / "sweeps" / NAME / "journal.jsonl").is_file()


def results(folder: Path) -> int:
    """How many results are in the journal."""
    file = folder / "sweeps" / NAME / "journal.jsonl"
    return file.read_bytes().count(b'{"kind": "trial"') if file.is_file() else 0


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, errors.decode(errors="replace")


def _wait(holds: Callable[[], bool]) -> None:
    until = monotonic() + PATIENCE
    while not holds():
        if monotonic() > until:
            raise AssertionError("the search has not come so far")
        sleep(POLL)
