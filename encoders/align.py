"""An image tower of one's own, when no pretrained CLIP can be had: trained on the catalogue's pairs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.constants import HF_CONFIG_NAME, HF_SAFE_WEIGHTS_NAME
from PIL import Image
from safetensors.torch import save_file

from ..base.errors import ArtifactError, DataError, ModelError
from ..base.files import publish_directory, read_json, verify_directory, write_json
from ..base.hashing import digest
from ..base.progress import say, track
from ..corpus.catalogue import Catalogue
from ..corpus.pictures import DECODERS, decode
from .align_training import MEAN, STD, AlignSettings, held_out_recall, new_model, train
from .cache import EmbeddingCache
from .content import encode_catalogue
from .text import TextEncoder

HELD_OUT = 0.1  # share of the pairs that is kept from training
MOST_HELD_OUT = 1_000
MIN_PAIRS = 64  # fewer teach an image tower nothing
K = 10


@dataclass(frozen=True)
class Alignment:
    """What was trained, and how well it finds the text of a picture it has not seen.

    Attributes
    ----------
    path
        The checkpoint folder, for `ImageEncoder(path)`.
    pairs, held_out
        Pairs trained on, and pairs kept from training.
    recall
        Share of held-out pictures whose own text is among the 10 nearest held-out texts.
    chance
        The same for a blind guess: 10 / held_out.
    """

    path: Path
    pairs: int
    held_out: int
    recall: float
    chance: float


@dataclass(frozen=True)
class _Pairs:
    pictures: NDArray[np.uint8]  # [n, size, size, 3]
    sentences: NDArray[np.float32]  # [n, d]

    def __len__(self) -> int:
        return len(self.pictures)

    def take(self, rows: NDArray[np.integer]) -> _Pairs:
        return _Pairs(self.pictures[rows], self.sentences[rows])


def align(
    catalogue: Catalogue,
    out: Path,
    *,
    text: TextEncoder,
    seed: int = 0,
    settings: AlignSettings | None = None,
    rows: NDArray[np.integer] | None = None,
    cache: EmbeddingCache | None = None,
) -> Alignment:
    """Train an image tower on the catalogue's picture-text pairs and publish it as a folder.

    Only what items are is read, never what people did. An equal call whose result is complete
    returns that result. Deterministic on one CPU for one seed and one number of threads.

    Parameters
    ----------
    catalogue
        Its items with both a text and a readable picture are the pairs.
    out
        The folder to write; complete or absent.
    text
        The frozen text side.
    rows
        The catalogue rows to learn from, all by default. A strict cold-start protocol passes what
        was released before its cut.
    cache
        Where `text`'s vectors are kept.

    Raises
    ------
    ModelError
        With fewer than 64 pairs.
    """
    settings = settings or AlignSettings()
    part = _with_pictures(catalogue, rows, settings.max_pairs, seed)
    pairs = _collect(part, text, cache, settings.image_size)
    if len(pairs) < MIN_PAIRS:
        raise ModelError(
            f"{len(pairs)} items with both a text and a readable picture",
            expected=f"at least {MIN_PAIRS} to train an image tower on",
            fix="use pretrained weights (an open_clip model/pretrained pair, or a folder), or no pictures",
        )
    data = digest(
        repr(settings), str(seed), text.revision, pairs.pictures.tobytes(), pairs.sentences.tobytes()
    )
    result = _finished(out, data) or _train(pairs, out, data, text, settings, seed)
    say(
        f"image tower: trained on this catalogue's {result.pairs:,} picture-text pairs; no pretrained CLIP "
        f"weights. Of {result.held_out:,} held-out pictures {result.recall:.0%} find their own text among "
        f"the nearest {K} ({result.chance:.0%} by chance)"
    )
    return result


def _with_pictures(catalogue: Catalogue, rows: NDArray[np.integer] | None, most: int, seed: int) -> Catalogue:
    """The items to learn from that name a picture, in row order, sampled down to `most`."""
    named = np.flatnonzero(catalogue.table.column("image").is_valid().to_numpy())
    if rows is not None:
        named = np.intersect1d(named, rows)
    if len(named) > most:
        named = np.sort(np.random.default_rng(seed).choice(named, most, replace=False))
    return Catalogue(catalogue.table.take(named), catalogue.root)


def _collect(catalogue: Catalogue, text: TextEncoder, cache: EmbeddingCache | None, size: int) -> _Pairs:
    """Decode each picture once, and encode the texts beside those that could be decoded."""
    with ThreadPoolExecutor(DECODERS) as pool:
        paths = [item.image for item in catalogue]
        decoded = list(track(pool.map(partial(_pixels, size=size), paths), "read pictures", total=len(paths)))
    readable = np.array([pixels is not None for pixels in decoded], dtype=np.bool_)
    rows = np.flatnonzero(readable)
    encoded = encode_catalogue(
        Catalogue(catalogue.table.take(rows), catalogue.root), text=text, cache=cache
    ).text
    if encoded is None or not encoded.present.any():
        return _Pairs(np.zeros((0, size, size, 3), np.uint8), np.zeros((0, text.dim), np.float32))
    pictures = [decoded[row] for row in rows[encoded.present]]
    return _Pairs(np.stack(pictures), encoded.vectors[encoded.present])


def _pixels(path: Path | None, size: int) -> NDArray[np.uint8] | None:
    """The picture squeezed to a square, just as the saved model's transform does it."""
    try:
        return np.asarray(decode(path).resize((size, size), Image.Resampling.BICUBIC)) if path else None
    except DataError:
        return None


def _train(
    pairs: _Pairs, out: Path, data: str, text: TextEncoder, settings: AlignSettings, seed: int
) -> Alignment:
    order = np.random.default_rng(seed).permutation(len(pairs))
    n_held = min(MOST_HELD_OUT, max(K + 1, round(HELD_OUT * len(pairs))))
    held, learned = pairs.take(order[:n_held]), pairs.take(order[n_held:])
    with torch.random.fork_rng(devices=[]):  # weights are drawn from the global generator
        torch.default_generator.manual_seed(seed)
        model, towers = new_model(settings, text.dim)
    train(model, learned.pictures, learned.sentences, settings, seed=seed)
    recall = held_out_recall(model, held.pictures, held.sentences, K)
    result = Alignment(out, len(learned), n_held, recall, K / n_held)
    sentence_model = {"name": text.name, "revision": text.revision, "max_tokens": text.max_tokens}
    kept = {name: value for name, value in asdict(result).items() if name != "path"}
    config = {
        "model_cfg": towers | {"sentence_model": sentence_model},
        "preprocess_cfg": {"mean": MEAN, "std": STD, "resize_mode": "squash", "interpolation": "bicubic"},
        "alignment": kept | {"data": data},
    }
    with publish_directory(out) as draft:
        write_json(draft / HF_CONFIG_NAME, config)
        save_file(model.state_dict(), draft / HF_SAFE_WEIGHTS_NAME)
    return result


def _finished(out: Path, data: str) -> Alignment | None:
    """The result of an equal call that lies complete in `out`."""
    try:
        verify_directory(out)
        kept = read_json(out / HF_CONFIG_NAME)["alignment"]
    except (ArtifactError, KeyError):
        return None
    if kept.pop("data") != data:
        return None
    return Alignment(out, **kept)
