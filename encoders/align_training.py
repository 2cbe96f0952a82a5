"""Contrastive training of a small image tower against frozen sentence vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.loss import ClipLoss
from open_clip.model import CLIPVisionCfg, CustomTextCLIP
from torch.nn import functional

from ..base.progress import bar
from .image_models import aligned_model

MEAN, STD = OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
SHIFT = 0.125  # share of a side
MAX_LOGIT_SCALE = 100.0  # as CLIP clips it (Radford et al. 2021, section 2.5)


@dataclass(frozen=True)
class AlignSettings:
    """What is trained, and for how long.

    Attributes
    ----------
    image_size
        Pictures are squeezed to a square of this many pixels; a multiple of 32.
    width, layers
        Of open_clip's ModifiedResNet: channels after the stem, and blocks in each of its four stages.
    dim
        Length of the vectors.
    epochs, batch
        Passes over the training pairs, and pairs that are contrasted with each other.
    learning_rate, weight_decay
        For AdamW, with warm-up over a tenth of the steps and a cosine to zero.
    max_pairs
        A larger catalogue is sampled down to this.
    """

    image_size: int = 64
    width: int = 16
    layers: tuple[int, int, int, int] = (1, 1, 1, 1)
    dim: int = 128
    epochs: int = 10
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    max_pairs: int = 20_000


def new_model(settings: AlignSettings, sentence_dim: int) -> tuple[CustomTextCLIP, dict[str, Any]]:
    """A model with random weights, and the plain settings that `aligned_model` builds it from."""
    vision = CLIPVisionCfg(layers=settings.layers, width=settings.width, image_size=settings.image_size)
    plain = {"embed_dim": settings.dim, "vision_cfg": asdict(vision), "sentence_dim": sentence_dim}
    return aligned_model(plain), plain


def train(
    model: CustomTextCLIP,
    pictures: NDArray[np.uint8],
    sentences: NDArray[np.float32],
    settings: AlignSettings,
    *,
    seed: int,
) -> None:
    """Fit `model` in place to pairs of pictures [n, size, size, 3] and sentence vectors [n, d].

    The symmetric cross-entropy of CLIP (Radford et al. 2021, figure 3) over the pairs of a batch.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).to(memory_format=torch.channels_last).train()  # pyright: ignore[reportCallIssue]
    images, texts = torch.from_numpy(pictures), torch.from_numpy(sentences)
    generator = torch.Generator().manual_seed(seed)
    optimizer = _optimizer(model, settings)
    loss = ClipLoss()
    steps = list(_steps(len(images), settings, generator))
    with bar(len(steps), "align pictures with texts", unit="step") as progress:
        for step, rows in enumerate(steps):
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * _pace(step, len(steps))
            with torch.autocast(device.type, torch.bfloat16, enabled=_fast_bfloat16(device)):
                image = model.encode_image(_augment(images[rows], generator).to(device), normalize=True)
                text = model.encode_text(texts[rows].to(device), normalize=True)
            scale = model.logit_scale.exp().clamp(max=MAX_LOGIT_SCALE)
            optimizer.zero_grad()
            loss(image.float(), text.float(), scale).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            progress.update(1)
    model.cpu().to(memory_format=torch.contiguous_format).eval()  # pyright: ignore[reportCallIssue]


def _steps(n: int, settings: AlignSettings, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """The rows of each step: every epoch in a new order, in equal batches, the remainder left out."""
    batch = min(settings.batch, n)
    for _ in range(settings.epochs):
        order = torch.randperm(n, generator=generator)
        yield from order[: n - n % batch].split(batch)


def _pace(step: int, steps: int) -> float:
    """Share of the learning rate: a linear warm-up, then a cosine to zero."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _optimizer(model: CustomTextCLIP, settings: AlignSettings) -> torch.optim.Optimizer:
    """AdamW that decays matrices and filters only, as open_clip does."""
    decayed = [weight for weight in model.parameters() if weight.ndim > 1]
    others = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))


def _augment(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A random shift, mirror and exposure of each picture: uint8 [b, s, s, 3] to float32 [b, 3, s, s].

    Mild on purpose: zooming, and tinting the colors apart, lost more on real posters than they gained.
    Shift and mirror are one affine sampling of the whole batch, which costs less than a loop over it.
    """
    b = len(pixels)

    def draw(reach: float, *shape: int) -> torch.Tensor:
        return reach * (2 * torch.rand(b, *shape, generator=generator) - 1)

    place = torch.zeros(b, 2, 3)
    place[:, 0, 0], place[:, 1, 1] = draw(1.0).sign(), 1.0
    place[:, :, 2] = draw(2 * SHIFT, 2)
    exposed = pixels.float() * (1 + draw(0.2, 1, 1, 1)) + draw(12.0, 1, 1, 1)
    images = _normalized(exposed)
    grid = functional.affine_grid(place, list(images.shape), align_corners=False)
    shifted = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return shifted.contiguous(memory_format=torch.channels_last)


def _fast_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16; elsewhere it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def _normalized(pixels: torch.Tensor) -> torch.Tensor:
    """Values 0 to 255 [b, size, size, 3] to float32 [b, 3, size, size], as open_clip's transform does it."""
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)


def held_out_recall(
    model: CustomTextCLIP, pictures: NDArray[np.uint8], sentences: NDArray[np.float32], k: int
) -> float:
    """Share of pictures whose own text is among the `k` nearest of all `sentences`; ties count against."""
    with torch.inference_mode():
        images = torch.cat(
            [
                model.encode_image(_normalized(some), normalize=True)
                for some in torch.from_numpy(pictures).split(128)
            ]
        )
        scores = images @ model.encode_text(torch.from_numpy(sentences), normalize=True).T
    better = (scores >= scores.diagonal()[:, None]).sum(dim=1) - 1
    return float((better < k).float().mean())
