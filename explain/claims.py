"""The small formal language of what a sentence can claim. `reading.py` reads sentences into it."""

from __future__ import annotations

from dataclasses import dataclass

from ..corpus.keys import ItemKey


@dataclass(frozen=True)
class HasAttribute:
    """Every item of `items` has `value`, in one of `fields` where fields are named."""

    items: tuple[ItemKey, ...]
    value: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class HasNumber:
    """Every item of `items` has a number: in one of `fields` and in `unit`, as a year, or in its texts."""

    items: tuple[ItemKey, ...]
    number: float
    decade: bool = False
    fields: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class HasWords:
    """Words follow each other in the texts of every item of `items`."""

    items: tuple[ItemKey, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class HasField:
    """One item has something in a field, or several have the same in it."""

    items: tuple[ItemKey, ...]
    field: str


@dataclass(frozen=True)
class SharesAttribute:
    """`count` history items (None: some) share `value`, or something in `field`, with the recommended item.

    `further`: the count leaves out one item that the sentence names.
    """

    value: str | None = None
    field: str | None = None
    count: int | None = None
    further: bool = False


@dataclass(frozen=True)
class YearsApart:
    """The items' years differ by `number`."""

    items: tuple[ItemKey, ...]
    number: float


@dataclass(frozen=True)
class Picked:
    """The person picked `item`: `times` times (None: at least once), as the latest."""

    item: ItemKey
    times: int | None = None
    latest: bool = False


@dataclass(frozen=True)
class BecauseOf:
    """Having picked `item` raised the score; None: the picks behind a shared value did."""

    item: ItemKey | None


@dataclass(frozen=True)
class SimilarTo:
    """The recommended item is close to `item` (None: to the history)."""

    item: ItemKey | None


@dataclass(frozen=True)
class MeetsWish:
    """A part of the wish is met: a value, a number, likeness to `item`; all of it when these are None.

    Value and number stand in one of `fields`, where fields are named, and the number in `unit`.
    """

    value: str | None = None
    number: float | None = None
    item: ItemKey | None = None
    wanted: bool = True
    fields: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class NewItem:
    """Nobody had picked the items yet."""

    items: tuple[ItemKey, ...]


@dataclass(frozen=True)
class Popular:
    """The items are among the `percent` percent picked most often."""

    items: tuple[ItemKey, ...]
    percent: float | None = None


@dataclass(frozen=True)
class Foreign:
    """A name or quotation that is none of the items the sentence may speak of."""

    name: str


@dataclass(frozen=True)
class Unsupported:
    """Something no ledger can support, such as praise, a negation, a motive; `why` in plain words."""

    why: str


Claim = (
    HasAttribute
    | HasNumber
    | HasWords
    | HasField
    | SharesAttribute
    | YearsApart
    | Picked
    | BecauseOf
    | SimilarTo
    | MeetsWish
    | NewItem
    | Popular
    | Foreign
    | Unsupported
)
