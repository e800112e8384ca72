"""Numbers without end in an experiment file: what they would take is said before it is taken."""

import pytest

import nettrain
from nettrain.backend import host_memory
from nettrain.errors import NettrainError
from nettrain.training import memory_need
from tests.cli.command import inside

TEXT = """experiment: e
data: {source: builtin:iris}
model: {hidden: [8, 4]}
training: {epochs: 1, batch_size: 50}
sweep:
  trials: 2
  parameters: {optimizer.learning_rate: {min: 0.001, max: 0.1}}
"""
HUGE = 2**63


@pytest.mark.parametrize(
    ("command", "override", "code", "said"),
    [
        ("train", f"training.repeat={HUGE}", 4, "training.repeat: 9,223,372,036,854,775,808 networks take at least"),
        ("train", f"training.ensemble={HUGE}", 4, "training.ensemble: 9,223,372,036,854,775,808 networks take"),
        ("train", f"model.hidden=[{HUGE}]", 4, "model.hidden: training the network takes at least"),
        ("train", "model.hidden=[1000000,1000000]", 4, "model.hidden: training the network takes at least 20.0 TB"),
        ("train", f"model.sub_members={HUGE}", 4, "model.hidden: training the network takes at least"),
        ("train", f"training.batch_size={HUGE}", 3, "is more than the 127 training rows; write full"),
        ("lr-find", f"model.hidden=[{HUGE}]", 4, "model.hidden: training"),
        ("gradcheck", f"model.hidden=[{HUGE}]", 4, "model.hidden: training"),
        ("train", f"backend.threads={10**30}", 2, "is not a whole number from 1 to 1024, or auto"),
        ("sweep", f"sweep.trials={HUGE}", 2, "sweep.trials: 9,223,372,036,854,775,808 trials take at least 92.2 ZB"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_it_is_taken(tmp_path, command, override, code, said):
    (tmp_path / "e.yaml").write_text(TEXT)
    done = inside(tmp_path, command, "e.yaml", override)
    assert (code, 1) == (done.code, done.err.count("\n"))
    assert said in done.err
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.parametrize(
    ("free", "override", "key"),
    [
        (40_000, "training.repeat=100", "training.repeat"),
        (40_000, "training.ensemble=100", "training.ensemble"),
        (10_000, "training.batch_size=100", "training.batch_size"),
        (1_000, "training.batch_size=100", "model.hidden"),
    ],
)
def test_the_setting_to_lower_is_that_which_helps(tmp_path, monkeypatch, free, override, key):
    monkeypatch.setattr(memory_need, "obtainable_memory", lambda: free)
    (tmp_path / "e.yaml").write_text(TEXT)
    done = inside(tmp_path, "train", "e.yaml", override)
    assert f" {key}: training " in done.err


def test_a_limit_of_the_process_counts(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (10**12, 10**12))
    taken = host_memory._field(host_memory.STATUS, "VmSize")
    assert 0 < taken < 10**12
    assert abs(host_memory._left_of_address_space() - (10**12 - taken)) < 1 << 30


def test_an_error_names_the_line(tmp_path):
    (tmp_path / "e.yaml").write_text(TEXT.replace("[8, 4]", "[1000000, 1000000]"))
    with pytest.raises(
        NettrainError, match=r"e\.yaml:3: model\.hidden: training the network takes at least 20"
    ):
        nettrain.train(tmp_path / "e.yaml", out=tmp_path)


GRIDS = {
    "{training.batch_size: {min: 1, max: 1000000000000}}": "1,000,000,000,000",
    "{optimizer.beta1: {distribution: q_uniform, min: 0, max: 0.5, q: 1.0e-15}}": "500,000,000,000,000",
}


@pytest.mark.parametrize("parameters", GRIDS)
def test_a_grid_is_counted_not_listed(tmp_path, parameters):
    started = TEXT.index("sweep:")
    text = TEXT[:started] + f"sweep:\n  method: grid\n  parameters: {parameters}\n"
    (tmp_path / "e.yaml").write_text(text)
    done = inside(tmp_path, "sweep", "e.yaml")
    assert (
        f"e.yaml:5: sweep.trials: a grid of {GRIDS[parameters]} combinations or more takes at least"
        in done.err
    )
    assert (2, 1) == (done.code, done.err.count("\n"))
    done = inside(tmp_path, "sweep", "e.yaml", "sweep.trials=1", "training.epochs=1")
    assert 0 == done.code, done.err
