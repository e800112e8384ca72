"""Methods of search: each entry chooses the values of trials, a method per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.searches.base import (
    SEARCH,
    BracketPlan,
    Exchange,
    Sampler,
    SearchedKey,
    SearchMethod,
    Space,
    ToldTrial,
    Values,
    combinations,
    outermost_first,
    search_methods,
)

__all__ = [
    "SEARCH",
    "BracketPlan",
    "Exchange",
    "Sampler",
    "SearchMethod",
    "SearchedKey",
    "Space",
    "ToldTrial",
    "Values",
    "combinations",
    "outermost_first",
    "search_methods",
]

import_families(__name__, __path__)
