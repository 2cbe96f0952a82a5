"""Training checkpoints: complete or invisible, safetensors and JSON only."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..base.errors import ArtifactError
from ..base.files import publish_directory, read_json, verify_directory, write_json
from ..base.progress import say

Tensors = dict[str, Tensor]


@dataclass
class Progress:
    """How far a training has come.

    Attributes
    ----------
    step
        Optimizer steps done.
    losses
        The mean loss of each of them.
    evaluations
        One ``{"step", "ndcg@10", "hit_rate@10"}`` for each evaluation.
    best_step
        The step whose weights are kept; -1 before the first evaluation.
    people, tokens, seconds
        What the steps took, see :class:`~.train.TrainingReport`.
    """

    step: int = 0
    losses: list[float] = field(default_factory=list)
    evaluations: list[dict[str, float]] = field(default_factory=list)
    best_step: int = -1
    people: int = 0
    tokens: int = 0
    seconds: float = 0.0

    @property
    def stale(self) -> int:
        """Evaluations since the best one."""
        return sum(one["step"] > self.best_step for one in self.evaluations)


def trainable(network: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that training moves, by name."""
    return {name: weight for name, weight in network.named_parameters() if weight.requires_grad}


def snapshot(network: nn.Module) -> Tensors:
    """Copies of the trainable parameters, on the CPU."""
    return {name: weight.detach().cpu().clone() for name, weight in trainable(network).items()}


def restore(network: nn.Module, tensors: Tensors) -> None:
    """Write a snapshot back."""
    with torch.no_grad():
        for name, weight in trainable(network).items():
            weight.copy_(tensors[name])


class Checkpoints:
    """The checkpoints of one training, in a directory of their own; only the newest is kept.

    Parameters
    ----------
    directory
        Where they lie.
    identity
        See :func:`~.train_config.training_digest`.
    """

    def __init__(self, directory: Path, identity: str) -> None:
        self.directory, self.identity = Path(directory), identity

    def save(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress, best: Tensors
    ) -> None:
        """Publish a checkpoint, then remove the one before."""
        target = self.directory / f"step-{progress.step:06d}"
        with publish_directory(target) as draft:
            save_file(snapshot(network), draft / "weights.safetensors")
            save_file(best, draft / "best.safetensors")
            save_file(_optimizer_tensors(network, optimizer), draft / "optimizer.safetensors")
            write_json(draft / "progress.json", {"identity": self.identity, **asdict(progress)})
        for old in self._all():
            if old != target:
                shutil.rmtree(old)

    def resume(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Progress, Tensors]:
        """Load the newest usable checkpoint of this training, or start at step 0."""
        for place in reversed(self._all()):
            try:
                verify_directory(place)
                stored = read_json(place / "progress.json")
            except ArtifactError as error:
                say(f"skipping a checkpoint: {error}")
                continue
            if stored.pop("identity") == self.identity:
                restore(network, load_file(place / "weights.safetensors"))
                _restore_optimizer(network, optimizer, load_file(place / "optimizer.safetensors"))
                say(f"going on from step {stored['step']}")
                return Progress(**stored), load_file(place / "best.safetensors")
            say(f"{place} belongs to another training (other data or settings); starting over")
        return Progress(), snapshot(network)

    def clear(self) -> None:
        """Remove everything: the training is done and its result published."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _all(self) -> list[Path]:
        return sorted(self.directory.glob("step-*"))


def _optimizer_tensors(network: nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """AdamW's moments and step counts as ``<parameter>|<moment>``."""
    return {
        f"{name}|{moment}": value.detach().cpu().clone()
        for name, weight in trainable(network).items()
        for moment, value in optimizer.state.get(weight, {}).items()
    }


def _restore_optimizer(network: nn.Module, optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    weights = trainable(network)
    for key, value in tensors.items():
        name, moment = key.rsplit("|", 1)
        place = "cpu" if moment == "step" else weights[name].device
        optimizer.state[weights[name]][moment] = value.to(place)
