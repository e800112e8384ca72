"""Lines of advice on a training, from its history and diagnostics: one file each. All are imported here.

A line is due when the curves of a run look sick in a way that an experienced person would speak up about. It
says what is seen, what it means, and which keys of the experiment to turn. A healthy run gets none.
"""

from importlib import import_module
from pkgutil import iter_modules

from nettrain.checks.advice.registry import ADVICE

__all__ = ["ADVICE"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
