"""A sweep in the terminal: the head, its progress and the final report; and its figure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan

from rich.console import Console

from nettrain.files import write_atomic
from nettrain.output.console import print_notes
from nettrain.output.display import Display
from nettrain.output.numbers import plural
from nettrain.output.progress import title
from nettrain.output.report import head
from nettrain.output.sweep_progress import RunningGroup, SweepState, sweep_progress
from nettrain.output.sweep_report import Leader, limits, listed, sweep_report
from nettrain.store.sweep_summary import SweepSummary
from nettrain.sweep.anova.analysis import Anova
from nettrain.sweep.constraints import broken
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.sweep import Sweep


def show_sweep_head(console: Console, sweep: Sweep) -> None:
    """Print what is searched, and notes."""
    head(console, sweep.space.loaded.experiment.experiment, sweep_facts(sweep), sweep.notes)


def show_complete(console: Console, sweep: Sweep) -> None:
    """Print that all trials are done, and how to add more."""
    many = len(sweep.trials)
    done = f"all {many} trials are done" if many > 1 else "its only trial is done"
    text = f"{sweep.folder.path}: {done}; --trials N adds more"
    console.print(text, soft_wrap=True)


@contextmanager
def show_sweep_progress(
    console: Console, sweep: Sweep, *, quiet: bool
) -> Iterator[Callable[[SweepProgress], None]]:
    """A function to call with every SweepProgress, which shows it."""
    display = sweep_progress(console, quiet=quiet)
    try:
        yield _SweepProgress(sweep, display).show
    finally:
        display.close()


@dataclass
class _SweepProgress:
    """A display of a sweep, which looks at new results alone: there may be 100,000 of others."""

    sweep: Sweep
    display: Display[SweepState]

    def __post_init__(self) -> None:
        self._progress = SweepSoFar(self.sweep)

    def show(self, progress: SweepProgress) -> None:
        print_notes(progress.notes)
        self.display.show(self._progress.state(progress))


class SweepSoFar:
    """How far a sweep has got, and its best trial so far, as its results come."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep, self._before, self._refused, self._fresh = sweep, len(sweep.results), 0, 0
        self._best, self._front = sweep.best[:1], sweep.front

    def state(self, progress: SweepProgress) -> SweepState:
        """What to show after further progress."""
        sweep, goal = self._sweep, self._sweep.goal
        refused = sum(one.status == "infeasible" for one in progress.new_results)
        self._refused += refused
        self._fresh += len(progress.new_results) - refused
        self._best = sweep.criteria.best_first([*self._best, *progress.new_results])[:1]
        fronts = sweep.criteria.fronts([*self._front, *progress.new_results])
        self._front = [one for one in [*self._front, *progress.new_results] if fronts.get(one.trial) == 1]
        best = self._best[0] if self._best else None
        return SweepState(
            done=self._before + self._refused + self._fresh,
            total=sweep.total,
            fresh=self._fresh,
            spent=progress.seconds,
            left=progress.remaining,
            metric=goal.metric,
            groups=tuple(RunningGroup(one.members, one.epoch, one.epochs) for one in progress.running),
            best=best.trial if best else None,
            figure=best.figures[goal.metric] if best else 0.0,
            values=sweep.trials[best.trial - 1].values if best else None,
            front=len(self._front),
        )


def show_sweep_report(console: Console, sweep: Sweep, summary: SweepSummary) -> None:
    """Print the best trials, what mattered, and the files."""
    leaders = [
        Leader(one.trial, one.epochs, one.figures, sweep.trials[one.trial - 1].values, one.sd)
        for one in sweep.front or sweep.best
    ]
    keys = [parameter.key for parameter in sweep.space.parameters]
    folder = sweep.folder
    sweep_report(
        console,
        summary,
        leaders,
        sweep.influences(),
        sweep.what_mattered(),
        keys,
        folder.path,
        folder.file_names(),
    )


def sweep_facts(sweep: Sweep) -> dict[str, str]:
    """What is searched, as labelled lines."""
    workers = plural(sweep.workers, "worker")
    if sweep.cluster is not None:
        workers = f"{plural(len(sweep.cluster.threads), 'worker')} of {sweep.cluster.name}"
    left = sum(chunk.networks for chunk in sweep.chunks)
    populations = sum(len(chunk.populations) for chunk in sweep.chunks)
    done = f", {len(sweep.results)} done already" if sweep.results else ""
    trials = plural(sweep.total, "trial")
    return {
        "search": f"{sweep.space.method.name}, {trials}{done}, by {_compared_by(sweep)}",
        "over": ", ".join(parameter.key for parameter in sweep.space.parameters),
        **_limits(sweep),
        "work": f"{plural(left, 'network')} in {plural(populations, 'population')}, {workers}"
        f"{_timed(sweep)}{_more(sweep)}",
        "backend": _backend(sweep),
    }


