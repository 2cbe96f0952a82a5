"""Pre-training under accelerate: the same command on one process, on several, on CPU or GPU.

Every random draw follows from (seed, epoch, batch, process), and an epoch's batches from
(seed, epoch). So a run that is killed and started again ends in the same weights on CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list
from torch import Tensor

from ..base.config import demand
from ..base.errors import ConfigError, DataError, ModelError
from ..base.hashing import digest
from ..base.progress import bar, say
from ..corpus.interactions import Interactions
from ..corpus.sentences import Packed, training_batches
from .checkpoint import TrainingState, load_checkpoint, optimizer_tensors, save_checkpoint
from .config import FoundationConfig
from .features import ItemFeatures
from .model import FoundationModel
from .objectives import Objective, Recipe, Task, masked_item, next_item
from .sharding import Replicas, Shards, whole


@dataclass(frozen=True)
class PretrainConfig:
    """How the foundation model is trained.

    Attributes
    ----------
    objective
        "next", "masked", or "both" (the batches take turns).
    epochs
        At most so many passes over the log; see `patience`.
    batch_tokens
        Tokens of one optimizer step, over all processes and accumulated parts.
    accumulation
        Into how many parts a step is split to save memory.
    lr, warmup
        The highest learning rate, and the share of all steps over which it rises to it.
    weight_decay
        AdamW's, of all weight matrices.
    id_decay
        Weight decay of the ID deltas alone.
    id_dropout, cold_share, modality_dropout, code_loss, align_loss
        See :class:`Recipe`.
    gaps
        Share of the interactions left out of the sentences of an epoch: people act elsewhere too.
    mask_share
        Share of items hidden by the masked objective.
    softmax_limit, n_negatives
        Beyond so many items, so many shared negatives replace the full softmax.
    patience
        Validations without a better score before training stops.
    precision
        "auto" is bf16 on a GPU that has it, else fp32.
    checkpoint_steps
        A checkpoint every so many steps, and after every epoch.
    shard
        Of several processes each keeps a part of the weights, gradients and optimizer state (FSDP),
        instead of all of them.
    """

    objective: Objective = "next"
    epochs: int = 40
    batch_tokens: int = 1024
    accumulation: int = 1
    lr: float = 2e-3
    warmup: float = 0.05
    weight_decay: float = 0.01
    id_decay: float = 0.05
    id_dropout: float = 0.3
    cold_share: float = 0.15
    gaps: float = 0.0
    mask_share: float = 0.2
    modality_dropout: float = 0.0
    code_loss: float = 0.0
    align_loss: float = 0.0
    softmax_limit: int = 100_000
    n_negatives: int = 4096
    patience: int = 5
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    checkpoint_steps: int = 500
    shard: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        numbers = ("epochs", "batch_tokens", "accumulation", "patience", "checkpoint_steps", "n_negatives")
        shares = ("warmup", "id_dropout", "cold_share", "mask_share", "modality_dropout", "gaps")
        weights = ("code_loss", "align_loss", "weight_decay", "id_decay")
        demand(self, numbers, lambda one: one >= 1, expected="at least 1")
        demand(self, shares, lambda one: 0 <= one < 1, expected="a share from 0 to below 1")
        demand(self, ("lr",), lambda one: 0 < one < math.inf, expected="a learning rate above 0")
        demand(self, weights, lambda one: 0 <= one < math.inf, expected="a weight of 0 or more")

    def recipe(self, n_known: int) -> Recipe:
        """What a step hides and asks, in a catalogue with so many items to name."""
        return Recipe(
            id_dropout=self.id_dropout,
            cold_share=self.cold_share,
            modality_dropout=self.modality_dropout,
            n_negatives=self.n_negatives if n_known > self.softmax_limit else 0,
            code_loss=self.code_loss,
            align_loss=self.align_loss,
        )


Validate = Callable[[FoundationModel], dict[str, float]]  # must hold "score": higher is better


@dataclass(frozen=True)
class Trained:
    """The best model on validation, and one record for each epoch."""

    model: FoundationModel
    curves: list[dict[str, Any]]
    best_epoch: int


def pretrain_model(
    log: Interactions,
    features: ItemFeatures,
    shape: FoundationConfig,
    config: PretrainConfig,
    *,
    validate: Validate,
    checkpoints: Path,
    released: np.ndarray[Any, np.dtype[np.float64]] | None = None,
    start: FoundationModel | None = None,
) -> Trained:
    """Train a foundation model and return the weights that were best on validation.

    Parameters
    ----------
    log
        Training interactions only.
    features
        All items, counts taken from `log`.
    validate
        Called after every epoch on the main process; its "score" picks the checkpoint.
    checkpoints
        A directory for checkpoints; an unfinished run of the same data and settings goes on.
    released
        Release times float64 [n] on the log's clock; no item is a negative before its own.
    start
        A model of another catalogue to start from; see :meth:`FoundationModel.take_over`.

    Raises
    ------
    DataError
        If the log holds no sentence to learn from.
    ModelError
        If `start` has another shape.
    """
    if len(log) == 0:
        raise DataError("no interactions in the training part", fix="use more data or a later cut")
    trainer = _Trainer(log, features, shape, config, validate, checkpoints, released, start)
    return trainer.run()


class _Trainer:
    """The loop's state; one instance, one run."""

    def __init__(
        self,
        log: Interactions,
        features: ItemFeatures,
        shape: FoundationConfig,
        config: PretrainConfig,
        validate: Validate,
        checkpoints: Path,
        released: np.ndarray[Any, np.dtype[np.float64]] | None,
        start: FoundationModel | None = None,
    ) -> None:
        self.log, self.config, self.validate, self.checkpoints = log, config, validate, checkpoints
        self.accelerator = _accelerator(config.precision)
        device = self.accelerator.device
        torch.manual_seed(config.seed)
        model = FoundationModel(shape)
        if start is None:
            model.tower.fit_content(features)
        else:
            model.take_over(start)
        self.features = model.to(device).tower.coded(features.to(device))
        with torch.no_grad():
            self.white = model.tower.white(self.features)
        self.known = torch.nonzero(features.counts > 0).squeeze(1).to(device)
        self.released = (
            None if released is None else torch.from_numpy(np.nan_to_num(released, nan=-math.inf)).to(device)
        )
        self.recipe = config.recipe(len(self.known))
        several = self.accelerator.num_processes > 1
        self.held = (
            Shards(model) if config.shard and several else Replicas(self.accelerator.prepare(model), model)
        )
        optimizer = torch.optim.AdamW(_groups(model, config), lr=config.lr, betas=(0.9, 0.98))
        self.optimizer = self.accelerator.prepare(optimizer)
        self.model, self.plain = self.held.model, self.held.plain
        self.state = TrainingState(_identity(log, features, shape, config, released, start))
        self.best: dict[str, Tensor] | None = None
        self.steps_per_epoch = math.ceil(self._count_batches() / config.accumulation)

    def run(self) -> Trained:
        """Train to the last epoch or until validation stops getting better."""
        self._resume()
        with bar(self.config.epochs, "pretrain", unit="epoch") as progress:
            progress.update(self.state.epoch)
            while self.state.epoch < self.config.epochs and not self._stale():
                loss = self._epoch(progress)
                self._close_epoch(loss)
                progress.update(1)
                progress.set_postfix(loss=f"{loss:.3f}", best=f"{self.state.best:.4f}")
        if self.best is not None:
            self.plain.load_state_dict(self.best)
        self.plain.eval()
        return Trained(self.plain, self.state.curves, self.state.best_epoch)

    def _stale(self) -> bool:
        return self.state.epoch - 1 - self.state.best_epoch >= self.config.patience

    def _resume(self) -> None:
        found = load_checkpoint(self.checkpoints, self.state.identity, self.plain, self.optimizer)
        if found:
            self.held.scatter()
            self.state, self.best = found
            say(f"resumed at epoch {self.state.epoch}, step {self.state.step}")

    def _count_batches(self) -> int:
        return sum(1 for _ in self._batches(0))

    def _batches(self, epoch: int) -> Any:
        rng = np.random.default_rng([self.config.seed, epoch])
        size = max(1, self.config.batch_tokens // self.config.accumulation)
        longest, gaps = self.plain_max_items, self.config.gaps
        return training_batches(self.log, max_items=longest, batch_tokens=size, rng=rng, gaps=gaps)

    @property
    def plain_max_items(self) -> int:
        """The longest window the model reads."""
        return self.plain.config.max_items

    def _epoch(self, progress: Any) -> float:
        """Train through what is left of the current epoch; return its mean loss."""
        batches = list(self._batches(self.state.epoch))
        for number in range(self.state.batch, len(batches)):
            self.state.losses.append(self._backward(number, batches[number]))
            if (number + 1) % self.config.accumulation and number + 1 < len(batches):
                continue
            self._update()
            self.state.batch = number + 1
            progress.set_description(f"pretrain {self.state.epoch + 1} ({number + 1}/{len(batches)})")
            if self.state.step % self.config.checkpoint_steps == 0:
                self.held.gather()
                self._checkpoint()
        losses, self.state.losses = self.state.losses, []
        self.state.epoch, self.state.batch = self.state.epoch + 1, 0
        return float(np.mean(losses)) if losses else math.nan

    def _backward(self, number: int, batch: Packed) -> float:
        """Add one batch's gradients; return its loss."""
        accelerator, config = self.accelerator, self.config
        seed = digest(*map(str, (config.seed, self.state.epoch, number, accelerator.process_index)))
        torch.manual_seed(int(seed[:15], 16))
        task = self._task(batch.shard(accelerator.process_index, accelerator.num_processes), number)
        self.model.train()
        with accelerator.autocast():
            loss = self.model(
                task,
                self.features,
                self.known,
                white=self.white,
                released=self.released,
                recipe=self.recipe,
            )
        accelerator.backward(loss / config.accumulation)
        return float(loss.detach())

    def _update(self) -> None:
        """One optimizer step."""
        self.held.average_scalars()
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), 1.0)
        if norm is not None and not math.isfinite(norm := float(whole(norm))):
            raise ModelError(
                f"the gradient is {norm} at step {self.state.step}",
                expected="finite numbers",
                fix="lower pretrain.lr, or set pretrain.precision to fp32",
            )
        self._set_rate()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.state.step += 1

    def _task(self, batch: Packed, number: int) -> Task:
        device = self.accelerator.device
        rows, times, lengths = (
            torch.from_numpy(part).to(device) for part in (batch.rows, batch.times, batch.lengths)
        )
        masked = self.config.objective == "masked" or (self.config.objective == "both" and number % 2)
        if masked:
            return masked_item(rows, times, lengths, share=self.config.mask_share)
        return next_item(rows, times, lengths)

    def _set_rate(self) -> None:
        """Linear warm-up, then a cosine to a tenth."""
        total = self.steps_per_epoch * self.config.epochs
        warm = max(1, int(total * self.config.warmup))
        done = self.state.step
        if done < warm:
            factor = (done + 1) / warm
        else:
            part = min(1.0, (done - warm) / max(1, total - warm))
            factor = 0.1 + 0.45 * (1 + math.cos(math.pi * part))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.lr * factor * group.get("boost", 1.0)

    def _close_epoch(self, loss: float) -> None:
        """Validate on the main process, tell the others, keep the best weights."""
        self.held.gather()
        record: list[dict[str, float]] = [{}]
        if self.accelerator.is_main_process:
            record = [{"epoch": self.state.epoch, "loss": loss, **self.validate(self.plain)}]
        if self.accelerator.num_processes > 1:
            broadcast_object_list(record)
        self.state.curves.append(record[0])
        if record[0]["score"] > self.state.best:
            self.state.best, self.state.best_epoch = record[0]["score"], self.state.epoch - 1
            self.best = {name: one.detach().clone() for name, one in self.plain.state_dict().items()}
        self._checkpoint()

    def _checkpoint(self) -> None:
        """Write where training stands; the plain model is up to date."""
        optimizer = optimizer_tensors(self.optimizer)
        if self.accelerator.is_main_process:
            save_checkpoint(self.checkpoints, self.state, self.plain, optimizer, self.best)
        self.accelerator.wait_for_everyone()  # so that all find the same one when they go on from it


