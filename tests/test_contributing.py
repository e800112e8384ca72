"""What CONTRIBUTING.md shows works as it stands there, each in a file of its own, and what it names is there."""

import re
import sys

import pytest

from tests.cli.command import ROOT, copied_package, ended

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
HEADS = {
    "activations": (
        "catalogue/activations/example.py",
        "from nettrain.backend.base import Array, ArrayModule\n"
        "from nettrain.catalogue.activations.base import Activation, activations\n",
    ),
    "norms": (
        "model/layers/example.py",
        "from collections.abc import Sequence\nfrom typing import Any, ClassVar\n"
        "from nettrain.backend.base import Array, ArrayModule\n"
        "from nettrain.model.layers.base import Context, DefinitionContext, Layer, LearnedArray, norms\n",
    ),
}


def file(name):
    """A file or folder, named from the repository or from the package."""
    return next((path for path in (ROOT / name, ROOT / "nettrain" / name) if path.exists()), None)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package with the examples."""
    folder = copied_package(tmp_path_factory.mktemp("copy"))
    for registry, (path, head) in HEADS.items():
        (example,) = (text for text in EXAMPLES if text.startswith(f"@{registry}."))
        (folder / "nettrain" / path).write_text(f"{head}\n\n{example}", encoding="utf-8")
    return folder


def test_examples_pass_the_gradient_check(copy):
    check = ["gradcheck", ROOT / "configs" / "iris.yaml", "model.activation=squareplus", "model.norm=gain"]
    done = ended([sys.executable, "-m", "nettrain", *check], copy, PYTHONPATH=str(copy))
    assert (0, "") == (done.code, done.err)
    assert "gain" in done.out


def test_every_file_that_is_named_is_there():
    named = set(re.findall(r"`((?:\w+/)+(?:[\w.-]+)?)`", TEXT))
    assert len(named) > 30
    assert [] == sorted(name for name in named if not re.search("NAME|PART", name) and not file(name))


def test_every_table_is_in_the_file_that_is_named():
    named = re.findall(r"`([A-Z_]{3,})`(?: or `([A-Z_]+)`)? (?:and [\w ]+ )?(?:in|of) `([\w/]+\.py)`", TEXT)
    assert len(named) > 10
    for *tables, path in named:
        found = file(path).read_text(encoding="utf-8")
        missing = [table for table in tables if table and not re.search(rf"^{table}\b", found, re.MULTILINE)]
        assert [] == missing, path