def _limits(sweep: Sweep) -> dict[str, str]:
    """The constraints, and how many trials they have ruled out already."""
    constraints = sweep.criteria.constraints
    if not constraints:
        return {}
    out = f"; {plural(len(sweep.refused), 'trial')} not" if sweep.refused else ""
    texts = (limits(one.figure, one.at_least, one.at_most) for one in constraints)
    return {"within": ", ".join(texts) + out}


def _timed(sweep: Sweep) -> str:
    """That networks train alone before all else, for the time of an epoch."""
    kinds = sweep.to_be_timed
    return f"; {kinds} kind{'s' if kinds > 1 else ''} of network timed alone first" if kinds else ""


def _more(sweep: Sweep) -> str:
    """That later trials follow from the results of earlier ones."""
    size = sweep.space.method.size
    return f"; then generations of {size}" if size and len(sweep.trials) < sweep.total else ""


def _compared_by(sweep: Sweep) -> str:
    """The metric that trials are compared by, and over how many folds it is a mean."""
    folds = {len(chunk.experiments[0]) for chunk in sweep.chunks} - {1}
    metric = listed([title(one.metric) for one in sweep.criteria.goals])
    return f"mean {metric} of {' or '.join(map(str, sorted(folds)))} folds" if folds else metric


def _backend(sweep: Sweep) -> str:
    """The backend, with the reason when it was chosen by `auto`."""
    choice, gpus = sweep.space.backend, ", ".join(map(str, sweep.devices))
    devices = f", device{'s' if len(sweep.devices) > 1 else ''} {gpus}" if gpus else ""
    reason = f" (auto: {choice.reason})" if choice.reason else ""
    return f"{choice.name}{devices}{reason}"


def draw_sweep(sweep: Sweep) -> None:
    """Write parameters.png, if there are results to show, importance.png, and front.png of several goals."""
    from nettrain.output.figures.parameters import ParameterAxis, TrialPoint, parameters_picture

    drawn = [one for one in sweep.space.parameters if any(one.key in trial.values for trial in sweep.trials)]
    axes = [ParameterAxis(one.key, one.distribution.log) for one in drawn]
    best = sweep.best[:1]
    points = [
        TrialPoint(
            one.status,
            one.figures.get(sweep.goal.metric) if one.status in ("finished", "pruned") else None,
            sweep.trials[one.trial - 1].values,
            best=one in best,
            sd=one.sd.get(sweep.goal.metric),
        )
        for one in sweep.results.values()
    ]
    name, trials = sweep.space.loaded.experiment.experiment, plural(len(points), "trial")
    heading = f"{name}: {title(sweep.goal.metric)} of {trials}"
    if points and axes:
        write_atomic(sweep.folder.picture, parameters_picture(points, axes, sweep.goal.metric, heading))
    draw_importance(sweep)
    if len(sweep.criteria.goals) > 1 and points:
        _draw_front(sweep)


def _draw_front(sweep: Sweep) -> None:
    from nettrain.output.figures.front import GoalAxis, GoalPoint, front_picture

    goals, constraints, fronts = sweep.criteria.goals, sweep.criteria.constraints, sweep.fronts
    marked = {one.figure: one.limits for one in constraints}
    axes = [GoalAxis(one.metric, one.maximize, marked.get(one.metric, ())) for one in goals]
    points = [
        GoalPoint(
            one.trial,
            tuple(one.figures.get(goal.metric, nan) for goal in goals),
            on_front=fronts.get(one.trial) == 1,
            breaks=bool(broken(constraints, one.figures)),
        )
        for one in sweep.results.values()
        if one.status == "finished"
    ]
    if not points:
        return
    name = sweep.space.loaded.experiment.experiment
    heading = f"{name}: {listed([title(goal.metric) for goal in goals])} of {len(points)} trials"
    write_atomic(sweep.folder.front_picture, front_picture(points, axes, heading))


def draw_importance(sweep: Sweep) -> None:
    """Write importance.png, and importance_METRIC.png for each further goal; none where nothing is told."""
    from nettrain.output.figures.effects import effects_picture

    for k, one in enumerate(sweep.what_mattered()):
        path = sweep.folder.effects_for(one.metric) if k else sweep.folder.effects
        if isinstance(one, Anova) and one.is_told:
            heading = f"{sweep.space.loaded.experiment.experiment}: what mattered for {title(one.metric)}"
            write_atomic(path, effects_picture(one, heading))
        else:
            path.unlink(missing_ok=True)
