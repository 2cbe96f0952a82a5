"""Floor 2: cleaning of foreign text, versioned templates, rendering under a token budget."""

from .clean import clean_text, gives_orders, harmless_part, has_address, is_harmless
from .render import SLOT, Limits, Prefix, Renderer
from .templates import PROMPT_VERSION, RankTemplate, item_line, rank_template
from .wish import Wish, WishParser

__all__ = [
    "PROMPT_VERSION",
    "SLOT",
    "Limits",
    "Prefix",
    "RankTemplate",
    "Renderer",
    "Wish",
    "WishParser",
    "clean_text",
    "gives_orders",
    "harmless_part",
    "has_address",
    "is_harmless",
    "item_line",
    "rank_template",
]
