"""Floor 1: the catalogue and the log, readers, splits, sentences, the sample world."""

from .catalogue import Catalogue, Item
from .check import CheckReport, check_dataset
from .dataset import Dataset, ReadReport
from .interactions import Cases, Interactions, cases_at
from .keys import ItemKey, UserKey, Vocabulary
from .readers import read_dataset

__all__ = [
    "Cases",
    "Catalogue",
    "CheckReport",
    "Dataset",
    "Interactions",
    "Item",
    "ItemKey",
    "ReadReport",
    "UserKey",
    "Vocabulary",
    "cases_at",
    "check_dataset",
    "read_dataset",
]
