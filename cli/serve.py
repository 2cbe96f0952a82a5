"""`firstlight serve`: answers over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import RunPath

NAME = "serve"


def run(
    path: RunPath,
    host: Annotated[
        str, typer.Option(help="Where to listen; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Which port; 0 takes a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Serve a run: JSON, a web page, bounded requests."""
    from ..serve import serve

    serve(path, host=host, port=port)
