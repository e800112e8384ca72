"""Train a classifier by scikit-learn: TABLE SETTINGS MODEL."""

import json
import sys
import warnings

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("ignore", ConvergenceWarning)  # of a training that ends with its epochs
with open(sys.argv[2]) as file:
    settings = json.load(file)
table = np.loadtxt(sys.argv[1], np.float32, delimiter=",", skiprows=1)
order = np.random.default_rng(0).permutation(len(table))
train, held_out = table[order[: settings["rows"]]], table[order[settings["rows"] :]]
model = make_pipeline(
    StandardScaler(),
    MLPClassifier(
        settings["hidden"],
        activation=settings["activation"],
        alpha=0,
        batch_size=settings["batch"],
        learning_rate_init=settings["rate"],
        max_iter=settings["epochs"],
        n_iter_no_change=settings["epochs"],
        random_state=0,
    ),
)
model.fit(train[:, :-1], train[:, -1])
print(model.score(held_out[:, :-1], held_out[:, -1]))
joblib.dump(model, sys.argv[3])
