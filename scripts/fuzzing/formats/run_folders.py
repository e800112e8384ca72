"""Whole run folders: files of other runs, files that are missing, and what else can lie there."""

import shutil
from pathlib import Path
from random import Random

from fuzzing import hostile
from fuzzing.formats.any_file import remove
from fuzzing.mutation import MUTATIONS, path_mutation

KIND = "run folder"
MOST_NAMES = 3000


def files_of(folder: Path) -> list[Path]:
    """All files of a folder, at any depth, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@path_mutation(KIND)
def a_file_is_that_of_another_run(folder: Path, draw: Random) -> None:
    """A file, or several, come from a run beside this one."""
    others = [path for path in sorted(folder.parent.iterdir()) if path.is_dir() and path != folder]
    other = draw.choice(others)
    shared = [
        path.relative_to(folder) for path in files_of(folder) if (other / path.relative_to(folder)).is_file()
    ]
    for name in draw.sample(shared, min(len(shared), draw.choice([1, 1, 2, 3]))):
        shutil.copy(other / name, folder / name)


@path_mutation(KIND)
def a_file_has_the_content_of_another(folder: Path, draw: Random) -> None:
    """A file of the same run under another name."""
    one, other = draw.choice(files_of(folder)), draw.choice(files_of(folder))
    if one != other:
        shutil.copy(one, other)


@path_mutation(KIND)
def files_are_missing(folder: Path, draw: Random) -> None:
    """Some files go away."""
    files = files_of(folder)
    for path in draw.sample(files, min(len(files), draw.choice([1, 1, 2, 3, len(files)]))):
        path.unlink()


@path_mutation(KIND)
def a_file_is_mutated(folder: Path, draw: Random) -> None:
    """Any change of any file, whatever it is."""
    mutation = draw.choice(MUTATIONS["any file"])
    mutation.change(draw.choice(files_of(folder)), draw)


@path_mutation(KIND)
def there_is_more(folder: Path, draw: Random) -> None:
    """Files and folders that nobody knows, and names of temporary files."""
    names = [
        ".config.yaml.abcdefgh",
        ".lock",
        "folds/1/x",
        "networks/0/x",
        "checkpoint.safetensors.tmp",
        "notes",
        "x" * 200,
    ]
    path = folder / draw.choice(names)
    if not path.parent.is_file() and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw.choice([b"", b"x", draw.randbytes(50)]))


@path_mutation(KIND)
def there_are_many_files(folder: Path, draw: Random) -> None:
    """Thousands of files or folders."""
    name = draw.choice(["x{}", ".x{}.abcdefgh", "networks/{}/x", "folds/{}/x"])
    if (folder / name).parent.parent.is_file():
        return
    for k in range(MOST_NAMES):
        path = folder / name.format(k)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@path_mutation(KIND)
def the_folder_is_something_else(folder: Path, draw: Random) -> None:
    """A file, a link to itself, or nothing."""
    way = draw.randrange(3)
    remove(folder)
    if way == 0:
        folder.write_text("x")
    elif way == 1:
        folder.symlink_to(folder.name)


@path_mutation(KIND)
def contains_itself(folder: Path, draw: Random) -> None:
    """A link in the folder that leads to the folder."""
    (folder / draw.choice(["loop", "x.yaml", "sweeps", "y"])).symlink_to(folder.resolve())


@path_mutation(KIND)
def has_a_name_with_characters(folder: Path, draw: Random) -> None:
    """A file in it whose name has line ends or escapes."""
    name = draw.choice(
        [name for name in hostile.TEXTS if name and "/" not in name and "\0" not in name and len(name) < 200]
    )
    if name not in (".", "..") and not (folder / name).exists():
        (folder / name).write_text("x")
