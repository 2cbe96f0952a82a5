"""One model over several processes: each keeps a part of the weights, gradients and optimizer state.

torch's own FSDP (``fully_shard``, arXiv 2304.11277), on CPUs as on GPUs. Beside it stands a plain copy
of the model, which validates, is saved, and is what training returns: so a checkpoint is the same
with and without shards, and either may go on from it.
"""

from __future__ import annotations

from copy import deepcopy

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from .model import FoundationModel


class Replicas:
    """A model of which every process holds all.

    Attributes
    ----------
    model
        The one that trains, as accelerate has wrapped it.
    plain
        The same, whole and unwrapped.
    """

    def __init__(self, model: nn.Module, plain: FoundationModel) -> None:
        self.model, self.plain = model, plain

    def average_scalars(self) -> None:
        """Average the gradients that nothing else has averaged."""

    def gather(self) -> None:
        """Bring the plain model up to date. All processes must call it."""

    def scatter(self) -> None:
        """Train on from what the plain model holds."""


class Shards(Replicas):
    """A model of which every process holds a part; `plain` is as old as the last :meth:`gather`."""

    def __init__(self, model: FoundationModel) -> None:
        super().__init__(model, deepcopy(model))
        scalars = {one for one in model.parameters() if one.ndim == 0}  # which FSDP cannot split
        mesh = init_device_mesh(model.device.type, (dist.get_world_size(),))
        fully_shard(model, mesh=mesh, ignored_params=scalars)

    def average_scalars(self) -> None:
        """Average the gradients of what is not split; FSDP has averaged the others."""
        for one in self.model.parameters():
            if one.grad is not None and not isinstance(one, DTensor):
                dist.all_reduce(one.grad)
                one.grad /= dist.get_world_size()

    @torch.no_grad()
    def gather(self) -> None:
        """Collect all parts into the plain model."""
        parts = self.model.state_dict()
        for name, one in self.plain.state_dict().items():
            one.copy_(whole(parts[name]))

    @torch.no_grad()
    def scatter(self) -> None:
        """Give every process its part of the plain model."""
        wholes = self.plain.state_dict()
        for name, one in self.model.state_dict().items():
            one.copy_(part_of(wholes[name], one))


def whole(tensor: Tensor) -> Tensor:
    """A tensor with all its parts; all processes must call it. One that is not split stays as it is."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def part_of(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor, split as `like` is if they have one shape."""
    if not isinstance(like, DTensor) or tensor.shape != like.shape:
        return tensor
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)
