"""Stacked settings: an object of the same class, with a row per member in every number that may differ."""

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.members import group, grouping_key, on_device, per_member, select, shaped, stack
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules
from nettrain.model.settings import ModelSettings


def rules():
    return stack([optimizers["adam"](learning_rate=rate, amsgrad=True) for rate in (0.1, 0.2, 0.4)])


def test_stacked_settings_are_of_their_class_with_arrays_in_what_may_differ():
    stacked = rules()
    assert isinstance(stacked, optimizers["adam"])
    assert [0.1, 0.2, 0.4] == stacked.learning_rate.tolist()
    assert [0.9] * 3 == stacked.beta1.tolist()
    assert ("adam", True) == (stacked.name, stacked.amsgrad)
    assert ("m", "v", "largest_v") == stacked.slots()


def test_a_number_that_is_none_is_none_for_all():
    stacked = stack([optimizers["rmsprop"](), optimizers["rmsprop"](gamma=0.5)])
    assert stacked.momentum is None
    assert ("squares",) == stacked.slots()


def test_the_settings_that_are_stacked_stay_as_they_are():
    alone = optimizers["adam"](learning_rate=0.1)
    stack([alone, alone])
    assert (0.1, 0.9) == (alone.learning_rate, alone.beta1)


def test_layers_are_stacked_one_by_one_whichever_way_they_were_written():
    short = ModelSettings(
        hidden=[4, 3], activation={"name": "leaky_relu", "negative_slope": 0.2}, dropout=0.1
    )
    shorter = ModelSettings(hidden=[4, 3], activation={"name": "leaky_relu", "negative_slope": 0.3})
    layers = stack([short, shorter]).layers
    assert [4, 3] == [layer.units for layer in layers]
    assert [[0.2, 0.3]] * 2 == [layer.activation.negative_slope.tolist() for layer in layers]
    assert [[0.1, 0.0]] * 2 == [layer.dropout.tolist() for layer in layers]


def test_members_that_are_one_object_are_stacked_like_equal_ones():
    one = ModelSettings(hidden=[4, 3], activation={"name": "leaky_relu", "negative_slope": 0.2}, dropout=0.1)
    equal, same = stack([one, one.model_copy(deep=True), one.model_copy(deep=True)]), stack([one] * 3)
    assert repr(equal) == repr(same)
    assert [0.2] * 3 == same.layers[0].activation.negative_slope.tolist()


def test_what_is_no_block_is_the_first_one():
    assert stack([None, None]) is None


def test_select_keeps_the_rows_of_some_members():
    chosen = select(rules(), np.array([2, 0]))
    assert [0.4, 0.1] == chosen.learning_rate.tolist()
    assert [0.9, 0.9] == chosen.beta1.tolist()


@pytest.mark.parametrize(("trailing", "shape"), [(0, (3,)), (1, (3, 1)), (2, (3, 1, 1))])
def test_shaped_numbers_meet_signals(trailing, shape):
    stacked = shaped(rules(), trailing, np.float32)
    assert (shape, np.float32) == (stacked.learning_rate.shape, stacked.learning_rate.dtype)
    assert "adam" == stacked.name


def test_on_device_puts_every_array_there_and_nothing_else():
    put = []

    def from_host(array):
        put.append(array)
        return -array

    stacked = on_device(stack([schedules["step"](factor=0.5), schedules["step"](factor=0.1)]), from_host)
    assert [-0.5, -0.1] == stacked.factor.tolist()
    assert 2 == len(put)
    assert "step" == stacked.name


def test_per_member_is_a_copy_in_float64():
    stacked = stack([activations["maxout"]()])
    assert stacked.pieces == 2  # an option, no number
    rates = rules().learning_rate
    copied = per_member(rates)
    copied[0] = 9
    assert (0.1, np.float64) == (rates[0], copied.dtype)


def test_the_same_method_works_on_one_member_and_on_several():
    members = [activations["elu"](alpha=alpha) for alpha in (0.5, 2.0)]
    z = np.array([-1.0, 0.5]).reshape(1, 1, 2)
    together, alone = np.empty((2, 1, 2)), np.empty((1, 1, 2))
    shaped(stack(members), 2).forward(np, np.tile(z, (2, 1, 1)), together)
    for row, member in zip(together, members, strict=True):
        member.forward(np, z.copy(), alone)
        assert row.tobytes() == alone.tobytes()


def test_what_may_differ_is_no_part_of_the_grouping_key():
    one, other, third = (
        optimizers["adam"](learning_rate=0.1),
        optimizers["adam"](learning_rate=0.2),
        optimizers["adam"](amsgrad=True),
    )
    assert grouping_key(one) == grouping_key(other) != grouping_key(third)
    assert [[0, 2], [1]] == group([one, third, other])
