"""`recipe: NAME`: what it fills in, what stays the file's, what the data decide, and how errors name it."""

from typing import ClassVar

import pytest

from nettrain.catalogue.optimizers import optimizers
from nettrain.errors import SpecError
from nettrain.experiment.document import Document, parse
from nettrain.experiment.load import LoadedExperiment, from_document, load, to_yaml, validate
from nettrain.experiment.overrides import Change
from nettrain.experiment.recipe_for_data import facts_of
from nettrain.experiment.recipes import DataFacts, NamedRecipe, recipes
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from tests.trained import prepared

IRIS = "data: {source: builtin:iris}\n"
OURS = """\
recipe: ours
data: {source: builtin:iris}
"""


class Ours(NamedRecipe):
    """A recipe of the tests."""

    settings: ClassVar = {
        "data": {"scaling": {"name": "minmax"}},
        "model": {"hidden": [7, 5], "activation": {"name": "elu", "alpha": 0.5}, "dropout": 0.25},
        "optimizer": {"name": "adamw", "learning_rate": 0.03, "groups": {"bias": {"learning_rate": 0.5}}},
        "schedule": {"name": "cosine"},
        "training": {"epochs": 9, "batch_size": 32, "early_stopping": {"patience": 4, "min_delta": 0.5}},
    }
    follows_data: ClassVar = (
        "model.activation",
        "loss",
        "optimizer.learning_rate",
        "training.batch_size",
        "training.early_stopping.monitor",
    )

    @classmethod
    def for_data(cls, facts):
        if facts.targets == "numbers":
            return {"optimizer.learning_rate": 0.3, "model.activation": {"name": "mish"}}
        return {
            "loss": {"name": "cross_entropy", "label_smoothing": 0.1},
            "training.batch_size": facts.batch,
            "training.early_stopping.monitor": facts.chosen_by,
        }


@pytest.fixture(autouse=True, scope="module")
def _ours():
    """The recipe `ours` beside the others."""
    recipes.register("ours")(Ours)
    Experiment.model_rebuild(force=True)
    yield
    del recipes._entries["ours"]
    Experiment.model_rebuild(force=True)


def loaded(text: str, *overrides: str) -> LoadedExperiment:
    return from_document(parse(text, "f"), overrides)


def experiment(text: str, *overrides: str) -> Experiment:
    return loaded(text, *overrides).experiment


def with_data(text: str, *overrides: str) -> Experiment:
    spec = resolve(experiment(text, *overrides))
    return resolve_with_data(spec, prepared(spec))


def errors(text: str, *overrides: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        loaded(text, *overrides)
    return caught.value.problems


def test_a_file_without_a_recipe_is_as_before():
    plain = experiment(IRIS)
    assert (
        {"name": "none"}
        == plain.recipe.model_dump()
        == experiment(f"recipe: none\n{IRIS}").recipe.model_dump()
    )
    assert plain == experiment(f"recipe: none\n{IRIS}")
    assert ([64, 32], "adam") == (plain.model.hidden, plain.optimizer.name)


def test_it_fills_in_what_the_file_leaves_out():
    one = experiment(OURS)
    written = validate(
        parse(
            "data: {source: builtin:iris, scaling: minmax}\n"
            "model: {hidden: [7, 5], activation: {name: elu, alpha: 0.5}, dropout: 0.25}\n"
            "optimizer: {name: adamw, learning_rate: 0.03, groups: {bias: {learning_rate: 0.5}}}\n"
            "schedule: cosine\n"
            "training: {epochs: 9, batch_size: 32, early_stopping: {patience: 4, min_delta: 0.5}}\n",
            "f",
        )
    )
    assert written == one.model_copy(update={"recipe": written.recipe})


def test_what_the_file_gives_is_the_files():
    one = experiment(
        OURS + "model: {hidden: [3]}\noptimizer: {weight_decay: 0.1, groups: {scale: {weight_decay: 1.0}}}\n"
        "training: {early_stopping: {patience: 8}}\n"
    )
    assert ([3], 0.25, "elu") == (one.model.hidden, one.model.dropout, one.model.activation.name)
    assert ("adamw", 0.03, 0.1) == (
        one.optimizer.name,
        one.optimizer.learning_rate,
        one.optimizer.weight_decay,
    )
    assert {"scale", "bias"} <= {key for key, group in one.optimizer.groups.model_dump().items() if group}
    assert (8, 0.5) == (one.training.early_stopping.patience, one.training.early_stopping.min_delta)


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        ("optimizer: sgd\n", optimizers["sgd"]().learning_rate),
        ("optimizer: {name: sgd}\n", optimizers["sgd"]().learning_rate),
        ("optimizer: adamw\n", 0.03),
        ("optimizer: {name: adamw}\n", 0.03),
    ],
)
def test_another_variant_drops_the_settings_of_its_block(optimizer, rate):
    one = with_data(OURS + optimizer)
    assert rate == one.optimizer.learning_rate
    assert one.optimizer == with_data(OURS, optimizer.replace(": ", "=", 1).strip()).optimizer
    assert ("optimizer.learning_rate" in experiment(OURS + optimizer).recipe.open) is (rate == 0.03)


