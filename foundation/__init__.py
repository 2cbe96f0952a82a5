"""Floor 3: the item tower, the behavior transformer, objectives, losses, pre-training."""

from .config import FoundationConfig
from .features import ItemFeatures
from .model import FoundationModel

__all__ = ["FoundationConfig", "FoundationModel", "ItemFeatures"]
