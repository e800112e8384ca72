"""A description of a training before its first step: what is trained, on what, and where."""

from collections.abc import Mapping
from dataclasses import dataclass

from nettrain.workflow.preparation import PreparedTraining


@dataclass(frozen=True)
class TrainingDescription:
    """Plain facts about a training, for whoever shows it."""

    experiment: str
    recipe: str  # "" where the file names none
    rows: Mapping[str, int]  # by split
    inputs: int
    targets: tuple[str, ...]
    classes: int  # 0 where targets are not classes
    positive: str  # of two classes, the one that precision, recall and F1 are about, otherwise ""
    widths: tuple[int, ...]  # units of all layers, inputs first
    parameters: int
    members: int
    ensemble: bool  # whether members predict together
    own_orders: bool  # whether members differ in the order of rows as well as in weights
    backend: str
    dtype: str
    threads: int
    backend_reason: str  # why `auto` took this backend, "" when it was named


def describe(prepared: PreparedTraining) -> TrainingDescription:
    """The description of a prepared training."""
    run, preprocessing = prepared.training.run, prepared.data.preprocessing
    settings = prepared.experiment.training
    return TrainingDescription(
        experiment=prepared.experiment.experiment,
        recipe=prepared.experiment.recipe_name,
        rows={split: table.rows for split, table in run.data.datasets.items()},
        inputs=run.architecture.inputs,
        targets=tuple(preprocessing.target_names),
        classes=len(preprocessing.classes),
        positive=preprocessing.classes[1] if len(preprocessing.classes) == 2 else "",
        widths=tuple(run.architecture.widths),
        parameters=run.architecture.parameters,
        members=len(run.final.parameters),
        ensemble=settings.ensemble > 1,
        own_orders=settings.vary != "weights",
        backend=run.backend.name,
        dtype=str(run.backend.dtype),
        threads=run.backend.threads,
        backend_reason=prepared.backend_reason,
    )
