"""Floor 7: a run over HTTP, with every request bounded."""

from .app import make_app, serve
from .limits import Limits

__all__ = ["Limits", "make_app", "serve"]
