"""Floor 6: the pipeline from tables to answers, and the run directory."""

from .answers import Answer, Recommendation
from .codes import write_codes
from .config import RunConfig
from .evaluation import evaluate
from .growing import add_items
from .hub import push
from .outcome import Outcome
from .question import Question
from .recommender import Recommender
from .reporting import save_report
from .training import pretrain
from .tuning import Tuning, finetune

__all__ = [
    "Answer",
    "Outcome",
    "Question",
    "Recommendation",
    "Recommender",
    "RunConfig",
    "Tuning",
    "add_items",
    "evaluate",
    "finetune",
    "pretrain",
    "push",
    "save_report",
    "write_codes",
]
