"""The `blend:` list of an experiment file: which experiment each entry makes, and what it may not change."""

import pytest

from nettrain.errors import SpecError
from nettrain.experiment.blending import OWN_KEYS, blend_entry, networks_of, without_blend
from nettrain.experiment.document import dump, parse
from nettrain.experiment.keys import fields_of
from nettrain.experiment.load import from_document, to_yaml
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.experiment.settings import Experiment
from nettrain.workflow.show import resolved_experiment

FILE = """\
recipe: mlp
data: {source: 'builtin:iris', folds: 3}
model: {hidden: [9]}
training: {epochs: 7}
blend:
  - recipe: mlp_plr
    data: {scaling: robust_clip}
  - optimizer: {name: sgd, learning_rate: 0.5}
    model:
      hidden: [4, 4]
      dropout: 0.4
"""


def loaded(text, *overrides):
    return from_document(parse(text, "blend.yaml"), overrides)


def problems(text, *overrides):
    with pytest.raises(SpecError) as error:
        networks_of(loaded(text, *overrides))
    return list(error.value.problems)


def test_an_entry_changes_the_file_before_its_recipe_fills_in_the_rest():
    own, embedding, descent = (one.experiment for one in networks_of(loaded(FILE)))
    assert ("mlp", "none") == (own.recipe_name, own.model.embeddings.name)
    assert ("mlp_plr", "periodic") == (embedding.recipe_name, embedding.model.embeddings.name)
    assert ["quantile", "robust_clip", "quantile"] == [
        one.data.scaling.name for one in (own, embedding, descent)
    ]
    # what the file itself gives counts for all, also against the recipe of an entry
    assert [[9], [9], [4, 4]] == [one.model.hidden for one in (own, embedding, descent)]
    assert [7, 7, 7] == [one.training.epochs for one in (own, embedding, descent)]
    assert ("sgd", 0.5, 0.4) == (
        descent.optimizer.name,
        descent.optimizer.learning_rate,
        descent.model.dropout,
    )
    assert not any(one.blend for one in (own, embedding, descent))


def test_each_is_what_a_file_of_its_own_would_be():
    _, embedding, _ = networks_of(loaded(FILE))
    alone = FILE.partition("blend:")[0].replace("recipe: mlp", "recipe: mlp_plr")
    alone = alone.replace("folds: 3", "folds: 3, scaling: robust_clip")
    assert to_yaml(loaded(alone).experiment) == to_yaml(embedding.experiment)


def test_overrides_reach_all_networks_or_one_of_them():
    overrides = ("model.activation=tanh", "blend.1.model.hidden=[5]", "training.epochs=2")
    networks = [one.experiment for one in networks_of(loaded(FILE, *overrides))]
    assert [[9], [9], [5]] == [one.model.hidden for one in networks]
    assert {"tanh"} == {one.model.activation.name for one in networks}
    assert {2} == {one.training.epochs for one in networks}
    assert 1 == len(networks_of(loaded(FILE, "blend=[]")))


def test_an_entry_may_have_dotted_keys():
    _, other = networks_of(loaded("data: {source: 'builtin:iris'}\nblend:\n  - model.hidden: [3]\n"))
    assert [3] == other.experiment.model.hidden


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("recipe: mlp_pl", 'blend.yaml:3: blend.0: recipe: unknown "mlp_pl", did you mean "mlp_plr"?'),
        ("model: {hiden: [3]}", 'blend.yaml:3: blend.0: model.hiden: unknown key, did you mean "hidden"?'),
        (
            "optimizer: {learning_rate: -1}",
            "blend.yaml:3: blend.0: optimizer.learning_rate: -1 is not above 0",
        ),
        (
            "data: {test: 0.3}",
            "blend.yaml:3: blend.0: data.test: is of all networks, which have the same rows; they may differ in "
            "max_categories, one_hot_up_to, binary_categories, mark_gaps_from, words_from, scaling, "
            "scale_indicators, target_scaling",
        ),
        (
            "seed: 3",
            "blend.yaml:3: blend.0: seed: is of all networks; they may differ in recipe, model, loss, "
            "regularization, optimizer, schedule, training, data",
        ),
        ("optimiser: sgd", 'blend.yaml:3: blend.0: optimiser: unknown key, did you mean "optimizer"?'),
        (
            "calibration: temperature",
            "blend.yaml:3: blend.0: calibration: is of all networks; they may differ in recipe, model, loss, "
            "regularization, optimizer, schedule, training, data",
        ),
        ("data: 3", "blend.yaml:3: blend.0: data: write a block of keys, such as data: {scaling: standard}"),
    ],
)
def test_problems_name_the_line_of_the_entry(entry, problem):
    text = f"data: {{source: 'builtin:iris'}}\nblend:\n  - {entry}\n"
    assert [problem] == problems(text)


