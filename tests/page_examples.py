"""The examples of a page of the documentation, run as they are."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ARROW = "# → "  # behind an expression, what its value is


@dataclass(frozen=True)
class Example:
    """A block of code: its language, the file that it is said to be, and its place, page and line before it."""

    language: str
    file: str
    code: str
    page: str
    line: int

    def run(self, names: dict[str, Any]) -> int:
        """Run Python statement by statement; returns how many results were compared."""
        lines, compared = self.code.splitlines(), 0
        for statement in ast.parse(self.code).body:
            last = statement.end_lineno or statement.lineno
            place = f"{self.page}:{self.line + statement.lineno}"
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


def examples(page: Path) -> Iterator[Example]:
    """The blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\w*)(?: file=(\S+))?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, found.start()) + 1
        yield Example(found[1], found[2] or "", found[3], page.name, line)
