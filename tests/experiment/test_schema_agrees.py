"""The schema and the program agree on keys and words, in files that are changed at random."""

import copy
import random

import pytest
import yaml
from jsonschema import Draft202012Validator

from nettrain.errors import DataError, SpecError
from nettrain.experiment.document import Document, dump, parse
from nettrain.experiment.load import from_document, validate
from nettrain.experiment.reference.kinds import REGISTRIES
from nettrain.experiment.reference.schema import experiment_schema
from nettrain.sweep.search_space import SearchSpace
from tests.cli.command import CONFIGS

VALIDATOR = Draft202012Validator(experiment_schema())
START = {"data": {"source": "builtin:iris"}}
FILES = [yaml.safe_load(file.read_text()) for file in sorted(CONFIGS.rglob("*.yaml"))]
KEYS = sorted(
    {
        *(
            "lr",
            "epochs",
            "batch_size",
            "hidden",
            "dropout",
            "name",
            "units",
            "seed",
            "momentum",
            "learning_rate",
        ),
        *(
            "monitor",
            "patience",
            "parameters",
            "metric",
            "method",
            "trials",
            "source",
            "target",
            "scaling",
            "l2",
        ),
        *("activation", "init", "norm", "factor", "beta1", "gamma", "delta", "duration", "optimizer", "loss"),
    }
)
WORDS = sorted(
    {"auto", "none", "full", "true", "bayes", "grid", "val_loss", "val_acc", "x", "all", "sum", "mean"}
)
WORDS += sorted({name for registry in REGISTRIES.values() for name in registry})


def refused(values):
    """The program's problems with keys and words, and whether it has any others."""
    document = Document(copy.deepcopy(values))
    try:
        validate(document)
        loaded = from_document(document)
        if loaded.experiment.sweep is not None:
            SearchSpace(loaded).trials(1)
    except (SpecError, DataError) as error:
        lines = [line for line in str(error).splitlines() if "unknown" in line or "is for outputs" in line]
        # the schema does not hold what the keys of a search may be
        return [line for line in lines if line.partition(":")[0] not in searched(values)], True
    return [], False


def searched(values):
    """The keys that the file's sweep searches."""
    sweep = values.get("sweep") if isinstance(values, dict) else None
    parameters = sweep.get("parameters") if isinstance(sweep, dict) else None
    return [*parameters] if isinstance(parameters, dict) else []


def complaints(values):
    return [error.message[:200] for error in VALIDATOR.iter_errors(values)]


def blocks(value):
    """Every block of keys in a file, the outermost first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from blocks(inner)


def changed(values, draw):
    """A file with one key renamed, added or moved, or one value replaced by a word."""
    values = copy.deepcopy(values)
    block = draw.choice([*blocks(values)])
    kind = draw.choice(["rename", "add", "word", "move"])
    if kind == "add" or not block:
        block[draw.choice(KEYS)] = draw.choice([0.5, 3, "x", True, *WORDS])
    elif kind == "rename":
        key = draw.choice([*block])
        block[draw.choice(KEYS)] = block.pop(key)
    elif kind == "move":
        draw.choice([*blocks(values)]).update({key: block[key] for key in [draw.choice([*block])]})
    else:
        block[draw.choice([*block])] = draw.choice(WORDS)
    return parse(dump(values), "changed").values if not recursive(values) else START


def recursive(values):
    """Whether a block has come to hold itself."""
    try:
        dump(values)
        copy.deepcopy(values)
        repr(values).index("...")
    except ValueError:
        return False
    except RecursionError:
        return True
    return True


@pytest.mark.parametrize("seed", range(3))
def test_what_the_program_refuses_and_accepts_so_does_the_schema(seed):
    draw = random.Random(seed)
    wrong = 0
    for _ in range(300):
        values = changed(draw.choice([START, *FILES]), draw)
        problems, any_problem = refused(values)
        found = complaints(values)
        wrong += bool(problems)
        if problems:
            assert found, (values, problems)
        elif not any_problem:
            assert [] == found, values
    assert wrong > 60  # or the changes are no test
