"""A run is asked what it has not learned, beside every baseline, and its report says so."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from firstlight.base.errors import ConfigError
from firstlight.cli import main
from firstlight.eval import HARMONIC
from firstlight.recommender import Recommender, evaluate, pretrain, save_report
from firstlight.recommender.evaluation import RERANKED, content_vectors
from firstlight.recommender.leak_check import fitted_rows
from firstlight.recommender.probing import prompts, without_titles

pytestmark = pytest.mark.slow
BASELINES = [
    "popularity", "recent popularity", "content neighbors", "item transitions", "two-step transitions",
    "EASE", "transitions + content",
]  # fmt: skip


@pytest.fixture(scope="module")
def outcome(tuned, second):
    return evaluate(
        tuned,
        protocol="item-cold",
        seeds=[second],
        by=["age_group"],
        ks=(10, 20),
        probe=True,
        most_cases=150,
        most_llm_cases=12,
    )


@pytest.fixture(scope="module")
def second(world, small_config, tmp_path_factory):
    """The same run trained with another seed."""
    config = replace(small_config, pretrain=replace(small_config.pretrain, seed=5, epochs=1))
    return pretrain(world, tmp_path_factory.mktemp("second") / "run", config)


@pytest.fixture(scope="module")
def page(outcome, tuned, tmp_path_factory):
    """The report of a copy of the run."""
    copy = tmp_path_factory.mktemp("reported") / "run"
    shutil.copytree(tuned, copy)
    return save_report(outcome)


def test_every_baseline_stands_beside_ours(outcome):
    assert list(outcome.results) == ["firstlight", *BASELINES]
    assert set(outcome.reranked) == {"foundation alone", "firstlight + LLM"}
    assert {one.b for one in outcome.comparisons["all"]} == set(BASELINES)
    assert [one.a for one in outcome.comparisons[RERANKED]] == ["firstlight + LLM"]
    assert {one.n_seeds for one in outcome.comparisons["cold"]} == {2}


def test_item_cold_shows_its_bins_and_the_harmonic_mean(outcome):
    text = outcome.text()
    assert "global time cut at 80%, validation part not trained on" in text
    assert "; 2 seeds" in text
    for column in ("harmonic mean", "count 0, n=", "count >20, n=", "revealed 0, n=", "revealed 10, n="):
        assert column in text
    segments = outcome.summaries["firstlight"].segments
    assert {HARMONIC, "cold", "hot", "cold people"} <= set(segments)
    assert set(segments["all"].metrics) == {f"{m}@{k}" for m in ("HR", "NDCG", "MRR") for k in (10, 20)}
    assert any(name.startswith("age_group ") for name in segments)


def test_newcomers_are_asked_the_same_questions(outcome):
    ours = outcome.newcomers[0]
    sizes = {ours[f"revealed {r}"].n for r in (0, 1, 5, 10)}
    assert len(sizes) == 1
    assert sizes.pop() > 0
    assert [one.name for one in outcome.newcomers] == ["firstlight", *BASELINES]


def test_the_report_holds_figures_and_where_they_come_from(outcome, page):
    found = json.loads(page.with_name("metrics.json").read_text())
    assert set(found["systems"]) == {"firstlight", *BASELINES, "foundation alone", "firstlight + LLM"}
    about = found["provenance"]
    assert about["digest"] == outcome.split.digest
    assert about["seeds"] == [0, 5]
    assert about["wall_seconds"] > 0
    assert re.fullmatch(r"test starts 20[-\d]+ [:\d]+ UTC, validation 20[-\d]+ [:\d]+ UTC", about["notes"][0])
    assert {"numpy", "torch", "firstlight"} <= set(about["versions"])
    assert found["beyond_accuracy"]["firstlight"].keys() >= {
        "coverage", "Gini of exposure", "novelty (bits)", "serendipity", "miscalibration (nats)",
        "diversity in a list", "popularity lift", "share of cold items",
    }  # fmt: skip
    assert set(found["beyond_accuracy_in_parts"]["EASE"]) >= {"cold", "warm", "cold people"}
    assert len(found["popularity_lift_by_decile"]["firstlight"]) == 10
    assert found["ab_test"]["n_people"] > 1
    names = {path.stem for path in page.parent.glob("*.png")}
    assert {"cold-start", "item-count", "exposure", "calibration", "diversity", "training-1"} <= names


def test_the_language_model_is_probed_with_neutral_titles(outcome, tuned):
    assert outcome.memorization is not None
    voting = Recommender.from_pretrained(tuned).voting
    cases = outcome.cases.take(np.flatnonzero(outcome.cases.lengths)[:4])
    told = prompts(voting, cases, None)
    last = [voting.run.catalogue[int(rows[-1])].title[:12] for rows in cases.histories()]  # budgets cut
    assert all(title in prompt for title, prompt in zip(last, told, strict=True))
    hidden = prompts(without_titles(voting), cases, None)
    assert not any(title in prompt for title, prompt in zip(last, hidden, strict=True))
    assert all("Item " in prompt for prompt in hidden)


def test_a_clean_run_has_no_finding_and_a_whitening_of_all_items_is_caught(outcome, tuned):
    assert [one for one in outcome.findings if one.severity == "leak"] == []
    run = Recommender.from_pretrained(tuned).run
    known = run.counts > 0
    assert not any((rows & ~known).any() for _, rows in fitted_rows(run))
    encoded = run.content.text
    with torch.no_grad():
        run.model.tower.text.whitening.fit(torch.from_numpy(encoded.vectors[encoded.present]))
    leaking = dict(fitted_rows(run))
    assert (leaking["whitening of texts"] & ~known).any()


def test_another_domain_is_asked_without_and_with_a_few_people(tuned, world):
    zero = evaluate(tuned, protocol="zero-shot", data=str(world), most_cases=60, most_llm_cases=2)
    assert list(zero.results) == ["firstlight", "content neighbors"]
    assert zero.split.name.startswith("zero-shot, nothing trained on this domain")
    assert (zero.results["firstlight"].target_counts == 0).all()
    few = evaluate(tuned, protocol="few-shot", data=str(world), share=0.3, most_cases=60, most_llm_cases=2)
    assert list(few.results) == ["firstlight", *BASELINES]
    assert "few-shot 30% of people" in few.split.name
    assert few.run.memory.graph.nnz > 0
    np.testing.assert_array_equal(few.run.counts, few.split.train.counts(len(few.run.catalogue)))
    assert few.run.counts.any()
    place = save_report(zero)
    assert place.parent.name == f"zero-shot-{zero.split.digest[:8]}"


def test_content_vectors_take_statistics_from_training_alone(tuned):
    run = Recommender.from_pretrained(tuned).run
    known = run.counts > 0
    before = content_vectors(run.content, known)
    text = run.content.text
    moved = replace(text, vectors=np.where(known[:, None], text.vectors, text.vectors + 9))
    after = content_vectors(replace(run.content, text=moved), known)
    np.testing.assert_allclose(before[known], after[known], atol=1e-4)


def test_what_cannot_be_asked_is_refused(tuned, second, pretrained, world, tmp_path):
    with pytest.raises(ConfigError, match='protocol "user-cold" on a run that was held out for "time"'):
        evaluate(tuned, protocol="user-cold")
    with pytest.raises(ConfigError, match="zero-shot without another domain"):
        evaluate(tuned, protocol="zero-shot")
    with pytest.raises(ConfigError, match="--data with protocol time"):
        evaluate(tuned, data=str(world))
    with pytest.raises(ConfigError, match='protocol "random".*expected leave-one-out, time, item-cold'):
        evaluate(tuned, protocol="random")
    with pytest.raises(ConfigError, match="a run that was held out for other questions"):
        evaluate(tuned, protocol="zero-shot", data=str(world), seeds=[second])
    with pytest.raises(ConfigError, match="--probe on a run without a language model"):
        evaluate(pretrained, probe=True, most_cases=5)


@pytest.mark.parametrize("protocol", ["leave-one-out", "user-cold"])
def test_each_protocol_runs_from_the_command_line(
    protocol, world, small_config, tmp_path, monkeypatch, capsys
):
    config = replace(
        small_config,
        split=replace(small_config.split, protocol=protocol),
        content=replace(small_config.content, image="none"),
        pretrain=replace(small_config.pretrain, epochs=1),
    )
    run = pretrain(world, tmp_path / "run", config)
    arguments = [
        "evaluate",
        str(run),
        "--protocol",
        protocol,
        "--cases",
        "60",
        "--json",
        str(tmp_path / "e.json"),
    ]
    monkeypatch.setattr(sys, "argv", ["firstlight", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    out = capsys.readouterr().out
    assert out.startswith(protocol)
    assert "leak check: nothing found" in out
    found = json.loads((tmp_path / "e.json").read_text())
    assert set(found["systems"]) == {"firstlight", *BASELINES}
    assert all(f"revealed {r}" in found["newcomers"]["EASE"] for r in (0, 1, 5, 10))
