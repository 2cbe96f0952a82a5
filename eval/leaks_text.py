"""Keys and answers inside texts: what a language model or a text encoder would read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..corpus.catalogue import Catalogue
from ..corpus.interactions import Cases

WORD = re.compile(r"\w+")
BY_CHANCE = 0.01  # share of prompts in which a title may stand as a plain word
FEWEST = 5  # answers told, below which it is chance too
RECENT = 10  # items of a history whose texts are read


class Named(NamedTuple):
    """Which items' texts name something they must not (bool [n]), and one example."""

    hit: NDArray[np.bool_]
    example: str


def distinctive(keys: Iterable[str]) -> set[str]:
    """The keys that no text holds by chance: letters and digits of length 6 or more, or 9 digits."""
    return {
        key
        for key in keys
        if WORD.fullmatch(key)
        and any(c.isdigit() for c in key)
        and len(key) >= (6 if any(c.isalpha() for c in key) else 9)
    }


def keys_in_texts(catalogue: Catalogue, item_keys: set[str], user_keys: set[str]) -> tuple[Named, Named]:
    """Items whose texts (all string columns) name another item's key, and those that name a person's."""
    others, people = (np.zeros(len(catalogue), dtype=bool) for _ in range(2))
    examples = ["", ""]
    if not item_keys and not user_keys:
        return Named(others, ""), Named(people, "")
    for row, (key, text) in enumerate(_texts(catalogue)):
        words = set(WORD.findall(text))
        for found, hit, place in (
            ((words & item_keys) - {key}, others, 0),
            (words & user_keys, people, 1),
        ):
            if found:
                hit[row] = True
                examples[place] = examples[place] or f'item "{key}" names "{min(found)}"'
    return Named(others, examples[0]), Named(people, examples[1])


def answers_told(cases: Cases, catalogue: Catalogue) -> NDArray[np.bool_]:
    """Cases whose recent items' texts, or whose person's own key, name the target's key, bool [n].

    Counted only when clearly more than for another case's target; else none is returned.
    """
    item_keys = distinctive(catalogue.keys)
    if not item_keys or not len(cases):
        return np.zeros(len(cases), dtype=bool)
    named = [set(WORD.findall(text)) & item_keys - {key} for key, text in _texts(catalogue)]
    told = [_told(cases, case, named) for case in range(len(cases))]
    wanted = [catalogue.keys[row] for row in cases.targets]

    def hits(keys: list[str]) -> NDArray[np.bool_]:
        rows = zip(keys, told, cases.user_keys, strict=True)
        return np.array([key in item_keys and (key in words or key in whose) for key, words, whose in rows])

    hit, control = hits(wanted), hits(wanted[1:] + wanted[:1])
    clear = hit.sum() - control.sum() > max(BY_CHANCE * len(cases), FEWEST)
    return hit if clear else np.zeros(len(cases), dtype=bool)


def _told(cases: Cases, case: int, named: list[set[str]]) -> set[str]:
    """The keys that the texts of one case's recent items name."""
    return set().union(*(named[row] for row in cases.history(case)[-RECENT:]))


def labels_in_prompts(cases: Cases, catalogue: Catalogue, prompts: Sequence[str]) -> NDArray[np.bool_]:
    """Which prompts hold their own target's title and no history item explains it, bool [n].

    Plain words can be titles ("Movie"), so the hits count only when they are clearly more than those
    of another case's target; else none is returned.
    """
    titles = catalogue.table.column("title").to_pylist()
    wanted = [titles[row] or "" for row in cases.targets]
    hit = _stands_in(wanted, cases, titles, prompts)
    control = _stands_in(wanted[1:] + wanted[:1], cases, titles, prompts)
    return hit if hit.sum() - control.sum() > BY_CHANCE * len(cases) else np.zeros(len(cases), dtype=bool)


def _stands_in(
    wanted: list[str], cases: Cases, titles: list[str | None], prompts: Sequence[str]
) -> NDArray[np.bool_]:
    hit = np.zeros(len(cases), dtype=bool)
    for case, (title, prompt) in enumerate(zip(wanted, prompts, strict=True)):
        if len(title) > 3 and title in prompt:
            told = (titles[row] or "" for row in cases.history(case))
            hit[case] = not any(title in one for one in told)
    return hit


def _texts(catalogue: Catalogue) -> Iterable[tuple[str, str]]:
    """Each item's key and all its text columns as one passage."""
    table = catalogue.table
    names = [
        name
        for name in table.column_names
        if name not in ("item_id", "image") and _is_text(table.schema.field(name).type)
    ]
    for batch in table.select(["item_id", *names]).to_batches(max_chunksize=4096):
        for record in batch.to_pylist():
            parts = (record[name] for name in names)
            yield (
                record["item_id"],
                " ".join(" ".join(filter(None, p)) if isinstance(p, list) else p for p in parts if p),
            )


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or (pa.types.is_list(kind) and pa.types.is_string(kind.value_type))
