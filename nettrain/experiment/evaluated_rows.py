"""Which training rows are evaluated after each epoch, like the validation rows, and how many by default."""

import numpy as np

from nettrain.data.prepare import Prepared, Rows
from nettrain.data.tables.arrays import Indices
from nettrain.experiment.evaluation_cost import EvaluationCost
from nettrain.experiment.settings import Experiment
from nettrain.experiment.training_settings import EvaluatedRows

MOST = 10_000  # rows that auto takes: the mean of so many is near enough to that of all
FEWEST = 500  # rows of a sample that says something
SHARE = 0.03  # of the time of the steps that auto spends, by its estimate: in fact less than 5 %
NEGLIGIBLE = 0.04  # and seconds in a whole run that it spends in any case: 5 % of the shortest command
EVALUATED = 6  # purpose number of the draw below


def evaluated_rows(experiment: Experiment, data: Prepared) -> Rows:
    """The training rows that are evaluated, without the weights of their classes, by resolved settings."""
    rows = data.train_by_column
    index = evaluated_sample(experiment, len(rows.x))
    return rows if index is None else Rows(rows.x[index], rows.y[index], rows.weight[index])


def evaluated_sample(experiment: Experiment, rows: int) -> Indices | None:
    """The numbers (M,) of the evaluated rows out of so many, in order; None when they are all.

    The draw depends on the seed of the splits alone, so that networks with the same rows have the same.
    """
    count = experiment.training.evaluate_train
    if isinstance(count, str) or count >= rows:
        return None
    key = np.array([experiment.data.seed or 0, EVALUATED], np.uint64)
    order = np.random.Generator(np.random.Philox(key=key)).permutation(rows)
    return np.sort(order[:count])


def fitting_evaluation(experiment: Experiment, data: Prepared) -> EvaluatedRows:
    """What `auto` stands for: a number of rows, or none where a useful number of them would cost too much."""
    rows = min(len(data.train.x), MOST)
    if any(name.startswith("train_") for name in experiment.watched.values()):
        return rows
    affordable = EvaluationCost.of(experiment, data).affordable_rows(SHARE, NEGLIGIBLE)
    if affordable >= rows:
        return rows
    return _rounded_down(affordable) if affordable >= FEWEST else "none"


def evaluation_notes(asked: Experiment, resolved: Experiment, rows: int) -> list[str]:
    """A note when `auto` does not evaluate all of so many training rows."""
    taken = resolved.training.evaluate_train
    if asked.training.evaluate_train != "auto" or taken == rows:
        return []
    if taken == "none":
        text = "training rows are not evaluated: for so short epochs that takes over 5 % of the time"
        return [f"{text} (evaluate_train: auto)"]
    return [
        f"train figures by epoch are those of {taken:,} of the {rows:,} training rows (evaluate_train: auto)"
    ]


def _rounded_down(number: int) -> int:
    """A number with its first two digits and zeros."""
    zeros: int = 10 ** (len(str(number)) - 2)
    return number // zeros * zeros
