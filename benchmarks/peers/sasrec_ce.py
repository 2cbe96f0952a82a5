"""SASRec with cross-entropy over the whole catalogue, in plain PyTorch, on one exchanged split.

    python benchmarks/peers/sasrec_ce.py EXCHANGE.npz OUT.npz [--dropout 0.6 --lr 5e-4 --batch 512 ...]

The recipe of "Understanding the Role of Cross-Entropy Loss in Fairly Evaluating Large Language
Model-based Recommendation" (Xu et al., arXiv 2402.06216) for Beauty: d = 64, 2 blocks, 1 head, dropout .6,
Adam at 5e-4, batches of 512 people, up to 50 items, every position predicts the next item among all.
Items stand at the right; positions are learned. The weights with the best NDCG@10 over the validation
items (seen items left out) are kept; training ends when that stops rising or the CPU budget is spent.
Needs NumPy and PyTorch only; nothing of Firstlight is imported.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import resource
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

Split = dict[str, np.ndarray]


class SASRec(nn.Module):
    """Pre-normed queries, residual on the input, as in the recipe. Item 0 is padding."""

    def __init__(
        self, n_items: int, width: int, length: int, blocks: int, heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.item = nn.Embedding(n_items + 1, width, padding_idx=0)
        self.position = nn.Embedding(length, width)
        self.dropout = nn.Dropout(dropout)
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-8) for _ in range(2 * blocks + 1))
        self.attention = nn.ModuleList(
            nn.MultiheadAttention(width, heads, dropout, batch_first=True) for _ in range(blocks)
        )
        self.feed = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, width),
                nn.Dropout(dropout),
                nn.ReLU(),
                nn.Linear(width, width),
                nn.Dropout(dropout),
            )
            for _ in range(blocks)
        )
        for one in self.modules():
            if isinstance(one, nn.Linear | nn.Embedding):
                nn.init.xavier_normal_(one.weight)

    def forward(self, x: Tensor) -> Tensor:
        """States [B, L, width] for items int64 [B, L], padded with 0 at the left."""
        absent = (x == 0).unsqueeze(-1)
        length = x.shape[1]
        h = self.item(x) * self.item.embedding_dim**0.5 + self.position.weight[-length:]
        h = self.dropout(h).masked_fill(absent, 0.0)
        future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        for number, (attention, feed) in enumerate(zip(self.attention, self.feed, strict=True)):
            query = self.norms[2 * number](h)
            h = h + attention(query, h, h, attn_mask=future, need_weights=False)[0]
            h = self.norms[2 * number + 1](h)
            h = (h + feed(h)).masked_fill(absent, 0.0)
        return self.norms[-1](h)

    @property
    def catalogue(self) -> Tensor:
        """Item vectors [n_items, width]."""
        return self.item.weight[1:]


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    with np.load(options.exchange) as found:
        split = dict(found)
    model = SASRec(
        int(split["n_items"]),
        options.width,
        options.length,
        options.blocks,
        options.heads,
        options.dropout,
    )
    began = time.process_time()
    figures, seconds = train(model, split, options)
    trained = time.process_time()
    lists = best_rows(model, split["test_histories"], split["test_offsets"], options.length, 10)
    facts = {
        "peer": f"SASRec-CE, d={options.width}, {options.blocks} blocks, dropout {options.dropout}"
        + (f", gaps {options.gaps}" if options.gaps else ""),
        "options": vars(options),
        "epochs": len(seconds),
        "best_epoch": max(figures, key=lambda epoch: figures[epoch], default=None),
        "validation_ndcg": figures,
        "epoch_cpu_seconds": float(np.mean(seconds)),
        "train_cpu_seconds": trained - began,
        "ranked_people": len(lists),
        "rank_cpu_seconds": time.process_time() - trained,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    np.savez_compressed(options.out, lists=lists, facts=json.dumps(facts))
    print(json.dumps(facts))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("exchange")
    parser.add_argument("out")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--heads", type=int, default=1)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--dropout", type=float, default=0.6)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--gaps", type=float, default=0.0, help="share of items left out in every epoch")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--batches", type=int, help="of each epoch, to take the time; seconds are scaled up")
    parser.add_argument("--patience", type=int, default=20, help="epochs")
    parser.add_argument("--every", type=int, default=4, help="epochs between validations")
    parser.add_argument("--cpu-seconds", type=float, default=1500.0)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def train(model: SASRec, split: Split, options: argparse.Namespace) -> tuple[dict[int, float], list[float]]:
    """Train and put the best weights back; validation figures by epoch, and CPU seconds of each epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    offsets = np.searchsorted(split["train_users"], np.arange(split["train_users"].max() + 2))
    rng = np.random.default_rng(options.seed)
    figures: dict[int, float] = {}
    seconds: list[float] = []
    best, best_epoch, began = None, 0, time.process_time()
    for epoch in range(1, options.epochs + 1):
        opened = time.process_time()
        loss = run_epoch(model, optimizer, split["train_rows"], offsets, options, rng)
        seconds.append((time.process_time() - opened) * scale(offsets, options))
        late = time.process_time() - began + 0.5 * seconds[-1] > options.cpu_seconds
        if epoch % options.every == 0 or late:
            figures[epoch] = validation_ndcg(model, split, options.length)
            print(f"epoch {epoch}: loss {loss:.4f}, validation NDCG@10 {figures[epoch]:.4f}", flush=True)
            if figures[epoch] >= max(figures.values()):
                best, best_epoch = copy.deepcopy(model.state_dict()), epoch
        if late or epoch - best_epoch >= options.patience:
            break
    if best is not None:
        model.load_state_dict(best)
    return figures, seconds


