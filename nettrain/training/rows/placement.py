"""The rows of a run: on the host first, then on the device as far as they fit."""

from collections.abc import Sequence
from dataclasses import replace

from nettrain.backend.base import Backend
from nettrain.data.prepare import Prepared
from nettrain.experiment.evaluated_rows import evaluated_sample
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import task_of
from nettrain.inference.dataset import Dataset, dataset_of, place_datasets
from nettrain.inference.model import Model
from nettrain.inference.predict import chunk_rows
from nettrain.training.folds import SAMPLE, FoldMembers, joined, placed_folds
from nettrain.training.rows.double_buffer import DoubleBuffer, buffer_rows
from nettrain.training.rows.memory import working_bytes
from nettrain.training.rows.planned_batches import batches_of
from nettrain.training.run import TrainingData, TrainingRun


def host_rows(
    model: Model, folds: Sequence[FoldMembers], backend: Backend, *, recorded: bool
) -> TrainingData:
    """The rows on the host: those of the only fold, or of all folds one after the other."""
    if len(folds) == 1:
        return _rows_of_fold(model, folds[0].data, backend, recorded=recorded)
    models = [
        Model(one.experiment, task_of(one.data.preprocessing, one.experiment), model.architecture)
        for one in folds
    ]
    parts = [
        _rows_of_fold(own, fold.data, backend, recorded=recorded)
        for own, fold in zip(models, folds, strict=True)
    ]
    return joined(parts, models, folds)


def _rows_of_fold(model: Model, data: Prepared, backend: Backend, *, recorded: bool) -> TrainingData:
    datasets = _datasets(model, data, backend)
    evaluated = _evaluated(model.experiment, datasets["train"], recorded=recorded)
    return TrainingData(datasets, batches_of(model.experiment, data.train), evaluated=evaluated)


def _datasets(model: Model, data: Prepared, backend: Backend) -> dict[str, Dataset]:
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    datasets = {
        split: dataset_of(rows, model.experiment, backend.dtype, model.architecture.outputs)
        for split, rows in splits.items()
        if rows is not None
    }
    if data.column_weight is not None:  # classes weigh in steps alone
        datasets["train"] = replace(datasets["train"], weights=data.column_weight)
    return datasets


def _evaluated(experiment: Experiment, train: Dataset, *, recorded: bool) -> Dataset | None:
    """The training rows to evaluate, on the host: those of a history, or those that control the training."""
    controls = any(name.startswith("train_") for name in experiment.watched.values())
    if not (controls or recorded) or experiment.training.evaluate_train in ("auto", "none"):
        return None
    index = evaluated_sample(experiment, train.rows)
    return train if index is None else train.select(index)


def placed_rows(run: TrainingRun, *, streaming: bool) -> TrainingData:
    """The data with its datasets on the device as far as they fit."""
    datasets, batches, order_count = run.data.datasets, run.data.batches, run.index_rows
    chunk = 2 * chunk_rows(run.architecture, run.backend.chunk_bytes)
    reserved = working_bytes(run.backend, run.architecture, run.population.size, order_count, batches)
    if run.data.folds:
        return placed_folds(run, reserved, chunk)
    streaming_bytes = {split: dataset.bytes_of(chunk) for split, dataset in datasets.items()}
    rows = buffer_rows(run.data.train, order_count, batches)
    if not streaming or rows >= batches.rows:
        del streaming_bytes["train"]
    else:
        streaming_bytes["train"] += run.data.train.bytes_of(rows)
    sample = run.data.evaluated
    if sample is not None and sample.rows < run.data.train.rows:
        datasets, streaming_bytes[SAMPLE] = {**datasets, SAMPLE: sample}, sample.bytes_of(chunk)
    placed, notes = place_datasets(datasets, run.backend, reserved, streaming_bytes)
    train, double_buffer = placed["train"], None
    if train.prefetcher is not None:
        double_buffer = DoubleBuffer(run.backend, train.prefetcher, train, order_count, batches)
    evaluated = sample and placed.pop(SAMPLE, train)
    return TrainingData(placed, batches, double_buffer, evaluated, notes)
