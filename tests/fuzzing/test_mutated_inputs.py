"""Inputs of every kind, mutated by grammar: each works, or is refused in a documented way and leaves nothing behind."""

import random
import re

import pytest
from fuzzing import formats as _  # noqa: F401 registers the mutations
from fuzzing.campaign import Workshop
from fuzzing.case import drawn
from fuzzing.execution import Limits
from fuzzing.mutation import ARGUMENT_MUTATIONS, MUTATIONS
from fuzzing.subjects import SUBJECTS

CASES = 300
SLOW = re.compile(
    r"bomb|huge|exaggerated|multiply|endless|there are many|pipe|sweep|timing.csv"
)  # are left to scripts/torture
# some seconds more than in a process of its own: the suite shares its processors
LIMITS = Limits(seconds=10, patience=30)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    shop = Workshop(tmp_path_factory.mktemp("fuzzing") / "cases", limits=LIMITS)
    assert [] == shop.make(every=False), "the inputs are valid as they are"
    return shop


def quick(number):
    return not SLOW.search(str(drawn(number)))


def test_mutated_inputs_work_or_are_refused(workshop):
    numbers = [number for number in range(2 * CASES) if quick(number)][:CASES]
    assert CASES == len(numbers)
    entries = [workshop.entry(number) for number in numbers]
    assert [] == [entry for entry in entries if entry["faults"]]
    codes = [entry["code"] for entry in entries]
    assert min(codes.count(0), codes.count(2), codes.count(3)) > CASES / 10, "of each kind there are many"


FILES = {
    "yaml": "rich.yaml",
    "csv": "data/flowers.csv",
    "gzip": "data/packed.csv.gz",
    "npy": "data/points.npy",
    "npz": "data/points.npz",
    "parquet": "data/points.parquet",
    "json lines": "sweeps/s/journal.jsonl",
    "idx": "data/images/train-images-idx3-ubyte",
    "json": "runs/a/summary.json",
    "history": "runs/a/history.csv",
    "safetensors": "runs/a/model.safetensors",
    "safetensors metadata": "runs/a/checkpoint.safetensors",
    "any file": "data/flowers.csv",
}
BOMB = re.compile(r"bomb|huge|exaggerated|multiply|endless")


@pytest.mark.parametrize("kind", FILES)
def test_each_mutation_changes_its_file_and_can_be_repeated(workshop, kind, tmp_path):
    source = (workshop.world / FILES[kind]).read_bytes()
    for mutation in MUTATIONS[kind]:
        if BOMB.search(mutation.name):
            continue
        results = [changed(mutation, source, tmp_path / "x", seed) for seed in [*range(8), *range(8)]]
        assert results[:8] == results[8:], mutation.name
        assert {source} != set(results), mutation.name


def changed(mutation, source, path, seed):
    """What a mutation makes of a file; None of what is no file any more."""
    path.write_bytes(source)
    mutation.change(path, random.Random(seed))
    content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    return content


def test_every_mutation_is_drawn():
    kinds = {kind for subject in SUBJECTS.values() for kind in subject.kinds}
    assert {*MUTATIONS, "arguments"} == kinds
    names = {name for number in range(10_000) for name in names_of(drawn(number))}
    every = {*ARGUMENT_MUTATIONS, *(one.name for kind in MUTATIONS.values() for one in kind)}
    assert every == names


def names_of(case):
    return [*(mutation.name for mutation in case.mutations), *case.of_arguments]


def test_a_case_is_its_number(workshop, tmp_path):
    numbers = range(0, 2000, 97)
    first, again = (
        [prepared(workshop, number, tmp_path / f"{k}-{number}") for number in numbers] for k in (0, 1)
    )
    assert first == again


def prepared(workshop, number, folder):
    case = drawn(number)
    command = case.prepare(workshop.world, folder)
    target = folder / case.subject.target
    content = (
        target.read_bytes()
        if case.subject.target and target.is_file() and target.stat().st_size < 10**7
        else None
    )
    return str(case), command, content
