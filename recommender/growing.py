"""`add-items`: new items become retrievable at once, with nothing trained again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.errors import DataError
from ..corpus.catalogue import Catalogue
from ..corpus.readers import read_items
from .content import features_of, image_encoder_of, read_content, text_encoder_of
from .mixture import with_look_alikes
from .run_directory import Run, load_run, revise, write_items
from .training import stored


def add_items(path: Path | str, file: Path | str) -> int:
    """Encode the items of a table and add them to a run; return how many.

    They have no interactions, so each is exactly its content vector, and competes with all others
    from the next question on. Rows of known items never move.

    Raises
    ------
    DataError
        If the table cannot be used, is empty, or names an item the run knows; the run stays as it was.
    ArtifactError
        If somebody else changed the run meanwhile; it stays as they left it.
    """
    run = load_run(Path(path))
    fresh = read_items(Path(file)).typed_as(run.catalogue)
    if len(fresh) == 0:
        raise DataError("no items", where=str(file), expected="at least one row")
    known = [key for key in fresh.keys if key in run.catalogue.vocabulary]
    if known:
        raise DataError(
            f'{len(known)} items are in the run already, such as "{known[0]}"',
            where=str(file),
            expected="new items only",
            fix="remove them from the table",
        )
    grown = _grown(run, fresh)
    with revise(run.path, version=run.version) as draft:
        write_items(grown, draft)
    return len(fresh)


def _grown(run: Run, fresh: Catalogue) -> Run:
    """The run with `fresh` behind its own items."""
    more = read_content(fresh, text_encoder_of(run), image_encoder_of(run))
    content = run.content.concat(more)
    counts = np.concatenate([run.counts, np.zeros(len(fresh), np.int64)])
    catalogue = run.catalogue.extended(fresh)
    store = stored(catalogue.keys, run.model, features_of(content, counts))
    grown = replace(
        run,
        catalogue=catalogue,
        content=content,
        counts=counts,
        memory=run.memory.extended(len(catalogue)),
        traces=run.traces.extended(len(catalogue)),
        store=store,
    )
    return with_look_alikes(grown)
