"""The facts of a report as JSON."""

import numpy as np

from nettrain.workflow.report.importance_json import importance_json
from nettrain.workflow.report.json_models import InfluenceJson, OwnRowsJson, RunReportJson, SweepReportJson
from nettrain.workflow.report.own_rows import ReportedRows
from nettrain.workflow.report.run import RunReport
from nettrain.workflow.report.sweep import SweepReport


def run_facts(report: RunReport, file: str, sections: list[str]) -> RunReportJson:
    """The facts of a report on a run, whose page is this file."""
    epochs = [int(row["epoch"]) for row in report.history]
    return RunReportJson(
        kind="run",
        file=file,
        name=report.name,
        status=report.status,
        epochs=max(epochs, default=0),
        sections=sections,
        advice=[one.line for one in report.advice],
        absent=list(report.absent),
        evaluation=_own_rows(report.rows) if report.rows else None,
    )


def _own_rows(rows: ReportedRows) -> OwnRowsJson:
    return OwnRowsJson(
        split=rows.split,
        rows=rows.rows,
        member=rows.member,
        metrics={name: _known(value) for name, value in rows.metrics.items()},
        baseline=rows.baseline,
        confused=list(rows.confused),
        worst=list(rows.worst),
        calibration=list(rows.reliability),
        residuals=list(rows.residual_summaries),
        importance=rows.importance,
    )


def sweep_facts(report: SweepReport, file: str, sections: list[str]) -> SweepReportJson:
    """The facts of a report on a sweep, whose page is this file."""
    summary, best = report.summary, report.best
    influences = [
        InfluenceJson(
            parameter=one.key,
            strength=one.strength,
            direction=one.direction,
            groups=None
            if one.groups is None
            else {name: _known(value) for name, value in one.groups.items()},
        )
        for one in report.influences
    ]
    return SweepReportJson(
        kind="sweep",
        file=file,
        name=report.name,
        status=summary["status"],
        sections=sections,
        trials=len(report.trials),
        metric=summary["metric"],
        goal=summary["goal"],
        best=None if best is None else best.number,
        front=[one["trial"] for one in summary.get("front", [])],
        figure=None if best is None else _known(report.figure(best)),
        influences=influences,
        importance=[importance_json(one) for one in report.mattered],
    )


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
