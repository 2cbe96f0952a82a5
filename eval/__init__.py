"""Floor 2: metrics, protocols, comparison with intervals, leak check, report. Knows no model.

For anyone's lists or scores start at :func:`judge` and :func:`judge_scores`; for score functions over
cases, at :func:`evaluate`.

Imported by their own names, since they load scipy or matplotlib: :mod:`.baselines`, :mod:`.baseline_set`,
:mod:`.item_graph`, :mod:`.ease`, :mod:`.power`, and :mod:`.write`, which turns a :class:`Report` into files.
"""

from . import beyond_accuracy
from .bootstrap import interval
from .compare import Comparison, against_all_in_parts, compare, corrected, holm
from .finding import Finding
from .leaks import check_leaks, check_protocols, leaks_of_prompts
from .lists import ListResults, judge, judge_scores, rows_of_lists
from .metrics import METRICS, hits_from_ranks, hits_of_lists, ndcg_of_ranks, per_case
from .protocol import ScoreFn, evaluate
from .provenance import Provenance, versions
from .ranking import Candidates, Ranked, Seen, rank, ranks_of_targets, top_rows
from .report import Curve, Person, Report, Sentence, Suggestion
from .results import CaseResults, summary_of_seeds
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
    "ListResults",
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
    "against_all_in_parts",
    "beyond_accuracy",
    "check_leaks",
    "check_protocols",
    "compare",
    "corrected",
    "evaluate",
    "hits_from_ranks",
    "hits_of_lists",
    "holm",
    "interval",
    "judge",
    "judge_scores",
    "leaks_of_prompts",
    "ndcg_of_ranks",
    "per_case",
    "rank",
    "ranks_of_targets",
    "rows_of_lists",
    "summarize",
    "summary_of_seeds",
    "top_rows",
    "versions",
]
