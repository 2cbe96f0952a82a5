"""The sample world: a generated film library with its audience, so that the product shows itself."""

from .records import load_truth
from .truth import Truth, oracle_scores
from .write import SampleSummary, write_sample

__all__ = ["SampleSummary", "Truth", "load_truth", "oracle_scores", "write_sample"]
