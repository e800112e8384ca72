"""Sanity checks: what experienced people look at before they train, one file each. All are imported here.

They train small and short networks of the user's own experiment on the user's own data, as populations where
they can, and compare what they measure with what a sound experiment gives.
"""

from importlib import import_module
from pkgutil import iter_modules

from nettrain.checks.sanity.registry import SANITY_CHECKS

__all__ = ["SANITY_CHECKS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
