"""Floor 8: one file a verb, no logic. Results on standard output, everything else on standard error."""

from .app import main

__all__ = ["main"]
