"""The head of a page on a run: what it is, how well it does, and what a reader must know first."""

from collections.abc import Iterator
from dataclasses import dataclass

from nettrain.experiment.settings import Experiment
from nettrain.output.numbers import count, figure, plural, spread
from nettrain.output.report_page.html import Content, Html, element
from nettrain.output.report_page.page import paragraph
from nettrain.output.report_page.words import SPLITS, main_metric, named, shown, value_of
from nettrain.store.summary import RunSummary
from nettrain.workflow.report.run import RunReport

MEANINGS = {"mae": "mean absolute error", "rmse": "root mean squared error"}
STATUSES = {
    "diverged": "This run has diverged: a figure became NaN or infinite.",
    "interrupted": "This run was interrupted before its end.",
    "unfinished": "This run has not ended: it still trains, or was killed.",
}


@dataclass(frozen=True)
class Headline:
    """The figure that sums a run up on one split, beside that of a constant prediction.

    Repeats have the mean over their networks, and its `deviation`.
    """

    split: str
    metric: str
    value: float
    deviation: float | None
    constant: float | None

    @property
    def text(self) -> str:
        """The value, with the deviation."""
        if self.deviation is None:
            return shown(self.metric, self.value)
        return spread(self.value, self.deviation)


def headline(report: RunReport, summary: RunSummary) -> Headline | None:
    """The main metric on test rows, or else validation or training rows; None where it is not defined."""
    task = report.task
    if task is None:
        return None
    metric, (split, figures) = main_metric(task), list(summary["metrics"].items())[-1]
    if "folds" in summary:
        split, figures = "val", summary["metrics"]["val"]
    value = value_of(figures, metric)
    if value is None:
        return None
    sd = None if summary.get("joint") else summary.get("sd", {}).get(split, {}).get(metric)
    baseline = summary["baseline"]["metrics"].get(split, {}) if "baseline" in summary else {}
    return Headline(split, metric, value, sd, value_of(baseline, metric))


def head(report: RunReport) -> Html:
    """Name, a sentence that sums the run up, its main figures, and what a reader must know first."""
    best = headline(report, report.summary) if report.summary else None
    tiles = [element("div", element("dt", name), element("dd", text)) for name, text in _tiles(report, best)]
    return element(
        "div",
        element("p", "Training report", class_="kicker"),
        element("h1", report.name),
        element("p", " ".join([_learned(report), *_how_well(report, best)]), class_="lead"),
        element("dl", tiles, class_="tiles"),
        _notices(report),
    )


def _how_well(report: RunReport, best: Headline | None) -> Iterator[str]:
    if best is None:
        return
    if report.summary and "folds" in report.summary:
        name, against = MEANINGS.get(best.metric, named(best.metric)), _against(best)
        yield f"On the rows that a fold held out its {name} is {best.text} on average{against}."
        return
    split = SPLITS[best.split]
    counts = report.data.rows.items() if report.data else ()
    rows = next((n for name, n in counts if SPLITS[name] == split), None)
    if report.rows is not None and report.rows.apart and split == SPLITS[report.rows.split]:  # of all folds
        rows = report.rows.rows
    where = plural(rows, f"{split} row") if rows else f"the {split} rows"
    against = _against(best)
    if best.metric == "accuracy" and best.deviation is None:
        yield f"Of {where} it predicts {best.text} right{against}."
    else:
        yield f"On {where} its {MEANINGS.get(best.metric, named(best.metric))} is {best.text}{against}."


def _against(best: Headline) -> str:
    constant = shown(best.metric, best.constant)
    return "" if best.constant is None else f" (a constant prediction: {constant})"


def _learned(report: RunReport) -> str:
    """What was learned from what."""
    what, data, preprocessing = _networks(report), report.data, report.preprocessing
    source = source_name(report.experiment)
    if preprocessing is None:
        return f"{what} {'was' if what.startswith('A') else 'were'} to be trained on {source}."
    names = preprocessing.target_names
    target = f"“{names[0]}”" if len(names) == 1 else f"{count(len(names))} targets"
    kind = f", one of {count(len(preprocessing.classes))} classes," if preprocessing.classes else ""
    rows = f" of {plural(data.rows['train'], 'row')}" if data else ""
    columns = plural(len(report.columns), "column")
    return f"{what} learned to predict {target}{kind} from {columns}{rows} of {source}."


def _networks(report: RunReport) -> str:
    """`A network with 131 parameters`, or several."""
    training, summary = report.experiment.training, report.summary
    size = f" with {plural(report.architecture.parameters, 'parameter')}" if report.architecture else ""
    of_several = f"{size} each" if size else ""
    if summary and "folds" in summary:
        many, members = len(summary["folds"]), max(training.ensemble, training.repeat)
        of_each = f", {count(members)} for each of {many} folds," if members > 1 else ", one for each fold,"
        return f"{count(many * members)} networks{of_several}{of_each}"
    if summary and "networks" in summary:
        of = plural(len(summary["networks"]), "network")
        what = "A blend" if report.experiment.blend else "An ensemble"
        return f"{what} of {of}, weighed by rows that they were not trained on,"
    if training.ensemble > 1:
        return f"{count(training.ensemble)} networks{of_several}, whose mean prediction counts,"
    if training.repeat > 1:
        return f"{count(training.repeat)} networks{of_several}, from different seeds,"
    if training.snapshots > 1:
        return f"A network{size}, of which {count(training.snapshots)} snapshots predict together,"
    return f"A network{size}"


def source_name(experiment: Experiment) -> str:
    """The data's source without its folder."""
    source = str(experiment.data.source)
    return source.rstrip("/").rpartition("/")[2] if not source.startswith("memory:") else "data in memory"


def _tiles(report: RunReport, best: Headline | None) -> Iterator[tuple[str, Content]]:
    summary = report.summary
    if best is not None:
        constant = (
            f"constant prediction {shown(best.metric, best.constant)}" if best.constant is not None else None
        )
        yield f"{SPLITS[best.split]} {named(best.metric)}", (best.text, _small(constant))
    if summary is not None:
        split, figures = list(summary["metrics"].items())[-1]
        if "folds" in summary:
            split, figures = "val", summary["metrics"]["val"]
        if (loss := figures.get("loss")) is not None:
            yield f"{SPLITS[split]} loss", figure(loss)
        epoch = summary["best_epoch"]
        yield (
            "epochs",
            (count(summary["epochs_run"]), _small(None if epoch is None else f"best: epoch {epoch}")),
        )
    if report.data is not None:
        rows = report.data.rows
        others = ", ".join(f"{count(n)} {SPLITS[name]}" for name, n in rows.items() if name != "train")
        yield "training rows", (count(rows["train"]), _small(others))


def _small(text: str | None) -> Html | None:
    return element("small", text) if text else None


def _notices(report: RunReport) -> Html | None:
    lines: list[str] = []
    if report.status in STATUSES:
        lines.append(STATUSES[report.status])
    lines += [f"Left out: {line}" for line in report.absent]
    if report.rows is not None and report.rows.split == "train":
        lines.append(
            "There are no rows that it was not trained on: figures on training rows flatter a network."
        )
    worse = report.summary.get("baseline", {}).get("worse", []) if report.summary else []
    if worse:
        figures = ", ".join(one.replace("_", " ") for one in worse)
        lines.append(f"Worse than a constant prediction in {figures}: it has not learned what the data hold.")
    return (
        element("div", [paragraph(line) for line in lines], class_="notice", role="note") if lines else None
    )
