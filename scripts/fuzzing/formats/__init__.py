"""Mutations by the format of a file, one file for each; importing this package registers all of them."""

import importlib
import pkgutil

for one in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{one.name}")
