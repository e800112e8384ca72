"""From an estimator's parameters to an experiment: scikit-learn's names for nettrain's keys.

A parameter that is None is left to `config` and `recipe` or, without either, has scikit-learn's default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from nettrain.errors import SpecError
from nettrain.experiment.document import Document
from nettrain.experiment.load import read
from nettrain.experiment.recipe_merging import with_recipe
from nettrain.experiment.settings import Experiment
from nettrain.experiment.training_settings import TrainingSettings
from nettrain.sklearn.parameters import parameters_of
from nettrain.workflow.source import plain

Values = dict[str, Any]
ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names for nettrain's
LOSSES = {"squared_error": "mse_half"}  # which has the same gradient
NAME = "estimator"  # of the experiment
FIFTH = 0.2  # scikit-learn's factor on a rate that no longer helps
BATCH = 200  # rows of a batch, or all where there are fewer
DEFAULTS: Values = {
    "hidden_layer_sizes": (100,),
    "activation": "relu",
    "solver": "adam",
    "alpha": 1e-4,
    "batch_size": "auto",
    "learning_rate": "constant",
    "learning_rate_init": 1e-3,
    "power_t": 0.5,
    "max_iter": 200,
    "shuffle": True,
    "tol": 1e-4,
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "n_iter_no_change": 10,
    "max_fun": 15_000,
    "loss": "squared_error",
}
ELSEWHERE = (
    "source",
    "test",
    "folds",  # a fit is one training; cross_validate takes its own splits
    "target",
    "header",
    "separator",
    "skip_rows",
    "names",
    "sheet",
    "comment",
)


@dataclass(frozen=True)
class FitSettings:
    """The parameters of an estimator with which it is fitted to `rows` rows.

    `validated` says whether validation rows were passed.
    """

    parameters: Mapping[str, Any]
    rows: int
    seed: int = 0
    validated: bool = False

    @classmethod
    def of(
        cls,
        estimator: BaseEstimator,
        rows: int,
        seed: int = 0,
        *,
        validated: bool = False,
    ) -> "FitSettings":
        """The settings of an estimator."""
        return cls(parameters_of(estimator), rows, seed, validated)

    def __getitem__(self, name: str) -> Any:
        """A parameter, or scikit-learn's default."""
        value = self.parameters[name]
        return DEFAULTS[name] if value is None else value

    def decides(self, *names: str) -> bool:
        """Whether the parameters decide: there is no `config` or `recipe`, or one of these is set."""
        return not self.configured or any(self.parameters[one] is not None for one in names)

    @property
    def configured(self) -> bool:
        """Whether a file or a recipe has what no parameter says."""
        return self.parameters["config"] is not None or self.parameters["recipe"] is not None

    @property
    def decided(self) -> set[str]:
        """The parameters that decide settings of the experiment."""
        return {name for name in self.parameters if self.decides(name)}

    def experiment(self) -> Values:
        """The experiment, as the content of a file."""
        values = config_values(self.parameters["config"])
        if self.parameters["recipe"] is not None:
            values = {**values, "recipe": self.parameters["recipe"]}
        for names, convert in CONVERSIONS.items():
            if names[0] in self.parameters and self.decides(*names):
                values = merged(values, convert(self))
        data = dict(values.get("data", {}))
        if self.validated:
            data.pop("validation", None)
        if not self.configured:  # a fit shows no curves of training rows, but takes time
            values = merged({"training": {"evaluate_train": "none"}}, values)
        named = {"experiment": values.get("experiment", NAME)}
        return {**values, **named, "data": data, "seed": self.seed}

    def first(self, epochs: int) -> Values:
        """The experiment of a first fit for so many epochs, which nothing ends earlier."""
        values = merged(self.experiment(), {"data": {"validation": 0}})
        training = {**values.get("training", {}), "epochs": epochs, "early_stopping": None}
        return {**values, "training": training}

    @property
    def stops_early(self) -> bool:
        """Whether validation rows decide when to stop: if asked for or, where nothing is said, passed."""
        asked = self.parameters["early_stopping"]
        return self.validated if asked is None else bool(asked)

    @property
    def epochs(self) -> int:
        """The most epochs; an iteration of lbfgs is one, and takes at least one evaluation."""
        most = self["max_iter"]
        return int(min(most, self["max_fun"]) if self["solver"] == "lbfgs" else most)

    @property
    def more_epochs(self) -> int:
        """The epochs of a warm start: as many as those of a first fit at most."""
        if self.decides("max_iter"):
            return self.epochs
        experiment = with_recipe(Document(self.experiment()), Experiment).block
        return TrainingSettings.model_validate(experiment.get("training", {})).epochs

    @property
    def training_rows(self) -> int:
        """The rows that train, without those that are held out here."""
        if not self.stops_early or self.validated:
            return self.rows
        share: float = self["validation_fraction"]
        return max(1, self.rows - round(share * self.rows))

    @property
    def batch_rows(self) -> int:
        """The rows of a batch."""
        size = self["batch_size"]
        rows = BATCH if size == "auto" else int(size)
        return int(min(rows, self.training_rows))


def config_values(config: object) -> Values:
    """The keys of `config`, None, an experiment file, or a mapping, without where its data come from."""
    if config is None:
        return {}
    values = read(Path(config)).values if isinstance(config, str | PathLike) else plain(config)
    if not isinstance(values, dict):
        raise SpecError(f"config: {config}: an experiment file is a block of keys")
    data = values.get("data")
    if isinstance(data, dict):
        elsewhere = (*ELSEWHERE, "labels")
        kept: Values = {key: value for key, value in data.items() if key not in elsewhere}
        values = values | {"data": _with_own_names(kept, data.get("labels"))}
    return {key: value for key, value in values.items() if key != "sweep"}


