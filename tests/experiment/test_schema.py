"""The schema accepts every valid experiment file and refuses the usual mistakes, as the loader does."""

import pytest
from jsonschema import Draft202012Validator

from nettrain.catalogue.optimizers.base import RATE
from nettrain.cli.completion import (
    complete_file,
    complete_kind,
    complete_number,
    complete_override,
    complete_report,
    complete_run,
    complete_started_run,
)
from nettrain.errors import SpecError
from nettrain.experiment.document import parse
from nettrain.experiment.load import from_document, validate
from nettrain.experiment.reference.kinds import REGISTRIES
from nettrain.experiment.reference.schema import experiment_schema
from nettrain.sweep.search_space import SearchSpace
from tests.cli.command import CONFIGS

SCHEMA = experiment_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
START = "data: {source: builtin:iris}\n"
RIGHT = [
    "",
    "optimizer: adam",
    "optimizer: {name: sgd, learning_rate: 0.1}",
    "optimizer: {learning_rate: 0.1}",
    "schedule: {name: cosine, warmup: 0.1}",
    "schedule: {warmup: 3}",
    "loss: auto",
    "training: {batch_size: full, early_stopping: {monitor: val_accuracy}}",
    "model: {hidden: [], init: {scale: 2}, output_activation: tanh}",
    "schedule: {name: plateau, monitor: val_accuracy}",
    "training: {target: {val_accuracy: 0.9}}",
    "sweep: {method: grid, parameters: {optimizer.learning_rate: {values: [0.1, 0.01]}}}",
    "sweep: {metric: val_accuracy, constraints: {parameters: {at_most: 9}, val_loss: {at_least: 0.1}}, parameters: {seed: {value: 1}}}",
    "sweep: {metric: [val_accuracy, parameters, {name: seconds_per_epoch}], parameters: {seed: {value: 1}}}",
    "sweep: {metric: {name: val_accuracy}, parameters: {optimizer: {values: [sgd, adam]}, optimizer.beta1: {value: 0.9}}}",
    "sweep: {parameters: {model.dropout: {min: 0, max: 0.5}, seed: {distribution: int_uniform, min: 1, max: 3}}}",
    "sweep: {parameters: {optimizer: {parameters: {learning_rate: {min: 0.1, max: 0.5}}}}}",
    "sweep: {parameters: {model.hidden.0: {values: [3]}, optimizer.name: {values: [sgd]}}}",
    "model: {layers: [{units: 3}]}\nsweep: {parameters: {model.layers.0.activation: {values: [relu]}}}",
]
WRONG = [
    "optimiser: adam",
    "optimizer: adm",
    "optimizer: {name: sgd, beta1: 0.9}",
    "optimizer: {learning_rate: -1}",
    "optimizer: {name: adam, beta2: 1.0}",
    "schedule: {name: cosine, factor: 2}",
    "schedule: auto",
    "model: {hidden: [0]}",
    "model: {hidden: 3}",
    "model: {activation: {lambda: 2}}",
    "model: {dropout: 1}",
    "training: {epochs: 0}",
    "training: {batch_size: all}",
    "training: {early_stopping: {monitor: val_loos}}",
    "training: {diagnostics: 3}",
    "seed: -1",
    "seed: '1'",
    "optimizer: {lr: 0.1}",
    "optimizer: {name: adam, momentum: 0.9}",
    "schedule: {name: plateau, monitor: val_los}",
    "training: {target: {val_acuracy: 0.9}}",
    "model: {activation: softmax}",
    "model: {activation: {name: softmax}}",
    "model: {layers: [{units: 3, activation: softmax}]}",
    "sweep: {method: bayse, parameters: {seed: {value: 1}}}",
    "sweep: {parameters: {seed: {values: []}}}",
    "sweep: {metric: parameters, parameters: {seed: {value: 1}}}",
    "sweep: {metric: [parameters, val_loss], parameters: {seed: {value: 1}}}",
    "sweep: {metric: [], parameters: {seed: {value: 1}}}",
    "sweep: {constraints: {params: {at_most: 1}}, parameters: {seed: {value: 1}}}",
    "sweep: {constraints: {parameters: {}}, parameters: {seed: {value: 1}}}",
    "sweep: {constraints: {parameters: 5}, parameters: {seed: {value: 1}}}",
    "sweep: {parameters: {seed: {distribution: unifrom, min: 0, max: 1}}}",
    "sweep: {parameters: {model.dropout: {min: 0}}}",
    "sweep: {parameters: {model.dropout: {min: 0, max: 1, step: 2}}}",
    "sweep: {parameters: {model.dropout: 0.5}}",
    "sweep: {parameters: {model.dropout: {distribution: log_uniform, min: -3, max: -1}}}",
    "sweep: {parameters: {backend.threads: {values: [1, 2]}}}",
    "sweep: {parameters: {}}",
]
WRONG_SEARCHES = [
    "optimizer.lr: {values: [0.1]}",
    "lr: {values: [0.1]}",
    "model.layers.0.unit: {values: [3]}",
    "model.layers.units: {values: [3]}",
    "training.epoch: {values: [3]}",
]


