"""Embeddings of numbers: each entry makes several numbers of one, and `layer` puts them in its place."""

from nettrain.catalogue.discovery import import_families
from nettrain.model.layers.number_embeddings.base import NumberEmbedding, embeddings

__all__ = ["NumberEmbedding", "embeddings"]

import_families(__name__, __path__)
