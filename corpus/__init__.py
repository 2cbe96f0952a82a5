"""Floor 1: the catalogue and the log, readers, splits, sentences, the sample world."""

from .catalogue import Catalogue, Item
from .dataset import Dataset, ReadReport
from .interactions import Cases, Interactions, cases_at
from .keys import FIRST_ITEM, ItemKey, ItemToken, UserKey, Vocabulary

__all__ = [
    "FIRST_ITEM",
    "Cases",
    "Catalogue",
    "Dataset",
    "Interactions",
    "Item",
    "ItemKey",
    "ItemToken",
    "ReadReport",
    "UserKey",
    "Vocabulary",
    "cases_at",
]