def wrong(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(parse(text, "test").values)]


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", sorted(CONFIGS.rglob("*.yaml")), ids=lambda file: file.name)
def test_it_accepts_every_config(file):
    assert [] == wrong(file.read_text())


@pytest.mark.parametrize("line", RIGHT)
def test_it_accepts_what_the_loader_accepts(line):
    validate(parse(START + line, "test"))
    assert [] == wrong(START + line)


@pytest.mark.parametrize("line", WRONG)
def test_it_refuses_what_the_loader_refuses(line):
    with pytest.raises(SpecError):
        validate(parse(START + line, "test"))
    assert wrong(START + line)


@pytest.mark.parametrize("parameter", WRONG_SEARCHES)
def test_it_refuses_keys_that_cannot_be_searched(parameter):
    """Which the program refuses when it searches them."""
    text = f"{START}model: {{layers: [{{units: 2}}]}}\nsweep: {{parameters: {{{parameter}}}}}"
    with pytest.raises(SpecError):
        SearchSpace(from_document(parse(text, "test"))).trials(1)
    assert wrong(text)


@pytest.mark.parametrize("source", ["builtin:irs", "synthetic:moon", "builtin:"])
def test_it_refuses_unknown_sources(source):
    assert wrong(f"data: {{source: '{source}'}}")
    assert wrong(f"data: {{source: 'builtin:iris', test: '{source}'}}")


def test_it_accepts_paths_as_sources():
    assert [] == wrong("data: {source: ../rows.csv, validation: more.csv, test: 20}")


@pytest.mark.parametrize("order", ["random", "time", "{by: date}", "{by: 0}"])
def test_it_accepts_orders_of_rows(order):
    assert [] == wrong(f"data: {{source: rows.csv, order: {order}}}")


@pytest.mark.parametrize("order", ["tim", "{}", "{by: 0.5}", "{of: date}"])
def test_it_refuses_other_orders(order):
    assert wrong(f"data: {{source: rows.csv, order: {order}}}")


@pytest.mark.parametrize("key", ["optimizer", "schedule", "loss"])
def test_every_variant_can_be_chosen_by_name(key):
    names = SCHEMA["properties"][key]["anyOf"][0]["enum"]
    assert [] == [name for name in REGISTRIES[key] if name not in names]


def test_every_key_says_what_it_means():
    bare = []

    def walk(block, path):
        for name, field in block.get("properties", {}).items():
            if name != "name" and not {"description", "$ref"} & set(field):
                bare.append(f"{path}{name}")
            walk(field, f"{path}{name}.")
        for form in block.get("anyOf", []):
            walk(form, path)

    walk(SCHEMA, "")
    for name, block in SCHEMA["$defs"].items():
        walk(block, f"{name}.")
    assert [] == bare


def test_kinds_are_completed():
    assert ["loss"] == complete_kind("lo")
    assert [] == complete_kind("x")


def test_keys_are_completed_with_their_meaning():
    offers = dict(complete_override("training.ep"))
    assert {"training.epochs=": "passes over the training rows"} == offers
    assert {"optimizer.learning_rate=": RATE} == dict(complete_override("optimizer.learning"))
    assert ["seed="] == [key for key, _ in complete_override("se")]
    assert {"schedule=", "schedule.warmup="} <= {key for key, _ in complete_override("s")}


def test_numbers_of_a_range_test_are_completed():
    assert ["training.weight_decay"] == [key for key, _ in complete_number("training.w")]
    offers = {key for key, _ in complete_number("optimizer.")}
    assert {"optimizer.learning_rate", "optimizer.momentum"} <= offers
    assert "optimizer.name" not in offers


def test_values_are_completed():
    assert ["optimizer=sgd"] == [offer for offer, _ in complete_override("optimizer=sg")]
    assert ["backend.dtype=float32", "backend.dtype=float64"] == [
        offer for offer, _ in complete_override("backend.dtype=")
    ]
    assert ["training.shuffle=true"] == [offer for offer, _ in complete_override("training.shuffle=t")]


def test_files_and_runs_are_completed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("runs/iris/summary.json", "runs/iris-2/summary.json", "runs/else/notes", "a.yaml", "b.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert ["a.yaml", "runs/"] == complete_file("")
    assert ["a.yaml"] == complete_file("a")
    assert ["runs/iris", "runs/iris-2"] == complete_run("")
    assert ["runs/iris-2"] == complete_run("runs/iris-")
    (tmp_path / "runs/begun").mkdir()
    (tmp_path / "runs/begun/config.yaml").touch()
    assert ["runs/begun"] == complete_started_run("")
    assert [] == complete_run("runs/beg")
    (tmp_path / "sweeps/search").mkdir(parents=True)
    (tmp_path / "sweeps/search/journal.jsonl").touch()
    assert ["runs/begun", "sweeps/search"] == complete_report("")
    assert ["sweeps/search"] == complete_report("sweeps/s")
