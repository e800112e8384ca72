"""Multilayer perceptrons, plain and with embeddings of numbers."""

from collections.abc import Mapping
from typing import ClassVar

from nettrain.experiment.document import PlainValue
from nettrain.experiment.recipes.base import DataFacts, NamedRecipe, Values, recipes, with_model

FEW = 1_024  # training rows, of which an epoch has few steps
BATCH, PATIENCE = "training.batch_size", "training.early_stopping.patience"
RATE, DROPOUT = "optimizer.learning_rate", "model.dropout"
SETTINGS: Values = {
    "data": {"scaling": {"name": "quantile"}},
    "model": {
        "hidden": [256, 256],
        "activation": {"name": "relu"},
        "dropout": 0.1,
        "init": {"name": "fan_in_uniform", "random_biases": True},
    },
    "optimizer": {"name": "adamw", "learning_rate": 0.001, "weight_decay": 0.01},
    "training": {
        "epochs": 500,
        "batch_size": 256,
        "clip_norm": 1.0,
        "early_stopping": {"monitor": "val_loss", "patience": 16},
    },
}
SPACE: Values = {
    "optimizer.learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 5e-3},
    "optimizer.weight_decay": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
    "model.hidden": {"values": [[128] * 2, [256] * 2, [512] * 2, [128] * 3, [256] * 3, [512] * 3]},
    "model.dropout": {"min": 0.0, "max": 0.5},
}


class PerceptronRecipe(NamedRecipe):
    """What both have in common."""

    follows_data: ClassVar[tuple[str, ...]] = (BATCH, PATIENCE, RATE, DROPOUT)

    @classmethod
    def for_data(cls, facts: DataFacts) -> Mapping[str, PlainValue]:
        following: dict[str, PlainValue] = {BATCH: facts.batch}
        if facts.rows <= FEW:
            following[PATIENCE] = 60
            if facts.targets != "numbers":
                following |= {RATE: 0.0003, DROPOUT: 0.3}
        return following


@recipes.register("mlp", source="Gorishniy, Rubachev, Khrulkov & Babenko 2021")
class PlainRecipe(PerceptronRecipe):
    """A plain multilayer perceptron, as papers on tables train it: AdamW and early stopping."""

    settings: ClassVar[Values] = SETTINGS
    space: ClassVar[Values] = SPACE


@recipes.register("mlp_plr", source="Gorishniy, Rubachev & Babenko 2022")
class PeriodicRecipe(PerceptronRecipe):
    """The perceptron of `mlp` behind periodic embeddings, which let it bend often along a number."""

    settings: ClassVar[Values] = with_model(SETTINGS, embeddings={"name": "periodic", "sigma": 0.1})
    space: ClassVar[Values] = {
        **SPACE,
        "model.embeddings.sigma": {"distribution": "log_uniform_values", "min": 0.01, "max": 10.0},
    }
