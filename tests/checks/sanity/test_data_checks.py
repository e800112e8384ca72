"""Each check of the data and of settings: sound data pass, and planted faults are caught."""

import numpy as np
import pytest

from nettrain import check
from nettrain.checks.sanity.duplicates import recurs_by_chance
from nettrain.checks.sanity.giveaways import score_of
from nettrain.checks.sanity.shift import chance_gap, largest_gap

DRAW = np.random.default_rng(4)
ROWS = 400
X = DRAW.normal(size=(ROWS, 4))
NOISE = DRAW.normal(size=ROWS)
SUM = X[:, 0] + X[:, 1] ** 2 + NOISE
LABEL = np.where(X[:, 0] + NOISE > 0, "yes", "no")
DATA = ("constant_columns", "identifiers", "scales", "small_classes", "duplicates", "shift", "giveaways")


def table(y=LABEL, **columns):
    return {**{f"x{k}": X[:, k] for k in range(4)}, **columns, "y": y}


def verdicts(name, rows, *overrides, **blocks):
    spec = {"data": {"target": "y", "test": 0.25}, "model": {"hidden": [8]}} | blocks
    findings = check(spec, *overrides, data=rows, only=[name]).findings[name]
    return [one.verdict for one in findings], " ".join(one.advice for one in findings)


@pytest.mark.parametrize("name", [*DATA, "batch_size", "patience"])
@pytest.mark.parametrize("y", [LABEL, SUM], ids=["classes", "numbers"])
def test_sound_data_pass(name, y):
    assert set(verdicts(name, table(y))[0]) <= {"ok"}


SICK = {
    "constant_columns": table(still=np.ones(ROWS)),
    "identifiers": table(customer_id=np.arange(ROWS)),
    "small_classes": table(np.where(np.arange(ROWS) % 80 == 0, "rare", LABEL)),
    "giveaways": table(copy=np.where(LABEL == "yes", 1.0, 0.0) + 0.1 * DRAW.normal(size=ROWS)),
}


@pytest.mark.parametrize("name", SICK)
def test_planted_faults_are_caught_and_named(name):
    found, advice = verdicts(name, SICK[name])
    assert found in (["look"], ["wrong"])
    column = {"constant_columns": "still", "identifiers": "customer_id", "giveaways": "copy"}.get(
        name, "rare"
    )
    assert f'"{column}"' in advice


def test_a_number_copied_with_noise_gives_itself_away():
    found, advice = verdicts("giveaways", table(SUM, copy=SUM * 3 + 0.1 * DRAW.normal(size=ROWS)))
    assert (["wrong"], True) == (found, '"copy"' in advice)


def test_a_row_number_gives_a_sorted_target_away():
    order = np.argsort(SUM)
    data = {name: np.asarray(values)[order] for name, values in table(SUM).items()} | {"n": np.arange(ROWS)}
    found, advice = verdicts("giveaways", data)
    assert (["wrong"], True) == (found, '"n"' in advice)


def test_several_measurements_of_the_target_are_worth_a_look():
    measured = {f"z{k}": SUM + 0.2 * DRAW.normal(size=ROWS) for k in range(3)}
    found, advice = verdicts("giveaways", table(SUM, **measured))
    assert (["look"], True) == (found, '"z0", "z1", "z2"' in advice)


def test_classes_that_other_columns_tell_apart_as_well_are_sound():
    report = check(
        {"data": {"source": "builtin:iris", "labels": {"virginica": "other", "versicolor": "other"}}},
        only=["giveaways"],
    )
    assert "ok" == report.verdict


def test_scales_that_are_far_apart_need_scaling():
    data = table(big=1e6 * X[:, 0])
    assert ["ok"] == verdicts("scales", data)[0]
    found, advice = verdicts("scales", data, "data.scaling=none")
    assert ["wrong"] == found
    assert '"big"' in advice


def test_test_rows_copied_from_training_are_found():
    twice = {name: np.concatenate([values, values]) for name, values in table().items()}
    found, _ = verdicts("duplicates", twice)
    assert "wrong" in found
    answers = {f"q{k}": DRAW.integers(0, 2, ROWS) for k in range(3)} | {"y": LABEL}
    assert [] == verdicts("duplicates", answers)[0], "rows of yes and no recur by chance"


def test_rows_recur_by_chance_in_small_tables_of_few_values():
    assert recurs_by_chance(DRAW.integers(0, 2, (100, 5)))
    assert not recurs_by_chance(DRAW.integers(0, 2, (100, 30)))


def test_test_rows_of_another_kind_are_named():
    test = {name: values + 9 if name == "x2" else values for name, values in table().items()}
    found, advice = verdicts("shift", {"train": table(), "test": test}, data={"target": "y"})
    assert "wrong" in found
    assert '"x2"' in advice


def test_time_may_shift_a_column():
    data = table(t=np.arange(ROWS) + 0.5)
    found, advice = verdicts("shift", data, "data.order=time", "data.stratify=false")
    assert {"look"} == {*found}
    assert '"t"' in advice


def test_the_largest_gap_is_that_of_scipy():
    from scipy.stats import ks_2samp

    a, b = DRAW.normal(size=80), DRAW.normal(size=50) + 0.3
    assert pytest.approx(ks_2samp(a, b).statistic) == largest_gap(a, b)
    assert 0.01 > ks_2samp(a, b).pvalue or largest_gap(a, b) < chance_gap(80, 50, 1)


def test_the_share_that_bins_explain_is_r2():
    bins = DRAW.integers(0, 3, 4000)
    y = bins[:, None] + DRAW.normal(size=(4000, 1))
    assert pytest.approx((2 / 3) / (2 / 3 + 1), abs=0.05) == score_of(bins, y)


def test_batches_and_patience():
    large = {"x": DRAW.normal(size=5000), "z": DRAW.normal(size=5000), "y": DRAW.normal(size=5000)}
    for size, verdict in ((64, "ok"), (2000, "look"), ("full", "look")):
        assert [verdict] == verdicts("batch_size", large, f"training.batch_size={size}")[0]
    assert ["ok"] == verdicts("batch_size", table(), "training.batch_size=full")[0]
    stopping = {"epochs": 20, "early_stopping": {"patience": 30}}
    found, advice = verdicts("patience", table(), training=stopping)
    assert (["look"], True) == (found, "never acts" in advice)
