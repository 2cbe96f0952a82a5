"""Floor 2: metrics, protocols, comparison with intervals, leak check, report. Knows no model.

Imported by their own names, since they load scipy or matplotlib: :mod:`.baselines`, :mod:`.item_graph`,
:mod:`.ease`, :mod:`.power`, and :mod:`.write`, which turns a :class:`Report` into files.
"""

from .bootstrap import interval
from .compare import Comparison, against_all, compare, corrected, holm
from .finding import Finding
from .leaks import check_leaks
from .leaks_split import repeat_share
from .metrics import METRICS, evaluate_lists, hits_from_ranks, hits_of_lists, per_case
from .protocol import ScoreFn, evaluate
from .provenance import Provenance, versions
from .ranking import Candidates, Ranked, Seen, rank, ranks_of_targets, top_rows
from .report import Curve, Person, Report, Sentence, Suggestion
from .results import CaseResults
from .summary import HARMONIC, Estimate, Segment, Summary, summarize

__all__ = [
    "HARMONIC",
    "METRICS",
    "Candidates",
    "CaseResults",
    "Comparison",
    "Curve",
    "Estimate",
    "Finding",
    "Person",
    "Provenance",
    "Ranked",
    "Report",
    "ScoreFn",
    "Seen",
    "Segment",
    "Sentence",
    "Suggestion",
    "Summary",
    "against_all",
    "check_leaks",
    "compare",
    "corrected",
    "evaluate",
    "evaluate_lists",
    "hits_from_ranks",
    "hits_of_lists",
    "holm",
    "interval",
    "per_case",
    "rank",
    "ranks_of_targets",
    "repeat_share",
    "summarize",
    "top_rows",
    "versions",
]
