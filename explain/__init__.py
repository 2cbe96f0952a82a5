"""Explanations: an evidence ledger, writers that may cite only it, and a verifier before anyone reads."""

from .claims import Claim
from .evidence import Evidence
from .explain import Explainer, Explanation, Sentence, Writer
from .ledger import Ledger, build_ledger
from .lexicon import Lexicon
from .reading import parse_claims
from .templates import Point, TemplateWriter, plan
from .verifier import Verdict, Verifier
from .words import Wording

__all__ = [
    "Claim",
    "Evidence",
    "Explainer",
    "Explanation",
    "Ledger",
    "Lexicon",
    "Point",
    "Sentence",
    "TemplateWriter",
    "Verdict",
    "Verifier",
    "Wording",
    "Writer",
    "build_ledger",
    "parse_claims",
    "plan",
]
