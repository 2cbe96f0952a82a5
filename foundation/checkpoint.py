"""Training checkpoints that are complete or invisible.

Each lives in a directory of its own step, published by one rename; the one before it is deleted
only afterwards. So at any moment the newest complete one is the truth.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..base.errors import ArtifactError
from ..base.files import publish_directory, read_json, verify_directory, write_json
from ..base.progress import say
from .sharding import part_of, whole

PREFIX = "step-"


@dataclass
class TrainingState:
    """Where training stands. All that is not here follows from the seed and the step.

    Attributes
    ----------
    identity
        Digest of data, features and settings: a checkpoint of another run is never continued.
    step
        Optimizer steps done.
    epoch, batch
        The next batch to read.
    best
        Best validation score so far, and `best_epoch` where it was reached.
    losses
        Of the batches read in this epoch.
    curves
        One record for each validation.
    """

    identity: str
    step: int = 0
    epoch: int = 0
    batch: int = 0
    best: float = -1.0
    best_epoch: int = -1
    losses: list[float] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)


def save_checkpoint(
    folder: Path,
    state: TrainingState,
    model: nn.Module,
    optimizer: dict[str, Tensor],
    best: dict[str, Tensor] | None,
) -> None:
    """Publish a checkpoint under `folder` and delete those before it.

    `optimizer` is what :func:`optimizer_tensors` found.
    """
    target = folder / f"{PREFIX}{state.epoch:05d}-{state.step:09d}"
    with publish_directory(target) as draft:
        save_file(_plain(model.state_dict()), draft / "model.safetensors")
        save_file(optimizer, draft / "optimizer.safetensors")
        if best is not None:
            save_file(_plain(best), draft / "best.safetensors")
        write_json(draft / "state.json", vars(state))
    for other in folder.glob(f"{PREFIX}*"):
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def load_checkpoint(
    folder: Path, identity: str, model: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[TrainingState, dict[str, Tensor] | None] | None:
    """Restore the newest complete checkpoint of this very run, or return None."""
    for path in sorted(folder.glob(f"{PREFIX}*"), reverse=True):
        try:
            verify_directory(path)
        except ArtifactError as error:
            say(f"checkpoint left aside: {error}")
            continue
        state = TrainingState(**read_json(path / "state.json"))
        if state.identity != identity:
            say(f"{path} belongs to other data or settings; training starts anew")
            continue
        model.load_state_dict(load_file(path / "model.safetensors"))
        _restore_optimizer(optimizer, load_file(path / "optimizer.safetensors"))
        best = path / "best.safetensors"
        return state, (load_file(best) if best.is_file() else None)
    return None


def _plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: whole(value.detach()).cpu().contiguous() for name, value in tensors.items()}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Every tensor of the optimizer's state, named ``<parameter number>.<field>``.

    Where the model is sharded, all processes must call it.
    """
    state = optimizer.state_dict()["state"]
    return _plain({f"{number}.{name}": value for number, one in state.items() for name, value in one.items()})


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = part_of(value, parameters[int(number)])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
