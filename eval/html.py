"""Building HTML in which data cannot become markup: every plain string is escaped on its way in."""

from __future__ import annotations

import html
from collections.abc import Iterable


class Html(str):
    """A string that is markup already. Everything else is text, and is escaped."""

    __slots__ = ()


def tag(element: str, *children: object, **attributes: object) -> Html:
    """One element. `class_` becomes ``class``, ``_`` in names ``-``; None and False leave one out.

    Children may be :class:`Html`, text, numbers, None (nothing), or iterables of these.
    """
    named = (
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value), quote=True)}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    opening = f"<{element}{''.join(named)}>"
    if element in ("img", "meta", "br"):
        return Html(opening)
    return Html(f"{opening}{join(children)}</{element}>")


def join(children: Iterable[object]) -> Html:
    """Children one after the other, escaped where they are not markup."""
    return Html("".join(_markup(child) for child in children))


def _markup(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, Iterable) and not isinstance(child, (str, bytes)):
        return join(child)
    return html.escape(str(child), quote=False)


def section(title: str, lead: str, *children: object) -> Html:
    """A part of the page with its heading and, below it, one sentence."""
    return tag("section", tag("h2", title), tag("p", lead, class_="lead") if lead else None, *children)


def table(head: list[Html], rows: list[Html]) -> Html:
    """A table that scrolls sideways where the screen is narrow."""
    return tag("div", tag("table", tag("thead", tag("tr", head)), tag("tbody", rows)), class_="scroll")
