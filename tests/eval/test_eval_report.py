from __future__ import annotations

import base64
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firstlight.corpus import Item
from firstlight.eval import (
    CaseResults,
    Curve,
    Estimate,
    Finding,
    Person,
    Provenance,
    Report,
    Sentence,
    Suggestion,
    against_all_in_parts,
    versions,
)
from firstlight.eval.charts import charts_of
from firstlight.eval.groups import group_gap
from firstlight.eval.html import Html, join, tag
from firstlight.eval.plots import Chart, Line, png, svg
from firstlight.eval.power import baseline, plan
from firstlight.eval.report import HISTORIES
from firstlight.eval.thumbnails import data_uri
from firstlight.eval.write import write_report

EVIL = """<script>alert('x')</script>"><img src=http://evil.example/a onerror=alert(1)>&"""


class Parts(HTMLParser):
    """All elements, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def results(name, chance, n=600, seed=0):
    rng = np.random.default_rng(seed)
    counts, lengths = rng.integers(0, 40, n) * rng.integers(0, 2, n), rng.integers(0, 14, n)
    ranks = np.where(rng.random(n) < chance, rng.integers(1, 11, n), np.inf)
    lists = rng.integers(0, 50, (n, 10)).astype(np.int32)
    return CaseResults(name, ranks, lists, rng.integers(0, 200, n), counts, lengths)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    poster = tmp_path_factory.mktemp("posters") / "a.png"
    Image.new("RGB", (900, 1400), (20, 120, 110)).save(poster)
    ours = results("Firstlight", 0.5)
    parts = {f"revealed {r}": ours.history_lengths % 4 == i for i, r in enumerate((0, 1, 5, 10))}
    groups = {"age young": ours.people < 100, "age old": ours.people >= 100}
    rivals = {"popularity": results("popularity", 0.1), EVIL: results(EVIL, 0.5)}
    systems = [one.summary(replicates=100, groups=groups) for one in (ours, *rivals.values())]
    return Report(
        title=f"A report {EVIL}",
        lead="What it can do.",
        provenance=Provenance(
            f"firstlight evaluate {EVIL}", "leave-one-out, validation item trained on", "d1g35t", (0, 1), 71.0
        ),
        facts=[("people", "200"), (EVIL, EVIL)],
        curves=[Curve("training loss", [0, 10, 20], [3.0, 2.0, float("nan")])],
        systems=systems,
        comparisons=against_all_in_parts(ours, rivals, {"all": ours.segments()["all"]}) | {"cold": []},
        newcomers=[one.summary(replicates=50, groups=parts) for one in (ours, *rivals.values())],
        lift={"Firstlight": [1.0] * 10},
        mix={"Firstlight": {EVIL: 0.25, "Drama": 0.75}, HISTORIES: {EVIL: 0.5, "Drama": 0.5}},
        measures_in_parts={"Firstlight": {"cold people": {"coverage": 0.25}}},
        item_groups={EVIL: {"exposure": 0.25, "merit": 0.5, "ratio": 0.5}},
        people_groups=list(groups),
        gaps={"age": group_gap(ours, groups)},
        ab_test=plan(baseline(ours.metric("NDCG@10"), ours.people)),
        memorization=Estimate(0.8, 0.7, 0.9),
        exposure={"Firstlight": [0.1] * 10, "popularity": [0.0] * 9 + [1.0]},
        measures={
            "Firstlight": {"diversity in a list": 0.5, "coverage": float("nan")},
            "popularity": {"diversity in a list": 0.2},
        },
        blend={"cold item": {"content": 0.7, "language model": 0.3}},
        gallery=[
            Person(
                EVIL,
                "A newcomer.",
                [Item("a", "A poster", image=poster), Item("b", EVIL, image=Path("missing.png"))],
                EVIL,
                [Suggestion(Item("c", EVIL), [Sentence(EVIL, [EVIL, "shared: calm"])], "never seen before")],
            )
        ],
        findings=[Finding("ties are broken by item number", "leak", 1, 1, EVIL, "break ties by key hash")],
        limits=["One seed."],
    )


@pytest.fixture(scope="module")
def written(report, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    return write_report(out, report)


def test_one_person_alone_plans_nothing():
    assert plan(baseline(np.array([0.5, 0.3]), np.array([4, 4])))["people_in_each_arm"] == {}


def test_no_datum_becomes_markup(written):
    text = written.read_text(encoding="utf-8")
    parts = Parts(text)
    assert "<script" not in text
    assert not any("onerror" in attributes for _, attributes in parts.elements)
    assert EVIL in parts.words  # and it is shown as it was written


def test_the_page_stands_alone(written):
    parts = Parts(written.read_text(encoding="utf-8"))
    for element, attributes in parts.elements:
        assert element not in ("script", "link", "iframe", "object", "base", "form")
        for name, value in attributes.items():
            if name in ("src", "srcset", "action", "data", "poster"):
                assert value.startswith("data:image/jpeg;base64,")
            if name in ("href", "xlink:href"):
                assert value.startswith("#")
    assert any(a.get("http-equiv") == "Content-Security-Policy" for _, a in parts.elements)
    assert any(a.get("name") == "viewport" for _, a in parts.elements)


def test_files_beside_the_page_agree_with_it(written, report):
    names = {path.name for path in written.parent.iterdir()}
    assert names == {"index.html", "metrics.json"} | {f"{chart.file}.png" for chart in charts_of(report)}
    assert {
        f"{name}.png" for name in ("cold-start", "item-count", "exposure", "calibration", "diversity")
    } <= names
    assert "training-1.png" in names
    found = json.loads((written.parent / "metrics.json").read_text())
    assert found["metric"] == "NDCG@10"
    assert found["provenance"]["digest"] == "d1g35t"
    assert found["provenance"]["seeds"] == [0, 1]
    assert found["provenance"]["versions"]["numpy"] == np.__version__
    assert found["curves"][0]["values"] == [3.0, 2.0, None]
    ours = found["systems"]["Firstlight"]["all"]
    assert ours["n"] == 600
    mean, low, high = ours["NDCG@10"]
    assert low < mean < high
    assert f"{mean:.4f}" in written.read_text(encoding="utf-8")
    assert found["leaks"][0]["severity"] == "leak"
    assert found["newcomers"]["Firstlight"]["revealed 5"]["n"] > 0
    assert found["ab_test"]["people_in_each_arm"]["+1%"] > found["ab_test"]["people_in_each_arm"]["+10%"]
    assert found["people_group_gaps"]["age"]["best"] in ("age young", "age old")
    assert found["category_mix"]["Firstlight"] == {EVIL: 0.25, "Drama": 0.75}
    assert found["beyond_accuracy_in_parts"]["Firstlight"]["cold people"]["coverage"] == 0.25
    assert found["memorization"]["mean"] == 0.8
    with Image.open(written.parent / "cold-start.png") as image:
        assert image.width >= 1000


def test_groups_plans_and_probes_stand_on_the_page(written):
    words = " ".join("".join(Parts(written.read_text(encoding="utf-8")).words).split())
    for part in ("Who is served worse", "Which items are shown", "How large an A/B test must be"):
        assert part in words
    assert "With neutral titles, 80% (70% to 90%) of the language model's own score is left." in words
    assert "age young" in words


def test_the_cold_start_curve_asks_newcomers_and_calibration_follows_histories(report):
    charts = {chart.file: chart for chart in charts_of(report)}
    assert [name.partition("\n")[0] for name in charts["cold-start"].x] == ["0", "1", "5", "10"]
    lines = {line.name: line.y for line in charts["calibration"].lines}
    assert lines == {"Firstlight": [0.25, 0.75], HISTORIES: [0.5, 0.5]}
    bins = charts_of(replace(report, newcomers=()))[0].x
    assert [name.partition("\n")[0] for name in bins] == ["0", "1", "2-5", "6-10", ">10"]


def test_training_is_told_in_epochs(report):
    assert {one.x_label for one in charts_of(report) if one.file.startswith("training")} == {"epoch"}


def test_charts_show_ours_and_the_nearest_rivals():
    systems = [results(f"s{i}", chance).summary(replicates=20) for i, chance in enumerate(np.arange(9) / 10)]
    bare = Report("Many", Provenance("x", "y", "z", (0,), 1.0), systems=systems)
    chart = next(one for one in charts_of(bare) if one.file == "item-count")
    assert [line.name for line in chart.lines] == ["s0", "s4", "s5", "s6", "s7", "s8"]


def test_verdicts_are_printed_only_where_they_hold(written):
    words = "".join(Parts(written.read_text(encoding="utf-8")).words)
    assert "Over all cases Firstlight beats popularity; cannot be told apart from" in words
    assert "beats <script>" not in words
    assert "▲" in words


def test_systems_asked_fewer_cases_stand_apart(report, tmp_path):
    few = results("with LLM", 1.0, n=90).summary(replicates=20)  # the best of all, on other cases
    text = write_report(tmp_path, replace(report, systems=[*report.systems, few])).read_text(encoding="utf-8")
    whole, _, part = text.partition("On 90 of the cases")
    assert "with LLM" not in whole
    assert "with LLM" in part
    assert "▲" in whole
    assert [[one.name for one in group] for group in replace(report, systems=[few]).asked_alike()] == [
        ["with LLM"]
    ]


def test_an_almost_empty_report_is_a_page(tmp_path):
    bare = Report("Nothing yet", Provenance("firstlight evaluate", "none", "0", (), 3.2))
    text = write_report(tmp_path, bare).read_text(encoding="utf-8")
    assert "The leak check found nothing." in text
    assert "3 s" in text
    assert [path.name for path in tmp_path.glob("*.png")] == []


def test_thumbnails_are_small_and_a_broken_picture_costs_only_itself(tmp_path):
    good, broken = tmp_path / "good.png", tmp_path / "broken.png"
    Image.new("RGBA", (900, 1400), (200, 10, 10, 128)).save(good)
    broken.write_bytes(good.read_bytes()[:40])
    uri = data_uri(good)
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
        assert image.size[0] <= 144
        assert image.size[1] <= 192
    assert data_uri(broken) is None
    assert data_uri(None) is None
    assert data_uri(tmp_path) is None


@given(st.text())
def test_text_survives_escaping_unchanged(text):
    text = text.replace("\r", "").replace("\x00", "")
    page = tag("p", text, title=text)
    parts = Parts(page)
    assert "".join(parts.words) == text
    assert parts.elements == [("p", {"title": text})]


def test_tags_nest_skip_and_trust_only_markup():
    assert (
        tag("p", None, ["a", Html("<b>x</b>"), 3], class_="k", hidden=None) == '<p class="k">a<b>x</b>3</p>'
    )
    assert tag("img", src="a&b", aria_hidden="true") == '<img src="a&amp;b" aria-hidden="true">'
    assert join(["<", tag("br")]) == "&lt;<br>"


CHART = Chart(
    "c", "Title", "Lead.", ["0", "1", "5"], [Line("a $x_1$ <b>", [0.1, float("nan"), 0.3], [0] * 3, [1] * 3)]
)


def test_drawings_take_the_colors_of_the_page_and_repeat_exactly():
    drawing = svg(CHART)
    ET.fromstring(drawing)  # well-formed
    assert "var(--series0)" in drawing
    assert "fe0" not in drawing  # no stand-in color is left
    assert "a $x_1$ &lt;b&gt;" in drawing
    assert "<style" not in drawing
    assert svg(CHART) == drawing
    assert png(CHART) == png(CHART)


def test_one_system_keeps_one_color_in_all_charts(report):
    colors = {}
    for chart in charts_of(report):
        for line in chart.lines:
            if line.name:
                assert colors.setdefault(line.name, line.color) == line.color
    assert colors["Firstlight"] == 0
    exposure = next(chart for chart in charts_of(report) if chart.file == "exposure")
    assert [line.name for line in exposure.lines] == ["Firstlight"]
    assert "popularity" in exposure.lead


def test_versions_name_what_decides_figures():
    assert {"python", "numpy", "firstlight"} <= set(versions())
