"""Evidence first: the facts that may be said about one recommendation, each with an id to cite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..base.errors import DataError
from ..base.hashing import key_hashes
from ..corpus.catalogue import Item
from ..corpus.keys import ItemKey
from .evidence import (
    Evidence,
    Kind,
    Past,
    attribute_entries,
    fact_entries,
    history_entries,
    neighbor_entries,
    standing_entries,
    unmet_parts,
    wish_entries,
    year_entries,
)
from .lexicon import Lexicon
from .profile import Profile
from .words import Wording

if TYPE_CHECKING:
    from ..prompts.wish import Wish

MAX_ENTRIES = 6
LIMITS: Mapping[Kind, int] = {
    "wish": 3, "history": 2, "attribute": 3, "neighbor": 1, "new": 1, "popularity": 1, "fact": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Ledger:
    """All that may be said about one recommended item.

    Attributes
    ----------
    profile
        What the recommended item is.
    others
        The profiles of the items that entries speak of, by key.
    drops
        The measured drop of each of those that stands in the history; None: not measured.
    times
        How often each of those stands in the history.
    latest
        The history's last item.
    unmet
        Parts of the wish the item does not meet, or the catalogue cannot answer.
    """

    item: Item
    entries: tuple[Evidence, ...]
    profile: Profile
    others: Mapping[ItemKey, Profile]
    drops: Mapping[ItemKey, float | None]
    times: Mapping[ItemKey, int]
    latest: ItemKey | None
    unmet: tuple[str, ...]
    wording: Wording

    def get(self, entry_id: str) -> Evidence | None:
        """The entry with this id, or None."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "item": str(self.item.key),
            "title": self.item.title,
            "entries": [entry.as_dict() for entry in self.entries],
            "unmet": list(self.unmet),
        }


def build_ledger(
    item: Item,
    history: Sequence[Item] = (),
    *,
    drops: Sequence[float] | None = None,
    neighbors: Sequence[tuple[Item, float]] = (),
    wish: Wish | None = None,
    cold: bool = False,
    popularity: float | None = None,
    read: Mapping[ItemKey, Profile] | None = None,
    lexicon: Lexicon | None = None,
    wording: Wording = Wording(),  # noqa: B008 (frozen)
) -> Ledger:
    """Collect what supports recommending `item`.

    Parameters
    ----------
    history
        All items the person picked, oldest first; an item may stand in it more than once.
    drops
        How far the item's score falls when each history item is removed, in the same order. Only a
        clearly positive drop makes a reason ("because"); NaN counts as not measured.
    neighbors
        Items near in content and their cosine, from the history, from the wish's anchors or elsewhere.
    wish
        What was asked for; which parts are met is tested on the item here.
    cold
        Whether nobody has picked the item.
    popularity
        The share of the catalogue that was picked at least as often, in [0, 1]. Picks, not people: one
        person may have made them all.
    read
        Profiles of history items that are there already, which saves time over a list.
    lexicon
        Makes rare shared values count more than common ones.

    Raises
    ------
    DataError
        If `drops` and `history` differ in length.
    """
    if drops is not None and len(drops) != len(history):
        raise DataError(
            f"{len(drops)} drops for {len(history)} history items",
            where=f'the ledger of "{item.key}"',
            expected="one drop for each history item, in the same order",
        )
    profile = Profile.of(item)
    past = Past.of(history, drops, exclude=item.key, read=read or {})
    near = {other.key: (Profile.of(other), cosine) for other, cosine in neighbors if other.key != item.key}
    found = [
        *wish_entries(item, profile, wish, near, wording),
        *history_entries(past, wording),
        *attribute_entries(profile, past, lexicon, wording),
        *year_entries(profile, past, lexicon),
        *neighbor_entries(near, past, wording),
        *standing_entries(cold, popularity, wording),
        *fact_entries(profile, wording),
    ]
    entries = _numbered(found)
    named = {entry.item for entry in entries if entry.item is not None}
    profiles = {**{key: one for key, (one, _) in near.items()}, **past.profiles}
    return Ledger(
        item=item,
        entries=entries,
        profile=profile,
        others={key: one for key, one in profiles.items() if key in named},
        drops={key: drop for key, drop in past.drops.items() if key in named},
        times={key: times for key, times in past.times.items() if key in named},
        latest=past.latest,
        unmet=unmet_parts(item, wish),
        wording=wording,
    )


def _numbered(found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The strongest entries, a few of each kind, each fact once, with their ids; ties by hash."""
    ties = key_hashes([f"{one.kind}/{one.item}/{one.field}/{one.value}" for one in found], "evidence")
    order = sorted(range(len(found)), key=lambda i: (-round(found[i].strength, 6), int(ties[i])))
    kept: list[Evidence] = []
    for one in (found[i] for i in order):
        told = one.kind == "fact" and any(
            (one.field, one.value) == (other.field, other.value) for other in kept
        )
        full = sum(other.kind == one.kind for other in kept) >= LIMITS[one.kind]
        if not told and not full and len(kept) < MAX_ENTRIES:
            kept.append(one)
    return tuple(replace(one, id=f"E{i}") for i, one in enumerate(kept, start=1))
