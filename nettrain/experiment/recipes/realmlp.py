"""RealMLP: a multilayer perceptron whose defaults were chosen on many tables at once."""

from collections.abc import Mapping
from typing import ClassVar

from nettrain.experiment.document import PlainValue
from nettrain.experiment.recipes.base import DataFacts, NamedRecipe, Values, recipes


@recipes.register("realmlp", source="Holzmüller, Grinsztajn & Steinwart 2024, Better by default")
class RealMLPRecipe(NamedRecipe):
    """A multilayer perceptron with defaults that suit many tables: RealMLP-TD, 256 epochs, the best one kept.

    In the authors' code the rate factor of a group of parameters counts twice in its decay, as it does here.
    """

    settings: ClassVar[Values] = {
        "data": {
            "scaling": {"name": "robust_clip"},
            "scale_indicators": True,
            "binary_categories": "sign",
            "one_hot_up_to": 9,
        },
        "model": {
            "embeddings": {"name": "pbld"},
            "category_dimension": 8,
            "input_scale": True,
            "parametrization": "neural_tangent",
            "hidden": [256, 256, 256],
            "activation": {"name": "parametric_selu"},
            "dropout": 0.15,
            "dropout_schedule": {"name": "flat_cos"},
        },
        "optimizer": {
            "name": "adamw",
            "learning_rate": 0.04,
            "beta1": 0.9,
            "beta2": 0.95,
            "weight_decay": 0.02,
            "groups": {
                "bias": {"learning_rate": 0.1},
                "scale": {"learning_rate": 6.0, "weight_decay": 6.0},
                "activation": {"learning_rate": 0.1, "weight_decay": 0.1},
                "embedding": {"learning_rate": 0.1, "weight_decay": 0.1},
            },
        },
        "schedule": {"name": "coslog4"},
        "training": {
            "epochs": 256,
            "batch_size": 256,
            "drop_last": True,
            "weight_decay_schedule": {"name": "flat_cos"},
            "early_stopping": {"monitor": "val_loss", "patience": None, "ties": "last"},
        },
    }
    follows_data: ClassVar[tuple[str, ...]] = (
        "model.activation",
        "model.clamp_outputs",
        "loss",
        "optimizer.learning_rate",
        "training.batch_size",
        "training.early_stopping.monitor",
    )
    space: ClassVar[Values] = {
        "optimizer.learning_rate": {"distribution": "log_uniform_values", "min": 0.02, "max": 0.3},
        "model.dropout": {"values": [0.0, 0.15, 0.3], "probabilities": [0.3, 0.5, 0.2]},
        "optimizer.weight_decay": {"values": [0.0, 0.02]},
        "model.hidden": {"values": [[256] * 3, [64] * 5, [512]], "probabilities": [0.6, 0.2, 0.2]},
    }

    @classmethod
    def for_data(cls, facts: DataFacts) -> Mapping[str, PlainValue]:
        following: dict[str, PlainValue] = {
            "training.batch_size": facts.batch,
            "training.early_stopping.monitor": facts.chosen_by,
        }
        if facts.targets == "numbers":
            numbers: dict[str, PlainValue] = {
                "model.activation": {"name": "parametric_mish"},
                "model.clamp_outputs": True,
                "optimizer.learning_rate": 0.2,
            }
            return following | numbers
        name = "binary_cross_entropy" if facts.targets == "labels" else "cross_entropy"
        return {**following, "loss": {"name": name, "label_smoothing": 0.1}}
