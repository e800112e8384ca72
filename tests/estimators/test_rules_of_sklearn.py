"""scikit-learn's own checks of estimators."""

import pytest

pytest.importorskip("sklearn.callback", reason="needs nettrain[sklearn]")

from sklearn.utils.estimator_checks import (
    check_estimator,
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
)

from nettrain import MLPClassifier, MLPRegressor

BATCHES = "a row of weight 2 is one row of a batch, the same row twice is two: batches differ"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": BATCHES,
    "check_sample_weight_equivalence_on_sparse_data": BATCHES,
}
FULL = {
    "data": {"scaling": "none", "target_scaling": "none"},
    "training": {"batch_size": "full"},
    "backend": {"dtype": "float64"},
}
ESTIMATORS = (MLPClassifier, MLPRegressor)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: estimator.__name__)
def test_all_checks_pass(estimator):
    results = check_estimator(estimator(), expected_failed_checks=EXPECTED, on_fail=None)
    failed = {one["check_name"]: str(one["exception"]) for one in results if one["status"] == "failed"}
    assert {} == failed
    assert {*EXPECTED} == {one["check_name"] for one in results if one["status"] == "xfail"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: estimator.__name__)
def test_with_full_batches_weights_are_repetitions(estimator):
    full = estimator(alpha=0.0, max_iter=50, tol=0.0, config=FULL)
    check_sample_weight_equivalence_on_dense_data(estimator.__name__, full)
    check_sample_weight_equivalence_on_sparse_data(estimator.__name__, full)
