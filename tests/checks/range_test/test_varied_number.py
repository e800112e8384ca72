"""Which numbers can be tried, and in which ranges."""

import numpy as np
import pytest

from nettrain.checks.range_test.varied_number import ValueRange, value_range, varied_number, varied_numbers
from nettrain.errors import SpecError
from nettrain.experiment.settings import Experiment


def experiment(**blocks):
    return Experiment.model_validate({"data": {"source": "builtin:iris"}, **blocks})


def test_values_are_spaced_by_factors_over_orders_of_magnitude():
    values = value_range(varied_number(experiment(), "optimizer.learning_rate")).values
    assert (32, 1e-6, 10.0) == (len(values), values[0], values[-1])
    np.testing.assert_allclose(values[1:] / values[:-1], 10 ** (7 / 31), rtol=0.01)


def test_values_are_spaced_evenly_otherwise():
    assert [0.0, 0.2, 0.4, 0.6, 0.8] == ValueRange(0, 0.8, 5).values.tolist()
    assert [0.9, 0.93333, 0.96667, 0.99999] == pytest.approx(ValueRange(0.9, 0.99999, 4).values, abs=1e-4)
    assert 0.99999 == ValueRange(0.9, 0.99999, 32).values[-1]


def test_what_can_be_tried_is_what_members_may_differ_in():
    numbers = varied_numbers(experiment(training={"early_stopping": {}}, model={"layers": [{"units": 3}]}))
    assert {"optimizer.learning_rate", "optimizer.beta1", "regularization.l2"} <= set(numbers)
    assert "model.layers.0.dropout" in numbers
    assert not [key for key in numbers if "seed" in key or "early_stopping" in key or "schedule" in key]
    assert "training.epochs" not in numbers


def test_a_number_is_set_where_its_key_says():
    spec = experiment(model={"layers": [{"units": 3}, {"units": 4}]})
    changed = varied_number(spec, "model.layers.1.dropout").in_experiment(spec, 0.25)
    assert [0.0, 0.25] == [layer.dropout or 0.0 for layer in changed.model.layers]
    assert 0.25 == varied_number(spec, "regularization.l1").in_experiment(spec, 0.25).regularization.l1


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("optimizer.lerning_rate", 'did you mean "optimizer.learning_rate"?'),
        ("weight_decay", 'did you mean "training.weight_decay"?'),
        ("training.epochs", "differ in"),
        ("seed", "differ in"),
        ("loss.label_smoothing", "changes what a loss is"),
    ],
)
def test_others_are_refused(key, hint):
    with pytest.raises(SpecError, match="--parameter") as caught:
        varied_number(experiment(), key)
    assert hint in str(caught.value)


def test_lbfgs_has_no_rate():
    spec = experiment(optimizer="lbfgs", training={"batch_size": "full"}, backend={"dtype": "float64"})
    with pytest.raises(SpecError, match="lbfgs has none"):
        varied_number(spec, "optimizer.learning_rate")


def test_a_number_without_a_usual_range_needs_both_ends():
    number = varied_number(experiment(), "optimizer.epsilon")
    with pytest.raises(SpecError, match=r"--from, --to: optimizer\.epsilon has no usual range"):
        value_range(number, 1e-9)
    assert (1e-9, 1e-3) == (value_range(number, 1e-9, 1e-3).low, value_range(number, 1e-9, 1e-3).high)
    with pytest.raises(SpecError, match=r"--to: 1e-09 is not above 0\.001"):
        value_range(number, 1e-3, 1e-9)
