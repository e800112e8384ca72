"""Every example of docs/python.md runs as it is, and what stands behind an arrow is what comes out."""

import doctest
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import CONFIGS, ROOT
from tests.page_examples import ARROW, examples

PAGE = ROOT / "docs" / "python.md"


def test_the_examples_run_and_give_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CONFIGS, tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "docs"}
    compared = sum(one.run(names) for one in examples(PAGE) if one.language == "python")
    assert compared == PAGE.read_text(encoding="utf-8").count(ARROW) > 20


def test_the_page_names_all_that_is_public() -> None:
    import nettrain

    text = PAGE.read_text(encoding="utf-8")
    unnamed = {name for name in nettrain.__all__ if not re.search(rf"\b{name}\b", text)}
    assert set() == unnamed


@pytest.mark.parametrize("name", ["train", "run", "gradcheck"])
def test_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(f"nettrain.workflow.{name}"))
    assert (0, True) == (result.failed, result.attempted > 1)
