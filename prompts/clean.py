"""Cleaning of text that people and catalogues wrote, before a language model reads it.

Cleaning is the second line of defense. The first is structure: in a pack, candidates cannot see
each other, and every piece of foreign text stays on one line of its own. So the promise here is small
and testable: one line, nothing invisible, no markup, no token that a chat template gives a meaning.
"""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST_INPUT = 4096
"""Characters looked at; a cell of 10 MB costs no more than this."""

# Letters, marks and symbols that show nothing and so can carry a hidden message.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_CHAT_TOKEN = re.compile(
    r"<\|[^<>]{0,60}\|>|<</?SYS>>|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\]"
)
_TAG = re.compile(r"<[/!?]?[A-Za-z_][^<>]{0,300}>|<!--.{0,300}?-->")
_FENCE = re.compile(r"([`~\"'=#*_<>|\[\]{}-])\1{2,}")
# Runs of letters are bounded: without that a title of 4,096 of them costs the square of it.
_LINK = re.compile(r"\b\w{1,20}://|\bwww\.|\S@[\w-]{1,63}\.\w", re.IGNORECASE)
_DOMAIN = re.compile(r"\b[\w-]{1,63}\.(?:com|net|org|io|ru|info|biz|xyz|app|dev)\b", re.IGNORECASE)
_ORDER = re.compile(
    r"""\b(?:ignore|disregard|forget|override|follow|obey)\b.{0,40}
        \b(?:instructions?|rules|prompt|above|previous|earlier|history|told)\b
    | \b(?:new|your|these|earlier|previous)\ instructions?\b
    | \b(?:response|answer)\s?: | \brank\ (?:me|this|only|it)\b | \bstop\ ranking\b
    | \b(?:score|relevance):?\ \d | \b(?:correct|right)\ answer\b | \b(?:top|best)\ recommendation\b
    | \b(?:click|visit|enter|send|mail)\ (?:here|www|your|us)\b | \bliked?\ this\ next\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ORDER_OR_NAME = re.compile(  # "Choose Me", "Say Yes" and "Human: A History" are works
    r"""\b(?:system|assistant|human|user|instructions?|override)\s?:
    | \b(?:answer|say|output)\ (?:yes|no|this)\b | \byes\W+yes\b | \bbest\ match\b
    | \b(?:recommend|choose|put)\ (?:me|this|only|it)\b | \bpassword\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NAME_WORDS = 5  # at most, of a text that may be a name whatever it says
_SPACE = re.compile(r"\s+")
_MARKUP = str.maketrans("", "", "<>|[]&")
_PILED_MARKS = 2
_NESTED_PASSES = 4


def clean_text(text: str, limit: int = 300) -> str:
    r"""One line of visible text without markup, at most `limit` characters.

    Removes control, zero-width and direction characters, HTML tags and comments, chat-template
    tokens (``<|im_start|>``, ``[INST]``, ``<start_of_turn>``) and shortens fence marks (three or more
    of the same mark become one); applies NFKC and collapses white space. Cleaning twice is cleaning once.

    Parameters
    ----------
    text
        Any string, of any length.
    limit
        Characters kept; the cut falls between words where there is one in the last quarter.
    """
    text = text[:LONGEST_INPUT]
    for _ in range(_NESTED_PASSES):
        cleaned = _pass(text)
        if cleaned == text:
            return _cut(text, limit)
        text = cleaned
    return _cut(_pass(_pass(text.translate(_MARKUP))), limit)  # nested deeper than any honest text


def has_address(text: str) -> bool:
    """Whether the text holds a URL, a domain or a mail address."""
    return bool(_LINK.search(text) or _DOMAIN.search(text))


def gives_orders(text: str) -> bool:
    """Whether a text speaks to a language model or a shopper: "ignore your instructions", "rank me first".

    A text of a few words that may as well be a name ("Choose Me") is taken for one.

    A list of phrases is never complete. It keeps such texts out of what is said and what is ranked by; that
    those it misses do little harm rests on the structure of the prompt.
    """
    cleaned = clean_text(text, LONGEST_INPUT)
    return any(one.search(cleaned) for one in _suspects(cleaned, _ORDER, _ORDER_OR_NAME))


def is_harmless(text: str) -> bool:
    """Whether a catalogue's text may be spoken: no order, no address."""
    return not gives_orders(text) and not has_address(clean_text(text, LONGEST_INPUT))


def harmless_part(text: str) -> str:
    """The cleaned text up to its first order or address, but for names of a few words ("Startup.com").

    A title is not dropped for its tail: a ranker may take "untitled" for a recommendation (it did, by six
    places, in ``benchmarks/attacks.py``).
    """
    cleaned = clean_text(text, LONGEST_INPUT)
    suspects = (*_suspects(cleaned, _ORDER, _ORDER_OR_NAME), *_suspects(cleaned, _LINK, _DOMAIN))
    found = [match.start() for one in suspects if (match := one.search(cleaned))]
    return cleaned[: min(found)].rstrip(" ,;:([-`\"'#>") if found else cleaned


def _suspects(cleaned: str, always: re.Pattern[str], in_speech: re.Pattern[str]) -> list[re.Pattern[str]]:
    """What to look for in a text: some things only in one that is too long for a name."""
    return [always, in_speech] if len(cleaned.split()) > _NAME_WORDS else [always]


def _pass(text: str) -> str:
    """One round; what a removal joins together is caught by the next round."""
    text = unicodedata.normalize("NFKC", html.unescape(text))
    text = _INVISIBLE.sub("", _visible(text))
    text = _FENCE.sub(r"\1", _TAG.sub(" ", _CHAT_TOKEN.sub(" ", text)))
    return _SPACE.sub(" ", text).strip()


def _visible(text: str) -> str:
    """White space for line breaks and tabs; no control, format, private or surrogate characters."""
    kept: list[str] = []
    piled = 0
    for character in text:
        kind = unicodedata.category(character)
        piled = piled + 1 if kind in ("Mn", "Me") else 0
        if character.isspace():
            kept.append(" ")
        elif kind[0] != "C" and piled <= _PILED_MARKS:
            kept.append(character)
    return "".join(kept)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = text[:limit]
    space = head.rfind(" ", limit * 3 // 4)
    return (head[:space] if space > 0 else head).rstrip()
