"""The leak check: whether split, catalogue or system know what they are about to be asked.

A *leak* makes figures wrong whatever the system. A *warning* harms only systems that use the thing
named (an id's number, a key in a text); both are printed in every report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..corpus.catalogue import Catalogue
from ..corpus.dataset import Dataset
from ..corpus.interactions import Cases
from ..corpus.split import Split, leave_one_out, ready_made, time_split, user_cold
from .finding import Finding, example, finding
from .leaks_split import in_history, leaks_of_split
from .leaks_text import answers_told, distinctive, keys_in_texts, labels_in_prompts
from .ranking import Scores

NEXT_ID, NEXT_ID_LEAK = 0.01, 0.10  # excess of "the next id" over "the previous id": warning, leak
MOMENTS, FEWEST_PEOPLE = 20, 20  # distinct times, people: fewer cannot be cut


def check_leaks(
    split: Split,
    catalogue: Catalogue,
    *,
    fitted: Mapping[str, NDArray[np.integer] | NDArray[np.bool_]] | None = None,
    counts: NDArray[np.integer] | None = None,
    top: Callable[[Scores, int], NDArray[np.integer]] | None = None,
) -> list[Finding]:
    """Look for every known way in which the answer gets into the question. Empty is good.

    What a language model reads is looked at by :func:`leaks_of_prompts`.

    Parameters
    ----------
    split, catalogue
        What is trained on and asked.
    fitted
        Rows on which statistics or encoders were fitted, by name, for example ``{"whitening": rows}``;
        none of them may be unseen in training.
    counts
        int [n_items], the counts a system uses; they must be those of training.
    top
        Turns scores [b, n] and k into lists; asked with equal scores, it must not answer by number.
    """
    found = [
        *leaks_of_split(split),
        *_ids_encode_order(split, catalogue),
        *_keys_in_texts(split, catalogue),
        *_fitted_on_unseen(split, catalogue, fitted or {}),
    ]
    if counts is not None:
        found += _foreign_counts(split, catalogue, counts)
    return found + (list(_ties_by_number(top)) if top else [])


def check_protocols(dataset: Dataset) -> dict[str, list[Finding]]:
    """The leak check of every protocol that a dataset allows, by the split's name.

    Leave-one-out, a cut in time where there are times, people held out, and ready-made cases. What
    concerns the catalogue alone is looked for once, under the first of them.
    """
    splits = list(_splits(dataset))
    found = {split.name: leaks_of_split(split) for split in splits[1:]}
    return {**{split.name: check_leaks(split, dataset.catalogue) for split in splits[:1]}, **found}


def _splits(dataset: Dataset) -> Iterator[Split]:
    log = dataset.interactions
    if "test" in dataset.cases:
        test = dataset.cases["test"]
        yield ready_made(log, dataset.cases.get("valid", test.take(np.zeros(0, np.int64))), test)
    if len(log) and int(np.diff(log.offsets).max()) >= 3:
        yield leave_one_out(log, train_on_valid=False)
    if log.clock == "timestamp" and len(np.unique(log.times)) >= MOMENTS:
        yield time_split(log)
    if log.n_users >= FEWEST_PEOPLE:
        yield user_cold(log)


def _ids_encode_order(split: Split, catalogue: Catalogue) -> Iterator[Finding]:
    """Is the next item often the next number? Compared with how often it is the previous number."""
    cases = split.test.take(split.test.lengths > 0)
    if not len(cases):
        return
    last = cases.rows[cases.ends - 1].astype(np.int64)
    numberings = {"rows": np.arange(len(catalogue))}
    if all(key.isascii() and key.isdigit() and len(key) < 16 for key in catalogue.keys):
        numberings["keys"] = np.array([int(key) for key in catalogue.keys])
    steps = {name: number[cases.targets] - number[last] for name, number in numberings.items()}
    name, step = max(steps.items(), key=lambda one: (one[1] == 1).sum())
    forward, back = (step == 1).mean(), (step == -1).mean()
    if forward - back > NEXT_ID and np.count_nonzero(step == 1) >= 10:
        severity = "leak" if forward - back > NEXT_ID_LEAK else "warning"
        yield from finding(
            f"item {name} are numbered in the order people took them", severity, step == 1,
            example(cases, step == 1), "shuffle the items; break no tie by number; keep ids out of texts",
        )  # fmt: skip


def _keys_in_texts(split: Split, catalogue: Catalogue) -> Iterator[Finding]:
    people = distinctive({*split.train.user_keys, *split.test.user_keys})
    others, users = keys_in_texts(catalogue, distinctive(catalogue.keys), people)
    fix = "clean the texts before they are encoded or shown to a language model"
    yield from finding("item texts that name people", "leak", users.hit, users.example, fix)
    yield from finding("item texts that name other items' keys", "warning", others.hit, others.example, fix)
    told = answers_told(split.test, catalogue)
    yield from finding(
        "keys or texts that name the right answer", "leak", told, example(split.test, told), fix
    )


def _fitted_on_unseen(
    split: Split, catalogue: Catalogue, fitted: Mapping[str, NDArray[np.integer] | NDArray[np.bool_]]
) -> Iterator[Finding]:
    if not len(split.train):
        return  # zero-shot: the texts of the target catalogue are all there is
    unseen = split.train.counts(len(catalogue)) == 0
    for name, rows in fitted.items():
        used = np.zeros(len(catalogue), dtype=bool)
        used[rows] = True
        hit = used & unseen
        example = catalogue.keys[int(hit.argmax())]
        fix = "fit on items with an interaction in training"
        yield from finding(f"{name} fitted on items unseen in training", "leak", hit, example, fix)


def _foreign_counts(split: Split, catalogue: Catalogue, counts: NDArray[np.integer]) -> Iterator[Finding]:
    known = split.train.counts(len(catalogue))
    hit = counts != known
    worst = int(hit.argmax())
    example = f"{catalogue.keys[worst]}: {counts[worst]} instead of {known[worst]}"
    yield from finding("item counts not taken from training", "leak", hit, example, "count split.train only")


def leaks_of_prompts(cases: Cases, catalogue: Catalogue, prompts: Sequence[str]) -> Iterator[Finding]:
    """Prompts (what a language model reads before the candidates, one a case) that hold the right title."""
    hit = labels_in_prompts(cases, catalogue, prompts) & ~in_history(cases)
    yield from finding(
        "prompts that hold the title of the right answer", "leak", hit, example(cases, hit),
        "build the prompt from the history alone",
    )  # fmt: skip


def _ties_by_number(top: Callable[[Scores, int], NDArray[np.integer]]) -> Iterator[Finding]:
    rows = np.asarray(top(np.zeros((1, 500), dtype=np.float32), 20))[0]
    steps = np.diff(rows.astype(np.int64))
    if (steps > 0).all() or (steps < 0).all():
        example = f"500 equal scores give rows {', '.join(map(str, rows[:4]))}, ..."
        fix = "break ties by key hash (base.hashing)"
        yield from finding("ties are broken by item number", "leak", np.ones(1, bool), example, fix)
