"""The house keeps its plan: imports only go down, heavy libraries stay in their rooms, all is documented."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {
    **{
        "errors": -2,
        "files": -1,
        "locks": 0,
        "backend": 0,
        "catalogue": 1,
        "model": 2,
        "data": 2,
        "experiment": 3,
        "inference": 4,
        "training": 5,
    },
    **{
        "store": 6,
        "export": 7,
        "checks": 7,
        "lessons": 7,
        "sweep": 7,
        "workflow": 8,
        "output": 9,
        "sklearn": 9,
        "__init__": 10,
        "cli": 10,
        "__main__": 11,
    },
}
NUMBA = tuple(
    f"nettrain/backend/{name}.py" for name in ("numba_compiler", "stamped_cache", "tile", "machine_call")
)
LLVM = (*NUMBA[1:], "nettrain/backend/machine_code.py", "nettrain/backend/blas_call.py")
ONLY_IN = {
    "numba": NUMBA,
    "llvmlite": LLVM,
    "cupy": ("nettrain/backend/cupy.py", "nettrain/backend/device.py"),
    "matplotlib": "nettrain/output/",
    "rich": "nettrain/output/",
    "sklearn": ("nettrain/sklearn/", "nettrain/sweep/anova/forest.py"),
    "optuna": "nettrain/catalogue/searches/bayes.py",
    "distributed": "nettrain/sweep/cluster/",
}
HEAVY = {"numpy", "numba", "polars", "pydantic", "scipy", "matplotlib"}
FILES = sorted((ROOT / "nettrain").rglob("*.py"))
ROOMS: dict[str, list[Path]] = {}
for each in FILES:
    ROOMS.setdefault(each.relative_to(ROOT / "nettrain").parts[0].removesuffix(".py"), []).append(each)


@cache
def imported(tree: ast.Module) -> frozenset[str]:
    """Full names of all that is imported anywhere in a file."""
    return frozenset(names_in(tree))


def names_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def read(file: Path) -> tuple[str, ast.Module]:
    """A file's path below the repository and its syntax tree."""
    return file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())


@pytest.mark.parametrize("room", ROOMS)
def test_imports_only_go_down(room):
    wrong = {}
    for path, tree in map(read, ROOMS[room]):
        rooms = {name.split(".")[1] for name in imported(tree) if name.startswith("nettrain.")}
        used = rooms - {room, "__version__"}
        wrong[path] = {other for other in used if FLOORS[other] >= FLOORS.get(room, -3)}
    assert {} == {path: rooms for path, rooms in wrong.items() if rooms}, "they must not import these rooms"


def test_every_room_has_a_floor():
    assert set() == set(ROOMS) - set(FLOORS)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_room(library):
    for path, tree in map(read, FILES):
        names = {name for name in imported(tree) if name.split(".")[0] == library}
        if not path.startswith(ONLY_IN[library]):
            assert set() == names, f"{path} must not import these"


def test_the_commands_load_nothing_heavy_before_they_run():
    code = f"import sys, nettrain.cli.app; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "[]\n" == done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_public_has_a_docstring(room):
    assert {} == {path: bare for path, tree in map(read, ROOMS[room]) if (bare := undocumented(tree))}


def undocumented(tree: ast.Module) -> list[str]:
    """What is public in a file and has no docstring; of the file itself, `module`."""
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    public = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    bare = [node.name for node in public if not ast.get_docstring(node)]
    return bare if ast.get_docstring(tree) else ["module", *bare]


def test_a_class_name_is_defined_once():
    files: dict[str, list[str]] = {}
    for path, tree in map(read, FILES):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                files.setdefault(node.name, []).append(path)
    assert {} == {name: paths for name, paths in files.items() if len(paths) > 1}, "one name, one meaning"


def test_test_files_have_names_of_their_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert [] == sorted(name for name in set(names) if names.count(name) > 1)
