"""The search of a file without a `sweep:` block: ranges around what the file says, all of them valid."""

import pytest

from nettrain.errors import SpecError
from nettrain.experiment.default_search import default_ranges, search_of
from nettrain.experiment.document import parse
from nettrain.experiment.load import from_document, validate
from nettrain.sweep.search_space import SearchSpace
from nettrain.workflow.catalogue import entries

DATA = "data: {source: builtin:iris}\n"


def loaded(text):
    return from_document(parse(DATA + text, "f"))


def ranges(text):
    return default_ranges(validate(parse(DATA + text, "f")))


def test_rates_penalties_widths_and_dropout():
    text = "model: {hidden: [30, 7], dropout: 0.2}\noptimizer: {name: adam, learning_rate: 0.003}\n"
    assert {
        "optimizer.learning_rate": {"distribution": "log_uniform_values", "min": 0.0003, "max": 0.03},
        "regularization.l2": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
        "model.hidden": {"values": [[15, 4], [30, 7], [60, 14], [30, 7, 4]]},
        "model.dropout": {"values": [0.0, 0.1, 0.2, 0.3]},
    } == ranges(text)


def test_a_decay_of_the_optimizer_instead_of_the_penalty():
    assert ["optimizer.learning_rate", "optimizer.weight_decay"] == list(ranges("optimizer: adamw\n"))[:2]


def test_what_a_file_has_not_is_not_searched():
    layers = "model: {layers: [{units: 4, activation: tanh}]}\n"
    assert ["optimizer.learning_rate", "regularization.l2"] == list(ranges(layers))
    assert ["optimizer.learning_rate", "regularization.l2"] == list(ranges("model: {hidden: []}\n"))
    lbfgs = "optimizer: lbfgs\ntraining: {batch_size: full}\nbackend: {dtype: float64}\n"
    assert ["regularization.l2", "model.hidden"] == list(ranges(lbfgs))


def test_one_unit_has_no_half():
    assert {"values": [[1], [2], [1, 1]]} == ranges("model: {hidden: [1]}\n")["model.hidden"]


@pytest.mark.parametrize("name", [entry.name for entry in entries("optimizer") if entry.name != "lbfgs"])
def test_the_ranges_are_valid_for_every_optimizer(name):
    space = SearchSpace(loaded(f"optimizer: {name}\n"))
    assert 20 == len(space.trials(20))


def test_a_note_says_what_nobody_wrote():
    search = search_of(loaded("model: {hidden: [8]}\n"))
    assert (
        "no sweep block, so the usual ranges are searched: optimizer.learning_rate 0.0001 to 0.01; "
        "regularization.l2 1e-05 to 0.1; model.hidden [4], [8], [16] or [8, 4]; model.dropout 0.0, 0.1 or 0.3"
    ) == search.note
    assert [*default_ranges(loaded("model: {hidden: [8]}\n").experiment)] == [
        one.key for one in search.parameters
    ]
    assert "" == search_of(loaded("sweep: {parameters: {seed: {value: 1}}}\n")).note


def test_trials_need_rows_to_be_compared_by():
    text = "data: {source: builtin:iris, validation: 0}\n"
    with pytest.raises(SpecError) as caught:
        search_of(from_document(parse(text, "f")))
    assert (
        "f:1: has no sweep block, and data.validation is 0, so there are no rows to compare trials by"
        == str(caught.value)
    )
