"""A case: a subject and its mutations, all drawn by the number of the case."""

import contextlib
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType

from fuzzing import formats as _  # noqa: F401 registers the mutations
from fuzzing.mutation import ARGUMENT_MUTATIONS, MUTATIONS, Mutation
from fuzzing.subjects import SUBJECTS, Subject

ARGUMENTS = "arguments"  # the kind of a subject whose command is mutated
LONGEST = 10  # seconds of computing that a mutation may take
SHARE_KEPT = 0.15  # of cases whose mutation keeps the meaning


@dataclass(frozen=True)
class Case:
    """The case of a number, with the generator in the state in which its mutations find it."""

    number: int
    subject: Subject
    mutations: tuple[Mutation, ...]  # of the target
    of_arguments: tuple[str, ...]
    draw: Random

    @property
    def same(self) -> bool:
        """Whether the mutated input says what it said before."""
        return bool(self.mutations) and all(one.keeps for one in self.mutations)

    def __str__(self) -> str:
        names = [*(one.name for one in self.mutations), *self.of_arguments]
        return f"{self.subject.name} [{'; '.join(names)}]"

    def prepare(self, world: Path, folder: Path) -> list[str]:
        """Copy what the subject needs into a new folder and mutate it; returns the command."""
        copy(world, folder, self.subject)
        for k, one in enumerate(self.mutations):
            # what an earlier mutation has made may have nothing left to mutate, or billions of aliases
            with contextlib.suppress(*((Exception,) if k else ())), _limited():
                one.change(folder / self.subject.target, self.draw)
        command = list(self.subject.command)
        for name in self.of_arguments:
            command = ARGUMENT_MUTATIONS[name](command, self.draw) or command
        return command


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raise TimeoutError in what computes for longer than a mutation may."""

    def alarm(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    handler = signal.signal(signal.SIGPROF, alarm)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)


def drawn(number: int, seed: int = 0) -> Case:
    """The case of a number."""
    draw = Random(f"{seed}:{number}")
    subjects = list(SUBJECTS.values())
    (subject,) = draw.choices(subjects, [one.weight for one in subjects])
    count = draw.choice([1, 1, 1, 1, 2, 3])
    if subject.kinds == (ARGUMENTS,):
        return Case(number, subject, (), tuple(draw.choices(list(ARGUMENT_MUTATIONS), k=count)), draw)
    kind = draw.choice(subject.kinds)
    kept = [one for one in MUTATIONS[kind] if one.keeps]
    if kept and subject.results and draw.random() < SHARE_KEPT:
        return Case(number, subject, (draw.choice(kept),), (), draw)
    others = [one for one in MUTATIONS[kind] if not one.keeps]
    return Case(number, subject, tuple(draw.choices(others, k=count)), (), draw)


def copy(world: Path, folder: Path, subject: Subject) -> None:
    """The files and folders that a subject needs."""
    folder.mkdir(parents=True)
    for name in subject.needs:
        source, goal = world / name, folder / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, goal, symlinks=True)
        else:
            shutil.copy(source, goal)
