"""What one request may ask for. The defaults bound the resource, whatever the spelling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of the service.

    Attributes
    ----------
    body_bytes, image_bytes
        Largest JSON body, and largest picture (an upload; no address is ever fetched).
    held_bytes
        Bodies held in memory at once, together; past it a request gets 503.
    history, k, text_bytes, keys
        Items in a history, items asked for, bytes of a wish, keys in an allow- or deny-list.
    conditions, condition_bytes
        Conditions of one request, and bytes of each.
    explained
        Items asked for together with explanations, each of which costs a pass of its own.
    seconds
        How long a body may take to arrive (408), and one answer to be made (503).
    waiting
        Requests that may wait; one more gets 503 at once.
    connections
        Connections open at once, those that ask nothing included.
    """

    body_bytes: int = 1 << 20
    image_bytes: int = 8 << 20
    held_bytes: int = 32 << 20
    history: int = 1_000
    k: int = 1_000
    explained: int = 50
    text_bytes: int = 8 << 10
    keys: int = 10_000
    conditions: int = 32
    condition_bytes: int = 512
    seconds: float = 10.0
    waiting: int = 512
    connections: int = 768
