"""The experiment file as a whole: every key with its default and meaning, composed of one class per block."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from nettrain.catalogue.calibrations import Calibration, calibrations
from nettrain.catalogue.losses import Loss, losses
from nettrain.catalogue.optimizers import Optimizer, optimizers
from nettrain.catalogue.registry import Choice
from nettrain.catalogue.schedules import Schedule, schedules
from nettrain.catalogue.settings import Settings, expects, number, option
from nettrain.data.settings import DataSettings
from nettrain.experiment.conflicts import conflicts, schedule_monitor
from nettrain.experiment.document import KeyPath
from nettrain.experiment.problems import error_at
from nettrain.experiment.recipes import Recipe, recipes
from nettrain.experiment.sweep_settings import SweepSettings
from nettrain.experiment.training_settings import Seed, TrainingSettings
from nettrain.model.settings import ModelSettings, RegularizationSettings

MOST_THREADS = 1024
MOST_BLENDED = 64  # networks beside that of the file
Threads = Annotated[
    Annotated[int, Field(ge=1, le=MOST_THREADS)] | Literal["auto"],
    expects(f"a whole number from 1 to {MOST_THREADS}, or auto"),
]

ThresholdSetting = Annotated[
    Literal["none", "f1", "youden"] | float, expects("none, f1, youden or a number such as 0.3")
]

Blend = Annotated[
    list[dict[str, object]],
    Field(max_length=MOST_BLENDED),
    expects("a list of blocks of keys"),
    BeforeValidator(lambda blend: [] if blend is None else blend),  # all entries commented out
]


class BackendSettings(Settings):
    """Where and how the numbers are computed."""

    name: Literal["auto", "numpy", "cupy"] = option("auto", "auto: cupy where a GPU is available, else numpy")
    dtype: Literal["float32", "float64"] = option("float32", "type of parameters and activations")
    threads: Threads = option(
        "auto", "threads of matrix products and kernels; no bit of a run depends on them"
    )
    device: int = option(0, "number of the GPU", ge=0)
    tf32: bool = option(False, "let a GPU round the factors of float32 products to 10 bits")

    @model_validator(mode="after")
    def _something_to_round(self) -> "BackendSettings":
        for value, other in ((self.name, "numpy"), (self.dtype, "float64")):
            if self.tf32 and value == other:
                raise error_at(("backend", "tf32"), f"true does nothing for {other}")
        return self


class Experiment(Settings):
    """One experiment: data, model, loss, optimizer, training and backend."""

    experiment: str = option(
        "experiment", "name of the experiment and of its run folder", min_length=1, max_length=200
    )
    seed: Seed = number(0, "default of the four seeds: of the splits, the weights, the rows' order and noise")
    recipe: Annotated[Recipe, Choice(recipes)] = option(
        "none", "a whole network and its training by name, for what the file leaves out"
    )
    data: DataSettings
    model: ModelSettings = option({}, "the network")
    loss: Annotated[Loss | str, Choice(losses, auto=True)] = option("auto", "what is minimised")
    regularization: RegularizationSettings = option({}, "penalties on the weights")
    optimizer: Annotated[Optimizer, Choice(optimizers, default="adam")] = option("adam", "the update rule")
    schedule: Annotated[Schedule, Choice(schedules, default="constant")] = option(
        "constant", "the learning rate over time"
    )
    training: TrainingSettings = option({}, "the training loop")
    calibration: Annotated[Calibration, Choice(calibrations)] = option(
        "none", "how validation rows correct probabilities after training, or give numbers intervals"
    )
    threshold: ThresholdSetting = option(
        "none",
        "the prediction from which on it is the second of two classes, or a label is 1; f1, youden: the"
        " best by validation rows; none: the more likely one",
    )
    backend: BackendSettings = option({}, "where the numbers are computed")
    blend: Blend = option(
        [],
        "further networks, trained on the same rows, whose weighted mean with the file's own predicts: of "
        "each the keys in which it differs; validation rows weigh them",
    )
    sweep: SweepSettings | None = option(None, "a search over parameters, see nettrain sweep")

    @model_validator(mode="after")
    def _no_conflicts(self) -> "Experiment":
        for path, text in conflicts(self):
            raise error_at(path, text)
        return self

    @property
    def postprocesses(self) -> bool:
        """Whether something is fitted to predictions after training."""
        return self.calibration.name != "none" or self.threshold != "none"

    @property
    def leaves_out_sub_members(self) -> bool:
        """Whether some sub-members of the network are left out after training."""
        return self.model.sub_members is not None and self.model.sub_members.keep is not None

    @property
    def recipe_name(self) -> str:
        """The name of its recipe, "" where it has none."""
        return "" if self.recipe.name == "none" else self.recipe.name

    @property
    def watched(self) -> dict[KeyPath, str]:
        """The metrics that control the training, by the key that names them."""
        return self.training.watched | schedule_monitor(self)
