"""Every metric can be monitored: it is computed in every epoch, and its best epoch is restored."""

import numpy as np
import pytest

from nettrain.catalogue.metrics import metrics
from nettrain.errors import DataError, SpecError
from nettrain.experiment.resolution import resolve_with_data
from tests.trained import experiment, final_figures, prepared, trained

SOURCES = {
    "classes": "{source: 'builtin:optdigits', test: 3000, validation: 300}",
    "two classes": "{source: 'synthetic:moons', validation: 0.3}",
    "numbers": "{source: 'synthetic:sine', validation: 0.3}",
}
RULES = {metric: targets for targets in SOURCES for metric, entry in metrics.items() if targets in entry.fits}


def spec(targets, *overrides):
    text = f"data: {SOURCES[targets]}\nmodel: {{hidden: [6]}}\nbackend: {{threads: 1}}\n"
    return experiment(text, "training.epochs=4", "training.batch_size=32", *overrides)


@pytest.mark.parametrize(("metric", "targets"), RULES.items())
def test_every_metric_can_be_monitored(metric, targets):
    stopping = f"training.early_stopping={{monitor: val_{metric}, patience: 99}}"
    specs = [spec(targets, stopping, f"model.seed={seed}") for seed in range(3)]
    together = trained(specs)
    for member, alone in enumerate(specs):
        single = trained([alone])
        assert single.history() == together.history(member)
        assert single.weights().tobytes() == together.weights(member).tobytes()
        values = [float(event.figures[f"val_{metric}"][member]) for event in together.epochs]
        best = np.argmax(values) if metrics[metric].goal == "maximize" else np.argmin(values)
        assert int(best) + 1 == together.stopped[member].best_epoch
        # the restored weights have the best value; quick metrics are computed in float32 while training
        final = final_figures(together.run, specs)["validation"][metric][member]
        assert pytest.approx(values[int(best)], rel=1e-5) == final


def test_an_epoch_has_the_quick_metrics_and_the_monitored_one():
    quick = list(trained([spec("two classes")]).epochs[0].figures)
    assert ["running_loss", "objective", "val_loss", "val_accuracy"] == quick
    monitored = spec("two classes", "training.early_stopping.monitor=val_f1")
    assert [*quick, "val_f1"] == list(trained([monitored]).epochs[0].figures)


def test_a_metric_that_the_validation_rows_do_not_define_is_refused(tmp_path):
    rows = [f"{k},{'yes' if k < 30 else 'no'}" for k in range(60)]
    (tmp_path / "rows.csv").write_text("a,b\n" + "\n".join(rows))
    (tmp_path / "held.csv").write_text("a,b\n" + "\n".join(rows[:9]))
    text = f"data: {{source: '{tmp_path}/rows.csv', validation: '{tmp_path}/held.csv'}}"
    one = experiment(text, "training.early_stopping.monitor=val_roc_auc")
    expected = '^training.early_stopping.monitor: "val_roc_auc" needs rows of both classes among the validation rows$'
    with pytest.raises(DataError, match=expected):
        resolve_with_data(one, prepared(one))


def test_a_metric_of_other_targets_is_refused():
    one = spec("numbers", "training.early_stopping.monitor=val_f1")
    with pytest.raises(SpecError, match='"val_f1" is not for numbers'):
        resolve_with_data(one, prepared(one))
