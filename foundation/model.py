"""The foundation model: item tower and behavior transformer as one Hugging Face model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from ..base.errors import ModelError
from ..corpus.keys import Rows
from ..corpus.sentences import START, pack
from .config import FoundationConfig
from .features import ItemFeatures
from .losses import alignment, catalogue_softmax, sampled_softmax
from .objectives import HIDDEN, PLAIN, Recipe, Task
from .profile import ContentProfile
from .tower import ItemTower
from .transformer import BehaviorTransformer

READ_TOKENS = 8192  # of histories read at a time, padding included
IDS = "tower.delta.weight"  # what is learned of single items, by catalogue row


class _Items(NamedTuple):
    """What one training step knows of the items it meets, and how much of it is hidden."""

    rows: Tensor | None  # int64 [m], sorted: the items it meets; None: all
    counts: Tensor  # [n]
    white: Tensor  # [m, white]
    content: Tensor  # [m, width]
    recipe: Recipe

    def of(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Content and white vectors of some of them, by catalogue row."""
        places = rows if self.rows is None else torch.searchsorted(self.rows, rows)
        # not content[places]: indexing by tensors takes five times as long, and twice as long backwards
        return self.content.index_select(0, places), self.white.index_select(0, places)


class FoundationModel(PreTrainedModel):
    """``score(h, i) = scale * <h, z_i> + <profile, white_i> + bias(n_i)``: reads a history, ranks every item.

    ``save_pretrained`` and ``from_pretrained`` are Hugging Face's own (safetensors). Item features
    are not part of the weights: pass :class:`ItemFeatures` to whatever needs them, so that new items
    need no new model.
    """

    config_class = FoundationConfig
    base_model_prefix = "foundation"
    main_input_name = "rows"
    config: FoundationConfig

    def __init__(self, config: FoundationConfig) -> None:
        super().__init__(config)
        self.tower = ItemTower(config)
        self.transformer = BehaviorTransformer(config)
        self.profile = ContentProfile(self.tower.white_widths, config.hidden_size, config.max_items)
        start = config.content_size * config.hidden_size**-0.5  # as long as an item
        self.special = nn.Parameter(torch.randn(2, config.hidden_size) * start)
        self.log_scale = nn.Parameter(torch.tensor(float(np.log(config.init_scale))))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.content_size * self.config.hidden_size**-0.5)

    def take_over(self, other: FoundationModel) -> None:
        """Start from the weights of a model of another catalogue: all but its IDs, and with its whitening.

        Raises
        ------
        ModelError
            If a weight has another shape there.
        """
        found = {name: one for name, one in other.state_dict().items() if name != IDS}
        own = {name: one for name, one in self.state_dict().items() if name != IDS}
        unlike = sorted(name for name in own.keys() | found.keys() if _size(own, name) != _size(found, name))
        if unlike:
            raise ModelError(
                f"{unlike[0]} is {_size(found, unlike[0])} in the model to start from",
                expected=f"{_size(own, unlike[0])}: the same shape settings and encoders",
                fix="use the settings of that run, or start from nothing",
            )
        self.load_state_dict(found, strict=False)
        self.tower.cold_bias.zero_()  # fitted on that catalogue's validation

    @property
    def scale(self) -> Tensor:
        """1 / temperature, learned and bounded."""
        return self.log_scale.exp().clamp(max=self.config.max_scale)

    # -- training ---------------------------------------------------------------------------------

    def forward(
        self,
        task: Task,
        features: ItemFeatures,
        known: Tensor,
        *,
        white: Tensor | None = None,
        released: Tensor | None = None,
        recipe: Recipe = PLAIN,
    ) -> Tensor:
        """The training loss of one batch, a scalar.

        Parameters
        ----------
        task
            From :mod:`objectives`.
        features
            All items.
        known
            int64 [m], sorted: the rows that may be targets or negatives (those touched in training).
        white
            The tower's white vectors of all items, if they are at hand: they never change in training.
        released
            float64 [n] release times; an item is no negative before its own. None: always there.
        recipe
            What is hidden, and what is asked beside.
        """
        features = self.tower.coded(features)
        white = self.tower.white(features) if white is None else white
        drawn = self._draw_negatives(known, recipe.n_negatives)
        met = None if drawn is None else torch.cat([task.rows.clamp_min(0), task.targets, drawn]).unique()
        items = self._met(met, features, white, recipe)
        states = self._states(task, *self._inputs(task, items))[task.places]
        extra = self._code_loss(states, features.codes[task.targets], recipe.code_loss)
        extra = extra + self._align_loss(task.targets, items)
        rivals = known if drawn is None else drawn
        later = None if released is None else (released[rivals], task.target_times)
        if drawn is not None:
            return self._sampled_loss(states, task.targets, drawn, items, len(known), later) + extra
        vectors, bias = self._candidates(known, items)
        places = torch.searchsorted(known, task.targets)
        return catalogue_softmax(states, places, vectors, bias, later) + extra

    def _code_loss(self, states: Tensor, codes: Tensor, weight: float) -> Tensor | float:
        if self.tower.codes is None or not weight:
            return 0.0
        return weight * self.tower.codes.loss(states[:, : self.config.hidden_size], codes)

    def _align_loss(self, targets: Tensor, items: _Items) -> Tensor | float:
        if not items.recipe.align_loss:
            return 0.0
        rows = targets.unique()
        counts, (content, _) = items.counts[rows], items.of(rows)
        whole = self.tower.vectors(content, rows, counts)
        return items.recipe.align_loss * alignment(content, whole, self.tower.share(counts))

    @staticmethod
    def _draw_negatives(known: Tensor, count: int) -> Tensor | None:
        """Rows drawn uniformly, with repeats; None when all of them compete."""
        return known[torch.randint(len(known), (count,)).to(known.device)] if count else None

    def _met(self, rows: Tensor | None, features: ItemFeatures, white: Tensor, recipe: Recipe) -> _Items:
        """The items of one step; content is computed for no others."""
        few = features.whitened() if rows is None else features.whitened().take(rows)
        white = white if rows is None else white.index_select(0, rows)
        if recipe.modality_dropout:
            missing = torch.full_like(few.counts, recipe.modality_dropout)
            few = few.hidden(text=self._draw(missing), image=self._draw(missing))
        return _Items(rows, features.counts, white, self.tower.content(few, white), recipe)

    def _sampled_loss(
        self,
        states: Tensor,
        targets: Tensor,
        drawn: Tensor,
        items: _Items,
        n_items: int,
        later: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        unique, inverse = torch.unique(torch.cat([targets, drawn]), return_inverse=True)
        vectors, bias = self._candidates(unique, items)
        own, others = (
            (vectors.index_select(0, places), bias.index_select(0, places))
            for places in (inverse[: len(targets)], inverse[len(targets) :])
        )
        return sampled_softmax(
            states,
            own,
            others,
            targets=targets,
            drawn=drawn,
            n_items=n_items,
            later=later,
        )

    def _candidates(self, rows: Tensor, items: _Items) -> tuple[Tensor, Tensor]:
        """Vectors and biases of candidates, some without ID and some playing cold."""
        counts = items.counts[rows]
        cold = self._draw(torch.full_like(counts, items.recipe.cold_share))
        bare = cold | self._draw(self._bare_chance(counts, items.recipe.id_dropout))
        content, white = items.of(rows)
        vectors = self.tower.vectors(content, rows, counts, bare)
        counts = counts * ~cold
        return torch.cat([vectors, self.tower.trusted(white, counts)], dim=-1), self.tower.bias(counts)

    def _inputs(self, task: Task, items: _Items) -> tuple[Tensor, Tensor]:
        """Packed ID-space and white vectors of histories; ID dropout is drawn for each token."""
        rows = task.rows.clamp_min(0)
        counts = items.counts[rows]
        bare = self._draw(self._bare_chance(counts, items.recipe.id_dropout))
        content, white = items.of(rows)
        return self.tower.vectors(content, rows, counts, bare), self.tower.trusted(white, counts)

    def _bare_chance(self, counts: Tensor, id_dropout: float) -> Tensor:
        if not self.training or not id_dropout:
            return torch.zeros_like(counts)
        return 1 - (1 - id_dropout) * self.tower.share(counts)

    def _draw(self, chance: Tensor) -> Tensor:
        if not self.training:
            return torch.zeros_like(chance, dtype=torch.bool)
        return (torch.rand(chance.shape) < chance.cpu()).to(chance.device)

    # -- reading ----------------------------------------------------------------------------------

    def _states(self, task: Task, vectors: Tensor, white: Tensor, *, last: bool = False) -> Tensor:
        """What is asked of the candidates at every token, [T, width + white], or at the last ones alone."""
        vectors = torch.where((task.rows == START)[:, None], self.special[0], vectors)
        vectors = torch.where((task.rows == HIDDEN)[:, None], self.special[1], vectors)
        width = self.config.hidden_size**0.5
        order = {"causal": task.causal, "last": last}
        states = self.transformer(vectors * width, task.times, task.lengths, **order)
        shown = white * (task.rows >= 0)[:, None]
        profile = self.profile(shown, states, task.lengths, **order)
        return torch.cat([self.scale * states, profile], dim=-1)

    @torch.no_grad()
    def items(self, features: ItemFeatures) -> tuple[Tensor, Tensor]:
        """Vectors [n, size] and biases [n]: a score is ``<person, vector> + bias``.

        The first `hidden_size` dimensions are z, the others the white content vectors.
        """
        self.eval()
        white = self.tower.trusted(self.tower.white(features), features.counts)
        return torch.cat([self.tower(features), white], dim=-1), self.tower.bias(features.counts)

    @torch.no_grad()
    def people(
        self,
        histories: Sequence[Rows],
        vectors: Tensor,
        times: Sequence[NDArray[np.float64]] | None = None,
    ) -> NDArray[np.float32]:
        """One vector for each history, float32 [n, size], to be multiplied with :meth:`items`.

        Parameters
        ----------
        histories
            Catalogue rows, oldest first; may be empty. Only the last ``max_items`` are read.
        vectors
            From :meth:`items`.
        times
            Seconds beside each history; read only by models that use time.
        """
        self.eval()
        out = np.zeros((len(histories), vectors.shape[1]), dtype=np.float32)
        keep = self.config.max_items
        order = np.argsort([min(len(rows), keep) for rows in histories], kind="stable")
        for group in _token_groups(order, histories, keep):
            rows = [histories[i][-keep:] for i in group]
            clocks = None if times is None else [times[i][-keep:] for i in group]
            out[group] = self._read(rows, clocks, vectors)
        return out

    def _read(
        self, histories: Sequence[Rows], times: Sequence[NDArray[np.float64]] | None, vectors: Tensor
    ) -> NDArray[np.float32]:
        causal = self.config.direction == "causal"
        if not causal:  # ask with a mask at the end
            histories = [np.append(rows, np.int32(HIDDEN)) for rows in histories]
            if times is not None:
                times = [np.append(clock, clock[-1:] if len(clock) else 0.0) for clock in times]
        packed = pack(histories, times)
        rows = torch.from_numpy(packed.rows).to(vectors.device)
        lengths = torch.from_numpy(packed.lengths).to(vectors.device)
        clock = torch.from_numpy(packed.times).to(vectors.device)
        ends = torch.cumsum(lengths, 0) - 1
        task = Task(rows, clock, lengths, ends, ends, clock, causal)
        shown = vectors[rows.clamp_min(0)]
        width = self.config.hidden_size
        states = self._states(task, shown[:, :width], shown[:, width:], last=True)
        return states.float().cpu().numpy()


def _size(weights: Mapping[str, Tensor], name: str) -> str:
    return "x".join(map(str, weights[name].shape)) or "a number" if name in weights else "missing"


def _token_groups(order: NDArray[np.int64], histories: Sequence[Rows], keep: int) -> list[NDArray[np.int64]]:
    """Runs of `order` whose padded grid holds at most `READ_TOKENS` tokens."""
    groups, start = [], 0
    for place, one in enumerate(order):
        length = min(len(histories[one]), keep) + 2
        if place > start and (place - start + 1) * length > READ_TOKENS:
            groups.append(order[start:place])
            start = place
    if len(order):
        groups.append(order[start:])
    return groups
