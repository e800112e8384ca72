"""scikit-learn's estimators with their defaults, in the pipelines that its users write for a table."""

import json
import os
import sys
import warnings
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

from peers.compared_table import GAPS
from peers.default_tables import TABLES


def estimator(name: str, *, classes: bool) -> Any:
    """The estimator of this name for classes or numbers, which takes a table with gaps and text columns.

    HistGradientBoosting takes both as they are. In front of RandomForest and MLP gaps are filled with the
    median or the most frequent value and text is one-hot; MLP gets numbers of mean 0 and deviation 1, and so
    do its targets when they are numbers.
    """
    from sklearn import ensemble, neural_network
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kind = f"{name}{'Classifier' if classes else 'Regressor'}"
    if name == "HistGradientBoosting":
        return getattr(ensemble, kind)(categorical_features="from_dtype", random_state=0)
    if name == "RandomForest":
        return make_pipeline(encoder(), getattr(ensemble, kind)(random_state=0))
    network = make_pipeline(encoder(StandardScaler()), getattr(neural_network, kind)(random_state=0))
    return network if classes else TransformedTargetRegressor(network, transformer=StandardScaler())


def encoder(*scaling: Any) -> Any:
    """Gaps filled and text one-hot, with a scaling of the numbers."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    numbers = make_pipeline(SimpleImputer(strategy="median"), *scaling)
    text = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    )
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (text, make_column_selector(dtype_exclude="number")),
    )


def read(folder: Path, left_out: tuple[str, ...]) -> tuple["DataFrame", "DataFrame"]:
    """Training and test rows; text columns are categories, which both have in common."""
    import pandas as pd

    train, test = (
        pd.read_csv(folder / f"{part}.csv", na_values=GAPS).drop(columns=list(left_out))
        for part in ("train", "test")
    )
    for column in train.select_dtypes(exclude="number"):
        kind = pd.CategoricalDtype(sorted(train[column].dropna().unique()))
        train[column], test[column] = train[column].astype(kind), test[column].astype(kind)
    return train, test


def measure(name: str, table: str, folder: Path) -> dict[str, Any]:
    """Fit an estimator to the training rows of a split: its figures on test rows, and the time of the fit."""
    from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

    known = TABLES[table]
    train, test = read(folder, known.left_out)
    x, targets = train.drop(columns=known.target), train[known.target]
    x_test, wanted = test.drop(columns=known.target), test[known.target]
    if known.classes:
        targets, wanted = targets.astype(str), wanted.astype(str)
    fitted = estimator(name, classes=known.classes)
    started, work = perf_counter(), process_time()
    fitted.fit(x, targets)
    times = {"seconds": perf_counter() - started, "processor_seconds": process_time() - work}
    predicted = fitted.predict(x_test)
    if known.classes:
        losses = log_loss(wanted, fitted.predict_proba(x_test), labels=fitted.classes_)
        figures = {"log_loss": losses, "accuracy": accuracy_score(wanted, predicted)}
    else:
        figures = {"rmse": root_mean_squared_error(wanted, predicted)}
    return {"figures": {key: float(value) for key, value in figures.items()}, **times}


def serve() -> None:
    """Be a process that measures an estimator for every line `{name, table, folder}` on standard input."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # the network's default number of epochs ends before it has converged
    try:
        import sklearn
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": f"no module {error.name}"}), file=replies, flush=True)
        return
    print(json.dumps({"version": sklearn.__version__}), file=replies, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        reply = measure(asked["name"], asked["table"], Path(asked["folder"]))
        print(json.dumps(reply), file=replies, flush=True)
