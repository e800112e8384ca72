"""What a sweep leaves in its folder: tables of its trials, the best experiment, and a summary."""

from collections.abc import Iterator
from typing import Literal

from nettrain.errors import StoredFileError
from nettrain.experiment.load import to_yaml
from nettrain.files import write_atomic
from nettrain.store.journal_lines import TrialStatus
from nettrain.store.run_folder import csv_text, write_json
from nettrain.store.stored_file import MOST_BYTES, read_limited, read_stored
from nettrain.store.sweep_summary import BestTrial, ConstraintJson, SweepSummary
from nettrain.sweep.constraints import Constraint, broken
from nettrain.sweep.fold_figures import SD
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.ranking import Criteria, Goal
from nettrain.sweep.sweep import Sweep
from nettrain.sweep.values import as_text
from nettrain.training.diagnostics.environment import environment

FRONT, BREAKS = "front", "breaks"  # columns of trials.csv, where there are several goals, or constraints
TIMING = ("trial", "seconds", "members")
STATUSES: tuple[TrialStatus, ...] = ("finished", "pruned", "diverged", "failed")


def is_written(sweep: Sweep) -> bool:
    """Whether the tables in the folder already have all results."""
    try:
        is_current = read_limited(sweep.folder.trials, MOST_BYTES) == trials_table(sweep).encode()
        read_stored(sweep.folder.summary, SweepSummary)
    except StoredFileError:
        return False
    return is_current


def write_results(sweep: Sweep, seconds: float) -> SweepSummary:
    """Write tables, summary and the best experiment; returns the summary. `seconds` is how long it took."""
    write_atomic(sweep.folder.trials, trials_table(sweep))
    write_atomic(sweep.folder.timing, _timing_table(sweep))
    if sweep.populations:
        write_atomic(sweep.folder.exchanges, _exchange_table(sweep))
    if sweep.best:
        write_atomic(sweep.folder.best, _best_experiment(sweep, sweep.best[0]))
    if len(sweep.criteria.goals) > 1:
        _write_front(sweep)
    summary = summarise(sweep, seconds)
    write_json(sweep.folder.summary, summary)
    return summary


def trials_table(sweep: Sweep) -> str:
    """`trials.csv`: a row for each trial with a result; figures over folds are means, beside their _sd.

    With several goals, `front` is 1 on the Pareto front, 2 on the one behind it, and so on; with constraints,
    `breaks` says which a trial breaks.
    """
    keys = [parameter.key for parameter in sweep.space.parameters]
    measured = {number: _measured(result) for number, result in sweep.results.items()}
    figures = sorted({name for named in measured.values() for name in named})
    columns, fronts = judged_columns(sweep.criteria), sweep.fronts
    rows = []
    for number, result in sweep.results.items():
        values = sweep.trials[number - 1].values
        drawn = [as_text(values[key]) if key in values else None for key in keys]
        cells = [measured[number].get(name) for name in figures]
        judgement = {FRONT: fronts.get(number), BREAKS: _breaks(sweep.criteria, result)}
        judged = [judgement[name] for name in columns]
        rows.append([number, result.status, *judged, *drawn, result.epochs, result.best_epoch, *cells])
    return csv_text(["trial", "status", *columns, *keys, "epochs", "best_epoch", *figures], rows)


def judged_columns(criteria: Criteria) -> list[str]:
    """The columns of what several goals and constraints make of a trial."""
    wanted = {FRONT: len(criteria.goals) > 1, BREAKS: bool(criteria.constraints)}
    return [name for name, is_wanted in wanted.items() if is_wanted]


def _breaks(criteria: Criteria, result: TrialResult) -> str | None:
    """What a trial breaks, None where it keeps to all constraints."""
    return "; ".join(broken(criteria.constraints, result.figures)) or None


def _write_front(sweep: Sweep) -> None:
    """The experiment of each trial on the front, and no others."""
    folder, front = sweep.folder.front, {f"{one.trial}.yaml": one for one in sweep.front}
    if front:
        folder.mkdir(exist_ok=True)
    for path in folder.glob("*.yaml"):
        if path.name not in front:
            path.unlink()
    for name, one in front.items():
        figures = ", ".join(f"{goal.metric} {one.figures[goal.metric]!r}" for goal in sweep.criteria.goals)
        head = f"# Trial {one.trial} of {sweep.folder.path}, on its front: {figures}\n"
        write_atomic(folder / name, head + to_yaml(sweep.experiment_on_front(one.trial)))


