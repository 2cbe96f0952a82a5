"""Training the packed ranker in the very pack it serves, under accelerate."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from peft import PeftModel
from torch import Tensor, nn

from ..base.errors import DataError, ModelError
from ..base.progress import bar
from .batches import Batch, build_batch, epoch_order
from .checkpoint import Checkpoints, Progress, Tensors, restore, snapshot, trainable
from .list_metrics import list_metrics
from .llm import LanguageModel, load_llm
from .lora import add_lora
from .losses import IGNORE, ranking_loss, softmax_dpo, word_loss
from .rank_model import RankModel
from .ranker import PackedRanker
from .train_config import RankerConfig, RankExample, Stage, training_digest


@dataclass(frozen=True)
class TrainingReport:
    """What happened.

    Attributes
    ----------
    steps, best_step
        Optimizer steps done, and the step whose weights were kept (0: the untrained ranker).
    losses
        One for each step.
    evaluations
        ``{"step", "ndcg@10", "hit_rate@10"}`` on the validation lists; the first is the untrained ranker.
    people, tokens, seconds
        Examples and positions that this process trained on, and for how long, evaluation left out; what
        was done before an interruption is counted too.
    """

    steps: int
    best_step: int
    losses: list[float]
    evaluations: list[dict[str, float]]
    people: int
    tokens: int
    seconds: float


def train_ranker(
    examples: Sequence[RankExample],
    valid: Sequence[RankExample] = (),
    *,
    config: RankerConfig | None = None,
    out: Path,
    llm: LanguageModel | None = None,
    keep: bool = False,
) -> tuple[PackedRanker, TrainingReport]:
    """Train a ranker and publish it in `out`.

    Stopped at any moment, the same call goes on from its last checkpoint, which lies beside `out`; on a
    CPU it ends with the same weights to the bit.

    Parameters
    ----------
    examples
        Lists with their right answer; `config.n_negatives` of the wrong ones are drawn for each epoch.
    valid
        Lists that decide when to stop and which weights to keep; all their candidates are scored.
    config
        See :class:`RankerConfig`.
    out
        The directory of the ranker.
    llm
        A base model that is loaded already; it is changed in place. By default `config.model`.
    keep
        Whether the last checkpoint stays, with which the same call is done at once.

    Raises
    ------
    DataError
        If there is no example, or a batch has no label.
    ModelError
        If the base model cannot be used, or the loss is not finite.
    """
    config = config or RankerConfig()
    examples = examples[: config.max_people]
    if not examples:
        raise DataError("no training examples", expected="at least one list with a known answer")
    trainer = _Trainer(config, examples, valid[: config.max_valid], Path(out), llm)
    trained = trainer.run()
    if not keep and trainer.accelerator.is_main_process:
        trainer.checkpoints.clear()
    return trained


class _Trainer:
    """The state of one training run."""

    def __init__(
        self,
        config: RankerConfig,
        examples: Sequence[RankExample],
        valid: Sequence[RankExample],
        out: Path,
        llm: LanguageModel | None,
    ) -> None:
        self.config, self.examples, self.valid, self.out = config, examples, valid, out
        parallel = DistributedDataParallelKwargs(find_unused_parameters=True)
        self.accelerator = Accelerator(kwargs_handlers=[parallel])
        self.ranker = _fresh_ranker(config, examples, llm, str(self.accelerator.device))
        self.network = self.ranker.network
        groups = _parameter_groups(self.network, config)
        optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
        self.parallel, self.optimizer = self.accelerator.prepare(self.network, optimizer)
        # The projector and the readout as they begin, around the same language model.
        self.untrained = RankModel(self.network.lm, self.network.readout, deepcopy(self.network.soft))
        self.checkpoints = Checkpoints(
            out.with_name(f"{out.name}.training"),
            training_digest(config, examples, valid, base=f"{self.ranker.settings}"),
        )
        self.group = config.batch_people * config.accumulate * self.accelerator.num_processes
        self.steps_per_epoch = math.ceil(len(examples) / self.group)
        planned = self.steps_per_epoch * config.epochs
        self.total = min(planned, config.max_steps or planned)

    def run(self) -> tuple[PackedRanker, TrainingReport]:
        """Train to the end or until validation stops getting better; publish; clean up."""
        plain = self.optimizer.optimizer
        progress, best = self.checkpoints.resume(self.network, plain)
        with bar(self.total, "finetune", unit="step") as shown:
            shown.update(progress.step)
            if progress.step == 0:
                best = self._evaluate(progress, best)
            while progress.step < self.total and not self._should_stop(progress):
                progress.losses.append(self._step(progress))
                progress.step += 1
                shown.update(1)
                shown.set_postfix(loss=f"{progress.losses[-1]:.3f}")
                if progress.step % self.config.eval_every == 0 or progress.step == self.total:
                    best = self._evaluate(progress, best)
                    if self.accelerator.is_main_process:
                        self.checkpoints.save(self.network, plain, progress, best)
        return self._publish(progress, best)

    def _publish(self, progress: Progress, best: Tensors) -> tuple[PackedRanker, TrainingReport]:
        restore(self.network, best)
        if self.accelerator.is_main_process:
            self.ranker.save_pretrained(self.out)
        self.accelerator.wait_for_everyone()
        self.network.eval().requires_grad_(False)
        best_step = progress.best_step if self.valid else progress.step
        report = TrainingReport(
            progress.step,
            best_step,
            progress.losses,
            progress.evaluations,
            progress.people,
            progress.tokens,
            progress.seconds,
        )
        return self.ranker, report

    def _should_stop(self, progress: Progress) -> bool:
        return bool(self.valid) and progress.stale >= self.config.patience

    def _evaluate(self, progress: Progress, best: Tensors) -> Tensors:
        """Score the validation lists; the weights to keep, which are the last ones without such lists."""
        if not self.valid:
            return snapshot(self.network)
        told = self.ranker.score([example.request for example in self.valid])
        scores = [example.judged(one) for example, one in zip(self.valid, told, strict=True)]
        positives = [example.positive for example in self.valid]
        found = list_metrics(scores, positives)
        known = [one["ndcg@10"] for one in progress.evaluations]
        progress.evaluations.append({"step": progress.step, **found})
        if known and found["ndcg@10"] <= max(known):
            return best
        progress.best_step = progress.step
        return snapshot(self.network)

    def _step(self, progress: Progress) -> float:
        """One optimizer step; everything random in it follows from the seed and the step's number."""
        config, started, step = self.config, time.monotonic(), progress.step
        self.network.train()
        stage, pace = config.stage(step, self.total), rate_factor(step, self.total, config.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0 if group["rests_in"] == stage else group["rate"] * pace
        batches = self._batches(step, stage)
        total = 0.0
        with torch.random.fork_rng(devices=_cuda_devices()):
            torch.manual_seed(int(np.random.SeedSequence([config.seed, 2, step]).generate_state(1)[0]))
            for number, (batch, share) in enumerate(batches):
                last = number == len(batches) - 1
                with nullcontext() if last else self.accelerator.no_sync(self.parallel):
                    loss = self._loss(batch) * share
                    self.accelerator.backward(loss)
                total += loss.item()
                progress.tokens += batch.tokens
                progress.people += len(batch.positives) if share else 0
        if not math.isfinite(total):
            raise ModelError(
                f"the loss is {total} at step {step}",
                expected="a finite loss",
                fix="lower learning_rate, or set dtype to float32",
            )
        self.accelerator.clip_grad_norm_(list(trainable(self.network).values()), config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        progress.seconds += time.monotonic() - started
        return total

    def _batches(self, step: int, stage: Stage) -> list[tuple[Batch, float]]:
        """The part of one step's examples that is ours, in packs of `batch_people`, and each pack's weight.

        Weights make every example of a step count the same, however the packs and processes divide them;
        processes average their gradients.
        """
        epoch, place = divmod(step, self.steps_per_epoch)
        size, processes = self.config.batch_people, self.accelerator.num_processes
        whole = epoch_order(len(self.examples), epoch, self.config.seed)
        asked = whole[place * self.group : (place + 1) * self.group]
        own = self.group // processes
        mine = asked[self.accelerator.process_index * own :][:own]
        weight = processes / len(asked) if mine else 0.0
        numbered = [(number, self.examples[number]) for number in mine or asked[:1]]  # all must take part
        parts = [numbered[i : i + size] for i in range(0, len(numbered), size)]
        return [
            (build_batch(self.ranker, part, epoch, self.config, stage), weight * len(part)) for part in parts
        ]

    def _loss(self, batch: Batch) -> Tensor:
        config = self.config
        with self.ranker.precision():
            reference = self._reference(batch) if config.loss == "s-dpo" else None
            scores, hidden = self.parallel(batch.pack, batch.voices)
            if reference is None:
                loss = ranking_loss(scores + batch.priors, batch.positives)
            else:  # priors would stand in both scores and cancel
                loss = softmax_dpo(scores, reference, batch.positives, config.beta)
            if config.lm_weight:
                asked = batch.labels != IGNORE
                words = word_loss(self.network.word_logits(hidden[asked]), batch.labels[asked])
                loss = loss + config.lm_weight * words
        return loss

    def _reference(self, batch: Batch) -> Tensor:
        """What the untrained ranker says of a batch: the adapter off, all else as it began; [b, n]."""
        adapter = cast(PeftModel, self.ranker.adapter)
        self.network.eval()  # a dropped unit would make a moving reference
        with torch.no_grad(), adapter.disable_adapter():
            told = self.untrained(batch.pack, batch.voices)[0]
        self.network.train()
        return told


def _fresh_ranker(
    config: RankerConfig, examples: Sequence[RankExample], llm: LanguageModel | None, device: str
) -> PackedRanker:
    """An untrained ranker with LoRA inside, ready to be trained."""
    base = llm or load_llm(config.model, dtype=config.dtype, device=device, depth=config.depth)
    dim = _vector_dim(examples) if config.soft_tokens else None
    ranker = PackedRanker.from_base(base, vector_dim=dim, limits=config.limits, seed=config.seed)
    ranker.adapter = add_lora(
        base.model,
        name=base.name,
        rank=config.lora_rank,
        alpha=config.lora_alpha,
        dropout=config.lora_dropout,
        layers=config.lora_layers,
        seed=config.seed,
    )
    if config.gradient_checkpointing:
        base.model.gradient_checkpointing_enable({"use_reentrant": False})
    return ranker


def _vector_dim(examples: Sequence[RankExample]) -> int | None:
    """The width of the foundation vectors, or None when no example brings any."""
    for example in examples:
        request = example.request
        for vectors in (request.person, request.history_vectors, request.candidate_vectors):
            if vectors is not None:
                return vectors.shape[-1]
    return None


def _parameter_groups(network: nn.Module, config: RankerConfig) -> list[dict[str, Any]]:
    """LoRA at one rate; projector and readout, which start from nothing or are one row, at another."""
    weights = trainable(network).items()
    adapter = [weight for name, weight in weights if name.startswith("lm.")]
    own = [weight for name, weight in weights if not name.startswith("lm.")]
    return [
        {"params": adapter, "rate": config.learning_rate, "rests_in": "projector"},
        {"params": own, "rate": config.projector_learning_rate, "rests_in": None},
    ]


def rate_factor(step: int, total: int, warmup: float) -> float:
    """Linear rise over the first `warmup` of the steps, then a cosine to zero; in (0, 1]."""
    rise = max(1, round(total * warmup))
    if step < rise:
        return (step + 1) / (rise + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))


def _cuda_devices() -> list[int]:
    return list(range(torch.cuda.device_count()))
