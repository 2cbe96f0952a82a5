"""The leak check of a run: its split and catalogue, and what the run itself was fitted on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ..base.hashing import key_hashes
from ..corpus.interactions import Cases
from ..corpus.split import Split
from ..eval import Candidates, Finding, check_leaks, top_rows
from ..eval.leaks import leaks_of_prompts
from ..eval.ranking import Scores
from .probing import PROMPTS, prompts
from .ranking import Voting
from .run_directory import Run
from .splitting import make_split

SAME = 1e-4  # difference of two means that is rounding


def leaks_of_run(
    voting: Voting, split: Split, cases: Cases, released: NDArray[np.float64] | None, *, own: bool
) -> list[Finding]:
    """Look for every known leak; the language model's prompts are read for some of the cases.

    `own` tells whether the run was trained on this domain: counts and statistics are then its own.
    """
    run = voting.run
    found = check_leaks(
        split,
        run.catalogue,
        counts=run.counts if own else None,
        fitted=dict(fitted_rows(run)) if own else None,
        top=_shown_first,
    )
    if run.has_ranker and len(cases):
        some = cases.take(np.arange(min(len(cases), PROMPTS)))
        found += leaks_of_prompts(some, run.catalogue, prompts(voting, some, released))
    return found


def fitted_rows(run: Run) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """On which rows each whitening of the model was fitted, by name.

    Read off the statistics themselves: they are those of the training rows, or else those of all.
    """
    train = make_split(run.log, run.config.split, fitting=True).train
    tower, known = run.model.tower, train.counts(len(run.catalogue)) > 0
    modalities = {"text": (run.content.text, tower.text), "picture": (run.content.image, tower.image)}
    for name, (encoded, modality) in modalities.items():
        if encoded is None or modality is None:
            continue
        fit = encoded.present & known
        if fit.sum() < 2:
            continue
        mean = torch.from_numpy(encoded.vectors[fit]).double().mean(0)
        same = torch.allclose(mean, modality.whitening.mean.double().cpu(), atol=SAME)
        yield f"whitening of {name}s", fit if same else encoded.present


def _shown_first(scores: Scores, k: int) -> NDArray[np.integer]:
    """How equal scores are ordered here: by a hash of the keys."""
    keys = map(str, range(scores.shape[1]))
    return top_rows(scores, k, Candidates(tie_hashes=key_hashes(keys, "item")))