def _exchange_table(sweep: Sweep) -> str:
    """`population.csv`: a row for each trial that took over another's weights, with the values afterwards."""
    keys = [parameter.key for parameter in sweep.space.parameters]
    rows = [
        [one.trial, one.epoch, one.parent, *(as_text(one.values[key]) for key in keys)]
        for one in sweep.taken_over()
    ]
    return csv_text(["trial", "epoch", "parent", *keys], rows)


def _measured(result: TrialResult) -> dict[str, float]:
    """The figures of a trial and their standard deviations over the folds, by the names of their columns."""
    return {**result.figures, **{f"{name}{SD}": value for name, value in result.sd.items()}}


def summarise(sweep: Sweep, seconds: float) -> SweepSummary:
    """The content of `summary.json`."""
    results, best, space = list(sweep.results.values()), sweep.best, sweep.space
    summary: SweepSummary = {
        "experiment": space.loaded.experiment.experiment,
        "status": "finished" if len(results) == sweep.total else "interrupted",
        "trials": {"total": sweep.total, **dict(_counts(results, sweep.criteria))},
        "metric": sweep.goal.metric,
        "goal": _direction(sweep.goal),
        "best": _best(sweep, best[0]) if best else None,
        "failures": {str(one.trial): one.message for one in results if one.status == "failed"},
        "influence": {one.key: one.strength for one in sweep.influences()},
        "borders": sweep.borders(),
        "timing": {
            "total_seconds": seconds,
            "trial_seconds": sum(one.seconds for one in results),
            "workers": sweep.workers,
        },
        "environment": environment(1, space.backend.name, sweep.devices[0] if sweep.devices else 0),
        "seed": space.settings.seed,
    }
    if len(sweep.criteria.goals) > 1:
        summary["goals"] = [{"metric": one.metric, "goal": _direction(one)} for one in sweep.criteria.goals]
        summary["front"] = [_best(sweep, one) for one in sweep.front]
    if sweep.criteria.constraints:
        summary["constraints"] = [_constraint(one, results) for one in sweep.criteria.constraints]
    return summary


def _direction(goal: Goal) -> Literal["minimize", "maximize"]:
    return "maximize" if goal.maximize else "minimize"


def _constraint(constraint: Constraint, results: list[TrialResult]) -> ConstraintJson:
    return {
        "figure": constraint.figure,
        "at_most": constraint.at_most,
        "at_least": constraint.at_least,
        "broken": sum(bool(broken([constraint], one.figures)) for one in results),
    }


def _timing_table(sweep: Sweep) -> str:
    results = sweep.results.values()
    return csv_text(TIMING, [(one.trial, round(one.seconds, 6), one.members) for one in results])


def _best_experiment(sweep: Sweep, best: TrialResult) -> str:
    figure = f"{sweep.goal.metric} {best.figures[sweep.goal.metric]!r}"
    folds = f", the mean of {len(best.folds)} folds" if best.folds else ""
    late = ", when the time was over: this trains on" if best.out_of_time else ""
    if sweep.populations:
        late = f"\n# with the values of its end; how they changed is in {sweep.folder.exchanges.name}"
        late += f", and the network in {sweep.folder.best_run.name}/"
    head = f"# Trial {best.trial} of {sweep.folder.path}: {figure}{folds}{late}\n"
    return head + to_yaml(sweep.experiment_of(best.trial))


def _counts(results: list[TrialResult], criteria: Criteria) -> Iterator[tuple[str, int]]:
    """How many trials ended in each way; that of constraints only where there are some."""
    refused: tuple[TrialStatus, ...] = ("infeasible",) if criteria.constraints else ()
    for status in (*STATUSES, *refused):
        yield status, sum(one.status == status for one in results)


def _best(sweep: Sweep, best: TrialResult) -> BestTrial:
    values = sweep.trials[best.trial - 1].values
    found: BestTrial = {"trial": best.trial, "parameters": values, "metrics": best.figures}
    return {**found, "sd": best.sd, "folds": list(best.folds)} if best.folds else found
