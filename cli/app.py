"""The command line: registers the verbs and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys

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
for verb in VERBS:
    app.command(name=verb.NAME)(verb.run)


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings."""
    try:
        app()
    except FirstlightError as error:
        sys.stderr.write(f"firstlight: {error}\n")
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("firstlight: stopped; the same command goes on from here\n")
        sys.exit(130)
