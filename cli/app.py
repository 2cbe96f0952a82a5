"""The command line: registers the verbs and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from typing import Annotated

import typer

from ..base.errors import ConfigError, FirstlightError
from . import (
    add_items,
    check,
    codes,
    demo,
    evaluate,
    explain,
    finetune,
    pretrain,
    push,
    recommend,
    sample,
    serve,
)
from .output import Output

# Threads that wait for each other should sleep: on a machine that does anything else as well, spinning
# made small training steps ten times slower. Read when torch is loaded, which the verbs do.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

app = typer.Typer(
    name="firstlight",
    help="A recommender that is good from day one, and says why without inventing anything.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
VERBS = (
    *(demo, sample, check, pretrain, finetune, evaluate),
    *(recommend, explain, add_items, codes, serve, push),
)
STOPPED = 130  # what Typer makes of Ctrl-C
for verb in VERBS:
    app.command(name=verb.NAME)(verb.run)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"firstlight {version('firstlight')}")
        raise typer.Exit


@app.callback()
def before_any_verb(
    _: Annotated[
        bool,
        typer.Option("--version", help="Say which version this is.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings, 130 stopped."""
    try:
        with redirect_stdout(Output(sys.stdout)):
            app()
    except FirstlightError as error:
        sys.stderr.write(f"firstlight: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except SystemExit as end:
        if end.code == STOPPED:
            sys.stderr.write("firstlight: stopped; the same command goes on from here\n")
        raise
