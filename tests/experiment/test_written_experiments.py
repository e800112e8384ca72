"""Experiments with any names and numbers in them are read back as they were written."""

from hypothesis import given, settings
from hypothesis import strategies as st

from nettrain.experiment.document import Document, dump, parse
from nettrain.experiment.load import from_document, to_yaml, validate

# what YAML would take for something else, beside any text
TRICKY = [
    "no",
    "~",
    "1e3",
    "017",
    "-",
    "- a",
    "a: b",
    "#",
    "=",
    ".inf",
    "<<",
    " ",
    "'",
    ",",
    "{a}",
    "1_0",
    "...",
]
NAMES = st.sampled_from(TRICKY) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=6
)
LISTS = st.lists(NAMES, min_size=1, max_size=8, unique=True)
NUMBERS = st.floats(0, 1e300, exclude_min=True)
KEYS = {
    "experiment": NAMES,
    "seed": st.integers(0, 2**63 - 1),
    "data.target": NAMES,
    "data.names": LISTS,
    "data.missing": st.lists(NAMES | st.just("") | st.integers() | st.floats(allow_nan=False), max_size=3),
    "data.columns.ignore": LISTS,
    "data.labels": st.dictionaries(NAMES, NAMES, max_size=8),
    "data.dates": st.dictionaries(NAMES, st.just("%Y-%m-%d"), max_size=1),
    "data.class_weights": st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=2),
    "model.hidden": st.lists(st.integers(1, 1000), max_size=3),
    "optimizer.learning_rate": NUMBERS,
    "regularization.l2": NUMBERS,
    "training.clip_norm": NUMBERS | st.none(),
    "training.target": st.fixed_dictionaries({"val_loss": NUMBERS}),
    "threshold": st.floats(0, 1) | st.sampled_from(["none", "f1"]),
}


@settings(max_examples=40)
@given(st.fixed_dictionaries(KEYS))
def test_an_experiment_of_any_names_and_numbers_reads_back_as_it_was_written(changes):
    overrides = [f"{key}={dump(value, one_line=True)}" for key, value in changes.items()]
    experiment = from_document(Document({"data": {"source": "builtin:iris"}}), overrides).experiment
    text = to_yaml(experiment)
    again = validate(parse(text, "f"))
    assert (repr(experiment), text) == (repr(again), to_yaml(again))
