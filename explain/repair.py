"""One repair for a sentence that failed: put the right word in, or drop the clause that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .claims import Claim, Foreign, HasAttribute, HasNumber, MeetsWish, SharesAttribute
from .profile import number_text
from .scan import split_citations
from .templates import Point, cited
from .words import normal

MIN_WORDS = 4
_BOUNDARY = re.compile(r"\s*(?:[,;:—–]|\s(?:and|so|which|with|because)\s)")
_WORD = re.compile(r"“[^“”]*”|[^\W_]+(?:['’.,-][^\W_]+)*")


def repairs(sentence: str, point: Point, refuted: Sequence[Claim]) -> Iterator[str]:
    """Candidates for a repaired sentence, least changed first; each must be verified again."""
    text, _ = split_citations(sentence)
    swapped = _swapped(text, point, refuted)
    for body in dict.fromkeys((swapped, *_shortened(text), *_shortened(swapped))):
        yield cited(body, point.cites)
        if len(point.cites) > 1:
            yield from (cited(body, (one,)) for one in point.cites)


def _swapped(text: str, point: Point, refuted: Sequence[Claim]) -> str:
    """The text with wrong names, values and numbers replaced by the point's own."""
    for claim in refuted:
        right = _right(claim, point)
        wrong = _wrong(claim)
        if right and wrong:
            text = _replaced(text, wrong, right)
    return text


def _right(claim: Claim, point: Point) -> str | None:
    if isinstance(claim, Foreign):
        return point.slots.get("n")
    if isinstance(claim, HasNumber):
        return point.slots.get("y") or point.slots.get("x")
    if isinstance(claim, SharesAttribute) and claim.count is not None:
        return point.slots.get("m")
    value = point.entries[-1].value
    return value if isinstance(value, str) else None


def _wrong(claim: Claim) -> str | None:
    """The claim's wrong part in normal form."""
    if isinstance(claim, Foreign):
        return normal(claim.name)
    if isinstance(claim, HasNumber):
        return number_text(claim.number)
    if isinstance(claim, SharesAttribute) and claim.count is not None:
        return str(claim.count)
    return claim.value if isinstance(claim, (HasAttribute, MeetsWish, SharesAttribute)) else None


def _replaced(text: str, wrong: str, right: str) -> str:
    """The first run of words that reads `wrong` in normal form, replaced."""
    words = list(_WORD.finditer(text))
    for start in range(len(words)):
        for stop in range(start + 1, min(len(words), start + 8) + 1):
            begin, end = words[start].start(), words[stop - 1].end()
            if normal(text[begin:end]) == wrong:
                return text[:begin] + right + text[end:]
    return text


def _shortened(text: str) -> Iterator[str]:
    """The text up to each clause boundary, longest first, then what follows the first one."""
    cuts = [
        match
        for match in _BOUNDARY.finditer(text)
        if text[: match.start()].count("“") == text[: match.start()].count("”")
    ]
    for cut in reversed(cuts):
        yield from _sentence(text[: cut.start()])
    if cuts:
        yield from _sentence(text[cuts[0].end() :])


def _sentence(text: str) -> Iterator[str]:
    text = text.strip(" .,;:—–")
    if len(text.split()) >= MIN_WORDS:
        yield text[:1].upper() + text[1:] + "."
