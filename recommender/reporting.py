"""From an evaluated run to its report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.files import read_json
from ..eval import CaseResults, Curve, Person, Provenance, Report, Sentence, Suggestion
from ..eval.baseline_set import POPULARITY
from ..eval.beyond_accuracy import attribute_mix, decile_exposure, decile_lift, group_exposure
from ..eval.groups import item_attributes
from ..eval.list_figures import Yardsticks, figures_in_parts, list_figures
from ..eval.power import baseline, plan
from ..eval.report import HISTORIES
from ..eval.results import PEOPLE, Groups
from ..explain import Explanation
from .answers import Answer, Recommendation
from .outcome import OURS, Outcome
from .ranking import BLEND
from .recommender import Recommender
from .run_directory import IMAGE_ENCODER, RANKER, REPORT, Run, revise

TITLE = "Firstlight"
SHOWN_GROUPS = 15
ELSEWHERE_LEAD = "How well this run recommends in a domain it was not trained on."
LEAD = "What this run learned, how well it recommends, and why: warm and never-seen items, side by side."


def save_report(outcome: Outcome, gallery: Sequence[Person] = ()) -> Path:
    """Write ``run/report`` for an evaluated run and return the page's path.

    Figures of another domain go into a folder of their own inside of it.
    """
    from ..eval.write import write_report  # noqa: PLC0415  (matplotlib is slow to import, needed here only)

    place = Path(REPORT)
    if not outcome.own:
        place /= f"{outcome.protocol}-{outcome.split.digest[:8]}"
    with revise(outcome.run.path) as draft:
        write_report(draft / place, make_report(outcome, gallery))
    return outcome.run.path / place / "index.html"


def make_report(outcome: Outcome, gallery: Sequence[Person] = ()) -> Report:
    """All that the report shows, as plain data."""
    run, lists = outcome.run, _lists_of(outcome)
    return Report(
        title=TITLE,
        lead=LEAD if outcome.own else ELSEWHERE_LEAD,
        provenance=Provenance(
            " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            outcome.split.name,
            outcome.split.digest,
            outcome.training_seeds,
            outcome.seconds,
            notes=[*outcome.split.notes, *outcome.notes],
        ),
        facts=facts(run),
        curves=_curves(run),
        systems=[*outcome.summaries.values(), *outcome.reranked_summaries.values()],
        metric=outcome.metric,
        comparisons=outcome.comparisons,
        newcomers=outcome.newcomers,
        people_groups=list(outcome.groups),
        gaps=outcome.gaps,
        ab_test=plan(baseline(outcome.results[OURS].metric(outcome.metric), outcome.results[OURS].people)),
        memorization=outcome.memorization,
        blend=_blend(run),
        gallery=gallery,
        findings=outcome.findings,
        limits=_limits(outcome),
        **lists,
    )


def _lists_of(outcome: Outcome) -> dict[str, Any]:
    """What the report says about the lists as lists."""
    cases, counts, results = outcome.cases, outcome.counts, outcome.results
    histories = (cases.history_rows, cases.offsets)
    names, attributes = item_attributes(outcome.run.catalogue)
    obvious = results[POPULARITY].lists if POPULARITY in results else None
    by = Yardsticks(counts, outcome.vectors, attributes if names else None, obvious)
    found: dict[str, Any] = {
        "measures": {name: list_figures(one, cases, by) for name, one in results.items()},
        "measures_in_parts": {
            name: figures_in_parts(one, cases, by, _parts(one)) for name, one in results.items()
        },
        "exposure": {name: decile_exposure(one.lists, counts).tolist() for name, one in results.items()},
        "lift": {name: decile_lift(one.lists, counts, histories).tolist() for name, one in results.items()},
    }
    found["exposure"][HISTORIES] = decile_exposure(cases.history_rows[None], counts).tolist()
    if names:
        rows = {name: one.lists for name, one in results.items()} | {HISTORIES: cases.history_rows}
        found["mix"] = {
            name: dict(zip(names, attribute_mix(one, attributes).tolist(), strict=True))
            for name, one in rows.items()
        }
        found["item_groups"] = _item_groups(outcome, names, attributes)
    return found


def _parts(results: CaseResults) -> Groups:
    """Cold, warm and hot, of items and of people."""
    names = ("cold", "warm", "hot", *PEOPLE)
    return {name: mask for name, mask in results.segments().items() if name in names}


def _item_groups(
    outcome: Outcome, names: Sequence[str], attributes: NDArray[np.float32]
) -> dict[str, dict[str, float]]:
    """Each item counts for its most common category; merit is how often it is the right answer."""
    group = np.where(attributes.any(axis=1), attributes.argmax(axis=1), len(names))
    merit = np.bincount(outcome.cases.targets, minlength=len(group)).astype(np.float64)
    found = group_exposure(outcome.results[OURS].lists, group, merit)
    labels = [*names, "none of these"]
    return {labels[number]: one for number, one in list(found.items())[:SHOWN_GROUPS]}


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
    ]
    if len(lengths):  # a domain of ready-made cases has no log
        found.append(("people with at most 5", f"{np.mean(lengths <= 5):.0%}"))
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


def _blend(run: Run) -> dict[str, Any]:
    path = run.path / RANKER / BLEND
    return read_json(path)["weights"] if path.is_file() else {}


def _limits(outcome: Outcome) -> list[str]:
    run, n = outcome.run, len(outcome.seeds)
    limits = ["Figures are of one seed and one split; intervals are over people, not over trainings."]
    if n > 1:
        limits = [f"Figures are of {n} seeds and one split; intervals are over people and seeds."]
    if (run.path / IMAGE_ENCODER).is_dir():
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
