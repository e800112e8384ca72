"""Distributions of a random search: every entry against its definition."""

import math
from itertools import islice
from statistics import NormalDist, fmean

import pytest
from pydantic import ValidationError

from nettrain.catalogue.distributions import distributions, implied
from tests.catalogue.oracles import assert_oracles

SPREAD = [(k + 0.5) / 10_000 for k in range(10_000)]  # u at even distances
NORMAL = NormalDist()


def drawn(name, **numbers):
    made = distributions[name](**numbers)
    return [made.draw(u) for u in SPREAD]


def shares(values):
    return {value: values.count(value) / len(values) for value in sorted(set(values))}


# name, numbers, share of values at or below a threshold as its definition says
CUMULATIVE = [
    ("uniform", {"min": 2.0, "max": 6.0}, 3.0, 0.25),
    ("log_uniform_values", {"min": 1e-4, "max": 1e-1}, 1e-3, 1 / 3),
    ("int_uniform", {"min": 1, "max": 4}, 3, 0.75),
    ("q_uniform", {"min": 0.0, "max": 1.0, "q": 0.25}, 0.25, 0.375),
    ("q_log_uniform_values", {"min": 1, "max": 100, "q": 5}, 10, math.log(12.5) / math.log(100)),
    ("normal", {"mu": 1.0, "sigma": 2.0}, 3.0, NORMAL.cdf(1)),
    ("q_normal", {"mu": 0.0, "sigma": 1.0, "q": 1}, 0, NORMAL.cdf(0.5)),
    ("log_normal", {"mu": 0.0, "sigma": 1.0}, math.e, NORMAL.cdf(1)),
    ("q_log_normal", {"mu": 0.0, "sigma": 1.0, "q": 1}, 1, NORMAL.cdf(math.log(1.5))),
    ("categorical", {"values": [1, 2, 3, 4]}, 1, 0.25),
    ("categorical_w_probabilities", {"values": [1, 2], "probabilities": [0.1, 0.9]}, 1, 0.1),
    ("constant", {"value": 3}, 3, 1.0),
]


def test_every_distribution_has_an_oracle():
    assert_oracles(distributions, {row[0] for row in CUMULATIVE})


@pytest.mark.parametrize(("name", "numbers", "threshold", "share"), CUMULATIVE)
def test_as_many_values_are_below_a_threshold_as_its_definition_says(name, numbers, threshold, share):
    below = fmean(value <= threshold for value in drawn(name, **numbers))
    assert below == pytest.approx(share, abs=2e-3)


@pytest.mark.parametrize(("name", "numbers", "threshold", "share"), CUMULATIVE)
def test_the_share_of_a_number_is_the_mean_of_where_it_is_drawn(name, numbers, threshold, share):
    made = distributions[name](**numbers)
    if not made.ordered:
        assert set(made.choices()) == set(drawn(name, **numbers))
        return
    places = {}
    for u, value in zip(SPREAD, drawn(name, **numbers), strict=True):
        places.setdefault(value, []).append(u)
    assert made.share("text") is None
    for value, found in islice(places.items(), None, None, 1 + len(places) // 1000):
        assert made.share(value) == pytest.approx(fmean(found), abs=1e-4)
        assert value == pytest.approx(made.draw(made.share(value)), rel=1e-9)


@pytest.mark.parametrize(("name", "numbers", "threshold", "share"), CUMULATIVE)
def test_ends_are_as_extreme_as_what_is_drawn(name, numbers, threshold, share):
    made = distributions[name](**numbers)
    ends, values = made.ends(), drawn(name, **numbers)
    if name.endswith("normal"):
        two = [fmean(value <= end for value in values) for end in ends]
        assert 0.02 < two[0] < 0.35
        assert two[1] > 0.97
    else:
        assert (min(values), max(values)) == pytest.approx((min(ends), max(ends)), rel=2e-3, abs=1e-3)


def test_multiples_keep_the_form_of_their_step():
    assert {16, 20, 24} == set(drawn("q_uniform", min=16, max=24, q=4))
    assert all(isinstance(value, int) for value in drawn("q_uniform", min=16, max=24, q=4))
    assert [0.1, 0.2, 0.3] == sorted(set(drawn("q_uniform", min=0.1, max=0.3, q=0.1)))


def test_a_value_rounded_out_of_the_range_stays_inside():
    assert {2, 4} == set(drawn("q_uniform", min=1.1, max=4.9, q=2))


def test_a_choice_without_probability_is_never_drawn():
    made = distributions["categorical"](values=["a", "b", "c"], probabilities=[0.0, 1.0, 0.0])
    assert {"b"} == {made.draw(u) for u in (2.0**-54, 0.5, 1 - 2.0**-53)}


def test_the_last_choice_takes_what_rounding_leaves():
    shares = [0.1] * 3 + [0.2] + [0.1] * 5
    assert 1 - 2.0**-53 == sum(shares)
    made = distributions["categorical"](values=[*range(9)], probabilities=shares)
    assert 8 == made.draw(1 - 2.0**-53)


@pytest.mark.parametrize("name", ["int_uniform", "q_uniform", "categorical", "constant"])
def test_steps_are_all_that_can_be_drawn(name):
    numbers = dict(next(row[1] for row in CUMULATIVE if row[0] == name))
    made = distributions[name](**numbers)
    assert set(made.steps()) == set(drawn(name, **numbers))


def test_places_follow_the_scale():
    made = distributions["log_uniform_values"](min=1e-4, max=1e-2)
    assert made.position(1e-3) == pytest.approx(0.5)
    made = distributions["uniform"](min=0.0, max=4.0)
    assert made.position(1.0) == pytest.approx(0.25)
    assert made.position("auto") is None
    assert made.steps() is made.count() is None


@pytest.mark.parametrize(
    ("name", "numbers", "message"),
    [
        ("uniform", {"min": 2.0, "max": 1.0}, "an empty range, min 2 is not below max 1"),
        ("uniform", {"min": 2.0, "max": 2.0}, "an empty range, min 2 is not below max 2"),
        ("q_uniform", {"min": 5, "max": 6.5, "q": 4}, "an empty range, no multiple of q 4 from 5 to 6.5"),
        ("log_uniform_values", {"min": 0.0, "max": 1.0}, "greater than 0"),
        ("q_log_uniform_values", {"min": 0.0, "max": 1.0}, "greater than 0"),
        ("categorical", {"values": []}, "at least 1 item"),
        ("categorical", {"values": [1, 2], "probabilities": [1.0]}, "2 values but 1 probabilities"),
        ("categorical", {"values": [1, 2], "probabilities": [0.5, 0.4]}, "add up to 1"),
        ("categorical", {"values": [1, 2], "probabilities": [1.5, -0.5]}, "at least 0"),
        ("normal", {"sigma": 0.0}, "greater than 0"),
    ],
)
def test_what_makes_no_sense_is_refused(name, numbers, message):
    with pytest.raises(ValidationError, match=message):
        distributions[name](**numbers)


@pytest.mark.parametrize(
    ("block", "name"),
    [
        ({"values": [1]}, "categorical"),
        ({"value": 1}, "constant"),
        ({"min": 1, "max": 2}, "int_uniform"),
        ({"min": 1, "max": 2.5}, "uniform"),
        ({"mu": 1}, None),
    ],
)
def test_keys_alone_mean_what_they_mean_in_weights_and_biases(block, name):
    assert name == implied(list(block), block.get("min"), block.get("max"))
