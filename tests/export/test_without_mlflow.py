"""Without MLflow's client, the one option that needs it says so."""

import importlib.util

from nettrain.export import mlflow_store
from tests.cli.command import inside
from tests.export.test_tensorboard_training import SPEC


def test_what_to_install_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "iris.yaml").write_text(SPEC)
    train = ("train", "iris.yaml", "training.epochs=1", "--quiet", "--no-figures")
    assert 0 == inside(tmp_path, *train).code
    found = importlib.util.find_spec
    monkeypatch.setattr(mlflow_store, "find_spec", lambda name: None if name == "mlflow" else found(name))
    done = inside(tmp_path, "export", "runs/iris", "--mlflow", "store")
    line = '--mlflow: MLflow\'s client is not installed: pip install "nettrain[mlflow]"\n'
    assert (2, "", line) == (done.code, done.out, done.err)
    assert not (tmp_path / "store").exists()
