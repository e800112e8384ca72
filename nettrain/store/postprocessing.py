"""`postprocessing.json`: the calibration and the thresholds of a run, as validation rows have fitted them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, NotRequired, TypeVar, cast

import numpy as np
from pydantic import Field, ValidationError
from typing_extensions import TypedDict

from nettrain.catalogue.calibrations import Calibrator, calibrations
from nettrain.catalogue.metrics import Task
from nettrain.catalogue.settings import Settings
from nettrain.errors import StoredFileError, nearest
from nettrain.experiment.document import Document, KeyPath, parse
from nettrain.experiment.problems import KeyProblem, find_problems
from nettrain.experiment.settings import Experiment, ThresholdSetting
from nettrain.inference.postprocessing import Postprocessing, PredictionRule
from nettrain.store.run_folder import write_json
from nettrain.store.stored_file import parse_json, read_limited, read_yaml_text

C = TypeVar("C", bound=Calibrator)


class StoredRule(Settings, Generic[C]):
    """The rule of one network, or of several together."""

    calibrators: list[C] = Field(description="of the classes together, or of each label")
    thresholds: list[float] = Field(description="of two classes, or of each label")


class PostprocessingFile(Settings, Generic[C]):
    """The whole file."""

    calibration: str = Field(description="as in config.yaml")
    threshold: ThresholdSetting = Field(description="as in config.yaml")
    rows: int = Field(description="validation rows that it was fitted on", ge=0)
    networks: list[StoredRule[C]] = Field(description="rules of networks that predict alone")
    together: StoredRule[C] | None = Field(description="the rule of their mean, where they predict it")


class AppliedPostprocessing(TypedDict):
    """What was done with the predictions of a run: its settings and what they were fitted to.

    `rows` is the number of validation rows. `calibrators` describe what was fitted for the classes, or for
    each label; `thresholds` are those by which decisions are made, by target.
    """

    calibration: str
    threshold: str | float
    rows: int
    calibrators: list[str]
    thresholds: dict[str, float]
    uncalibrated: NotRequired[dict[str, dict[str, float | None]]]  # log loss and calibration error, by split


def write_postprocessing(path: Path, fitted: Postprocessing | None) -> None:
    """Write the file, or remove that of an earlier state of the run when there is nothing to write."""
    if fitted is None:
        path.unlink(missing_ok=True)
    else:
        write_json(path, postprocessing_json(fitted))


def postprocessing_json(fitted: Postprocessing) -> dict[str, object]:
    """The content of the file."""
    return {
        "calibration": fitted.calibration,
        "threshold": fitted.threshold,
        "rows": fitted.rows,
        "networks": [_rule_json(rule) for rule in fitted.networks],
        "together": None if fitted.together is None else _rule_json(fitted.together),
    }


def _rule_json(rule: PredictionRule) -> dict[str, object]:
    return {
        "calibrators": [one.model_dump() for one in rule.calibrators],
        "thresholds": list(rule.thresholds),
    }


def read_postprocessing(
    path: Path, experiment: Experiment, task: Task, networks: int
) -> Postprocessing | None:
    """What was fitted for a run with so many networks; None where its experiment asks for nothing.

    Raises StoredFileError, with the line and the key, when the file is not that of such a run.
    """
    if not path.is_file():
        if experiment.postprocesses:
            raise StoredFileError(f"{path.parent}: {path.name} is missing, which the run predicts by")
        return None
    content = parse_json(read_limited(path), str(path))
    return postprocessing_of(content, path, experiment, task, networks)


def postprocessing_of(
    content: object, path: Path, experiment: Experiment, task: Task, networks: int
) -> Postprocessing:
    """What the content of a file says. Raises StoredFileError, with the line in `path` and the key."""
    model = _model_of(content)
    try:
        read = model.model_validate(content)
    except ValidationError as error:
        raise StoredFileError("\n".join(find_problems(_document(path), model, error))) from None
    problems = list(_mistakes(read, experiment, task, networks))
    if problems:
        raise StoredFileError("\n".join(find_problems(_document(path), model, None, problems)))
    rules = tuple(_rule(one) for one in read.networks)
    together = None if read.together is None else _rule(read.together)
    return Postprocessing(read.calibration, read.threshold, read.rows, rules, together)


def _model_of(content: object) -> type[PostprocessingFile[Any]]:
    """The model of a file with the calibrators that it names."""
    named = content.get("calibration") if isinstance(content, dict) else None
    kind = calibrations.get(named) if isinstance(named, str) else None
    model = PostprocessingFile.__class_getitem__(kind.fitted if kind else Calibrator)
    return cast("type[PostprocessingFile[Any]]", model)


def _document(path: Path) -> Document:
    """The file with the lines of its keys."""
    return parse(read_yaml_text(path), str(path)) if path.is_file() else Document(None)


def _mistakes(
    read: PostprocessingFile[Calibrator], experiment: Experiment, task: Task, networks: int
) -> Iterator[KeyProblem]:
    """What does not go with the rest of the run."""
    if read.calibration not in calibrations:
        yield KeyProblem(
            ("calibration",), f'unknown "{read.calibration}"{nearest(read.calibration, calibrations)}'
        )
    settings = {"calibration": experiment.calibration.name, "threshold": experiment.threshold}
    for key, wanted in settings.items():
        if getattr(read, key) != wanted:
            yield KeyProblem((key,), f"{getattr(read, key)}, but config.yaml says {wanted}")
    if len(read.networks) != networks:
        yield KeyProblem(("networks",), f"{len(read.networks)} rules, but the run has {networks}")
    averages = experiment.training.averages_predictions
    if (read.together is not None) > averages:
        yield KeyProblem(("together",), "the networks of this run do not predict together")
    for k, rule in enumerate(read.networks):
        yield from _mistakes_of_rule(("networks", k), rule, experiment, task)
    if read.together is not None:
        yield from _mistakes_of_rule(("together",), read.together, experiment, task)


def _mistakes_of_rule(
    path: KeyPath, rule: StoredRule[Calibrator], experiment: Experiment, task: Task
) -> Iterator[KeyProblem]:
    labels = len(task.names) if task.targets in ("labels", "numbers") else 1
    if not rule.calibrators and not rule.thresholds:  # of a network that has diverged
        return
    counts = {
        "calibrators": (len(rule.calibrators), labels * (experiment.calibration.name != "none")),
        "thresholds": (len(rule.thresholds), labels * (experiment.threshold != "none")),
    }
    for key, (there, wanted) in counts.items():
        if there != wanted:
            yield KeyProblem((*path, key), f"{there} of them, but the run takes {wanted}")
    for k, calibrator in enumerate(rule.calibrators):
        if not calibrator.suits(task.outcomes):
            of = f"{task.outcomes} classes" if task.outcomes else "numbers"
            yield KeyProblem((*path, "calibrators", k), f"not for {of}")


def _rule(stored: StoredRule[Calibrator]) -> PredictionRule:
    return PredictionRule(tuple(stored.calibrators), tuple(stored.thresholds))


def applied_json(fitted: Postprocessing, task: Task) -> AppliedPostprocessing:
    """What is done with the predictions of all networks together, or of the first one."""
    rule = fitted.rule
    return {
        "calibration": fitted.calibration,
        "threshold": fitted.threshold,
        "rows": fitted.rows,
        "calibrators": [one.description for one in rule.calibrators],
        "thresholds": dict(zip(task.names, rule.thresholds, strict=False)),
    }


def joint_applied(
    each: Sequence[AppliedPostprocessing], held_out_by: Sequence[int] | None = None
) -> AppliedPostprocessing:
    """What folds do whose mean predicts: each calibrates its own, and the mean threshold decides.

    `held_out_by` has numbers that are equal where the same validation rows have fitted it; by default each
    has its own.
    """
    rows = dict(zip(held_out_by or range(len(each)), (one["rows"] for one in each), strict=True))
    thresholds = {
        name: float(np.mean([one["thresholds"][name] for one in each])) for name in each[0]["thresholds"]
    }
    joint: AppliedPostprocessing = {
        "calibration": each[0]["calibration"],
        "threshold": each[0]["threshold"],
        "rows": sum(rows.values()),
        "calibrators": [words for one in each for words in one["calibrators"]],
        "thresholds": thresholds,
    }
    before = [one["uncalibrated"]["val"] for one in each if "uncalibrated" in one]
    if before:  # the test rows of a fold are those of all, and predicted by their mean
        joint["uncalibrated"] = {"val": {name: _mean([one[name] for one in before]) for name in before[0]}}
    return joint


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
