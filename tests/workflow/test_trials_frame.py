"""`sweep(…).trials`: a column has the type of what it holds, and null where there is nothing."""

import polars as pl

from nettrain.experiment.load import load
from nettrain.sweep.in_process import train_in_process
from nettrain.sweep.opening import open_sweep
from nettrain.workflow.trials_frame import frame_of, trials_frame
from tests.sweep.sweeping import write_experiment

TABLE = """\
trial,status,rate,model.hidden,clip,epochs,best_epoch,val_loss,val_auc,bias,early,breaks
1,finished,0.001,"[4, 4]",0.5,3,3,0.25,,true,null,
2,diverged,1e+20,[3],null,2,,nan,nan,false,{patience: 2},
3,failed,0.1,[3],,0,,,,,null,
4,finished,1,[3],2,4,1,inf,,true,,
"""
DIVERGING = """
experiment: diverging
data: {source: 'builtin:iris'}
optimizer: sgd
training: {epochs: 2, batch_size: 16}
sweep:
  method: grid
  parameters: {optimizer.learning_rate: {values: [0.1, 1.0e+20]}}
"""


def test_each_column_has_the_type_of_its_cells():
    expected = {
        "trial": (pl.Int64, [1, 2, 3, 4]),
        "status": (pl.String, ["finished", "diverged", "failed", "finished"]),
        "rate": (pl.Float64, [0.001, 1e20, 0.1, 1.0]),
        "model.hidden": (pl.String, ["[4, 4]", "[3]", "[3]", "[3]"]),
        "clip": (pl.Float64, [0.5, None, None, 2.0]),
        "epochs": (pl.Int64, [3, 2, 0, 4]),
        "best_epoch": (pl.Int64, [3, None, None, 1]),
        "val_loss": (pl.Float64, [0.25, None, None, float("inf")]),
        "val_auc": (pl.Float64, [None] * 4),
        "bias": (pl.Boolean, [True, False, None, True]),
        "early": (pl.String, ["null", "{patience: 2}", "null", None]),
    }
    expected["breaks"] = (pl.String, [None] * 4)
    frame = frame_of(TABLE)
    assert expected == {column.name: (column.dtype, column.to_list()) for column in frame}


def test_trials_that_diverged_have_no_figure_and_the_others_can_be_sorted(tmp_path):
    loaded = load(write_experiment(tmp_path, DIVERGING))
    with open_sweep(loaded, tmp_path / "sweeps", total=None, workers=1) as sweep:
        train_in_process(sweep)
        frame = trials_frame(sweep)
    assert ["finished", "diverged"] == frame["status"].to_list()
    assert pl.Float64 == frame["val_loss"].dtype
    assert [False, True] == frame["val_loss"].is_null().to_list()
    assert frame["val_loss"].min() == sweep.results[1].figures["val_loss"]
