"""The sides take turns on a case, each in a process of its own that the others leave alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from peers.process import POOLS, MissingError, PeerProcess, keep_to_processors
from peers.sides import SIDES, version_of

from cases.case import CASES, Case
from cases.tables import TABLES, Source

FILE, INPUTS, LABELS = "case.yaml", "x.npy", "y.npy"
LOOP = "while True: pass"


@dataclass(frozen=True)
class Turns:
    """The microseconds per step and the losses of each round of a side."""

    version: str
    microseconds: tuple[float, ...]
    losses: tuple[float, ...]


@dataclass(frozen=True)
class Compared:
    """The turns of each side on a case, and why others are missing."""

    case: str
    threads: int
    generated: bool  # whether its rows are made up
    sides: dict[str, Turns]
    missing: dict[str, str]


def compare(name: str, folder: Path | None, sides: Sequence[str], rounds: int, threads: int) -> Compared:
    """Rounds of A B C A B C … after one that warms up, in which machine code is compiled."""
    case = CASES[name]
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory()))
        source = write(case, folder, place)
        taking_part = [side for side in sides if case.members == 1 or SIDES[side].vectorized]
        with ThreadPoolExecutor() as starting:
            begin = partial(side_process, case=name, place=place, threads=threads)
            started = dict(zip(taking_part, starting.map(begin, taking_part), strict=True))
        missing = {side: str(one) for side, one in started.items() if isinstance(one, MissingError)}
        processes = {side: one for side, one in started.items() if isinstance(one, PeerProcess)}
        for process in processes.values():
            stack.callback(process.close)
        stack.enter_context(busy(case.busy))
        replies = [{side: one.turn() for side, one in processes.items()} for _ in range(rounds + 1)][1:]
    turns = {
        side: Turns(
            one.hello["version"],
            tuple(1e6 * reply[side]["seconds"] / case.steps / case.epochs for reply in replies),
            tuple(reply[side]["loss"] for reply in replies),
        )
        for side, one in processes.items()
    }
    return Compared(name, threads, source.generated, turns, missing)


def write(case: Case, folder: Path | None, place: Path) -> Source:
    """The experiment file of a case in `place`, and the training rows that nettrain makes of it."""
    from nettrain.experiment.load import load
    from nettrain.experiment.resolution import read_and_resolve, resolve

    source = TABLES[case.table](folder, place, case.rows)
    (place / FILE).write_text(json.dumps(case.experiment(source.data, case.epochs)))
    _, data = read_and_resolve(resolve(load(place / FILE).experiment))
    if len(data.train.x) != case.rows:
        raise ValueError(f"{len(data.train.x)} training rows of {case.table} in place of {case.rows}")
    np.save(place / INPUTS, data.train.x)
    np.save(place / LABELS, data.train.y)
    return source


def side_process(side: str, case: str, place: Path, threads: int) -> PeerProcess | MissingError:
    """A side in a process of its own, or that its library is not installed."""
    arguments = ["case-side", side, case, str(place), str(threads)]
    try:
        return PeerProcess(arguments, dict.fromkeys(POOLS, str(threads)))
    except MissingError as error:
        return error


def serve(side: str, name: str, place: Path, threads: int) -> None:
    """Be the process of a side: say the version, then take a turn for every line on standard input."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    keep_to_processors(threads)
    for reply in turns(side, CASES[name], place):
        print(json.dumps(reply), file=replies, flush=True)


def turns(side: str, case: Case, place: Path) -> Iterator[dict[str, Any]]:
    """The version of a side, and a turn for each line on standard input."""
    try:
        module = import_module(SIDES[side].trainer)
    except ModuleNotFoundError as error:
        yield {"missing": f"no module {error.name}"}
        return
    os.chdir(place)
    x, y = (np.load(file) for file in (INPUTS, LABELS))
    trainer = module.Trainer(case, x, y)
    yield {"version": version_of(side)}
    for _ in sys.stdin:
        trainer.begin()
        yield {"seconds": trainer.train(), "loss": trainer.loss()}


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Meanwhile so many other processes compute."""
    started = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()
