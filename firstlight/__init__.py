"""Firstlight: recommendations from foundation models, good from day one, with reasons that are checked.

The public names load on first use, so that ``import firstlight`` is quick and loads no torch.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Catalogue": ".corpus",
    "Item": ".corpus",
    "Interactions": ".corpus",
    "read_dataset": ".corpus",
    "write_sample": ".corpus.sample",
    "FoundationModel": ".foundation",
    "Recommender": ".recommender",
    "pretrain": ".recommender",
    "evaluate": ".recommender",
    "FirstlightError": ".base.errors",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'firstlight' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
