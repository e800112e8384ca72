"""How the entries of a kind are found: every file of its package is imported."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules


def import_families(package: str, path: Iterable[str]) -> None:
    """Import the files of a package, by name in alphabetical order, so that their entries are registered.

    `nettrain list` shows entries in this order, and those of one file in the order in which they stand there.
    """
    for module in sorted(iter_modules(path), key=lambda module: module.name):
        import_module(f"{package}.{module.name}")
