"""LoRA through peft: adding an adapter, and reading one back without trusting its file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from ..base.errors import ArtifactError, ConfigError
from ..base.files import read_json, write_json
from .llm import decoder_layers

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_READ = ("r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "layers_to_transform")
"""The settings taken from a stored adapter; peft's file could ask for much more, none of it ours."""


def add_lora(
    lm: PreTrainedModel,
    *,
    name: str,
    rank: int,
    alpha: float,
    dropout: float,
    layers: int | None = None,
    seed: int = 0,
) -> PeftModel:
    """Put rank-stabilized LoRA on every linear map of the decoder layers; `lm` is changed in place.

    Parameters
    ----------
    lm
        The base model.
    name
        What the adapter's file says it belongs to.
    rank, alpha
        The update is ``alpha / sqrt(rank) * B A`` (rsLoRA, arXiv 2312.03732).
    dropout
        On the adapter's input, in training.
    layers
        Only the last so many decoder layers; all of them when None.
    seed
        Of A's initial values; B starts at zero, so the model starts unchanged.

    Raises
    ------
    ConfigError
        If `layers` is not between 1 and the number of layers, or the model has an adapter.
    ModelError
        If its layers cannot be found.
    """
    stack = decoder_layers(lm)
    if getattr(lm, "peft_config", None):
        raise ConfigError(
            f'the model "{name}" carries an adapter already',
            expected="a base model as it was loaded",
            fix="load it again for another training",
        )
    if layers is not None and not 1 <= layers <= len(stack):
        raise ConfigError(
            f"lora_layers = {layers}", expected=f"between 1 and the model's {len(stack)} layers"
        )
    linear = {key.rsplit(".", 1)[-1] for key, part in stack.named_modules() if isinstance(part, nn.Linear)}
    settings = {
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": dropout,
        "use_rslora": True,
        "target_modules": sorted(linear),
        "layers_to_transform": None if layers is None else list(range(len(stack) - layers, len(stack))),
    }
    return _inject(lm, name, settings, seed)


def _inject(lm: PreTrainedModel, name: str, settings: dict[str, Any], seed: int) -> PeftModel:
    config = LoraConfig(task_type="CAUSAL_LM", **settings)
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that will go
        torch.manual_seed(seed)
        adapted = get_peft_model(lm, config)
    adapted.peft_config["default"].base_model_name_or_path = name
    if not isinstance(adapted, PeftModel):
        raise TypeError("peft returned a mixed model")
    return adapted


def save_lora(adapted: PeftModel, directory: Path) -> None:
    """Write `adapter_config.json` and `adapter_model.safetensors` in peft's own format."""
    config = adapted.peft_config["default"].to_dict()
    plain = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    write_json(directory / CONFIG, {**plain, "inference_mode": True})
    weights = _lora_weights(adapted)
    save_file({key: value.contiguous().cpu() for key, value in weights.items()}, directory / WEIGHTS)


def _lora_weights(adapted: PeftModel) -> dict[str, torch.Tensor]:
    """The adapter's own weights; left to itself, peft asks the hub whether the embeddings have grown."""
    return get_peft_model_state_dict(adapted, save_embedding_layers=False)


def load_lora(lm: PreTrainedModel, directory: Path, name: str) -> PeftModel:
    """Put a stored adapter on `lm`, in place.

    Raises
    ------
    ArtifactError
        If a file is missing or broken, or does not fit the model.
    """
    stored = read_json(directory / CONFIG)
    try:
        adapted = _inject(lm, name, {key: stored[key] for key in _READ}, seed=0)
        weights = load_file(directory / WEIGHTS)
        outcome = set_peft_model_state_dict(adapted, weights)
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        raise ArtifactError(
            f"the adapter cannot be used: {error}",
            where=str(directory),
            expected=f"a LoRA adapter for {name}",
            fix="copy the directory again, or run finetune again",
        ) from error
    expected = _lora_weights(adapted).keys()
    if outcome.unexpected_keys or weights.keys() != expected:
        odd = sorted(weights.keys() ^ expected)[:3]
        raise ArtifactError(
            f"the adapter's weights are not those of its config: {', '.join(odd)}", where=str(directory)
        )
    return adapted
