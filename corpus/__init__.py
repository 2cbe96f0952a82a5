"""Floor 1: the catalogue and the log, readers, splits, sentences, the sample world."""

from .catalogue import Catalogue, Item
from .check import CheckReport, check_dataset
from .dataset import Dataset, ReadReport
from .interactions import Cases, Interactions, cases_at
from .keys import FIRST_ITEM, ItemKey, ItemToken, UserKey, Vocabulary
from .readers import read_dataset

__all__ = [
    "FIRST_ITEM",
    "Cases",
    "Catalogue",
    "CheckReport",
    "Dataset",
    "Interactions",
    "Item",
    "ItemKey",
    "ItemToken",
    "ReadReport",
    "UserKey",
    "Vocabulary",
    "cases_at",
    "check_dataset",
    "read_dataset",
]
