"""Commands start fast: they import only what they need."""

import json
import sys
from pathlib import Path

import pytest

from nettrain.cli.app import app
from tests.cli.command import ended

HEAVY = {"numba", "numpy", "scipy", "polars", "matplotlib", "pydantic", "safetensors", "yaml"}
# what runs only with pictures, folds, an open learning rate, or events
NOT_ASKED_FOR = {
    "nettrain.output.run_pictures",
    "nettrain.workflow.cross_validation",
    "nettrain.sweep.chunks",
    "nettrain.workflow.find_rate",
    "nettrain.workflow.tensorboard.live",
    "nettrain.output.drawing",
}
CODE = """
import json, sys
sys.argv = ["nettrain", *{arguments!r}]
from nettrain.cli.app import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
SPEC = """
experiment: started
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [8]}
training: {epochs: 2, batch_size: 16}
"""


def imported(folder: Path, *arguments: str) -> set[str]:
    """What a command has imported when it ends well."""
    done = ended([sys.executable, "-c", CODE.format(arguments=arguments)], folder)
    assert 0 == done.code, done.err
    return set(json.loads(done.err.splitlines()[-1]))


COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands]
ONE_BY_ONE = """
import json, sys
from nettrain.cli.app import main
found = {{}}
for arguments in {every!r}:
    before = {{*sys.modules}} if found else set()
    sys.argv = ["nettrain", *arguments]
    try:
        main()
    except SystemExit as end:
        assert not end.code
    found[" ".join(arguments)] = sorted({{*sys.modules}} - before)
print(json.dumps(found), file=sys.stderr)
"""


def test_help_needs_nothing_heavy(tmp_path):
    every = [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]
    done = ended([sys.executable, "-c", ONE_BY_ONE.format(every=every)], tmp_path)
    assert 0 == done.code, done.err
    found = {name: HEAVY & {*modules} for name, modules in json.loads(done.err.splitlines()[-1]).items()}
    assert [" ".join(arguments) for arguments in every] == list(found)
    typer_needs = {"pydantic"}  # for a command's own options
    assert {} == {name: heavy for name, heavy in list(found.items())[:2] if heavy}
    assert {} == {name: heavy - typer_needs for name, heavy in found.items() if heavy - typer_needs}


@pytest.mark.parametrize("arguments", [["list", "loss"], ["schema"], ["lessons"]])
def test_what_trains_nothing_draws_and_reads_no_tables(tmp_path, arguments):
    assert set() == {"matplotlib", "polars", "scipy.linalg", "scipy.special"} & imported(tmp_path, *arguments)


def test_training_imports_no_more_than_it_needs(tmp_path):
    """With machine code on disk, as from the second run on."""
    (tmp_path / "started.yaml").write_text(SPEC)
    command = ["train", "started.yaml", "--quiet", "--no-figures"]
    imported(tmp_path, *command)
    found = imported(tmp_path, *command)
    unneeded = {"matplotlib", "scipy.linalg", "scipy.special", "scipy.optimize", "scipy.stats", "pygments"}
    assert set() == (unneeded | {"numba"} | NOT_ASKED_FOR) & found
    assert {"llvmlite", "polars"} <= found


def test_variants_that_nobody_names_are_not_built(tmp_path):
    code = """
from nettrain.catalogue.optimizers import optimizers
from nettrain.experiment.document import parse
from nettrain.experiment.load import validate
validate(parse("data: {source: 'builtin:iris'}\\noptimizer: nesterov", "f"))
print(sorted(name for name, one in optimizers.items() if one.__pydantic_complete__))
"""
    done = ended([sys.executable, "-c", code], tmp_path)
    assert "['nesterov']\n" == done.out, done.err
