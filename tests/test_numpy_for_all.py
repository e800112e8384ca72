"""Where a GPU answers, ordinary tests are NumPy's all the same, in this process and in those they start."""

import json
import os
import sys

import pytest

from nettrain.backend.choose import PREFERRED, BackendChoice, choose_backend
from tests.cli.command import COMMAND, CONFIGS, ROOT, ended
from tests.fake_cupy.module import in_place_of_cupy

JSON_OUTPUTS = """import sys
from tests.fake_cupy.module import modules
sys.modules.update(modules())
"""
ASK = (
    sys.executable,
    "-c",
    "from nettrain.backend.choose import choose_backend; print(choose_backend('auto').name)",
)


def test_in_this_process(monkeypatch):
    with in_place_of_cupy():
        assert BackendChoice("numpy", "NETTRAIN_AUTO=numpy") == choose_backend("auto")
        monkeypatch.delenv(PREFERRED)
        assert "cupy" == choose_backend("auto").name


@pytest.fixture
def path(tmp_path):
    """Where a process imports from, so that CuPy is there and answers."""
    (tmp_path / "cupy.py").write_text(JSON_OUTPUTS)
    return os.pathsep.join([str(tmp_path), str(ROOT)])


def test_in_a_process_that_a_test_starts(tmp_path, path):
    command = [*COMMAND, "train", str(CONFIGS / "iris.yaml"), "training.epochs=1", "--no-figures", "--json"]
    done = ended(command, tmp_path, PYTHONPATH=path)
    assert 0 == done.code, done.err
    assert "numpy" == json.loads(done.out)["environment"]["backend"]
    free = ended([*ASK], tmp_path, PYTHONPATH=path, NETTRAIN_AUTO="")
    assert "cupy\n" == free.out, free.err


@pytest.mark.gpu
def test_those_that_need_a_gpu_see_what_a_user_sees():
    with in_place_of_cupy():
        assert "cupy" == choose_backend("auto").name
