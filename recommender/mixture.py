"""The experts and the mixer of a run: made after pre-training, read back with the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from ..corpus.catalogue import Catalogue
from ..corpus.interactions import Cases, Interactions
from ..corpus.tokens import token_views
from ..foundation import FoundationModel, ItemFeatures
from ..foundation.columns import ItemFacts, Table
from ..foundation.experts import Experts
from ..foundation.memory import TransitionMemory
from ..foundation.mixer import Mixer
from ..foundation.mixer_fit import MixerReport, fit_mixer
from ..foundation.mixer_lists import Ask
from ..foundation.mixer_prior import shipped_prior
from ..foundation.mixing import LIMIT, Mixing, Panel, seen_mask
from ..foundation.scorer import FoundationScorer
from ..foundation.traces import Traces
from ..foundation.whiten import Whitening
from .config import NO_PRIOR, SHIPPED_PRIOR, MixerConfig
from .content import features_of
from .run_directory import Run
from .splitting import make_split
from .validation import sample

MAX_CASES = 24_000
MOST_ASKED = 24_000 * 50_000  # cases times items: in a large catalogue fewer cases are asked
NEWCOMERS = 0.25  # of the cases are asked again with no more than the newest few items of their history
LONGEST_NEW = 10


def scorer_of(run: Run) -> FoundationScorer:
    """The run's foundation over its catalogue: network, memory and, where it was fitted, the mixer.

    Over another domain's catalogue content speaks for the network. What is known of people there the mixer
    weighs as other shops taught; where nothing is, it has nothing to say that content does not.
    """
    if run.foreign:
        return _foreign_scorer(run)
    features = features_of(run.content, run.counts)
    if run.mixer is None:
        return FoundationScorer(run.model, features, run.memory)
    return FoundationScorer(run.model, features, run.memory, Mixing(own_panel(run, features), run.mixer))


def with_look_alikes(run: Run) -> Run:
    """The run with its items' look-alikes found, which takes time that grows with their square.

    Where those of its first items are known only the others are compared. A run without a mixer asks no
    expert and stays as it is.
    """
    if run.mixer is None:
        return run
    panel = own_panel(run, features_of(run.content, run.counts))
    return replace(run, look_alikes=panel.experts.look_alikes)


def own_panel(run: Run, features: ItemFeatures) -> Panel:
    """The experts over a run's own catalogue."""
    return panel_of(run.catalogue, run.model, features, run.memory, run.traces, run.look_alikes)


def _foreign_scorer(run: Run) -> FoundationScorer:
    panel, scorer = foreign(run)
    prior = prior_of(run.config.mixer)
    if prior is not None and run.counts.any() and len(run.catalogue) <= LIMIT:
        scorer.mixing = Mixing(panel, prior.over(panel.names))
    return scorer


def foreign(run: Run) -> tuple[Panel, FoundationScorer]:
    """A catalogue's experts, and its content with what is remembered of people, without any network."""
    experts = _content_experts(run)
    features = features_of(run.content, np.zeros_like(run.counts))
    scorer = FoundationScorer(run.model, features, run.memory, foreign=experts)
    return Panel(experts, ItemFacts(run.counts.astype(np.float32), run.traces.late)), scorer


def _content_experts(run: Run) -> Experts:
    """Content experts whose statistics are all of the catalogue that is asked."""
    dense = {}
    for name, encoded in (("text", run.content.text), ("image", run.content.image)):
        if encoded is not None:
            vectors, present = torch.from_numpy(encoded.vectors), torch.from_numpy(encoded.present)
            whitening = Whitening(vectors.shape[1], vectors.shape[1])
            whitening.fit(vectors[present])
            dense[name] = whitening.unit(vectors, present).numpy()
    everything = np.ones(len(run.catalogue), dtype=bool)
    return Experts(run.memory, run.traces, dense, token_views(run.catalogue, everything))


