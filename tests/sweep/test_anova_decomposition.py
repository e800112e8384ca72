"""The functional ANOVA of trees, against sums over every cell of the search space, and by hand."""

from itertools import combinations

import numpy as np
import pytest

from nettrain.sweep.anova.boxes import LEAF, Cells, LeafBoxes, TreeArrays
from nettrain.sweep.anova.decomposition import Decomposition

LINE = Cells(np.arange(6.0)[:, None], np.array([0.1, 0.2, 0.05, 0.25, 0.3, 0.1]))
TWO = Cells(np.array([[0.0], [1.0]]), np.array([0.7, 0.3]))
CHOICES = Cells(np.eye(4), np.array([0.4, 0.3, 0.2, 0.1]))
FACTORS = [LINE, CHOICES, TWO, LINE]
COLUMNS = [0, 1, 1, 1, 1, 2, 3]  # the factor of each


def random_tree(generator, depth=5):
    """A tree that splits at random, also where a split leaves one side without a cell."""
    left, right, columns, thresholds, values = [], [], [], [], []

    def grow(depth):
        node = len(left)
        for one in (left, right, columns, thresholds, values):
            one.append(LEAF)
        values[node], thresholds[node] = generator.normal(), 0.0
        if depth and generator.random() < 0.85:
            columns[node] = generator.integers(len(COLUMNS))
            thresholds[node] = generator.integers(5) + 0.5 if COLUMNS[columns[node]] in (0, 3) else 0.5
            left[node] = grow(depth - 1)
            right[node] = grow(depth - 1)
        return node

    grow(depth)
    return TreeArrays(
        np.array(left), np.array(right), np.array(columns), np.array(thresholds), np.array(values)
    )


def predicted(tree, row):
    node = 0
    while tree.left[node] != LEAF:
        node = tree.left[node] if row[tree.columns[node]] <= tree.thresholds[node] else tree.right[node]
    return tree.values[node]


def every_cell(trees):
    """The mean of the trees in every combination of cells, walked from the root."""
    shape = [len(one.masses) for one in FACTORS]
    table = np.empty(shape)
    for place in np.ndindex(*shape):
        row = np.concatenate([one.codes[k] for one, k in zip(FACTORS, place, strict=True)])
        table[place] = np.mean([predicted(tree, row) for tree in trees])
    return table


def mean_over(table, kept):
    """The mean over all factors but those that are kept."""
    for k in reversed(range(len(FACTORS))):
        if k not in kept:
            table = np.tensordot(table, FACTORS[k].masses, axes=(k, 0))
    return table


def variance_of(table, kept):
    weights = np.ones(())
    for k in kept:
        weights = np.multiply.outer(weights, FACTORS[k].masses)
    mean = (table * weights).sum()
    return ((table - mean) ** 2 * weights).sum()


@pytest.mark.parametrize("trees", [1, 5])
@pytest.mark.parametrize("seed", range(3))
def test_sums_over_every_cell(trees, seed):
    generator = np.random.default_rng(seed)
    grown = [random_tree(generator) for _ in range(trees)]
    ours, table = Decomposition(LeafBoxes.of(grown, FACTORS)), every_cell(grown)
    everything = range(len(FACTORS))
    assert ours.mean == pytest.approx(float(mean_over(table, ())), abs=1e-12)
    assert ours.variance == pytest.approx(variance_of(table, everything), rel=1e-5)
    mains = [variance_of(mean_over(table, (k,)), (k,)) for k in everything]
    assert ours.mains == pytest.approx(mains, abs=1e-12)
    for k in everything:
        assert ours.marginal(k) == pytest.approx(mean_over(table, (k,)), abs=1e-12)
    for one, other in combinations(everything, 2):
        both = mean_over(table, (one, other))
        assert ours.joint_marginal(one, other) == pytest.approx(both, abs=1e-12)
        beyond = variance_of(both, (one, other)) - mains[one] - mains[other]
        assert ours.interaction(one, other) == pytest.approx(beyond, abs=1e-12)


def test_an_interaction_by_hand():
    """1 where both lie in their upper halves: a quarter, of which 1/16 is each one's and 1/16 theirs."""
    half = Cells(np.array([[0.0], [1.0]]), np.array([0.5, 0.5]))
    tree = TreeArrays(
        np.array([1, LEAF, 3, LEAF, LEAF]),
        np.array([2, LEAF, 4, LEAF, LEAF]),
        np.array([0, LEAF, 1, LEAF, LEAF]),
        np.array([0.5, 0, 0.5, 0, 0]),
        np.array([0.0, 0.0, 0.0, 0.0, 1.0]),
    )
    ours = Decomposition(LeafBoxes.of([tree], [half, half]))
    assert 0.25 == ours.mean
    assert 3 / 16 == pytest.approx(ours.variance)
    assert [1 / 16, 1 / 16] == ours.mains.tolist()
    assert 1 / 16 == ours.interaction(0, 1)
    assert [0.0, 0.5] == ours.marginal(0).tolist()


def test_many_leaves_are_compared_in_blocks():
    generator = np.random.default_rng(1)
    grown = [random_tree(generator, depth=7) for _ in range(60)]
    boxes = LeafBoxes.of(grown, FACTORS)
    assert len(boxes.values) > 512
    table = every_cell(grown)
    assert Decomposition(boxes).variance == pytest.approx(variance_of(table, range(4)), rel=1e-5)