def run_epoch(
    model: SASRec,
    optimizer: torch.optim.Optimizer,
    rows: np.ndarray,
    offsets: np.ndarray,
    options: argparse.Namespace,
    rng: np.random.Generator,
) -> float:
    """One pass over all people with at least two training items; the mean loss."""
    model.train()
    losses = []
    people = rng.permutation(np.flatnonzero(np.diff(offsets) >= 2))
    for start in range(0, len(people), options.batch)[: options.batches]:
        chosen = people[start : start + options.batch]
        read = [gapped(rows[offsets[one] : offsets[one + 1]], options.gaps, rng) for one in chosen]
        grid = padded(read, options.length + 1)
        x, y = grid[:, :-1], grid[:, 1:]
        loss = cross_entropy(model, x, y * (x != 0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def gapped(rows: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A history with some items left out at random, the last one excepted."""
    if not share:
        return rows
    kept = rng.random(len(rows)) >= share
    kept[-1] = True
    return rows[kept]


def scale(offsets: np.ndarray, options: argparse.Namespace) -> float:
    """How many times longer a whole epoch would take."""
    batches = math.ceil(np.count_nonzero(np.diff(offsets) >= 2) / options.batch)
    return max(1.0, batches / options.batches) if options.batches else 1.0


def cross_entropy(model: SASRec, x: Tensor, y: Tensor) -> Tensor:
    """Over all items, at the positions that have a next item only: the padding costs no logits."""
    real = y != 0
    return F.cross_entropy(model(x)[real] @ model.catalogue.T, y[real] - 1)


def padded(histories: list[np.ndarray], length: int) -> Tensor:
    """The newest items at the right, as rows + 1, zeros before; no wider than the longest."""
    longest = min(length, max(len(one) for one in histories))
    grid = np.zeros((len(histories), longest), dtype=np.int64)
    for number, one in enumerate(histories):
        kept = one[-longest:]
        if len(kept):
            grid[number, -len(kept) :] = kept + 1
    return torch.from_numpy(grid)


@torch.no_grad()
def scores(model: SASRec, histories: list[np.ndarray], length: int) -> Tensor:
    """Scores [n, n_items] for what comes next, -inf for what the history holds."""
    model.eval()
    found = model(padded(histories, length))[:, -1] @ model.catalogue.T
    for number, rows in enumerate(histories):
        found[number, rows] = -math.inf
    return found


def best_rows(model: SASRec, histories: np.ndarray, offsets: np.ndarray, length: int, k: int) -> np.ndarray:
    """The k best rows for every history, int64 [n, k]."""
    found = []
    for start in range(0, len(offsets) - 1, 512):
        part = range(start, min(start + 512, len(offsets) - 1))
        shown = [histories[offsets[case] : offsets[case + 1]] for case in part]
        found.append(scores(model, shown, length).topk(k).indices.numpy())
    return np.concatenate(found)


def validation_ndcg(model: SASRec, split: Split, length: int, most: int = 4000) -> float:
    """NDCG@10 of the validation items of `most` people, their training items being the history."""
    users = split["valid_users"][:: max(1, len(split["valid_users"]) // most)]
    targets = split["valid_targets"][:: max(1, len(split["valid_users"]) // most)]
    offsets = np.searchsorted(split["train_users"], np.arange(split["train_users"].max() + 2))
    gains = 0.0
    for start in range(0, len(users), 512):
        part = users[start : start + 512]
        shown = [split["train_rows"][offsets[one] : offsets[one + 1]] for one in part]
        found = scores(model, shown, length)
        own = found.gather(1, torch.from_numpy(targets[start : start + 512]).long()[:, None])
        ranks = (found >= own).sum(1)
        gains += float((1 / torch.log2(1 + ranks.clamp_min(1)))[(ranks <= 10) & own.isfinite()[:, 0]].sum())
    return gains / len(users)


if __name__ == "__main__":
    main()
