"""Arguments that several verbs share, and how results are printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

RunPath = Annotated[Path, typer.Argument(help="A run directory, as pretrain writes it.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
User = Annotated[str | None, typer.Option(help="A person of the log.", show_default=False)]
History = Annotated[
    str, typer.Option(help="Item keys, oldest first, separated by commas.", show_default=False)
]
Query = Annotated[str, typer.Option(help="A wish in plain words.", show_default=False)]
Where = Annotated[list[str] | None, typer.Option(help='A condition, such as "year>=1990"; repeat for more.')]
Config = Annotated[Path | None, typer.Option(help="A YAML file of settings.", show_default=False)]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, section.key=value; repeat for more.")
]


def keys(text: str) -> list[str]:
    """Keys of a comma-separated list."""
    return [key.strip() for key in text.split(",") if key.strip()]


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
