"""Everything one run is made with; `run/config.yaml` holds it resolved."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal

from ..base.config import demand
from ..base.errors import ConfigError
from ..explain.words import Wording
from ..finetune import RankerConfig
from ..foundation.pretrain import PretrainConfig

SHIPPED_PRIOR, NO_PRIOR = "shipped", "none"
Protocol = Literal["auto", "time", "leave-one-out", "user-cold", "none"]


@dataclass(frozen=True)
class DataConfig:
    """Where the data lies, and what is known before.

    Attributes
    ----------
    path
        A data folder or dataset id, as :func:`read_dataset` takes it.
    join
        Tables or picture folders joined to the items by key.
    also
        Further datasets to learn from at the same time.
    min_rating, events
        Which interactions count: those rated so high or higher, and of these kinds (the column "event").
        By default all do.
    start
        A run whose network training starts from, its IDs left out; it must have the same shape and
        the same encoders.
    """

    path: str = ""
    join: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    min_rating: float | None = None
    events: tuple[str, ...] = ()
    start: str = ""


@dataclass(frozen=True)
class SplitConfig:
    """What is held out.

    Attributes
    ----------
    protocol
        "auto" is a global time cut where there are timestamps, else leave-one-out. "none" keeps no
        test and counts everything: for a run that is served, not published.
    train_on_valid
        Whether validation items are counted after they have decided everything: memory, experts and
        item counts are then made again with them. The network's weights never see them.
    cut
        Where "time" cuts, as a share of the log.
    valid
        Which share of the log, or for "user-cold" of the people, is validation.
    share, seed
        Share of people held out by "user-cold", and which.
    """

    protocol: Protocol = "auto"
    train_on_valid: bool = False
    cut: float = 0.8
    valid: float = 0.1
    share: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        demand(self, ("cut", "share"), lambda one: 0 < one < 1, expected="between 0 and 1", where="split")
        demand(self, ("valid",), lambda one: 0 <= one < 1, expected="from 0 to below 1", where="split")


@dataclass(frozen=True)
class ContentConfig:
    """Which encoders read the items.

    Attributes
    ----------
    text
        A sentence-transformers id or folder; "none" switches text off.
    titles_only
        Whether the text encoder leaves categories and descriptions out.
    image
        An open_clip ``model/pretrained`` pair or folder; "align" trains a small one on the
        catalogue's own pairs; "none" switches pictures off; "auto" aligns when there are pictures.
    """

    text: str = "sentence-transformers/all-MiniLM-L6-v2"
    titles_only: bool = False
    image: str = "auto"


@dataclass(frozen=True)
class ShapeConfig:
    """The foundation model's size; see :class:`FoundationConfig` for each.

    Without `use_ids` items are known by their content alone, which other domains share.
    """

    use_ids: bool = True
    hidden_size: int = 64
    n_blocks: int = 2
    n_heads: int = 2
    dropout: float = 0.2
    max_items: int = 50
    text_rank: int = 128
    image_rank: int = 64
    id_half: float = 0.5
    code_levels: int = 0
    use_time: bool = True

    def __post_init__(self) -> None:
        sizes = ("hidden_size", "n_blocks", "n_heads", "max_items", "text_rank", "image_rank")
        demand(self, sizes, lambda one: one >= 1, expected="at least 1", where="shape")
        demand(
            self, ("dropout",), lambda one: 0 <= one < 1, expected="a share from 0 to below 1", where="shape"
        )
        if self.hidden_size % self.n_heads:
            raise ConfigError(
                f"n_heads = {self.n_heads}",
                where="shape",
                expected=f"a number that divides hidden_size = {self.hidden_size}",
            )
        if not self.id_half >= 0 or self.code_levels < 0:
            raise ConfigError(
                f"id_half = {self.id_half}, code_levels = {self.code_levels}",
                where="shape",
                expected="0 or more",
            )


@dataclass(frozen=True)
class MixerConfig:
    """What the mixer knows before it sees this catalogue.

    Attributes
    ----------
    prior
        "shipped" is what other shops taught, and comes with Firstlight; "none" starts from nothing; else a
        file that :meth:`Mixer.save` wrote. The fewer validation cases, the more it counts; 10,000 need none.
    """

    prior: str = SHIPPED_PRIOR

    def resolved(self) -> MixerConfig:
        """The same with an absolute path, so that it is found from any working directory."""
        named = self.prior in (SHIPPED_PRIOR, NO_PRIOR)
        return self if named else MixerConfig(os.path.abspath(self.prior))


@dataclass(frozen=True)
class TuningConfig:
    """How many lists of the validation part `finetune` uses, and how long they are.

    Attributes
    ----------
    lists, stop_lists
        For teaching the ranker, and for stopping it.
    blend_lists
        Read by the language model when the blend is fitted; the other voters are fitted on more.
    pool
        Retrieved candidates among which a list's negatives are drawn.
    probe_lists
        Read five times each to see what the ranker's order rests on; 0 skips it.
    """

    lists: int = 600
    stop_lists: int = 48
    blend_lists: int = 300
    pool: int = 50
    probe_lists: int = 24

    def __post_init__(self) -> None:
        sizes = ("lists", "stop_lists", "blend_lists", "pool")
        demand(self, sizes, lambda one: one >= 1, expected="1 or more", where="tuning")
        demand(self, ("probe_lists",), lambda one: one >= 0, expected="0 or more", where="tuning")


@dataclass(frozen=True)
class ServeConfig:
    """How questions are answered.

    Attributes
    ----------
    pool
        Items retrieved before ranking.
    rerank
        At most so many of them are read by the language model, the best without it.
    writer
        Who writes explanations; both are checked.
    wish_weight
        What a typed wish or a picture counts against everything else, in standard deviations.
    explain_history
        How many recent items are tried out one by one for the score drops behind "because you ...".
    wording
        What explanations call a pick and what was picked: ``--set serve.wording.verb=bought``.
    """

    pool: int = 100
    rerank: int = 50
    writer: Literal["llm", "template"] = "template"
    wish_weight: float = 1.5
    explain_history: int = 20
    wording: Wording = field(default_factory=Wording)

    def __post_init__(self) -> None:
        demand(self, ("pool",), lambda one: one >= 1, expected="1 or more", where="serve")
        some = ("rerank", "wish_weight", "explain_history")
        demand(self, some, lambda one: one >= 0, expected="0 or more", where="serve")


@dataclass(frozen=True)
class RunConfig:
    """One run's settings; a YAML file has these sections."""

    data: DataConfig = field(default_factory=DataConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    content: ContentConfig = field(default_factory=ContentConfig)
    shape: ShapeConfig = field(default_factory=ShapeConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    mixer: MixerConfig = field(default_factory=MixerConfig)
    ranker: RankerConfig = field(default_factory=RankerConfig)
    tuning: TuningConfig = field(default_factory=TuningConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
