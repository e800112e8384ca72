"""The bounds of dependencies are versions that pip can be held to."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_dependency_has_an_oldest_version():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/oldest"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert [] == [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==\d+(\.\d+)*", line)]
    held = {line.split("==")[0] for line in lines}
    assert len(held) == len(lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set() == {re.split(r"[\[>=<]", one)[0] for one in project["dependencies"]} - held
