"""The mixer: what every opinion is worth, for this person and this item.

    score(h, i) = base(h, i) + gate(opinions of i, how known i is, how much is known of h)

`base` is the network with its memory; the gate starts at zero and is a linear map plus a small
perceptron, learned on validation, where the experts have not seen the answers. Some items play cold
while it learns, so it knows what to make of one that nobody has touched.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..base.errors import ArtifactError
from ..base.files import atomic_file

WIDTH = 32


class Mixer(nn.Module):
    """From a candidate's columns [m, f] to its score [m].

    Parameters
    ----------
    names
        The columns it was fitted on, in order.

    Attributes
    ----------
    cold_shift
        What the scores of new items are raised by.
    stock
        Catalogue rows from the first on of which the untouched ones are no news but dead stock.
    """

    mean: Tensor
    spread: Tensor
    cold_shift: Tensor
    stock: Tensor

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names
        self.direct = nn.Linear(len(names), 1)
        self.enter, self.middle = nn.Linear(len(names), WIDTH), nn.Linear(WIDTH, WIDTH)
        self.leave = nn.Linear(WIDTH, 1)
        self.register_buffer("mean", torch.zeros(len(names)))
        self.register_buffer("spread", torch.ones(len(names)))
        self.register_buffer("cold_shift", torch.zeros(()))
        self.register_buffer("stock", torch.zeros((), dtype=torch.int64))
        for layer in (self.direct, self.leave):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def over(self, names: tuple[str, ...]) -> Mixer:
        """A new mixer over other columns that says of them what this one would.

        A column this one does not know weighs nothing yet; one that is not there reads like its mean here.
        """
        mixer = Mixer(names)
        here = [at for at, name in enumerate(names) if name in self.names]
        there = [self.names.index(names[at]) for at in here]
        with torch.no_grad():
            for own, its in ((mixer.direct, self.direct), (mixer.enter, self.enter)):
                own.weight.zero_()
                own.weight[:, here] = its.weight[:, there]
                own.bias.copy_(its.bias)
            mixer.mean[here], mixer.spread[here] = self.mean[there], self.spread[there]
        mixer.middle.load_state_dict(self.middle.state_dict())
        mixer.leave.load_state_dict(self.leave.state_dict())
        return mixer

    def standardize(self, values: NDArray[np.float32], which: Sequence[bool] | None = None) -> None:
        """Take mean and spread of the columns, or of those marked, from values [m, f]."""
        mean, spread = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64) + 1e-6
        chosen = torch.ones(len(self.names), dtype=torch.bool) if which is None else torch.tensor(which)
        self.mean.copy_(torch.where(chosen, torch.from_numpy(mean).float(), self.mean))
        self.spread.copy_(torch.where(chosen, torch.from_numpy(spread).float(), self.spread))

    def forward(self, values: Tensor) -> Tensor:
        """Scores [m] of columns [m, f]."""
        x = ((values - self.mean) / self.spread).clamp(-10, 10)
        hidden = F.gelu(self.middle(F.gelu(self.enter(x))))
        return values[:, 0] + (self.direct(x) + self.leave(hidden))[:, 0]

    @torch.no_grad()
    def scores(self, values: NDArray[np.float32], raised: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Scores [m]; those marked, bool [m], get the shift fitted for new items.

        That is a candidate nobody has touched and no dead stock, asked about for a person of whom something
        is known: without a history nothing tells new items apart, and they would fill the list.
        """
        found = self(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))).numpy()
        return found + float(self.cold_shift) * raised.astype(np.float32)

    def save(self, path: Path) -> None:
        """Write one safetensors file, atomically."""
        with atomic_file(path) as draft:
            save_file(dict(self.state_dict()), draft, metadata={"columns": json.dumps(self.names)})

    @classmethod
    def load(cls, path: Path) -> Mixer:
        """Read what :meth:`save` wrote."""
        try:
            with safe_open(path, "pt") as file:
                mixer = cls(tuple(json.loads(file.metadata()["columns"])))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                tensors.setdefault("stock", mixer.stock)  # runs until November 2026 have none
                mixer.load_state_dict(tensors)
        except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
            raise ArtifactError(f"not a mixer: {error}", where=str(path)) from error
        return mixer.eval()
