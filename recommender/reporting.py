"""From an evaluated run to its report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base.files import read_json
from ..eval import Curve, Person, Provenance, Report, Sentence, Suggestion
from ..eval.beyond_accuracy import coverage, decile_exposure, gini, intra_list_diversity, novelty
from ..eval.write import write_report
from ..explain import Explanation
from .answers import Answer, Recommendation
from .evaluation import Outcome
from .ranking import BLEND
from .recommender import Recommender
from .run_directory import RANKER, REPORT, Run, revise

TITLE = "Firstlight"
LEAD = "What this run learned, how well it recommends, and why: warm and never-seen items, side by side."


def save_report(outcome: Outcome, recommender: Recommender, gallery: Sequence[Person] = ()) -> Path:
    """Write ``run/report`` for an evaluated run and return the page's path."""
    run = recommender.run
    with revise(run.path) as draft:
        write_report(draft / REPORT, make_report(outcome, recommender, gallery))
    return run.path / REPORT / "index.html"


def make_report(outcome: Outcome, recommender: Recommender, gallery: Sequence[Person] = ()) -> Report:
    """All that the report shows, as plain data."""
    run = recommender.run
    seed = run.config.pretrain.seed
    notes = [*outcome.split.notes, *outcome.notes]
    return Report(
        title=TITLE,
        lead=LEAD,
        provenance=Provenance(
            " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            outcome.split.name,
            outcome.split.digest,
            (seed,),
            outcome.seconds,
            notes=notes,
        ),
        facts=facts(run),
        curves=_curves(run),
        systems=[one.summary() for one in (*outcome.results.values(), *outcome.reranked.values())],
        comparisons=outcome.comparisons,
        exposure={
            name: decile_exposure(one.lists, run.counts).tolist() for name, one in outcome.results.items()
        },
        measures=_measures(outcome, recommender),
        blend=_blend(run),
        gallery=gallery,
        findings=outcome.findings,
        limits=_limits(run),
    )


def facts(run: Run) -> list[tuple[str, str]]:
    """The world in numbers."""
    items, log = run.catalogue, run.log
    lengths = np.diff(log.offsets)
    image, text = run.content.image, run.content.text
    found = [
        ("items", f"{len(items):,}"),
        ("people", f"{log.n_users:,}"),
        ("interactions", f"{len(log):,}"),
        ("never seen in training", f"{int((run.counts == 0).sum()):,} items"),
        ("people with at most 5", f"{np.mean(lengths <= 5):.0%}"),
    ]
    if text is not None:
        found.append(("items with text", f"{text.present.mean():.0%}"))
    if image is not None:
        found.append(("items with a picture", f"{image.present.mean():.0%}"))
    return found


def _curves(run: Run) -> list[Curve]:
    records = run.training["curves"]
    steps = [one["epoch"] for one in records]
    curves = [Curve("loss", steps, [one["loss"] for one in records])]
    for name, key in (("validation NDCG@10, warm", "warm"), ("validation NDCG@10, cold", "cold")):
        curves.append(Curve(name, steps, [one[key] for one in records]))
    return curves


def _measures(outcome: Outcome, recommender: Recommender) -> dict[str, dict[str, float]]:
    """Coverage, concentration, diversity and novelty of what each system shows."""
    run, vectors = recommender.run, recommender.space.vectors
    found = {}
    for name, one in outcome.results.items():
        found[name] = {
            "coverage": coverage(one.lists, len(run.catalogue)),
            "Gini of exposure": gini(one.lists, len(run.catalogue)),
            "diversity in a list": float(np.nanmean(intra_list_diversity(one.lists, vectors))),
            "novelty (bits)": float(np.nanmean(novelty(one.lists, run.counts))),
        }
    return found


def _blend(run: Run) -> dict[str, Any]:
    path = run.path / RANKER / BLEND
    return read_json(path)["weights"] if path.is_file() else {}


def _limits(run: Run) -> list[str]:
    limits = ["Figures are of one seed and one split; intervals are over people, not over trainings."]
    if (run.path / "image_encoder").is_dir():
        limits.append(
            "The image tower was trained on this catalogue alone: no pretrained CLIP weights were used."
        )
    return limits


def person_of_gallery(
    name: str, story: str, recommender: Recommender, answer: Answer, *, history: Sequence[str], wish: str = ""
) -> Person:
    """One person of the gallery, from the answer they were given."""
    items = [recommender.catalogue.by_key(key) for key in history]
    return Person(name, story, items, wish, [_suggestion(one) for one in answer.recommendations])


def _suggestion(one: Recommendation) -> Suggestion:
    badge = "never seen before" if one.cold else ""
    return Suggestion(one.item, _sentences(one.explanation), badge, _source(one))


def _sentences(explanation: Explanation | None) -> list[Sentence]:
    if explanation is None:
        return []
    facts_by_id = {entry.id: "; ".join(entry.facts) for entry in explanation.ledger.entries}
    return [Sentence(one.text, [facts_by_id[cite] for cite in one.cites]) for one in explanation.sentences]


def _source(one: Recommendation) -> str:
    origins = {sentence.origin for sentence in one.explanation.sentences} if one.explanation else set()
    return ", ".join(sorted(origins))
