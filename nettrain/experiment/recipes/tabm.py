"""TabM: many networks in one, which share their weights."""

from collections.abc import Mapping
from typing import ClassVar

from nettrain.experiment.document import PlainValue
from nettrain.experiment.recipes.base import DataFacts, NamedRecipe, Values, recipes


@recipes.register("tabm", source="Gorishniy, Kotelnikov & Babenko 2024, TabM")
class TabMRecipe(NamedRecipe):
    """32 networks in one that share most weights and predict together, behind curves of each number.

    The embeddings are piecewise linear, with which published figures are better than without; without them
    (`model.embeddings: none`) the authors take 3 hidden layers. The best epoch is that of the least
    validation loss. The papers watch the accuracy of classes, which is the same in many epochs when rows are
    few.
    """

    settings: ClassVar[Values] = {
        "data": {"scaling": {"name": "quantile"}},
        "model": {
            "embeddings": {"name": "piecewise_linear"},
            "hidden": [512, 512],
            "activation": {"name": "relu"},
            "dropout": 0.1,
            "init": {"name": "fan_in_uniform", "random_biases": True},
            "sub_members": {"count": 32, "kind": "batch_ensemble", "own_batches": True},
        },
        "optimizer": {"name": "adamw", "learning_rate": 0.002, "weight_decay": 0.0003},
        "training": {
            "epochs": 1000,
            "batch_size": 256,
            "clip_norm": 1.0,
            "early_stopping": {"monitor": "val_loss", "patience": 16},
        },
    }
    follows_data: ClassVar[tuple[str, ...]] = ("training.batch_size",)

    space: ClassVar[Values] = {
        "optimizer.learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 5e-3},
        "optimizer.weight_decay": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
        "model.hidden": {"values": [[256] * 2, [512] * 2, [256] * 3, [512] * 3, [256] * 4]},
        "model.dropout": {"min": 0.0, "max": 0.5},
    }

    @classmethod
    def for_data(cls, facts: DataFacts) -> Mapping[str, PlainValue]:
        return {"training.batch_size": facts.at_most(256)}
