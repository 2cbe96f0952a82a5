"""Floor 4: the packed ranker, its LoRA training, and the blend of voters."""

from .blend import Blend
from .blend_report import BlendReport
from .contract import Ranker, RankRequest
from .llm import DEFAULT_LLM, LanguageModel, load_llm
from .probes import Probed, probe
from .ranker import PackedRanker
from .served import ServedRanker, export_ranker
from .train import TrainingReport, train_ranker
from .train_config import RankerConfig, RankExample
from .voters import VoterList

__all__ = [
    "DEFAULT_LLM",
    "Blend",
    "BlendReport",
    "LanguageModel",
    "PackedRanker",
    "Probed",
    "RankExample",
    "RankRequest",
    "Ranker",
    "RankerConfig",
    "ServedRanker",
    "TrainingReport",
    "VoterList",
    "export_ranker",
    "load_llm",
    "probe",
    "train_ranker",
]
