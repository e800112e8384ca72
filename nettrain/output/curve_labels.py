"""What legends call the curves of a run."""

from nettrain.experiment.running_loss import peculiarities
from nettrain.experiment.settings import Experiment
from nettrain.output.numbers import count


def curve_labels(experiment: Experiment, rows: int | None) -> dict[str, str]:
    """Labels of splits that need more than their name, for a run with so many training rows.

    Training rows of which only a sample was evaluated, and a running loss that differs from the evaluated one
    by its nature, and so is worth a curve.
    """
    evaluated, holds = experiment.training.evaluate_train, peculiarities(experiment)
    labels = {"running": f"running (with {', '.join(holds)})"} if holds else {}
    if rows is not None and isinstance(evaluated, int) and evaluated < rows:
        labels["train"] = f"training ({count(evaluated)} rows)"
    return labels
