"""What is compared: files, folders, mappings and runs; words of a command that are none of these."""

import re

import pytest

import nettrain
from nettrain.errors import SpecError
from nettrain.workflow.comparison.sources import find_sources, split_arguments, varied_values

SPEC = "data: {source: builtin:iris}\ntraining: {epochs: 2}\nmodel: {hidden: [3]}\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lesson").mkdir()
    for name in ("b.yaml", "a.yml"):
        (tmp_path / "lesson" / name).write_text(f"experiment: {name[0]}\n{SPEC}")
    (tmp_path / "lesson" / "notes.txt").write_text("text")
    return tmp_path


def names(*sources, **arguments):
    return [source.name for source in find_sources(sources, **arguments)]


def test_a_folder_stands_for_the_experiments_in_it(files):
    assert ["lesson/a.yml", "lesson/b.yaml"] == names("lesson")
    assert ["lesson/b.yaml", "lesson/a.yml", "lesson/b.yaml"] == names("lesson/b.yaml", "lesson")


def test_runs_and_folders_of_runs_are_read(files):
    first = nettrain.train("lesson/b.yaml", folder="runs/one")
    nettrain.train("lesson/a.yml", folder="runs/two")
    assert ["runs/one", "runs/two"] == names("runs")
    found = find_sources(["runs/two", first, "lesson/b.yaml"])
    assert [True, True, False] == [source.run is not None for source in found]
    with pytest.raises(SpecError, match=r'^"seed=1": a run is read, not trained: runs/two stays as it is$'):
        find_sources(["lesson/b.yaml", "runs/two"], ["seed=1"])
    (files / "runs/two/summary.json").unlink()
    with pytest.raises(SpecError, match=r"runs/two: not a finished run, summary.json is missing"):
        find_sources(["runs/two"])


def test_a_sweep_stands_for_its_best_trial(files):
    spec = {"data": {"source": "builtin:iris"}, "training": {"epochs": 1},
            "sweep": {"method": "grid", "parameters": {"optimizer.learning_rate": {"values": [0.1, 1e-9]}}}}  # fmt: skip
    nettrain.sweep(spec, folder="sweeps/s", jobs=1)
    assert ["sweeps/s/best.yaml"] == names("sweeps/s")


def test_a_sweep_without_a_best_trial_is_no_experiment(files):
    folder = files / "sweeps" / "begun"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").touch()
    with pytest.raises(SpecError, match=r"sweeps/begun: a sweep without a best trial yet"):
        find_sources(["sweeps/begun"])


def test_values_to_vary_give_an_experiment_each(files):
    vary = {"optimizer": ["sgd", "adam"], "model.hidden": [[3], [4, 4]]}
    found = find_sources(["lesson/b.yaml"], ["training.epochs=1"], vary)
    settings = [source.loaded.experiment for source in found]
    assert [("sgd", [3]), ("sgd", [4, 4]), ("adam", [3]), ("adam", [4, 4])] == [
        (one.optimizer.name, one.model.hidden) for one in settings
    ]
    assert {1} == {one.training.epochs for one in settings}


def test_what_is_nothing_to_compare_is_one_line(files):
    (files / "empty").mkdir()
    for source, expected in {
        "empty": "empty: neither experiment files nor runs there",
        "lesson/c.yaml": "lesson/c.yaml: no such file",
        "lesson/notes.txt": "lesson/notes.txt: ",
    }.items():
        with pytest.raises(SpecError, match=f"^{re.escape(expected)}[^\n]*$"):
            find_sources([source])
    with pytest.raises(SpecError, match=r"^lesson/b.yaml: is alone; name more to compare it with"):
        nettrain.compare("lesson/b.yaml")
    with pytest.raises(SpecError, match=r"^nothing to compare"):
        nettrain.compare()
    with pytest.raises(SpecError, match=r"^repeat: 0 is not at least 1$"):
        nettrain.compare("lesson", repeat=0)


def test_words_with_an_equals_sign_are_changes_unless_they_are_files(files):
    (files / "a=b.yaml").write_text(SPEC)
    words = ["lesson", "seed=3", "a=b.yaml", "data.source=x=y.csv"]
    assert (["lesson", "a=b.yaml"], ["seed=3", "data.source=x=y.csv"]) == split_arguments(words)


def test_varied_values_are_those_of_a_yaml_list():
    options = [
        "optimizer.learning_rate=1e-3,0.1",
        "model.hidden=[8],[8, 8],[]",
        "optimizer=sgd,{name: adam, beta1: 0.5}",
    ]
    assert {
        "optimizer.learning_rate": [0.001, 0.1],
        "model.hidden": [[8], [8, 8], []],
        "optimizer": ["sgd", {"name": "adam", "beta1": 0.5}],
    } == varied_values(options)
    for wrong in ("seed", "seed=", "=1,2"):
        with pytest.raises(SpecError, match=f'^--vary "{re.escape(wrong)}": write KEY=VALUE,VALUE'):
            varied_values([wrong])
    with pytest.raises(SpecError, match="seed is given twice"):
        varied_values(["seed=1,2", "seed=3"])


def test_runs_with_other_seeds_alone_are_one_entry(files):
    for optimizer in ("sgd", "adam"):
        for seed in (1, 0, 2):
            nettrain.train(
                "lesson/b.yaml", f"optimizer={optimizer}", f"seed={seed}", folder=f"runs/{optimizer}-{seed}"
            )
    compared = nettrain.compare("runs")
    assert [("adam", (0, 1, 2)), ("sgd", (0, 1, 2))] == [
        (entry.label, entry.seeds) for entry in compared.entries
    ]
    assert compared.test(0, 1, "val_loss").paired
    assert {} == compared.incomparable
    ours = compared.entries[1].values("val_loss").tolist()
    assert [nettrain.open_run(f"runs/sgd-{seed}").metrics["val"]["loss"] for seed in range(3)] == ours
    # other seeds split other rows; and seeds of one experiment are compared with each other
    uneven = nettrain.compare("runs/adam-0", "runs/adam-1", "runs/sgd-0", "runs/sgd-2")
    assert "data.seed differs, so that they are of different rows" == uneven.incomparable["val_loss"]
    assert ["seed 0", "seed 1"] == [
        entry.label for entry in nettrain.compare("runs/sgd-0", "runs/sgd-1").entries
    ]
