"""Many ways to say each kind of thing, all in words the verifier proves, and the facts behind them.

The template writer fills :data:`PHRASES`; a language model is shown :data:`FACTS` with a few of the
phrases as examples, and writes its own.

Slots: ``{n}`` an item's name in quotation marks, ``{t}`` a trait ("quiet mood", "director Ridley
Scott"), ``{a}`` the same before a full stop ("quiet mood", "director, Ridley Scott"), ``{f}`` a field's
noun ("director"), ``{w}`` what was wished for ("Comedy", "the quiet mood"), ``{v}`` what the person did
("picked"), ``{picks}``, ``{pick}`` and ``{thing}`` the wording's nouns, ``{m}`` a count, ``{x}``
and ``{y}`` numbers or values; a capital letter begins the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping

PHRASES: Mapping[str, tuple[str, ...]] = {
    "because_shared": (
        "Since you {v} {n}, here is another {thing} with the same {a}.",
        "You {v} {n}; its {t} comes back here.",
        "You {v} {n}, and this {thing} has the same {a}.",
        "The {t} of {n}, which you {v}, returns here.",
        "This {thing} and {n}, one of your {picks}, share the {t}.",
        "{n} is among your {picks}, and this {thing} shares its {a}.",
        "Your {pick} {n} points this way: here again is the same {a}.",
        "{n} led the way here: both have the {t}.",
        "From {n}, which you {v}, it is a close step to this {thing}, with the same {a}.",
        "Because you {v} {n}, this {thing} comes to you with the same {a}.",
        "With {n} in your history, the {t} points to this {thing}.",
        "You {v} {n} earlier, and this {thing} brings the same {a}.",
    ),
    "because_shared_twice": (
        "You {v} {n} twice, and this {thing} has the same {a}.",
        "You {v} {n} twice; here again is the same {a}.",
    ),
    "because_shared_latest": (
        "Your latest {pick}, {n}, shares the {t} with this {thing}.",
        "Straight from {n}, your latest {pick}: this {thing} has the same {a}.",
    ),
    "because": (
        "This {thing} comes up because you {v} {n}.",
        "You {v} {n}, and that is why this {thing} is here.",
        "You {v} {n}, and it led to this {thing}.",
        "Thanks to {n}, which you {v}, this {thing} found its way to you.",
        "Since you {v} {n}, this {thing} is a next step.",
        "{n} is among your {picks}, and it points to this {thing}.",
        "Your {pick} {n} led here.",
        "Behind this {thing} stands {n}, which you {v}.",
        "{n}, one of your {picks}, is a reason why this {thing} is here.",
        "{n}, which you {v}, drew this {thing} to you.",
        "{n}, which you {v}, suggested this {thing}.",
        "Your {pick} {n} brought this {thing} to your list.",
        "That you {v} {n} is why this {thing} turns up.",
        "You {v} {n}, a reason for this {thing} to come up.",
        "Given {n}, one of your {picks}, this {thing} comes next.",
        "This {thing} is on your list since you {v} {n}.",
    ),
    "shared": (
        "Like {n}, one of your {picks}, it has the {t}.",
        "{n}, one of your {picks}, has the same {a}.",
        "You {v} {n}, and here is the same {a}.",
        "{n} is among your {picks}, and both have the {t}.",
        "It shares the {t} with {n}, which you {v}.",
        "This {thing} and your {pick} {n} have the {t} in common.",
        "You know the {t} from {n}, which you {v}.",
        "Here again is the {t} of {n}, which you {v}.",
    ),
    "group": (
        "Like {m} of your {picks}, it has the {t}.",
        "{M} of your {picks} have the {t}, and so has this {thing}.",
        "{M} of your {picks} share the {t} of this {thing}.",
        "The {t} is common to {m} of your {picks} and this {thing}.",
        "It shares the {t} with {m} of your {picks}.",
        "With the {t}, it stands close to {m} of your {picks}.",
        "The {t} turns up in {m} of your {picks} too.",
        "{M} of your {picks} already have the {t}.",
        "You find the {t} in {m} of your {picks} as well.",
    ),
    "years_same": (
        "{n}, one of your {picks}, is from the same year, {x}.",
        "Your {pick} {n} and this {thing} are from the same year, {x}.",
    ),
    "years_close": (
        "Your {pick} {n}{x} and this {thing} ({y}) come from about the same time.",
        "This {thing} ({y}) is close in time to {n}{x}, which you {v}.",
    ),
    "near": (
        "In content, it stands close to {n}, one of your {picks}.",
        "What it is about is close to {n}, which you {v}.",
        "Its content is near to that of {n}, one of your {picks}.",
        "{n}, which you {v}, is similar to it in content.",
        "It is a near neighbor of {n}, which you {v}, in content.",
    ),
    "near_other": (
        "In content, it stands close to {n}.",
        "Its content is near to that of {n}.",
        "It is similar in content to {n}.",
    ),
    "wish": (
        "You asked for {w}, and here it is.",
        "This {thing} brings {w}, as you asked.",
        "It answers your wish for {w}.",
        "You wished for {w}: it is here.",
        "You wanted {w}, and this {thing} has it.",
        "Your wish for {w} is met here.",
        "As you asked, it has {w}.",
        "{W} is here, as requested.",
    ),
    "wish_number": (
        "Its {f} is {x}, within what you asked for.",
        "At {x}, its {f} keeps to the limit you asked for.",
        "You asked for a limit on the {f}, and {x} is inside it.",
    ),
    "wish_year": (
        "It is from {x}, within the years you asked for.",
        "This {thing} is from {x}, which fits the years you wanted.",
        "Its year, {x}, is inside what you asked for.",
    ),
    "wish_without": (
        "It keeps clear of {w}, as you asked.",
        "It leaves out {w}, as you wished.",
        "It comes without {w}, as you asked.",
    ),
    "wish_like": (
        "You asked for something like {n}, and in content this {thing} is close to it.",
        "In content it stands near {n}, which you asked for.",
        "You wanted something close to {n}; this {thing} is similar in content.",
    ),
    "new": (
        "It is new here: nobody has {v} it yet.",
        "Nobody has {v} it yet; it comes to you on its content alone.",
        "Nobody here has {v} it yet.",
        "It is still new: nobody has {v} it yet.",
        "New to the list: nobody has {v} it yet.",
        "As yet nobody has {v} it here.",
    ),
    "popularity": (
        "It is among the {x} percent {v} most often here.",
        "This {thing} is in the {x} percent {v} most often.",
        "It belongs to the {x} percent {v} most often in this catalogue.",
    ),
    "fact": (
        "It has the {t}.",
        "You find the {t} here.",
        "This {thing} comes with the {t}.",
        "It brings the {t}.",
    ),
    "fact_is": (
        "Its {f} is {x}.",
        "The {f} is {x}.",
        "The {f} of this {thing} is {x}.",
    ),
    "fact_year": (
        "It is from {x}.",
        "This {thing} is from {x}.",
    ),
}

FACTS: Mapping[str, str] = {
    "because_shared": "you {v} {n}, and this {thing} has the same {a}",
    "because_shared_twice": "you {v} {n} twice, and this {thing} has the same {a}",
    "because_shared_latest": "your latest {pick} {n} and this {thing} have the same {a}",
    "because": "you {v} {n}, and it led here",
    "shared": "you {v} {n}, and it has the same {a}",
    "group": "{m} of your {picks} have the {t}, and this {thing} has it too",
    "years_same": "you {v} {n}; both from {x}",
    "years_close": "you {v} {n}{x}; this {thing} ({y})",
    "near": "you {v} {n}, and this {thing} is close to it in content",
    "near_other": "this {thing} is close to {n} in content",
    "wish": "you asked for {w}, and this {thing} has it",
    "wish_number": "you asked for a limit; its {f} is {x}",
    "wish_year": "you asked for years; it is from {x}",
    "wish_without": "you asked for something without {w}, and so is this {thing}",
    "wish_like": "you asked for something like {n}, and this {thing} is close to it in content",
    "new": "nobody has {v} it yet",
    "popularity": "this {thing} is in the {x} percent {v} most often",
    "fact": "it has the {t}",
    "fact_is": "its {f} is {x}",
    "fact_year": "it is from {x}",
}