def as_fitted(run: Run) -> Run:
    """The run as it was before its validation items were counted: what may be fitted on them."""
    if not make_split(run.log, run.config.split).train_on_valid:
        return run
    train, n_items = make_split(run.log, run.config.split, fitting=True).train, len(run.catalogue)
    memory = run.memory.recounted(train)
    counts, traces = train.counts(n_items), traces_of(train, n_items)
    return replace(run, counts=counts, memory=memory, traces=traces, look_alikes=None)


def prior_of(config: MixerConfig) -> Mixer | None:
    """What the mixer's fit starts from; None for nothing.

    Raises
    ------
    ArtifactError
        If the named file holds no mixer.
    """
    if config.prior == NO_PRIOR:
        return None
    return shipped_prior() if config.prior == SHIPPED_PRIOR else Mixer.load(Path(config.prior))


def traces_of(train: Interactions, n_items: int) -> Traces:
    """What the experts need of a log: nothing in a catalogue beyond their limit."""
    return Traces.of(train, n_items) if n_items <= LIMIT else Traces.none(n_items)


def panel_of(
    catalogue: Catalogue,
    model: FoundationModel,
    features: ItemFeatures,
    memory: TransitionMemory,
    traces: Traces,
    look_alikes: sparse.csr_matrix | None = None,
) -> Panel:
    """The experts over a catalogue, seeing content as the model's whitening does."""
    with torch.no_grad():
        white = model.tower.white(features.to(model.device)).float().cpu().numpy()
    present = [
        name for name, one in (("text", model.tower.text), ("image", model.tower.image)) if one is not None
    ]
    widths = np.cumsum(model.tower.white_widths)[:-1]
    dense = dict(zip(present, np.split(white, widths, axis=1), strict=True)) if present else {}
    counts = features.counts.numpy()
    experts = Experts(memory, traces, dense, token_views(catalogue, counts > 0), look_alikes)
    return Panel(experts, ItemFacts(counts, traces.late))


def fit_mixture(
    panel: Panel,
    scorer: FoundationScorer,
    cases: Cases,
    released: NDArray[np.float64] | None,
    *,
    prior: Mixer | None = None,
    seed: int,
) -> tuple[Mixer, MixerReport]:
    """Fit the mixer on validation cases, from a prior or from nothing.

    `released` are release times, None where the log has no calendar.
    """
    ask, asked = asking(panel, scorer, cases, released, seed=seed)
    return fit_mixer(ask, asked, panel.facts.cold, released, prior=prior, seed=seed)


def asking(
    panel: Panel,
    scorer: FoundationScorer,
    cases: Cases,
    released: NDArray[np.float64] | None,
    *,
    seed: int,
) -> tuple[Ask, Cases]:
    """How a panel is asked for candidates, and what: not more cases than a large catalogue allows.

    Some cases are asked a second time as a newcomer's. What such a person took before stays closed: the
    experts have counted it, so it would come up, and it is never the answer.
    """
    n_items = len(panel.facts.counts)
    most = min(MAX_CASES, MOST_ASKED // n_items)
    whole, asked = _with_newcomers(cases.take(sample(cases, most)), seed)

    def ask(index: NDArray[np.int64]) -> Table:
        part = asked.take(index)
        blocked = seen_mask(whole.take(index).histories(), n_items)
        if released is not None:
            blocked |= released > part.times[:, None]
        histories = part.histories()
        voices = scorer.voices(scorer.people(part), histories)
        return panel.table(voices, histories, blocked)

    return ask, asked


def _with_newcomers(cases: Cases, seed: int) -> tuple[Cases, Cases]:
    """Cases and copies of some: with whole histories, and with the copies' cut to their newest items."""
    rng = np.random.default_rng(seed)
    again = np.flatnonzero(rng.random(len(cases)) < NEWCOMERS)
    index = np.concatenate([np.arange(len(cases)), again])
    lengths = cases.lengths[index]
    lengths[len(cases) :] = rng.integers(0, np.minimum(lengths[len(cases) :], LONGEST_NEW) + 1)
    return cases.take(index), cases.newest(index, lengths)
