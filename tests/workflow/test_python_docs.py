"""Every example of docs/python.md runs as it is, and what stands behind an arrow is what comes out."""

import ast
import doctest
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import CONFIGS, ROOT

PAGE = ROOT / "docs" / "python.md"
ARROW = "# → "


def blocks() -> list[tuple[int, str]]:
    """The Python blocks of the page, each with the line before it."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, block.start()) + 1, block[1]) for block in found]


def run(code: str, first: int, names: dict[str, Any]) -> int:
    """Run a block statement by statement; returns how many results were compared."""
    lines, compared = code.splitlines(), 0
    for statement in ast.parse(code).body:
        last = statement.end_lineno or statement.lineno
        place = f"{PAGE.name}:{first + statement.lineno}"
        _, arrow, expected = lines[last - 1].partition(ARROW)
        if isinstance(statement, ast.Expr):
            value = eval(compile(ast.Expression(statement.value), place, "eval"), names)
            if arrow:
                assert expected == repr(value), place
                compared += 1
        else:
            assert not arrow, f"{place}: only an expression has a value"
            exec(compile(ast.Module([statement], []), place, "exec"), names)
    return compared


def test_the_examples_run_and_give_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CONFIGS, tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "docs"}
    compared = sum(run(code, first, names) for first, code in blocks())
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
