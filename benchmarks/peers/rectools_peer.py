"""RecTools' transformers on one exchanged split; runs in the environment that make_env.sh makes.

    PEERS_ENV/bin/python rectools_peer.py EXCHANGE.npz OUT.npz --model sasrec|bert4rec [--loss L] ...

Trains with RecTools' own code, keeps the weights with the best NDCG@10 over some people's validation items
(which are trained on by nobody; the validation loss would stop it too early), stops when that gets no
better or the CPU budget is spent, and writes RecTools' own ten recommendations for every test case.
Nothing of Firstlight is imported.
"""

from __future__ import annotations

import argparse
import copy
import json
import resource
import time
from typing import Any

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import BERT4RecModel, SASRecModel
from rectools.models.nn.transformers.ligr import LiGRLayers


class Budget(Callback):
    """Remembers the best weights and ends the run in time."""

    def __init__(self, cpu_seconds: float, patience: int) -> None:
        self.limit, self.patience = cpu_seconds, patience
        self.began = self.opened = time.process_time()
        self.best, self.best_epoch = None, 0
        self.figures: list[float] = []
        self.epoch_seconds: list[float] = []
        self.gains: list[torch.Tensor] = []

    def on_train_epoch_start(self, trainer: Trainer, module: torch.nn.Module) -> None:
        """Start the clock."""
        self.opened = time.process_time()

    def on_validation_start(self, trainer: Trainer, module: torch.nn.Module) -> None:
        """Stop the clock."""
        self.epoch_seconds.append(time.process_time() - self.opened)
        self.gains = []

    def on_validation_batch_end(
        self, trainer: Trainer, module: torch.nn.Module, outputs: Any, batch: Any, number: int
    ) -> None:
        """NDCG@10 of a batch, seen items left out, ties against the target."""
        states = module.torch_model.encode_sessions(batch, module.item_embs)[:, -1]
        scores = states @ module.item_embs.T
        scores.scatter_(1, batch["x"], -torch.inf)  # padding is item 0, and out with them
        rank = (scores >= scores.gather(1, batch["y"])).sum(1)
        self.gains.append(torch.where(rank <= 10, 1 / torch.log2(1.0 + rank), 0.0))

    def on_validation_epoch_end(self, trainer: Trainer, module: torch.nn.Module) -> None:
        """Keep the weights if they are better, and see whether there is time for another epoch."""
        self.figures.append(float(torch.cat(self.gains).mean()))
        if self.figures[-1] >= max(self.figures):
            self.best, self.best_epoch = copy.deepcopy(module.torch_model.state_dict()), len(self.figures)
        spent = time.process_time() - self.began
        print(
            f"epoch {len(self.figures)}: validation NDCG@10 {self.figures[-1]:.4f}, {spent:.0f} CPU s",
            flush=True,
        )
        late = spent + 0.5 * np.mean(self.epoch_seconds) > self.limit
        trainer.should_stop = bool(late or len(self.figures) - self.best_epoch >= self.patience)

    def on_train_end(self, trainer: Trainer, module: torch.nn.Module) -> None:
        """Put the best weights back."""
        module.torch_model.load_state_dict(self.best)


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    seed_everything(options.seed)
    with np.load(options.exchange) as found:
        split = dict(found)
    budget = Budget(options.cpu_seconds, options.patience)
    model = make_model(options, budget, validated(split, options))
    model.fit(Dataset.construct(training(split, options)))
    trained = time.process_time()
    budget = next(one for one in model.fit_trainer.callbacks if isinstance(one, Budget))  # RecTools copied it
    lists = recommended(model, split)
    facts = {
        "peer": f"RecTools {options.model}, {options.loss} {options.negatives}, d={options.factors}, "
        f"{options.blocks} {options.layers} blocks, length {options.length}",
        "options": vars(options),
        "epochs": len(budget.figures),
        "best_epoch": budget.best_epoch,
        "validation_ndcg": budget.figures,
        "epoch_cpu_seconds": float(np.mean(budget.epoch_seconds)) * scale(split, options),
        "train_cpu_seconds": trained - budget.began,
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
    parser.add_argument("--model", choices=("sasrec", "bert4rec"), default="sasrec")
    parser.add_argument("--layers", choices=("standard", "ligr"), default="standard")
    parser.add_argument("--loss", default="sampled_softmax")
    parser.add_argument("--negatives", type=int, default=256)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--heads", type=int, default=1)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--batches", type=int, help="of each epoch, to take the time; seconds are scaled up")
    parser.add_argument("--patience", type=int, default=10)
    parser.add_argument("--validated", type=int, default=2000, help="people asked after every epoch")
    parser.add_argument("--cpu-seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def make_model(options: argparse.Namespace, budget: Budget, people: np.ndarray) -> SASRecModel:
    def mask(interactions: pd.DataFrame) -> np.ndarray:  # RecTools asks both for their names
        return last_of(people, interactions)

    def make_trainer() -> Trainer:
        return trainer(options, budget)

    settings = {
        "n_factors": options.factors,
        "n_blocks": options.blocks,
        "n_heads": options.heads,
        "session_max_len": options.length,
        "dropout_rate": options.dropout,
        "batch_size": options.batch,
        "lr": options.lr,
        "loss": options.loss,
        "n_negatives": options.negatives,
        "get_val_mask_func": mask,
        "get_trainer_func": make_trainer,
    }
    if options.layers == "ligr":
        settings |= {"transformer_layers_type": LiGRLayers, "use_key_padding_mask": True}
    return (SASRecModel if options.model == "sasrec" else BERT4RecModel)(**settings)


def trainer(options: argparse.Namespace, budget: Budget) -> Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return Trainer(
        max_epochs=options.epochs,
        limit_train_batches=options.batches,
        accelerator="cpu",
        devices=1,
        callbacks=[budget],
        num_sanity_val_steps=0,
        enable_model_summary=False,
        **quiet,
    )


def scale(split: dict[str, np.ndarray], options: argparse.Namespace) -> float:
    """How many times longer a whole epoch would take."""
    people = np.count_nonzero(np.bincount(split["train_users"]) >= 2)
    return max(1.0, np.ceil(people / options.batch) / options.batches) if options.batches else 1.0


def validated(split: dict[str, np.ndarray], options: argparse.Namespace) -> np.ndarray:
    """The numbers of the people whose validation item is asked for while training.

    Not all: RecTools' validation loss scores every position, which would cost half an epoch.
    """
    return np.random.default_rng(options.seed).permutation(split["valid_users"])[: options.validated]


def last_of(people: np.ndarray, interactions: pd.DataFrame) -> np.ndarray:
    newest = interactions.groupby(Columns.User)[Columns.Datetime].transform("max")
    last = interactions[Columns.Datetime] == newest
    return (last & interactions[Columns.User].isin(people)).to_numpy()


def training(split: dict[str, np.ndarray], options: argparse.Namespace) -> pd.DataFrame:
    """The training interactions, and the validation items that :func:`last_of` takes out again."""
    asked = np.isin(split["valid_users"], validated(split, options))
    users = np.concatenate([split["train_users"], split["valid_users"][asked]])
    rows = np.concatenate([split["train_rows"], split["valid_targets"][asked]])
    return frame(users, rows)


def recommended(model: SASRecModel, split: dict[str, np.ndarray]) -> np.ndarray:
    """RecTools' ten best for every case, int64 [n, 10], -1 where it has none."""
    lengths = np.diff(split["test_offsets"])
    cases = np.arange(len(lengths))
    dataset = Dataset.construct(frame(np.repeat(cases, lengths), split["test_histories"]))
    found = model.recommend(cases, dataset, k=10, filter_viewed=True, on_unsupported_targets="ignore")
    lists = np.full((len(cases), 10), -1, dtype=np.int64)
    lists[found[Columns.User], found[Columns.Rank] - 1] = found[Columns.Item]
    return lists


def frame(users: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """Interactions in the order in which they stand."""
    order = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(len(users)), unit="s")
    return pd.DataFrame(
        {Columns.User: users, Columns.Item: rows, Columns.Weight: 1.0, Columns.Datetime: order}
    )


if __name__ == "__main__":
    main()
