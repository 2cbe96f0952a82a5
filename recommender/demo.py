"""The whole story on the sample world: make it, learn it, rank, explain, report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.progress import say
from ..corpus.sample import write_sample
from ..eval import Person
from .config import RunConfig
from .evaluation import evaluate
from .recommender import Recommender
from .reporting import person_of_gallery, save_report
from .training import pretrain
from .tuning import finetune

WISH = "a quiet fantasy by the sea, no romance, under 20 minutes"
SHOWN = 4


def run_demo(out: Path, *, users: int = 2000, items: int = 1200, seed: int = 7) -> Path:
    """Do everything once and return the report's path. Whatever is complete already is kept."""
    world, run = out / "world", out / "run"
    if not world.exists():
        say(f"1/5  a sample world of {items:,} items and {users:,} people")
        write_sample(world, users=users, items=items, seed=seed)
    else:
        say(f"1/5  kept as it is: {world}; for a world of other sizes choose another --out")
    say("2/5  pre-training the foundation model on text, pictures and behavior")
    pretrain(world, run, demo_config(seed))
    if not (run / "ranker").is_dir():
        say("3/5  fine-tuning the language model to rank, then weighing the voters")
        say(finetune(run).text())
    say("4/5  evaluating beside the baselines")
    outcome = evaluate(run, most_cases=4000, most_llm_cases=60)
    say(outcome.text())
    say("5/5  three people and their reasons")
    recommender = Recommender.from_pretrained(run)
    return save_report(outcome, gallery(recommender))


def demo_config(seed: int) -> RunConfig:
    """Settings that two cores carry in a few minutes."""
    config = RunConfig()
    return replace(
        config,
        pretrain=replace(config.pretrain, epochs=20, batch_tokens=512, lr=3e-3, patience=6, seed=seed),
        ranker=replace(
            config.ranker, limits=replace(config.ranker.limits, history_items=6), depth=12, seed=seed
        ),
        tuning=replace(config.tuning, lists=48, stop_lists=16, blend_lists=48, pool=20, probe_lists=0),
        serve=replace(config.serve, rerank=20, writer="llm"),
    )


def gallery(recommender: Recommender) -> list[Person]:
    """A regular, a newcomer with one click and a wish, and someone who is shown a never-seen item."""
    return [_regular(recommender), _newcomer(recommender), _early_bird(recommender)]


def _history(recommender: Recommender, user: int) -> list[str]:
    return [recommender.catalogue.keys[row] for row in recommender.run.log.sentence(user)]


def _regular(recommender: Recommender) -> Person:
    log = recommender.run.log
    lengths = np.diff(log.offsets)
    user = int(np.argmin(np.abs(lengths - np.quantile(lengths, 0.8))))
    answer = recommender.recommend(user=log.user_keys[user], k=SHOWN, explain=True)
    story = f"A regular: {lengths[user]} films so far."
    history = _history(recommender, user)[-6:]
    return person_of_gallery(log.user_keys[user], story, recommender, answer, history=history)


def _newcomer(recommender: Recommender) -> Person:
    popular = int(np.argmax(recommender.run.counts))
    history = [recommender.catalogue.keys[popular]]
    answer = recommender.recommend(history=history, query=WISH, k=SHOWN, explain=True)
    story = "Has no account: one click and a wish."
    return person_of_gallery("A newcomer", story, recommender, answer, history=history, wish=WISH)


def _early_bird(recommender: Recommender) -> Person:
    """The person whose list of never-seen items starts with the best score of a few candidates."""
    run = recommender.run
    cold = [recommender.catalogue.keys[row] for row in np.flatnonzero(run.counts == 0).tolist()]
    busy = np.argsort(-np.diff(run.log.offsets), kind="stable")[:20]
    user = max(map(int, busy), key=lambda one: _cold_fit(recommender, one))
    key = run.log.user_keys[user]
    answer = recommender.recommend(user=key, k=SHOWN, explain=True, allow=cold)
    story = "Shown only films that nobody had seen when the model was trained."
    return person_of_gallery(key, story, recommender, answer, history=_history(recommender, user)[-6:])


def _cold_fit(recommender: Recommender, user: int) -> float:
    """How near the nearest never-seen item is to what this person likes."""
    run = recommender.run
    return float(recommender.space.scores(run.log.sentence(user))[run.counts == 0].max())
