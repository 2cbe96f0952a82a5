"""Readers: a folder is recognized for what it is and becomes a :class:`Dataset`."""

from .items_file import read_items
from .read import read_dataset

__all__ = ["read_dataset", "read_items"]