def test_all_problems_of_all_entries_are_found_at_once():
    text = "data: {source: 'builtin:iris'}\nblend:\n  - model: {hiden: [3]}\n  - {}\n  - loss: lost\n"
    found = problems(text)
    assert ["blend.yaml:3: blend.0", "blend.yaml:5: blend.2"] == [
        ": ".join(one.split(": ")[:2]) for one in found
    ]


def test_problems_of_overrides_and_mappings_name_the_entry():
    text = "data: {source: 'builtin:iris'}\nblend: [{}]\n"
    (one,) = problems(text, "blend.0.model.dropout=2")
    assert 'override "blend.0.model.dropout=2": blend.0: model.dropout: 2 is not below 1' == one


def test_a_key_of_the_file_that_does_not_go_with_an_entry_names_the_entry():
    text = "data: {source: 'builtin:iris'}\nmodel: {hidden: [8]}\nblend:\n  - model: {layers: [{units: 4}]}\n"
    (one,) = problems(text)
    assert one.startswith("blend.yaml:4: blend.0: blend.yaml:2: model.hidden: given beside layers")


def test_entries_that_are_commented_out_are_none():
    assert 1 == len(networks_of(loaded("data: {source: 'builtin:iris'}\nblend:\n#  - recipe: mlp\n")))


@pytest.mark.parametrize("value", ["3", "{model: {}}", "[3]", "[[]]"])
def test_a_blend_is_a_list_of_blocks(value):
    with pytest.raises(SpecError, match=r"blend: .* is not a list of blocks of keys"):
        loaded(f"data: {{source: 'builtin:iris'}}\nblend: {value}\n")


def resolved(one):
    return read_and_resolve(resolve(one.experiment))[0]


@pytest.mark.parametrize(
    "entry",
    [
        "{}",
        "recipe: mlp_plr",
        "recipe: realmlp",
        "recipe: tabm",
        "recipe: none",
        "{optimizer: {name: momentum, momentum: 0.5, learning_rate: 0.1}}",
        "{model: {layers: [{units: 5, activation: tanh}, {units: 4}]}}",
        "{schedule: cosine, training: {early_stopping: null, batch_size: 16}}",
        "{loss: {name: cross_entropy, label_smoothing: 0.1}}",
        "{data: {scaling: robust, one_hot_up_to: 3, target_scaling: none}}",
        "{model: {seed: 5}, training: {order_seed: 6}}",
    ],
)
@pytest.mark.parametrize("own", ["mlp", "realmlp", "none"])
def test_what_differs_makes_the_other_network_of_the_resolved_file(own, entry):
    text = f"recipe: {own}\ndata: {{source: 'builtin:penguins', folds: {{count: 3, take: 1}}}}\nblend: [{entry}]\n"
    first, second = (resolved(one) for one in networks_of(loaded(text)))
    whole = first.model_copy(update={"blend": [blend_entry(first, second)]})
    again = [resolved(one) for one in networks_of(loaded(to_yaml(whole)))]
    assert [to_yaml(first), to_yaml(second)] == [to_yaml(one) for one in again]


def test_the_file_alone_has_no_other_networks_and_says_so():
    alone = without_blend(loaded(FILE))
    assert [] == alone.experiment.blend
    assert "blend: 2 networks left out; this is about that of the file itself" in alone.notes[-1]
    assert 1 == len(networks_of(alone))
    plain = loaded("data: {source: 'builtin:iris'}\n")
    assert plain is without_blend(plain)


def test_the_keys_of_an_entry_are_keys_of_the_file():
    assert set(OWN_KEYS) <= set(fields_of(Experiment))


def test_a_shown_experiment_has_its_entries_in_full(tmp_path):
    file = tmp_path / "blend.yaml"
    file.write_text(FILE)
    shown = resolved_experiment(file).experiment
    embedding, descent = shown.blend
    assert "periodic" == embedding["model"]["embeddings"]["name"]
    assert "sgd" == descent["optimizer"]["name"]
    assert set(descent["optimizer"]) == set(
        type(networks_of(loaded(FILE))[2].experiment.optimizer).model_fields
    )
    file.write_text(dump(shown.model_dump()))
    assert shown == resolved_experiment(file).experiment
