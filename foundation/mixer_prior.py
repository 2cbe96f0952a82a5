"""What many shops have in common: a mixer to start from where few cases can teach one.

What transitions, look-alikes and texts are worth, for a known item or a new one, a long history or a short
one, is much the same from shop to shop. A mixer fitted on several of them knows it before it has seen a case
of the next, which then moves it as far as its own cases say (:func:`.mixer_fit.fit_mixer`).

`prior.safetensors` beside this file is such a mixer. How it was made stands in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base.errors import DataError
from ..base.progress import bar
from .mixer import Mixer
from .mixer_fit import BATCH, descend, list_loss
from .mixer_lists import Lists

SHIPPED = Path(__file__).with_name("prior.safetensors")
STEPS = 80  # for each shop; with many more it knows these shops and the next one less
WITHOUT = 0.3  # how often each view is missing: the next shop may have no pictures, or no attributes
GAP = " gap"


def shipped_prior() -> Mixer:
    """The prior that comes with Firstlight."""
    return Mixer.load(SHIPPED)


def fit_prior(shops: Sequence[Lists], *, seed: int = 0) -> Mixer:
    """One mixer for several shops, each of which counts alike however large it is.

    Parameters
    ----------
    shops
        Validation lists of each. They may differ in their columns: a column that a shop lacks reads like its
        mean over the others.

    Raises
    ------
    DataError
        If no shop has a list with an answer.
    """
    names = tuple(dict.fromkeys(name for lists in shops for name in lists.names))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    usable = [(lists, np.flatnonzero(lists.answers >= 0)) for lists in shops]
    usable = [(lists, cases) for lists, cases in usable if len(cases)]
    if not usable:
        raise DataError(
            f"no list with an answer in {len(shops)} shops",
            where="fit_prior",
            expected="validation lists of which some hold what was taken next",
        )
    mixer = Mixer(names)
    _standardize(mixer, usable, rng)
    mean, views = mixer.mean.numpy(), list(_views(names))
    steps = STEPS * len(usable)

    def loss(step: int) -> Tensor:
        lists, cases = usable[step % len(usable)]
        part = lists.part(rng.choice(cases, min(BATCH, len(cases)), replace=False)).over(names, mean)
        for columns in views:
            if rng.random() < WITHOUT:
                part.values[:, columns] = mean[columns]
        return list_loss(mixer, part, rng)

    with bar(steps, "prior", unit="step") as progress:
        for _ in descend(mixer, map(loss, range(1, steps + 1)), steps):
            progress.update(1)
    return mixer.eval()


def _standardize(
    mixer: Mixer, usable: Sequence[tuple[Lists, NDArray[np.int64]]], rng: np.random.Generator
) -> None:
    """Mean and spread of each column over the shops that have it, the same number of cases from each."""
    unknown = np.full(len(mixer.names), np.nan)
    samples = [
        lists.part(rng.permutation(cases)[: 4 * BATCH]).over(mixer.names, unknown) for lists, cases in usable
    ]
    values = np.concatenate([sample.values.astype(np.float32) for sample in samples])
    mixer.mean.copy_(torch.from_numpy(np.nanmean(values, axis=0, dtype=np.float64)))
    mixer.spread.copy_(torch.from_numpy(np.nanstd(values, axis=0, dtype=np.float64) + 1e-6))


def _views(names: Sequence[str]) -> Iterator[list[int]]:
    """The columns of each content view: its cosines to the history and to the last item, and their gaps."""
    views = [name.removesuffix(GAP) for name in names if name.endswith(GAP) and " of last" not in name]
    for view in views:
        ours = {view, view + GAP, f"{view} of last", f"{view} of last{GAP}"}
        yield [at for at, name in enumerate(names) if name in ours]
