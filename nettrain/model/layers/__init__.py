"""The kinds of layers: every file adds its own to the registries `layers`, `norms` and `embeddings`."""

import importlib
import pkgutil

from nettrain.model.layers.base import Layer, layers, norms
from nettrain.model.layers.number_embeddings import NumberEmbedding, embeddings

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = ["Layer", "NumberEmbedding", "embeddings", "layers", "norms"]
