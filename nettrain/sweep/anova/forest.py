"""The random forest of scikit-learn, which is imported here alone outside of its own room."""

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from nettrain.sweep.anova.boxes import Floats, TreeArrays

LEAVES = 48  # of a tree at most, so that 1,000 trials take no longer than 100


@dataclass(frozen=True, eq=False)
class Forest:
    """Its trees, and what those that have not seen a trial predict for it (N,)."""

    trees: list[TreeArrays]
    unseen: Floats


def is_installed() -> bool:
    """Whether scikit-learn is there."""
    return find_spec("sklearn") is not None


def fitted_forest(rows: Floats, response: Floats, trees: int, seed: int) -> Forest:
    """A forest of so many trees on rows (N, columns), the same for the same seed."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(trees, max_leaf_nodes=LEAVES, oob_score=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that all trees of a small forest have seen a trial
        forest.fit(rows, response)
    kept = [_arrays(one.tree_) for one in forest.estimators_]
    return Forest(kept, np.asarray(forest.oob_prediction_, dtype=np.float64))


def _arrays(tree: Any) -> TreeArrays:
    return TreeArrays(
        tree.children_left.astype(np.int64),
        tree.children_right.astype(np.int64),
        tree.feature.astype(np.int64),
        tree.threshold.astype(np.float64),
        tree.value[:, 0, 0].astype(np.float64),
    )
