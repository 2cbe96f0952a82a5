"""Pictures, and wishes in the space of pictures, as vectors, with open_clip."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ..base.errors import DataError
from ..corpus.catalogue import Item
from ..corpus.pictures import DECODERS, Picture, decode, read_bytes
from .contract import Encoded
from .image_models import load_image_model
from .text import TextEncoder, one_line

DEFAULT_IMAGE_MODEL = "ViT-B-32/laion2b_s34b_b79k"
LONGEST_QUERY = 2_000  # characters


class ImageEncoder:
    """CLIP vectors of pictures, and of texts to search them with.

    Runs in float32, so that a picture's vector does not depend on its neighbors in a batch.

    Parameters
    ----------
    model
        ``model/pretrained`` as open_clip lists them, or a folder that holds an open_clip checkpoint
        in safetensors, such as `encoders.align` writes.
    batch
        Pictures in one batch.
    device
        By default the GPU when there is one.
    text
        For a model aligned on the catalogue: the loaded sentence encoder to read queries with;
        without it, one is loaded at the first query.

    Raises
    ------
    ModelError
        If the model is unknown or cannot be had.
    ArtifactError
        If a folder's files are missing or altered.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_IMAGE_MODEL,
        *,
        batch: int = 32,
        device: str | None = None,
        text: TextEncoder | None = None,
    ) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        loaded = load_image_model(model, text)
        self._model = loaded.model.to(self.device).eval().requires_grad_(False)
        self._transform, self._read, self._batch = loaded.transform, loaded.read, batch
        self.name, self.revision = loaded.name, loaded.revision
        self.dim = self._forward([self._prepare(Image.new("RGB", (8, 8)))]).shape[1]

    def content(self, item: Item) -> bytes | None:
        """The bytes of the item's picture file, or None when it has none.

        Raises
        ------
        DataError
            If it has one that cannot be read.
        """
        return None if item.image is None else read_bytes(item.image)

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Encode the items' pictures; one that cannot be used becomes a failure with its reason."""
        rows: list[int] = []
        failures: dict[str, str] = {}
        vectors = [np.zeros((0, self.dim), dtype=np.float32)]
        with ThreadPoolExecutor(DECODERS) as pool:
            for start in range(0, len(items), self._batch):
                some = range(start, min(start + self._batch, len(items)))
                prepared = dict(
                    zip(some, pool.map(self._prepare_item, (items[i] for i in some)), strict=True)
                )
                failures |= {items[i].key: one for i, one in prepared.items() if isinstance(one, str)}
                good = {i: one for i, one in prepared.items() if isinstance(one, torch.Tensor)}
                if good:
                    rows += good
                    vectors.append(self._forward(list(good.values())))
        return Encoded.scatter(items, rows, np.concatenate(vectors), failures)

    def encode_images(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Encode files, bytes or PIL images, unit length, float32 [n, dim].

        Raises
        ------
        DataError
            For the first picture that cannot be used.
        """
        vectors = np.zeros((len(pictures), self.dim), dtype=np.float32)
        for start in range(0, len(pictures), self._batch):
            some = pictures[start : start + self._batch]
            vectors[start : start + len(some)] = self._forward([self._prepare(one) for one in some])
        return vectors

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts into the space of pictures, float32 [n, dim]; a blank text is the zero vector."""
        lines = [one_line(text, LONGEST_QUERY) for text in texts]
        rows = [row for row, line in enumerate(lines) if line]
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(rows), self._batch):
            some = rows[start : start + self._batch]
            tokens = self._read([lines[row] for row in some]).to(self.device)
            with torch.inference_mode():
                vectors[some] = self._model.encode_text(tokens, normalize=True).cpu().numpy()
        return vectors

    def _prepare_item(self, item: Item) -> torch.Tensor | str | None:
        """The item's picture as a tensor, or why there is none; None when there never was."""
        if item.image is None:
            return None
        try:
            return self._prepare(item.image)
        except DataError as error:
            return error.found

    def _prepare(self, picture: Picture) -> torch.Tensor:
        return self._transform(decode(picture))

    def _forward(self, tensors: Sequence[torch.Tensor]) -> NDArray[np.float32]:
        with torch.inference_mode():
            batch = torch.stack(list(tensors)).to(self.device)
            return self._model.encode_image(batch, normalize=True).float().cpu().numpy()
