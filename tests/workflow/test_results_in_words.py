"""What results of Python functions show of themselves, and what they have where nothing was recorded."""

import pytest

import nettrain
from nettrain.store.run_folder import RunFolder
from nettrain.workflow.loaded_run import stored_events
from nettrain.workflow.runs import compare_runs

IRIS = {"experiment": "iris", "data": {"source": "builtin:iris"}, "model": {"hidden": [3]}}
SHORT = {**IRIS, "training": {"epochs": 2}, "backend": {"threads": 1}}


def test_results_say_what_they_are():
    found = nettrain.find_learning_rate(SHORT, rates=4, steps=10)
    assert f"<RateFinding iris: {found.override}>" == repr(found)
    landscape = nettrain.loss_landscape(nettrain.train(SHORT), resolution=3)
    assert f"<Landscape iris: loss {landscape.loss:.4g}, {landscape.networks} networks>" == repr(landscape)


def test_rates_that_do_equally_well_and_epochs_that_say_nothing_are_told():
    found = nettrain.find_learning_rate(SHORT, rates=4, steps=20, low=1e-3, high=1.1e-3)
    assert "all values do equally well" in found.notes
    alone = nettrain.find_learning_rate(
        SHORT, "data.validation=0", parameter="model.dropout", rates=4, steps=10, low=0.0, high=0.5
    )
    assert "no validation rows, so that the training loss decides, which sees no overfitting" in alone.notes


def test_a_cross_validation_has_the_tables_of_its_folds_if_they_were_recorded(tmp_path):
    folded = {**SHORT, "data": {"source": "builtin:iris", "folds": 2}}
    plain = nettrain.train(folded, folder=tmp_path / "plain")
    for one in (plain, nettrain.open_run(tmp_path / "plain"), nettrain.train(folded)):
        assert (None, None) == (one.diagnostics, one.steps)
    recorded = nettrain.train(folded, "training.diagnostics=true", "training.history=step")
    recorded.save(tmp_path / "recorded")
    again = nettrain.open_run(tmp_path / "recorded")
    for name in ("diagnostics", "steps"):
        table = getattr(recorded, name)
        assert table.equals(getattr(again, name))
        assert [1, 2] == table["fold"].unique().sort().to_list()
        for number in (1, 2):
            own = table.filter(table["fold"] == number).drop("fold")
            assert own.equals(getattr(recorded.fold(number), name).select(own.columns))


def test_a_run_on_one_split_has_no_folds():
    run = nettrain.train(SHORT)
    assert (None, None) == (run.folds, run.out_of_fold)


def test_epochs_that_are_not_evaluated_are_in_no_table_and_give_no_advice():
    run = nettrain.train({**SHORT, "training": {"epochs": 5, "evaluate_every": 2, "diagnostics": True}})
    assert [0, 2, 4, 5] == run.history["epoch"].to_list()
    assert [0, 2, 4, 5] == run.diagnostics["epoch"].unique().sort().to_list()


def test_epochs_of_a_folder_are_those_that_were_trained_also_where_none_was_evaluated(tmp_path):
    """The last step of an epoch without figures is known where steps are recorded."""
    for history, steps in (("epoch", [0, 0, 4, 4, 8, 10]), ("step", [0, 2, 4, 6, 8, 10])):
        training = {"epochs": 5, "evaluate_every": 2, "history": history}
        nettrain.train({**IRIS, "training": training}, folder=tmp_path / history)
        events = stored_events(RunFolder(tmp_path / history), 5)
        assert [0, 1, 2, 3, 4, 5] == [one.epoch for one in events]
        assert [True, False, True, False, True, True] == [one.evaluated for one in events]
        assert steps == [one.step for one in events]


def test_where_nothing_was_trained_there_are_no_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ((), ()) == (compare_runs().runs, compare_runs().differing)


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        ({"data": 3}, "data: 3 is not a block of keys"),
        ("list.yaml", "an experiment file is a block of keys, this is a list"),
    ],
)
def test_data_in_memory_need_a_place_in_the_experiment(experiment, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(nettrain.SpecError) as caught:
        nettrain.train(experiment, data={"a": [1.0, 2.0], "y": ["a", "b"]})
    assert message in str(caught.value)


def test_an_empty_file_is_an_experiment_on_data_in_memory(tmp_path):
    (tmp_path / "empty.yaml").write_text("")
    data = {"a": [*range(40)], "y": ["a", "b"] * 20}
    run = nettrain.train(tmp_path / "empty.yaml", "training.epochs=1", data=data)
    assert (1, ("a", "b")) == (run.epochs, tuple(run.classes))
