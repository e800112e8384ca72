"""One training step: gather the batch, forward, loss, backward, update; and the scalars it goes by."""
