"""The mixer: what every opinion is worth, for this person and this item.

    score(h, i) = base(h, i) + gate(opinions of i, how known i is, how much is known of h)

`base` is the network with its memory; the gate starts at zero and is a linear map plus a small
perceptron, learned on validation, where the experts have not seen the answers. Some items play cold
while it learns, so it knows what to make of one that nobody has touched.
"""

from __future__ import annotations

import json
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

    def standardize(self, values: NDArray[np.float32]) -> None:
        """Take mean and spread of the columns from values [m, f]."""
        self.mean.copy_(torch.from_numpy(values.mean(axis=0, dtype=np.float64)))
        self.spread.copy_(torch.from_numpy(values.std(axis=0, dtype=np.float64) + 1e-6))

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
