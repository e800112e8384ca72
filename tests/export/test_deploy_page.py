"""Every example of docs/deploy.md runs as it is, and what stands behind an arrow is what comes out."""

import importlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.command import CONFIGS, ROOT, inside
from tests.page_examples import ARROW, Example, examples

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = ROOT / "docs" / "deploy.md"
FLOWERS = "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n6.3,,6.0,2.5\n"


def commands(example: Example) -> str:
    """Run the commands of a block one after the other, in the current folder; returns what the last one prints."""
    if example.code.startswith("cc ") and not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    out = ""
    for line in example.code.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program == "nettrain":
            ended = inside(Path.cwd(), *arguments)
            assert ended.code == 0, ended.err
            out = ended.out
        else:
            own = sys.executable if program == "python" else program
            out = subprocess.run([own, *arguments], check=True, capture_output=True, text=True).stdout
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("deploy")
    shutil.copytree(CONFIGS, path / "configs")
    (path / "flowers.csv").write_text(FLOWERS)
    return path


@pytest.fixture
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)


@pytest.mark.usefixtures("_here")
def test_the_examples_run_and_give_what_they_say() -> None:
    names: dict[str, Any] = {"__name__": "docs"}
    compared, out = 0, ""
    for example in examples(PAGE):
        if example.file:
            Path(example.file).write_text(example.code)
        elif example.language == "python":
            compared += example.run(names)
        elif not example.language:
            out = commands(example)
        elif example.language == "text":
            assert example.code == out
    assert compared == PAGE.read_text(encoding="utf-8").count(ARROW) > 8


@pytest.mark.usefixtures("_here")
def test_the_server_predicts() -> None:
    pytest.importorskip("fastapi")
    serve = importlib.import_module("serve")
    rows = {name: [39.1, None] for name in json_columns(serve.session, "tensor(float)")}
    rows |= {name: ["Torgersen", None] for name in json_columns(serve.session, "tensor(string)")}
    answer = serve.predict(rows)
    assert [2, 2] == [len(answer[name]) for name in ("label", "probabilities")]
    np.testing.assert_allclose(np.sum(answer["probabilities"], axis=1), 1, rtol=1e-6)


def json_columns(session: Any, kind: str) -> list[str]:
    return [one.name for one in session.get_inputs() if one.type == kind]
