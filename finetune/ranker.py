"""The packed ranker: a language model that scores a whole list of candidates in one pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from peft import PeftModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ..base.config import from_mapping, to_mapping
from ..base.errors import ArtifactError, FirstlightError, ModelError
from ..base.files import publish_directory, read_json, verify_directory, write_json
from ..base.progress import say, track
from ..prompts.render import Limits, Renderer
from ..prompts.templates import PROMPT_VERSION, rank_template
from .contract import RankRequest
from .llm import DEFAULT_LLM, Dtype, LanguageModel, check_full_attention, load_llm
from .lora import CONFIG as ADAPTER
from .lora import load_lora, save_lora
from .packing import canonical, chunks, pack
from .rank_model import RankModel
from .soft_tokens import SoftTokens, Voices, candidate_voices, prefix_voices

SETTINGS = "ranker.json"
PROJECTOR = "projector.safetensors"


@dataclass(frozen=True)
class RankerSettings:
    """What a stored ranker must be read with.

    Attributes
    ----------
    model, fingerprint
        The base model's name and the digest of its weights.
    prompt
        The template's version.
    limits
        Token budgets.
    vector_dim
        Width of the foundation vectors that enter as soft tokens; None reads text alone.
    depth
        How many of the base model's decoder layers are used; None is all.
    """

    model: str
    fingerprint: str
    prompt: str = PROMPT_VERSION
    limits: Limits = field(default_factory=Limits)
    vector_dim: int | None = None
    depth: int | None = None


@dataclass(frozen=True)
class Question:
    """A request as the network reads it; candidates stand in canonical order.

    `order[i]` is the place in the request of the i-th candidate here.
    """

    prefix: tuple[int, ...]
    candidates: list[tuple[int, ...]]
    order: NDArray[np.int64]
    prefix_voices: Voices
    candidate_voices: Voices

    @property
    def tokens(self) -> int:
        """How many positions the pack has."""
        return len(self.prefix) + sum(map(len, self.candidates))


class PackedRanker:
    """Implements :class:`~.contract.Ranker`; make one with :meth:`from_base` or :meth:`from_pretrained`.

    Parameters
    ----------
    llm, network, settings
        The base model, the network around it, and what it was trained with.
    adapter
        The LoRA adapter inside the base model, if any.

    Attributes
    ----------
    chunk, people
        Candidates in one forward pass, and people side by side. 32 was fastest on a CPU: longer chunks
        waste attention on pairs of candidates that do not see each other.
    timeout
        Seconds that people side by side may take before :meth:`score` gives up; None: as many as they need.
    """

    chunk, people = 32, 4

    def __init__(
        self,
        llm: LanguageModel,
        network: RankModel,
        settings: RankerSettings,
        adapter: PeftModel | None = None,
    ) -> None:
        limits = settings.limits
        check_full_attention(
            llm.model,
            limits.prefix_tokens + self.chunk * limits.candidate_tokens,
            limits.prefix_tokens + limits.candidate_tokens,
        )
        self.llm, self.network, self.settings, self.adapter = llm, network, settings, adapter
        self.timeout: float | None = None
        self.renderer = Renderer(
            llm.tokenize,
            rank_template(settings.prompt),
            limits,
            start=llm.start,
            slots=settings.vector_dim is not None,
        )

    @classmethod
    def from_base(
        cls,
        llm: LanguageModel | str = DEFAULT_LLM,
        *,
        vector_dim: int | None = None,
        limits: Limits | None = None,
        dtype: Dtype = "auto",
        device: str | None = None,
        depth: int | None = None,
        seed: int = 0,
    ) -> PackedRanker:
        """An untrained ranker, which answers with logit("Yes") - logit("No").

        `dtype`, `device` and `depth` are for a model that is loaded by its name, see :func:`~.llm.load_llm`.

        Raises
        ------
        ModelError
            If the model cannot be loaded or its attention is not full.
        """
        if isinstance(llm, str):
            llm = load_llm(llm, dtype=dtype, device=device, depth=depth)
        settings = RankerSettings(
            llm.name,
            llm.fingerprint,
            limits=limits or Limits(),
            vector_dim=vector_dim,
            depth=llm.depth,
        )
        return cls(llm, _network(llm, settings, seed), settings)

    @property
    def tokens_after_title(self) -> list[int]:
        """The closing words of every candidate."""
        return self.llm.tokenize(self.renderer.template.answer)

    def ask(self, request: RankRequest) -> Question:
        """Render one request and bring its candidates into canonical order."""
        prefix = self.renderer.prefix(request.history, request.wish)
        rendered = [self.renderer.candidate(item) for item in request.candidates]
        order = canonical(rendered, [item.key for item in request.candidates])
        voiced, dim = self._voiced(request)
        shared, own = prefix_voices(voiced, prefix.kept, dim), candidate_voices(voiced, dim).take(order)
        return Question(prefix.ids, [rendered[i] for i in order], np.array(order, np.int64), shared, own)

    def _voiced(self, request: RankRequest) -> tuple[RankRequest, int]:
        """The request as far as this ranker hears foundation vectors, and their width."""
        if self.settings.vector_dim is not None:
            return request, self.settings.vector_dim
        return replace(request, person=None, history_vectors=None, candidate_vectors=None), 0

    def score(self, requests: Sequence[RankRequest]) -> list[NDArray[np.float32]]:
        """One score for each candidate of each request, float32 [len(candidates)]; higher is better.

        Raises
        ------
        DataError
            If foundation vectors do not have the width or the number this ranker expects.
        ModelError
            If the network gives a score that is not finite, or it takes longer than :attr:`timeout`.
        """
        batches = range(0, len(requests), self.people)
        self.network.eval()
        scores: list[NDArray[np.float32]] = []
        for start in track(batches, "rank", total=len(batches)):
            questions = [self.ask(request) for request in requests[start : start + self.people]]
            scores += self._score(questions)
        return scores

    def _score(self, questions: Sequence[Question]) -> list[NDArray[np.float32]]:
        """Prefill the prefixes, then run the candidates chunk by chunk against them."""
        device, began = self.network.device, time.monotonic()
        starts = [len(question.prefix) for question in questions]
        pieces = [torch.zeros(len(questions), 0)]
        with torch.inference_mode(), self.precision():
            prefix = pack([q.prefix for q in questions], [[] for _ in questions]).to(device)
            cache = self.network.prefill(prefix, joined_voices([q.prefix_voices for q in questions]))
            for which, parts in chunks([q.candidates for q in questions], self.chunk):
                self._in_time(time.monotonic() - began)
                voices = joined_voices([q.candidate_voices.take(which) for q in questions])
                chunk = pack([()] * len(questions), parts, starts).to(device)
                pieces.append(self.network.score_chunk(prefix, cache, chunk, voices).cpu())
        table = torch.cat(pieces, dim=1).numpy()
        return [_reordered(row, question) for row, question in zip(table, questions, strict=True)]

    def _in_time(self, seconds: float) -> None:
        if self.timeout is not None and seconds > self.timeout:
            raise ModelError(
                f"{seconds:.1f} seconds have gone and candidates are left",
                where="the ranker",
                expected=f"an answer within {self.timeout:g} seconds",
                fix="let it read fewer (serve.rerank), a shallower model (ranker.depth), or a GPU",
            )

    def precision(self) -> AbstractContextManager[object]:
        """The arithmetic of the base model: bfloat16 where it is loaded so, else float32."""
        half = self.llm.model.dtype == torch.bfloat16
        return torch.autocast(self.network.device.type, torch.bfloat16, enabled=half)

    def merge(self) -> PackedRanker:
        """Fold the adapter into the base weights, in place: faster, equal up to rounding, not savable."""
        if self.adapter is not None:
            self.adapter.merge_and_unload()
            self.adapter = None
            self.settings = replace(self.settings, fingerprint="merged")
        return self

    def save_pretrained(self, directory: Path) -> None:
        """Write the adapter, projector, readout and settings; complete or invisible.

        Raises
        ------
        ModelError
            If the adapter was merged into the base weights.
        """
        if self.settings.fingerprint == "merged":
            raise ModelError(
                "the adapter was merged into the base model",
                expected="an adapter of its own",
                fix="save before merge(), or load the ranker again",
            )
        own = {key: value for key, value in self.network.state_dict().items() if not key.startswith("lm.")}
        with publish_directory(Path(directory)) as draft:
            write_json(draft / SETTINGS, to_mapping(self.settings))
            save_file({key: value.contiguous().cpu() for key, value in own.items()}, draft / PROJECTOR)
            if self.adapter is not None:
                save_lora(self.adapter, draft)

    @classmethod
    def from_pretrained(
        cls, directory: Path, *, dtype: Dtype = "auto", device: str | None = None
    ) -> PackedRanker:
        """Read what :meth:`save_pretrained` wrote; no code of the directory or the model is run.

        Raises
        ------
        ArtifactError
            If a file is missing, altered or does not fit.
        ModelError
            If the base model cannot be loaded.
        """
        directory = Path(directory)
        listed = verify_directory(directory)
        settings = read_settings(directory / SETTINGS)
        llm = load_llm(settings.model, dtype=dtype, device=device, depth=settings.depth)
        return cls.assembled(llm, settings, directory, ADAPTER in listed)

    @classmethod
    def assembled(
        cls, llm: LanguageModel, settings: RankerSettings, directory: Path, has_adapter: bool
    ) -> PackedRanker:
        """Put stored weights around a base model that is loaded already."""
        if llm.fingerprint != settings.fingerprint:
            say(f"note: {llm.name} holds other weights than those this ranker was trained on")
        adapter = load_lora(llm.model, directory, llm.name) if has_adapter else None
        network = _network(llm, settings, seed=0)
        try:
            own = load_file(directory / PROJECTOR)
            outcome = network.load_state_dict(own, strict=False)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise ArtifactError(f"not usable: {error}", where=str(directory / PROJECTOR)) from error
        lost = [key for key in outcome.missing_keys if not key.startswith("lm.")]
        if lost or outcome.unexpected_keys:
            raise ArtifactError(
                f"weights missing or unknown: {', '.join([*lost, *outcome.unexpected_keys])}",
                where=str(directory / PROJECTOR),
            )
        return cls(llm, network, settings, adapter)


def joined_voices(voices: Sequence[Voices]) -> Voices:
    """The voices of several rows, one after another, as their slots stand in a pack."""
    return reduce(add, voices)


def _network(llm: LanguageModel, settings: RankerSettings, seed: int) -> RankModel:
    """The network around a base model, with an untrained projector."""
    words, heads = llm.embeddings, llm.unembeddings
    template = rank_template(settings.prompt)
    yes, no = _apart(llm.tokenize(template.yes), llm.tokenize(template.no), llm.name)
    soft = None
    if settings.vector_dim is not None:
        with torch.no_grad():  # what the model makes of its table: some scale what they read there
            spoken = llm.model.get_input_embeddings()(torch.arange(len(words), device=words.device))
        norm = spoken.float().norm(dim=-1).mean().item()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            soft = SoftTokens(settings.vector_dim, words.shape[1], norm)
    return RankModel(llm.model, heads[yes].float() - heads[no].float(), soft).to(words.device)


def _apart(yes: list[int], no: list[int], name: str) -> tuple[int, int]:
    """The first ids in which two words differ; some tokenizers begin every word with the same one."""
    for one, other in zip(yes, no, strict=False):
        if one != other:
            return one, other
    raise ModelError(
        f'the tokenizer of "{name}" writes the words of both answers alike',
        expected="two words that it tells apart",
        fix="choose another model",
    )


def _reordered(row: NDArray[np.float32], question: Question) -> NDArray[np.float32]:
    """Scores in the request's own order."""
    scores = np.empty(len(question.order), np.float32)
    scores[question.order] = row[: len(question.order)]
    if not np.isfinite(scores).all():
        raise ModelError(
            "the ranker gave a score that is not finite",
            expected="finite scores",
            fix="load it with dtype float32, or train it again with a smaller learning rate",
        )
    return scores


def read_settings(path: Path) -> RankerSettings:
    """Read a stored ranker's settings.

    Raises
    ------
    ArtifactError
        If the file is missing or holds something else.
    """
    try:
        return from_mapping(RankerSettings, read_json(path), where=str(path))
    except (FirstlightError, TypeError) as error:
        raise ArtifactError(f"not a ranker's settings: {error}", where=str(path)) from error
