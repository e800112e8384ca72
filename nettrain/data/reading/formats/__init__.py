"""File formats: one file each, which registers its endings and how it is read. All are imported here."""

from importlib import import_module
from pkgutil import iter_modules

from nettrain.data.reading.file_format import FORMATS

__all__ = ["FORMATS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
