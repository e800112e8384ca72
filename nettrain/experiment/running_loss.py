"""In what the running loss of an experiment differs from the losses that are evaluated."""

from nettrain.experiment.settings import Experiment


def peculiarities(experiment: Experiment) -> list[str]:
    """What makes the loss of the batches another one than that of the same rows when they are evaluated."""
    model = experiment.model.written_out()
    present = {
        "dropout": any(layer.dropout > 0 for layer in model.layers or []),
        "noise": model.input_noise > 0,
        "batch norm": model.couples_rows,
        "smoothing": getattr(experiment.loss, "label_smoothing", 0) > 0,
        "class weights": experiment.data.class_weights is not None,
    }
    return [name for name, is_there in present.items() if is_there]
