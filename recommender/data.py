"""The dataset a run is made from: one folder, or several at once."""

from __future__ import annotations

from functools import partial

from ..base.errors import ConfigError
from ..corpus import Dataset, read_dataset
from ..corpus.merge import merged
from .config import DataConfig


def read_data(config: DataConfig) -> Dataset:
    """Read all datasets of a run; several become one (see :func:`firstlight.corpus.merge.merged`).

    Raises
    ------
    ConfigError
        If tables are to be joined to several datasets at once.
    DataError
        If one cannot be read, or they do not go together.
    """
    if config.also and config.join:
        raise ConfigError(
            f"data.join beside {1 + len(config.also)} datasets",
            expected="tables joined to one dataset only",
            fix="join them first, and save the result as a folder of its own",
        )
    read = partial(read_dataset, min_rating=config.min_rating, events=config.events or None)
    return merged([read(config.path, join=config.join), *map(read, config.also)])