def _with_own_names(data: Values, labels: Any) -> Values:
    """The keys of `data` with classes as y has them, which an experiment may give other `labels`."""
    if not isinstance(labels, dict):
        return data
    own = {new: old for old, new in labels.items()}
    update: Values = {}
    if data.get("positive") in own:
        update["positive"] = own[data["positive"]]
    if isinstance(data.get("class_weights"), dict):
        update["class_weights"] = {own.get(name, name): one for name, one in data["class_weights"].items()}
    return {**data, **update}


def merged(values: Values, update: Values) -> Values:
    """The values with those of `update`, block by block; a variant with another name replaces the block."""
    return {**values, **{key: _joined(values.get(key), value) for key, value in update.items()}}


def _joined(old: Any, new: Any) -> Any:
    """A new value in place of an old one, or a block of both."""
    if isinstance(old, str) and isinstance(new, dict) and "name" not in new:
        old = {"name": old}
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return merged(old, new) if new.get("name", old.get("name")) == old.get("name") else new


# ----- what the parameters stand for -----


def _hidden(settings: FitSettings) -> Values:
    sizes = settings["hidden_layer_sizes"]
    widths = [int(sizes)] if isinstance(sizes, Integral) else [int(size) for size in sizes]
    return {"model": {"hidden": widths}}


def _activation(settings: FitSettings) -> Values:
    """The activation and, where nothing else is said, scikit-learn's initial weights."""
    name = settings["activation"]
    model = {"activation": ACTIVATIONS.get(name, name) if isinstance(name, str) else name}
    return {"model": model if settings.configured else {**model, "init": "glorot_uniform"}}


def _penalty(settings: FitSettings) -> Values:
    # scikit-learn divides its penalty, too, by the rows of a batch
    return {"regularization": {"l2": settings["alpha"] / settings.batch_rows}}


def _batch(settings: FitSettings) -> Values:
    if settings["solver"] == "lbfgs":
        return {"training": {"batch_size": "full"}}
    rows = settings.batch_rows
    return {"training": {"batch_size": "full" if rows == settings.training_rows else rows}}


def _optimizer(settings: FitSettings) -> Values:
    """The optimizer: scikit-learn's three, or one of nettrain's by its name."""
    if settings.configured and settings.parameters["solver"] is None:
        return {"optimizer": _given_numbers(settings)}
    solver, rate = settings["solver"], {"learning_rate": settings["learning_rate_init"]}
    if solver == "lbfgs":
        return {"optimizer": {"name": "lbfgs"}, "backend": {"dtype": "float64"}}  # it takes no other
    if solver == "adam":
        moments = {"beta1": settings["beta_1"], "beta2": settings["beta_2"], "epsilon": settings["epsilon"]}
        return {"optimizer": {"name": "adam", **rate, **moments}}
    if solver == "sgd" and settings["momentum"] > 0:
        name = "nesterov" if settings["nesterovs_momentum"] else "momentum"
        return {"optimizer": {"name": name, **rate, "momentum": settings["momentum"]}}
    return {"optimizer": {"name": solver, **rate}}


def _given_numbers(settings: FitSettings) -> Values:
    """The numbers that are given for the optimizer of a configuration."""
    keys = {"learning_rate": "learning_rate_init", "beta1": "beta_1", "beta2": "beta_2"}
    keys |= {"momentum": "momentum", "epsilon": "epsilon"}
    numbers = {key: settings.parameters[name] for key, name in keys.items()}
    return {key: number for key, number in numbers.items() if number is not None}


def _schedule(settings: FitSettings) -> Values:
    name = settings["learning_rate"]
    if name == "invscaling":
        return {"schedule": {"name": "inverse_scaling", "power": settings["power_t"]}}
    if name == "adaptive":
        patience = int(min(settings["n_iter_no_change"], settings.epochs))
        rule = {"factor": FIFTH, "patience": patience, "min_delta": settings["tol"]}
        return {"schedule": {"name": "plateau", "monitor": "running_loss", **rule}}
    return {"schedule": name if isinstance(name, dict) else {"name": name}}


def _stopping(settings: FitSettings) -> Values:
    """Stop when the validation loss no longer falls or, without such rows, that of training."""
    early = settings.stops_early
    rule = {
        "monitor": "val_loss" if early else "running_loss",
        "patience": int(min(settings["n_iter_no_change"], settings.epochs)),  # the former may be infinite
        "min_delta": settings["tol"],
        "restore_best": early,
    }
    held_out = settings["validation_fraction"] if early and not settings.validated else 0
    adaptive = settings["learning_rate"] == "adaptive"  # which lowers the rate where others stop
    return {
        "data": {"validation": held_out},
        "training": {"early_stopping": None if adaptive and not early else rule},
    }


def _loss(settings: FitSettings) -> Values:
    name = settings["loss"]
    return {"loss": LOSSES.get(name, name) if isinstance(name, str) else name}


Convert = Callable[[FitSettings], Values]
CONVERSIONS: dict[tuple[str, ...], Convert] = {
    ("hidden_layer_sizes",): _hidden,
    ("activation",): _activation,
    ("loss",): _loss,
    ("alpha",): _penalty,
    ("batch_size",): _batch,
    (
        *("solver", "learning_rate_init", "momentum", "nesterovs_momentum"),
        *("beta_1", "beta_2", "epsilon"),
    ): _optimizer,
    ("learning_rate", "power_t"): _schedule,
    ("early_stopping", "validation_fraction", "n_iter_no_change", "tol"): _stopping,
    ("max_iter",): lambda settings: {"training": {"epochs": settings.epochs}},
    ("shuffle",): lambda settings: {"training": {"shuffle": bool(settings["shuffle"])}},
}
