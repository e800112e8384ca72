"""Recipes: whole networks and trainings by name, as plain settings; every file adds its own."""

from nettrain.catalogue.discovery import import_families
from nettrain.experiment.recipes.base import DataFacts, NamedRecipe, NoRecipe, Recipe, recipes, value_at

__all__ = ["DataFacts", "NamedRecipe", "NoRecipe", "Recipe", "recipes", "value_at"]

import_families(__name__, __path__)
