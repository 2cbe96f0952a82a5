"""Answers as tables a person likes to read."""

from __future__ import annotations

import os

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..explain import Explanation
from .answers import Answer, Recommendation

WIDTH = 120  # where nobody says how wide the page is: in files and pipes


def answer_table(answer: Answer, console: Console | None = None) -> None:
    """Print an answer: notes first, then the items, each with its reasons under it."""
    console = console or _console()
    for name, parts in answer.understood.items():
        console.print(f"[dim]{name}:[/dim] {escape(', '.join(map(str, parts)))}")
    for note in answer.notes:
        console.print(f"[yellow]note:[/yellow] {escape(note)}")
    if answer.degraded:
        console.print("[yellow]note:[/yellow] the language model was away; shown without it")
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for name in ("#", "item", "", "score", "from"):
        table.add_column(name, justify="right" if name in ("#", "score") else "left", overflow="fold")
    for place, one in enumerate(answer.recommendations, start=1):
        table.add_row(str(place), _named(one), "new" if one.cold else "", f"{one.score:.2f}", _parts(one))
    console.print(table)


def explanation_table(explanation: Explanation, console: Console | None = None) -> None:
    """Print one explanation and the evidence behind it."""
    console = console or _console()
    item = explanation.ledger.item
    console.print(f"[bold]{escape(item.title or item.key)}[/bold]")
    for sentence in explanation.sentences:
        cites = " ".join(f"\\[{one}]" for one in sentence.cites)
        console.print(f"  {escape(sentence.text)} [dim]{cites} {sentence.origin}[/dim]")
    if explanation.ledger.unmet:
        console.print(f"  {_unmet(explanation)}")
    for entry in explanation.ledger.entries:
        facts = "; ".join(entry.facts)
        console.print(f"  [dim]\\[{entry.id}] {entry.kind}: {escape(facts)}[/dim]")
    if explanation.degraded:
        console.print("[yellow]note:[/yellow] the language model was away; written from templates")


def _console() -> Console:
    found = Console()
    return found if found.is_terminal or "COLUMNS" in os.environ else Console(width=WIDTH)


def _named(one: Recommendation) -> str:
    name = f"{escape(one.item.title or one.item.key)} [dim]{escape(one.item.key)}[/dim]"
    if one.explanation is not None and one.explanation.sentences:
        name += f"\n[italic]{escape(one.explanation.text)}[/italic]"
    if one.explanation is not None and one.explanation.ledger.unmet:
        name += f"\n{_unmet(one.explanation)}"
    return name


def _unmet(explanation: Explanation) -> str:
    return f"[dim]not met: {escape(', '.join(explanation.ledger.unmet))}[/dim]"


def _parts(one: Recommendation) -> str:
    return "  ".join(f"{name} {value:+.2f}" for name, value in one.parts.items() if abs(value) >= 0.005)
