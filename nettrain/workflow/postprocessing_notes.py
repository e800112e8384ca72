"""What to keep in mind where validation rows fit the calibration or the threshold of a run."""

from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment

FEW_ROWS = 100  # for a threshold


def postprocessing_notes(experiment: Experiment, data: Prepared) -> list[str]:
    """Notes on few validation rows, and on figures of rows that have been used twice."""
    rows, fitted = data.validation, fitted_settings(experiment)
    if rows is None or not fitted:
        return []
    count, keys = int((rows.weight > 0).sum()), " and ".join(fitted)
    name = "validation rows" if experiment.data.folds is None else "held-out rows of each fold"
    few = [f"{key} takes {least:,} or more" for key, least in fitted.items() if count < least]
    notes = [f"{count:,} {name} are few: {', '.join(few)}"] if few else []
    chosen = f"{keys} {'are' if len(fitted) > 1 else 'is'} fitted on {name}"
    early = experiment.training.early_stopping
    if early is not None and early.restore_best and early.monitor.startswith("val_"):
        chosen += ", which choose the epoch too"
    return [*notes, f"{chosen}: their own figures flatter, test rows tell"]


def fitted_settings(experiment: Experiment) -> dict[str, int]:
    """The settings that validation rows fit, and how many rows each needs at least."""
    calibration, threshold = experiment.calibration, experiment.threshold
    fitted = {} if calibration.name == "none" else {f"calibration: {calibration.name}": calibration.few_rows}
    chosen = isinstance(threshold, str) and threshold != "none"
    return fitted | ({f"threshold: {threshold}": FEW_ROWS} if chosen else {})
