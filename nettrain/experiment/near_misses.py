"""Which key a person meant by one that is not there: `lr` for `optimizer.learning_rate`.

A key may be spelled wrongly, stand in the wrong block, or be the name that other libraries have for it.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache

from nettrain.errors import nearest
from nettrain.experiment.fields import Block, block_of, choice_of
from nettrain.experiment.keys import keys_of

CLOSE, SIMILAR = 0.8, 0.6  # from 0 to 1, for difflib
MOST_NAMES = 4  # of variants in a message
VARIANT_ALIASES = {  # names that other libraries, or courses, have for an entry of the catalogue
    "mse": "squared_error mean_squared_error squared l2_loss quadratic brier least_squares",
    "mse_half": "half_squared_error sse sum_of_squares",
    "mae": "absolute_error mean_absolute_error l1_loss",
    "cross_entropy": "categorical_crossentropy sparse_categorical_crossentropy softmax nll log_loss ce",
    "binary_cross_entropy": "binary_crossentropy bce logistic",
    "pinball": "quantile quantiles quantile_loss quantile_regression",
    "gaussian_nll": "gaussian normal gaussian_nll_loss heteroscedastic",
}
ALIASES = {  # names that other libraries, or other blocks, have for a key
    "optimizer.learning_rate": "lr eta alpha step_size stepsize learning_rate_init learn_rate",
    "optimizer.momentum": "momentum mu",
    "optimizer.beta1": "betas beta_1",
    "optimizer.epsilon": "eps",
    "optimizer": "optim opt solver algorithm",
    "training.epochs": "epochs epoch n_epochs num_epochs max_epochs nepochs max_iter iterations n_iter",
    "training.batch_size": "batch bs batchsize minibatch minibatch_size batch_len",
    "training.early_stopping.patience": "patience n_iter_no_change",
    "training.early_stopping.monitor": "monitor",
    "training.early_stopping.min_delta": "min_delta",
    "training.early_stopping": "earlystopping early_stop",
    "training.clip_norm": "clip grad_clip gradient_clip gradient_clipping max_grad_norm clipnorm",
    "training.clip_value": "clipvalue",
    "training.weight_decay": "weight_decay wd decay",
    "training.convergence.tolerance": "tol tolerance",
    "training.max_seconds": "timeout max_time time_limit seconds",
    "training.repeat": "repeats runs seeds",
    "training.ensemble": "n_estimators members ensembles",
    "model.hidden": "hidden_layers hidden_layer_sizes hidden_units hidden_size hidden_sizes n_hidden units "
    "neurons width widths architecture layer_sizes",
    "model.dropout": "dropout drop dropout_rate drop_rate p_dropout",
    "model.activation": "activations act nonlinearity hidden_activation",
    "model.batch_norm": "bn batchnorm batch_normalization use_bn",
    "model.norm": "normalization layer_norm layernorm",
    "model.init": "initializer initialization kernel_initializer weight_init",
    "model.bias": "use_bias",
    "model.input_noise": "noise gaussian_noise",
    "loss": "criterion loss_fn loss_function objective cost",
    "schedule": "scheduler lr_schedule lr_scheduler learning_rate_schedule",
    "schedule.factor": "gamma decay_factor",
    "schedule.minimum": "eta_min min_lr",
    "schedule.warmup": "warmup_epochs warmup_steps warm_up",
    "regularization.l2": "lambda lam l2_reg l2_regularization ridge reg",
    "regularization.l1": "l1_reg l1_regularization lasso",
    "regularization.max_norm": "maxnorm",
    "calibration": "calibrate calibrator calibration_method temperature_scaling",
    "threshold": "cutoff cut_off decision_threshold",
    "blend": "blending stacking voting mixture",
    "seed": "random_state random_seed rng manual_seed",
    "recipe": "preset template",
    "experiment": "name experiment_name run_name title",
    "data.source": "file path filename csv dataset input train_file data_file train",
    "data.target": "label target_column label_column y outcome response output",
    "data.test": "test_size test_split test_file test_fraction",
    "data.validation": "val valid val_split val_size validation_split validation_fraction validation_size",
    "data.folds": "cv cross_validation kfold k_fold n_folds fold",
    "data.folds.count": "n_splits splits",
    "data.folds.repeats": "n_repeats",
    "data.separator": "sep delimiter delim",
    "data.missing": "na na_values missing_values nan",
    "data.scaling": "scaler scale normalize standardize normalise standardise",
    "data.class_weights": "class_weight",
    "data.target_kind": "task problem task_type kind",
    "data.columns.categorical": "categorical_columns cat_cols categorical_features",
    "data.columns.words": "text_columns text_features text bag_of_words",
    "data.columns.ignore": "drop_columns ignored exclude",
    "training.shuffle": "shuffling",
    "backend.device": "gpu cuda gpus gpu_id",
    "backend.name": "accelerator framework",
    "backend.threads": "n_jobs num_threads workers nthreads cores",
    "backend.dtype": "precision float_type",
    "sweep.trials": "n_trials num_trials n_iterations",
}
MAIN = {  # the key that a value alone is probably meant for, where a block is expected
    "data": "source",
    "data.folds": "count",
    "model": "hidden",
    "regularization": "l2",
    "training": "epochs",
    "training.early_stopping": "patience",
    "training.convergence": "tolerance",
    "training.checkpoint": "seconds",
    "backend": "name",
}


def nearest_key(part: str, path: Sequence[str], block: Block | None, root: Block) -> str:
    """A hint for the unknown key `part` of a `block`, which stands at `path` in the `root`.

    First comes a key of the same block that is spelled nearly alike, or has the name as an alias, then other
    variants that have the key, then keys of other blocks by name, by alias, and by spelling. Without any of
    them, the hint is what the block allows.
    """
    known, alias = list(block.model_fields) if block else [], _aliases(root).get(_plain(part), "")
    outer, _, last = alias.rpartition(".")
    here = outer == ".".join(path)
    key = _closest(part, known, CLOSE) or (last if here and last in known else "")
    others = "" if key else _other_variants(part, last if here else part, path, root)
    if others and not here and last == part:
        others += f", or {alias}"
    if not key and not others:
        key = (
            ("" if here else alias)
            or _elsewhere(part, path, root)
            or _closest(part, known, SIMILAR)
            or _similar_elsewhere(part, path, root)
        )
    return f', did you mean "{key}"?' if key else nearest(part, known) + others


def key_called(name: str, root: Block) -> str:
    """The key with this name or alias, anywhere in the `root`, or one that is spelled like it."""
    plain = _plain(name)
    if plain in root.model_fields:
        return plain
    alias = _aliases(root).get(plain, "")
    return alias or _elsewhere(name, (), root) or _similar_elsewhere(name, (), root)


def main_key(path: Sequence[str | int]) -> str:
    """A hint where a value stands in place of a block: `, did you mean "data.source"?`."""
    key = ".".join(map(str, path))
    return f', did you mean "{key}.{MAIN[key]}"?' if key in MAIN else ""


def _closest(part: str, names: Sequence[str], cutoff: float) -> str:
    """The name that is spelled most like the part; nothing where none is."""
    return next(iter(get_close_matches(part.lower(), names, n=1, cutoff=cutoff)), "")


def _elsewhere(part: str, path: Sequence[str], root: Block) -> str:
    """The key of this name in another block, in an outer one rather than in an inner one."""
    here = ".".join(path)
    keys = [key for key in _keys_named(_plain(part), root) if key.rpartition(".")[0] != here]
    return keys[0] if keys else ""


def _plain(part: str) -> str:
    return part.lower().replace("-", "_")


def _similar_elsewhere(part: str, path: Sequence[str], root: Block) -> str:
    """A key in another block whose last part, or an alias, is spelled nearly alike."""
    here = ".".join(path)
    keys = [key for key in keys_of(root) if key.rpartition(".")[0] != here]
    names = {key.rpartition(".")[2]: key for key in reversed(keys)} | _aliases(root)
    return names.get(_closest(part, list(names), CLOSE), "")


def _other_variants(part: str, key: str, path: Sequence[str], root: Block) -> str:
    """A hint at the variants that could stand at this path and have the key, or are called as the part."""
    block: Block | None = root
    choice = None
    for one in path:
        field = block.model_fields.get(one) if block else None
        choice, block = (choice_of(field), block_of(field.annotation)) if field else (choice, block)
    if choice is None:
        return ""
    names = [name for name, entry in choice.registry.items() if key in entry.model_fields]
    if names:
        return f"; {_enumerated(names)} {key if key != part else 'it'}"
    return f'; did you mean "{".".join(path)}.name"?' if part in choice.registry else ""


def _enumerated(names: Sequence[str]) -> str:
    """`sgd has`, `momentum and nesterov have`, `adam, nadam and 5 more have`."""
    if len(names) == 1:
        return f"{names[0]} has"
    last = names[-1] if len(names) <= MOST_NAMES else f"{len(names) - MOST_NAMES + 1} more"
    return f"{', '.join(names[: min(len(names), MOST_NAMES) - 1])} and {last} have"


def _keys_named(name: str, root: Block) -> list[str]:
    """The keys whose last part is this name, those of outer blocks first."""
    keys = [key for key in keys_of(root) if key.rpartition(".")[2] == name]
    return sorted(keys, key=lambda key: key.count("."))


@cache
def _aliases(root: Block) -> dict[str, str]:
    """The key that each alias stands for, as far as there are such keys."""
    keys = set(keys_of(root))
    return {name: key for key, names in ALIASES.items() if key in keys for name in names.split()}


def nearest_variant(name: object, variants: Sequence[str]) -> str:
    """A hint for an unknown entry of the catalogue: the one that it is another name of, or is similar to."""
    word = str(name).lower()
    known = (
        entry for entry, others in VARIANT_ALIASES.items() if entry in variants and word in others.split()
    )
    entry = next(known, None)
    return nearest(name, variants) if entry is None else f', did you mean "{entry}"?'
