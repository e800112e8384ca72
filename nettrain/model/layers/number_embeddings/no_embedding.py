"""No embedding."""

from nettrain.model.layers.number_embeddings.base import NumberEmbedding, embeddings


@embeddings.register("none")
class NoEmbedding(NumberEmbedding):
    """Numbers enter the network as they are: there is no layer."""