def test_null_and_other_values_of_a_block_are_the_files():
    assert experiment(OURS + "training: {early_stopping: null}\n").training.early_stopping is None
    assert experiment(OURS, "training.early_stopping=null").training.early_stopping is None


def test_layers_one_by_one_take_the_place_of_widths():
    one = experiment(OURS + "model: {layers: [{units: 4}, {units: 2, dropout: 0.0}]}\n")
    assert [(4, 0.25, "elu"), (2, 0.0, "elu")] == [
        (layer.units, layer.dropout, layer.activation.name) for layer in one.model.layers
    ]


def test_without_validation_rows_nothing_stops_early():
    one = with_data("recipe: ours\ndata: {source: builtin:iris, validation: 0}\n")
    assert (None, 9) == (one.training.early_stopping, one.training.epochs)
    folds = experiment("recipe: ours\ndata: {source: builtin:iris, folds: 3}\n")
    assert folds.training.early_stopping.patience == 4


def test_overrides_change_it():
    one = experiment(
        IRIS, "model.hidden.1=2", "optimizer.weight_decay=0.5", "schedule.warmup=2", "recipe=ours"
    )
    assert ([7, 2], "adamw", 0.03, 0.5, "cosine", 2) == (
        one.model.hidden,
        one.optimizer.name,
        one.optimizer.learning_rate,
        one.optimizer.weight_decay,
        one.schedule.name,
        one.schedule.warmup,
    )


def test_an_override_may_drop_the_recipe():
    assert experiment(OURS, "recipe=none") == experiment(IRIS)


def test_what_depends_on_the_data():
    iris, sine = with_data(OURS), with_data("recipe: ours\ndata: {source: 'synthetic:sine'}\n")
    assert (0.03, 0.3) == (iris.optimizer.learning_rate, sine.optimizer.learning_rate)
    assert ("elu", "mish") == (iris.model.activation.name, sine.model.activation.name)
    assert (("cross_entropy", 0.1), ("mse", 0.0)) == tuple(
        (one.loss.name, one.loss.label_smoothing) for one in (iris, sine)
    )
    assert ("val_accuracy", "val_loss") == tuple(one.training.early_stopping.monitor for one in (iris, sine))
    assert (64, 32) == (iris.training.batch_size, sine.training.batch_size)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("optimizer.learning_rate=0.5", (0.5, "mish", "val_loss")),
        ("model.activation=tanh", (0.3, "tanh", "val_loss")),
        ("model.activation.alpha=0.75", (0.3, "elu", "val_loss")),
        ("training.early_stopping.monitor=val_mae", (0.3, "mish", "val_mae")),
    ],
)
def test_the_data_decide_nothing_that_the_file_gives(override, expected):
    key, _, value = override.partition("=")
    lines = [f"{'  ' * depth}{part}:" for depth, part in enumerate(key.split("."))]
    text = "recipe: ours\ndata: {source: 'synthetic:sine'}\n"
    for one in (with_data(text, override), with_data(f"{text}{chr(10).join(lines)} {value}\n")):
        assert expected == (
            one.optimizer.learning_rate,
            one.model.activation.name,
            one.training.early_stopping.monitor,
        )


def test_a_block_that_is_switched_off_stays_off():
    assert with_data(OURS, "training.early_stopping=null").training.early_stopping is None


def test_its_facts():
    spec = resolve(experiment("data: {source: builtin:penguins, target: species, validation: 44}\n"))
    assert DataFacts("classes", 344 - 44, 4, 2) == facts_of(prepared(spec))


@pytest.mark.parametrize(
    ("rows", "batch"),
    [
        *((1, "full"), (63, "full"), (64, 64), (1_024, 64), (1_025, 128), (8_192, 128), (8_193, 256)),
        *((30_000, 256), (30_001, 512), (100_000, 512), (100_001, 1_024)),
    ],
)
def test_the_batch_by_rows(rows, batch):
    assert batch == DataFacts("classes", rows, 1, 0).batch


