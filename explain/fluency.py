"""Whether a drafted sentence reads as one; truth is the verifier's matter."""

from __future__ import annotations

import re
from itertools import pairwise

from .scan import split_citations
from .words import VERBS, normal, word_set

_OPENERS = word_set(
    "like as in with from for at on since because given through just here if to thanks though among not no"
    " without once again"
)
_CONTINUES = word_set("it this that they these is are has have had was were you and")
_UNFINISHED = word_set("the a an and or of at to from with its your my has is")
_EMPTY = re.compile(r"^(this \w+|it) (has|is|brings|holds) it\b")  # nothing was named that "it" could be
_QUOTED = re.compile(r"“[^“”]*”")
_SEGMENT = re.compile(r"\s*[,;:—–]\s*")


def reads_well(sentence: str, verb: str) -> bool:
    """Whether the sentence has a finite verb, an end and no repeats, and splices no bare noun phrase.

    "The same quiet mood.", "Two of your picks, it has the mood.", "This one has it, as you asked." and
    "a limit on the length of the length of" do not read well. `verb` is the catalogue's own ("picked").
    """
    text = _QUOTED.sub("X", split_citations(sentence)[0])
    verbs = VERBS | set(normal(verb).split())
    segments = [normal(one).split() for one in _SEGMENT.split(text.strip(" .!?")) if one]
    if not segments or not any(word in verbs for segment in segments for word in segment):
        return False
    words = [word for segment in segments for word in segment]
    if words[-1] in _UNFINISHED or _repeats(words) or _EMPTY.search(" ".join(words)):
        return False
    opening = segments[0]
    if len(segments) == 1 or verbs.intersection(opening) or opening[0] in _OPENERS:
        return True
    return segments[1][0] not in _CONTINUES


def _repeats(words: list[str]) -> bool:
    """Whether two words stand side by side twice."""
    pairs = list(pairwise(words))
    return len(set(pairs)) < len(pairs)
