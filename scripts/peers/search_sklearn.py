"""scikit-learn's MLPClassifier trial by trial."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from peers.problem import Array
from peers.searches import BATCH, EPOCHS, WIDTHS

warnings.simplefilter("ignore", ConvergenceWarning)


def train(rows: dict[str, Array], trials: list[tuple[float, float]]) -> list[float]:
    """The validation loss of each trial (learning rate, l2); alpha is l2 times the batch's rows."""
    losses = []
    for rate, decay in trials:
        model = MLPClassifier(
            WIDTHS[1:-1],
            batch_size=BATCH,
            max_iter=EPOCHS,
            learning_rate_init=rate,
            alpha=decay * BATCH,
            tol=0,
            random_state=0,
        )
        model.fit(rows["train_x"], rows["train_y"])
        losses.append(float(log_loss(rows["val_y"], model.predict_proba(rows["val_x"]))))
    return losses