FEW_OF_CLASSES = {
    "optimizer.learning_rate": 0.0003,
    "model.dropout": 0.3,
    "training.early_stopping.patience": 60,
}


@pytest.mark.parametrize("name", ["mlp", "mlp_plr"])
@pytest.mark.parametrize(
    ("targets", "rows", "expected"),
    [
        ("classes", 1_024, FEW_OF_CLASSES),
        ("labels", 1_024, FEW_OF_CLASSES),
        ("numbers", 1_024, {"training.early_stopping.patience": 60}),
        ("classes", 1_025, {}),
    ],
)
def test_perceptrons_are_patient_with_few_rows_and_take_small_steps_to_classes(name, targets, rows, expected):
    facts = DataFacts(targets, rows, 1, 0)
    assert {**expected, "training.batch_size": facts.batch} == recipes[name].for_data(facts)


def test_config_yaml_is_whole_and_needs_no_recipe(tmp_path, monkeypatch):
    one = with_data(OURS, "model.dropout=0.5")
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(one))
    assert "recipe:\n  name: ours\n  open: []\n" in file.read_text()
    monkeypatch.setattr(Ours, "settings", {"model": {"residual": True}, "loss": {"name": "mse"}})
    again = load(file).experiment
    assert one == again == resolve_with_data(again, prepared(again))


def test_what_is_shown_without_data_waits_for_them(tmp_path):
    file = tmp_path / "shown.yaml"
    file.write_text(to_yaml(resolve(experiment(OURS, "model.activation=tanh"))))
    kept = load(file).experiment
    assert [key for key in Ours.follows_data if key != "model.activation"] == kept.recipe.open
    assert with_data(OURS, "model.activation=tanh") == resolve_with_data(kept, prepared(kept))


@pytest.mark.parametrize("key", ["recipe", "recipe.name"])
def test_another_recipe_is_refused_where_one_is_written_out(key, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(with_data(OURS)))
    with pytest.raises(SpecError, match="the settings of its recipe are written out in this file"):
        load(file, [f"{key}=none"])


def test_changes_of_a_search_name_a_recipe():
    changed, _ = loaded(IRIS).with_changes(
        [Change("recipe", "ours", "f:7"), Change("model.hidden.0", 1, "f:8")]
    )
    assert ("adamw", [1, 5]) == (changed.experiment.optimizer.name, changed.experiment.model.hidden)


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        (
            f"recipe: our\n{IRIS}",
            (),
            'f:1: recipe: unknown "our", did you mean "ours"?',
        ),
        (
            f"{IRIS}recipe: ours\nmodel:\n  dropout: 2\n",
            (),
            "f:4: model.dropout: 2 is not below 1",
        ),
        (
            f"recipe: ours\n{IRIS}optimizer: adm\n",
            (),
            'f:3: optimizer: unknown "adm", did you mean "adam"?',
        ),
        (
            f"{IRIS}recipe: ours\ntraining: {{snapshots: 3}}\n",
            (),
            "f:3: training.snapshots: 3 does not go with early_stopping: choose one",
        ),
        (
            f"{IRIS}recipe: ours\noptimizer: lbfgs\nbackend: {{dtype: float64}}\ntraining: {{batch_size: full}}\n",
            (),
            "f:2: recipe ours: schedule: lbfgs has no learning rate to change",
        ),
        (
            IRIS,
            ("recipe=ours", "optimizer=lbfgs", "backend.dtype=float64", "training.batch_size=full"),
            'override "recipe=ours": recipe ours: schedule: lbfgs has no learning rate to change',
        ),
        (
            f"recipe: {{name: ours, open: [model.size]}}\n{IRIS}",
            (),
            'f:1: recipe.open: "model.size" does not follow from the data (allowed: model.activation, loss,'
            " optimizer.learning_rate, training.batch_size, training.early_stopping.monitor)",
        ),
    ],
)
def test_errors_name_the_line_that_is_to_blame(text, overrides, message):
    assert message in errors(text, *overrides)


def test_errors_of_values_without_lines_blame_no_recipe():
    values = {"recipe": "ours", "data": {"source": "builtin:irs"}, "optimizer": {"beta1": 2.0}}
    with pytest.raises(SpecError) as caught:
        from_document(Document(values))
    assert ["data.source", "optimizer.beta1"] == [line.partition(":")[0] for line in caught.value.problems]


def test_errors_with_the_data_name_the_recipe():
    one = loaded(f"{IRIS}recipe: ours\n")
    with (
        pytest.raises(SpecError, match=r"^f:2: recipe ours: training\.epochs: too few$"),
        one.locating_errors(),
    ):
        raise SpecError("training.epochs: too few")
