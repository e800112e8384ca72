"""An experiment without regularization, and with other optimizers: what checks train instead of it."""

from nettrain.catalogue.optimizers.adam import Adam
from nettrain.checks.short_training import changed, for_epochs
from nettrain.experiment.settings import Experiment

RATES = (1e-3, 3e-3, 1e-2, 3e-2)  # of adam, of which one is right for nearly any network


def unregularized(experiment: Experiment) -> Experiment:
    """The experiment without penalties, decay, dropout, noise, label smoothing and limits on norms."""
    model = experiment.model.written_out()
    layers = [layer.model_copy(update={"dropout": 0.0}) for layer in model.hidden_layers()]
    loss = experiment.loss
    if not isinstance(loss, str) and hasattr(loss, "label_smoothing"):
        loss = loss.model_copy(update={"label_smoothing": 0.0})
    plain = experiment.model_copy(
        update={
            "model": model.model_copy(update={"layers": layers, "hidden": None, "input_noise": 0.0}),
            "loss": loss,
        }
    )
    limits = {"weight_decay": 0.0, "clip_norm": None, "clip_value": None}
    return changed(plain, regularization={"l1": 0.0, "l2": 0.0, "max_norm": None}, training=limits)


def with_adam(experiment: Experiment, epochs: int, batch_size: int) -> list[Experiment]:
    """The experiment with Adam at each of RATES, as a population that trains for so many epochs."""
    one = changed(for_epochs(experiment, epochs), training={"batch_size": batch_size, "drop_last": False})
    return [one.model_copy(update={"optimizer": Adam(learning_rate=rate)}) for rate in RATES]
