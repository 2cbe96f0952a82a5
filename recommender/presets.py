"""Settings that measured best for two kinds of catalogue; everything can still be set one by one."""

from __future__ import annotations

from ..base.errors import ConfigError

PRESETS: dict[str, tuple[str, ...]] = {
    "retail": (  # most people take a few of many items: regularize, and let shared negatives save time
        "shape.dropout=0.5",
        "shape.max_items=20",
        "pretrain.epochs=12",
        "pretrain.softmax_limit=1000",
        "pretrain.n_negatives=2048",
        "pretrain.id_dropout=0.0",
        "pretrain.cold_share=0.0",
    ),
    "media": (  # long histories over few items, each taken often: wide, far back, ranking the whole catalogue
        "shape.hidden_size=128",
        "shape.n_heads=4",
        "shape.dropout=0.3",
        "shape.max_items=200",
        "pretrain.epochs=20",
        "pretrain.batch_tokens=4096",
        "pretrain.gaps=0.15",
        "pretrain.id_dropout=0.0",
        "pretrain.cold_share=0.0",
    ),
}


def preset(name: str | None) -> tuple[str, ...]:
    """The settings of a preset, as ``section.key=value``; none for None.

    Raises
    ------
    ConfigError
        If there is no such preset.
    """
    if name is None:
        return ()
    if name not in PRESETS:
        raise ConfigError(f'"{name}" is no preset', expected=" or ".join(PRESETS))
    return PRESETS[name]
