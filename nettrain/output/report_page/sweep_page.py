"""The page on a sweep: its best trial, what mattered, and all trials in a table that sorts."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, nan

from nettrain.output.figures.canvas import svg
from nettrain.output.figures.front import GoalAxis, GoalPoint, front_picture
from nettrain.output.figures.parallel import parallel_picture
from nettrain.output.figures.parameters import ParameterAxis, TrialPoint, parameters_picture
from nettrain.output.importance_table import better
from nettrain.output.numbers import count, figure, plural, seconds, setting
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.html import Content, Html, element
from nettrain.output.report_page.importance import importance_content
from nettrain.output.report_page.page import Section, code, details, listing, page, paragraph, quiet
from nettrain.output.report_page.table import Cell, Heading, Row, bar, facts, table
from nettrain.output.report_page.tuned import tuned_section
from nettrain.output.report_page.words import named
from nettrain.output.short_keys import short_keys
from nettrain.output.sweep_progress import shown
from nettrain.output.sweep_report import limits, listed, outcome, shown_figure
from nettrain.sweep.anova.analysis import Anova
from nettrain.sweep.influence import Influence
from nettrain.sweep.values import is_number
from nettrain.workflow.report.sweep import ReportedTrial, SearchedParameter, SweepReport

MOST_TRIALS = 1000  # in the table
MOST_FAILURES = 20
PRINTED = 60  # rows of the table, as in style.css
PRUNED = " Pruned trials, which are paler, have the figures of the epoch in which they were stopped."
FOLDS = " Figures are means ± standard deviations over the folds of a cross-validation."
WEAK = 0.1  # an influence that may be chance


def sweep_page(report: SweepReport, sections: Sequence[Section]) -> str:
    """The whole page, with these sections."""
    return page(f"{report.name}: sweep report", head(report), sections)


def sweep_sections(report: SweepReport) -> Iterator[Section]:
    """The sections in the order of the page."""
    drawings = Drawings()
    if report.tuned is not None and (found := report.tuned["found"]) is not None:
        yield Section("tuned", "What to trust", tuned_section(report.tuned, found, report.place))
    if report.best is not None:
        yield Section("best", "Best trial", _best(report, report.best))
    if report.front:
        yield Section("front", "The front", _front(report, drawings))
    if any(isfinite(report.figure(one)) for one in report.trials):
        yield Section("overview", "All trials at a glance", _parallel(report, drawings))
        yield Section("parameters", "What mattered", _parameters(report, drawings))
    yield Section("trials", "Trials", _trials(report))
    if report.summary["failures"]:
        yield Section("failures", "Failures", _failures(report.summary["failures"]))
    yield Section("repeat", "Repeat it", _repetition(report))


def head(report: SweepReport) -> Html:
    """Name, a sentence that sums the sweep up, its main figures, and warnings."""
    tiles = [element("div", element("dt", name), element("dd", text)) for name, text in _tiles(report)]
    return element(
        "div",
        element("p", "Sweep report", class_="kicker"),
        element("h1", report.name),
        element("p", _lead(report), class_="lead"),
        element("dl", tiles, class_="tiles"),
        _notices(report),
    )


def _lead(report: SweepReport) -> str:
    summary, best = report.summary, report.best
    searched = f"{plural(len(report.parameters), 'parameter')} in {plural(len(report.trials), 'trial')}"
    text = f"A {report.method} search over {searched}, compared by {named(summary['metric'])}"
    text += " (larger is better)" if summary["goal"] == "maximize" else " (smaller is better)"
    text += "".join(f" and {named(one['metric'])}" for one in summary.get("goals", [])[1:]) + "."
    text += FOLDS if any(one.sd for one in report.trials) else ""
    if best is not None:
        text += f" Trial {best.number} is the best, with {figure(report.figure(best))}."
    mattered_most = _mattered_most(report)
    return text + (f" What mattered most was {mattered_most}." if mattered_most else "")


def _mattered_most(report: SweepReport) -> str | None:
    """The parameter that mattered most, None where that cannot be said."""
    anova = report.mattered[0]
    if isinstance(anova, Anova):
        return anova.effects[0].key if anova.is_first_told else None
    if report.influences and report.influences[0].strength >= WEAK:
        return report.influences[0].key
    return None


def _tiles(report: SweepReport) -> Iterator[tuple[str, Content]]:
    summary, best = report.summary, report.best
    if best is not None:
        trial = element("small", f"trial {best.number} after {plural(best.epochs, 'epoch')}")
        yield f"best {named(summary['metric'])}", (figure(report.figure(best)), trial)
    total = summary["trials"]["total"]
    ended = [f"{count(n)} {status}" for status, n in summary["trials"].items() if status != "total" and n]
    yield "trials", (count(total), element("small", ", ".join(ended)))
    timing = summary["timing"]
    yield "time", (seconds(timing["total_seconds"]), element("small", plural(timing["workers"], "worker")))


def _notices(report: SweepReport) -> Html | None:
    summary = report.summary
    lines = list(summary["borders"])
    # a tuning ends by the clock, whatever trials are left
    status = summary["status"] if report.tuned is None else report.tuned["status"]
    if status == "interrupted":
        lines.insert(0, "The sweep was interrupted; the same command goes on with it.")
    if report.best is None:
        broken = any(one.breaks for one in report.trials)
        lines.insert(0, f"No trial {'keeps to all constraints' if broken else 'was trained to its end'}.")
    return (
        element("div", [paragraph(line) for line in lines], class_="notice", role="note") if lines else None
    )


def _best(report: SweepReport, best: ReportedTrial) -> Content:
    pairs: list[tuple[str, Content]] = [(key, code(shown(value))) for key, value in best.values.items()]
    figures = [
        (named(name), shown_figure(name, value, best.sd.get(name))) for name, value in best.figures.items()
    ]
    train = f"nettrain train {shlex.quote(f'{report.place}/best.yaml')}"
    file = (
        details("Its experiment file (best.yaml)", listing(report.best_experiment))
        if report.best_experiment
        else None
    )
    return (
        facts([*pairs, *figures]),
        quiet("Train it as a run of its own, which ends with the same figures:"),
        listing(train),
        file,
    )


def _front(report: SweepReport, drawings: Drawings) -> Content:
    goals = [one["metric"] for one in report.summary["goals"]]
    picture = front_picture(_goal_points(report, goals), _goal_axes(report), render=svg)
    words = listed([named(one) for one in goals])
    text = f"Each point is a trial. None is as good as those in orange in {words} and better in one of them."
    keys = [one.key for one in report.parameters]
    headings = [
        Heading("trial", numeric=True),
        *(Heading(named(name), numeric=True) for name in goals),
        *(Heading(name, numeric=_is_numeric(key, report.front)) for key, name in short_keys(keys).items()),
    ]
    rows: list[Row] = [
        [
            Cell.of(str(one.number), one.number),
            *_figure_cells(one, goals),
            *(_value_cell(one.values.get(key), known=key in one.values) for key in keys),
        ]
        for one in report.front
    ]
    train = f"nettrain train {shlex.quote(f'{report.place}/front/{report.front[0].number}.yaml')}"
    return (
        drawings.figure(picture, f"Trials by {words}", text),
        table(headings, rows, caption="Trials on the front", sortable=True),
        quiet("Train one of them:"),
        listing(train),
    )


def _goal_axes(report: SweepReport) -> list[GoalAxis]:
    marked = {
        one["figure"]: tuple(end for end in (one["at_least"], one["at_most"]) if end is not None)
        for one in report.summary.get("constraints", [])
    }
    return [
        GoalAxis(one["metric"], one["goal"] == "maximize", marked.get(one["metric"], ()))
        for one in report.summary["goals"]
    ]


def _goal_points(report: SweepReport, goals: Sequence[str]) -> list[GoalPoint]:
    return [
        GoalPoint(
            one.number,
            tuple(one.figures.get(name, nan) for name in goals),
            on_front=one.front == 1,
            breaks=bool(one.breaks),
        )
        for one in report.trials
        if one.status == "finished"
    ]


def _axes(report: SweepReport) -> list[ParameterAxis]:
    used = [one for one in report.parameters if any(one.key in trial.values for trial in report.trials)]
    return [ParameterAxis(one.key, one.log) for one in used]


def _points(report: SweepReport) -> list[TrialPoint]:
    best = report.best
    return [
        TrialPoint(
            one.status,
            report.figure(one),
            one.values,
            best=one is best,
            number=one.number,
            sd=one.sd.get(report.summary["metric"]),
        )
        for one in report.trials
    ]


def _parallel(report: SweepReport, drawings: Drawings) -> Content:
    summary = report.summary
    maximize = summary["goal"] == "maximize"
    picture = parallel_picture(
        _points(report), _axes(report), summary["metric"], maximize=maximize, render=svg
    )
    text = (
        "Each line is a trial: it crosses every axis at the value that was tried, and the last one at what"
        " came of it. Where dark lines meet lie good values."
    )
    reading = element(
        "p",
        "Point at a line, or at a row of the table below, to read the trial.",
        class_="reading quiet",
        aria_live="polite",
    )
    return drawings.figure(picture, "Parallel coordinates of the trials", text), reading


def _parameters(report: SweepReport, drawings: Drawings) -> Content:
    picture = parameters_picture(_points(report), _axes(report), report.summary["metric"], render=svg)
    metric = named(report.summary["metric"])
    text = f"Each point is a trial: {metric} against one parameter at a time, while the others vary too."
    importance = [
        importance_content(one, drawings, named=len(report.mattered) > 1) for one in report.mattered
    ]
    points = drawings.figure(picture, "The metric against each parameter", text)
    return importance, _influence_table(report.influences), points


def _influence_table(influences: Sequence[Influence]) -> Content:
    if not influences:
        return quiet("There are too few trials to say what mattered.")
    headings = [Heading("parameter"), Heading("how much it mattered"), Heading("what is better")]
    rows: list[Row] = [
        (one.key, Cell(bar(one.strength, f"{one.strength:.2f}"), one.strength), better(one))
        for one in influences
    ]
    text = (
        "For numbers the rank correlation with the metric, for choices how far apart their mean ranks are;"
        " 1 is the most."
    )
    return table(headings, rows, caption="Influence of the parameters", sortable=True), quiet(text)


def _trials(report: SweepReport) -> Content:
    """The best trials in a table; all of a small sweep."""
    shown_trials, metric = report.trials[:MOST_TRIALS], report.summary["metric"]
    others = sorted({name for one in report.trials for name in one.figures} - {metric})
    keys = short_keys([one.key for one in report.parameters])
    headings = [
        Heading("trial", numeric=True),
        *(Heading(named(name), numeric=True) for name in (metric, *others)),
        *(Heading(name, numeric=_is_numeric(key, shown_trials)) for key, name in keys.items()),
        Heading("epochs", numeric=True),
        Heading("status"),
        *([Heading("breaks")] if any(one.breaks for one in shown_trials) else []),
    ]
    broken = any(one.breaks for one in shown_trials)
    rows = [
        [*_trial_row(one, [metric, *others], list(keys)), *([one.breaks] if broken else [])]
        for one in shown_trials
    ]
    best = [k for k, one in enumerate(shown_trials) if one is report.best]
    names = [f"trial-{one.number}" for one in shown_trials]
    left = len(report.trials) - len(shown_trials)
    more = f" The {count(left)} worst are in {report.folder.trials.name} alone." if left else ""
    pruned = [k for k, one in enumerate(shown_trials) if one.status == "pruned"]
    inner = table(headings, rows, caption="Trials", sortable=True, highlighted=best, faint=pruned, keys=names)
    return (
        quiet(f"Press a heading to sort by it.{PRUNED if pruned else ''}{more}"),
        element("div", inner, class_="long" if len(rows) > PRINTED else None),
    )


def _is_numeric(key: str, trials: Sequence[ReportedTrial]) -> bool:
    return all(is_number(one.values[key]) for one in trials if key in one.values)


def _trial_row(trial: ReportedTrial, figures: Sequence[str], keys: Sequence[str]) -> Row:
    values = [_value_cell(trial.values.get(key), known=key in trial.values) for key in keys]
    numbers = _figure_cells(trial, figures)
    ended = Cell(
        element(
            "span",
            trial.status,
            class_=None
            if trial.status == "finished"
            else "bad"
            if trial.status in ("failed", "diverged")
            else "quiet",
        )
    )
    return [
        Cell.of(str(trial.number), trial.number),
        *numbers,
        *values,
        Cell.of(count(trial.epochs), trial.epochs),
        ended,
    ]


def _figure_cells(trial: ReportedTrial, figures: Sequence[str]) -> list[Cell]:
    return [
        Cell.of(shown_figure(name, value, trial.sd.get(name)), value)
        for name, value in ((name, trial.figures.get(name)) for name in figures)
    ]


def _value_cell(value: object, *, known: bool) -> Cell:
    if not known:
        return Cell("")
    text = f"{value:.3g}" if isinstance(value, float) else shown(value)
    return Cell(text, float(value) if is_number(value) else None)


def _failures(failures: Mapping[str, str]) -> Content:
    rows = [
        (Cell.of(number, float(number)), message)
        for number, message in list(failures.items())[:MOST_FAILURES]
    ]
    more = len(failures) - len(rows)
    return (
        table([Heading("trial", numeric=True), Heading("why it failed")], rows, caption="Trials that failed"),
        quiet(f"{count(more)} more in summary.json.") if more > 0 else None,
    )


def _repetition(report: SweepReport) -> Content:
    searched = [(one.key, _searched(one)) for one in report.parameters]
    environment = [(name, str(value)) for name, value in report.summary["environment"].items()]
    return (
        element("h3", "What is searched"),
        facts([("method", report.method), ("seed", count(report.summary["seed"])), *searched]),
        element("h3", "How it went"),
        facts([("trials", outcome(report.summary)), *_constraints(report), *environment]),
    )


def _constraints(report: SweepReport) -> list[tuple[str, str]]:
    """Each constraint, and how many trials break it."""
    return [
        (limits(one["figure"], one["at_least"], one["at_most"]), f"{plural(one['broken'], 'trial')} not")
        for one in report.summary.get("constraints", [])
    ]


def _searched(parameter: SearchedParameter) -> str:
    """`log_uniform_values: min 0.0001, max 0.1`."""
    settings = ", ".join(
        f"{name} {setting(value)}" for name, value in parameter.settings.items() if value is not None
    )
    return f"{parameter.name}: {settings}" if settings else parameter.name
