"""The language model under evaluation: what it adds, what it reads, and what it only remembers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..corpus.interactions import Cases
from ..eval.memorization import aliased
from ..eval.protocol import ScoreFn
from ..prompts.render import SLOT
from .pools import person_of, retrieved
from .ranking import Voting

PROMPTS = 50  # questions whose prompts are read


def blended(voting: Voting, released: NDArray[np.float64] | None) -> ScoreFn:
    """Scores whose order is the blend's within the retrieved list, and the foundation's behind it."""

    def score(cases: Cases) -> NDArray[np.float32]:
        scores = voting.scorer(cases)
        for case, pool in enumerate(retrieved(voting, cases, voting.run.config.serve.rerank, released)):
            ordering = voting.order(person_of(cases, case), pool.state, pool.rows)
            top = scores[case].max()
            scores[case, ordering.rows] = top + np.arange(len(ordering.rows), 0, -1, dtype=np.float32)
        return scores

    return score


def language_model_alone(voting: Voting, released: NDArray[np.float64] | None) -> ScoreFn:
    """The language model's own scores of the retrieved list; nothing else competes."""

    def score(cases: Cases) -> NDArray[np.float32]:
        scores = np.full((len(cases), len(voting.run.catalogue)), -np.inf, np.float32)
        pools = retrieved(voting, cases, voting.run.config.serve.rerank, released)
        requests = [voting.request(pool.person, pool.state, pool.rows) for pool in pools]
        for case, own in enumerate(voting.ranker.score(requests)):
            scores[case, pools[case].rows] = own
        return scores

    return score


def without_titles(voting: Voting) -> Voting:
    """The same voting, in which the language model reads neutral aliases instead of titles."""
    other = Voting(replace(voting.run, catalogue=aliased(voting.run.catalogue)), voting.space)
    vars(other).update(scorer=voting.scorer, ranker=voting.ranker)  # cached: both are loaded already
    return other


def prompts(voting: Voting, cases: Cases, released: NDArray[np.float64] | None) -> list[str]:
    """What the language model reads before the candidates, for each case."""
    pools = retrieved(voting, cases, 2, released)
    requests = [voting.request(pool.person, pool.state, pool.rows) for pool in pools]
    decode = voting.ranker.llm.tokenizer.decode
    ids = ([i for i in voting.ranker.ask(request).prefix if i != SLOT] for request in requests)
    return [str(decode(prefix)) for prefix in ids]
