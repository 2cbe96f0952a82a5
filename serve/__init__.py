"""Floor 7: a run over HTTP, with every request bounded."""

from .app import make_app
from .limits import Limits
from .listening import serve

__all__ = ["Limits", "make_app", "serve"]