def _accelerator(precision: str) -> Accelerator:
    """One of this precision; a process keeps that of its first."""
    parallel = DistributedDataParallelKwargs(find_unused_parameters=True)
    try:
        return Accelerator(mixed_precision=_precision(precision), kwargs_handlers=[parallel])
    except ValueError as error:
        if "already been initialized" not in str(error):
            raise
        raise ConfigError(
            f'precision "{precision}" after training with another in the same process',
            where="pretrain.precision",
            expected="one precision a process",
            fix="train in a process of its own",
        ) from error


def _precision(wanted: str) -> str:
    """The mixed precision accelerate is asked for."""
    if wanted == "auto":
        return "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "no"
    return "bf16" if wanted == "bf16" else "no"


def _groups(model: FoundationModel, config: PretrainConfig) -> list[dict[str, Any]]:
    """Parameter groups: weight decay on matrices, its own on ID deltas, none on the rest.

    The popularity bias and the scale are a handful of numbers that must travel far, so their rate is
    ten times the others'.
    """
    tower = model.tower
    few = (tower.bias_table, tower.trust_table, tower.log_size, model.log_scale, model.profile.log_say)
    single = {id(one) for one in (*few, model.tower.delta.weight)}
    rest = [one for one in model.parameters() if id(one) not in single]
    return [
        {"params": [one for one in rest if one.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [model.tower.delta.weight], "weight_decay": config.id_decay},
        {"params": [one for one in rest if one.ndim <= 1], "weight_decay": 0.0},
        {"params": list(few), "weight_decay": 0.0, "boost": 10.0},
    ]


def _identity(
    log: Interactions,
    features: ItemFeatures,
    shape: FoundationConfig,
    config: PretrainConfig,
    released: np.ndarray[Any, np.dtype[np.float64]] | None,
    start: FoundationModel | None,
) -> str:
    weights = () if start is None else (one.numpy(force=True) for one in start.state_dict().values())
    arrays = (
        log.users,
        log.rows,
        log.times,
        features.counts.numpy(),
        features.text.numpy(),
        features.image.numpy(),
        *(() if released is None else (released,)),
        *weights,
    )
    return digest(
        *(array.tobytes() for array in arrays), shape.to_json_string(), repr(replace(config, shard=False))
    )
