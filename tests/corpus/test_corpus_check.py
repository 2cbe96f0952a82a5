import json

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from firstlight.corpus import Cases, Catalogue, CheckReport, Dataset, Interactions, ReadReport, check_dataset


def dataset(rows, n_items=4, clock="timestamp", **more):
    """Rows of (user, item, time) over items "0", "1", ..., with titles."""
    keys = more.pop("keys", [str(i) for i in range(n_items)])
    people = sorted({row[0] for row in rows})
    log = Interactions.build(
        people,
        np.array([people.index(row[0]) for row in rows], dtype=int),
        np.array([row[1] for row in rows], dtype=int),
        np.array([row[2] for row in rows], dtype=float),
        item_keys=keys,
        clock=clock,
    )
    columns = {"item_id": keys, "title": [f"t{key}" for key in keys], **more.pop("columns", {})}
    catalogue = Catalogue(pa.table(columns), more.pop("root", None))
    return Dataset("small", catalogue, log, more.pop("report", ReadReport("tables")), **more)


def codes(report: CheckReport, severity: str) -> set[str]:
    return {finding.code for finding in report.findings if finding.severity == severity}


ROWS = [("a", 0, 0), ("a", 1, 86_400), ("b", 0, 5), ("b", 1, 6), ("b", 2, 7), ("c", 0, 9)]


def test_facts_are_counted():
    users = pa.table({"user_id": ["a", "z"]})
    report = check_dataset(dataset(ROWS, users=users))
    assert report.ok
    size = report.facts["size"]
    assert (size["people"], size["items"], size["interactions"], size["repeated_pairs"]) == (3, 4, 6, 0)
    assert size["density"] == 6 / 12
    assert size["sparsity"] == 0.5
    assert report.facts["history length"] == {
        "0%": 1.0, "5%": 1.1, "25%": 1.5, "50%": 2.0, "75%": 2.5, "95%": 2.9, "100%": 3.0
    }  # fmt: skip
    assert report.facts["cold"] == {
        "items_without_interactions": 1,
        "items_without_interactions_share": 0.25,
        "items_with_at_most_5": 4,
        "people_without_interactions": 1,
        "people_with_1": 1,
        "people_with_1_to_5": 3,
    }
    time = report.facts["time"]
    assert (time["from"], time["days"], time["tied_share"]) == ("1970-01-01T00:00:00+00:00", 1, 0.0)
    assert report.facts["content"]["title_share"] == 1.0
    assert report.facts["schema"]["users.user_id"] == "string"


def test_repeats_and_ties():
    report = check_dataset(dataset([("a", 0, 1), ("a", 0, 2), ("a", 1, 2), ("a", 2, 3)]))
    assert report.facts["size"]["repeated_pairs"] == 1
    assert report.facts["time"]["tied_share"] == 0.5
    assert "ties" in codes(report, "warning")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda: dataset([("a", 0, 1), ("a", 0, 2)], n_items=1), "few-items"),
        (lambda: dataset([]), "no-behavior"),
        (lambda: dataset([("a", 0, 1), ("b", 1, 1)]), "no-sequence"),
        (lambda: dataset(ROWS, report=ReadReport("tables", skipped={"unknown item": 7})), "mostly-unusable"),
    ],
)
def test_errors(made, code):
    report = check_dataset(made())
    assert codes(report, "error") == {code}
    assert not report.ok
    assert report.findings[0].severity == "error"


def test_rows_left_out_on_request_are_no_error():
    skipped = {"rating below 4": 90, "unknown item in plots.csv": 90, "unknown item": 6}
    assert check_dataset(dataset(ROWS, report=ReadReport("tables", skipped=skipped))).ok


def test_cases_alone_are_enough():
    cases = Cases.of(
        ("u",),
        np.array([0, 1], np.int32),
        np.full(2, np.nan),
        np.array([0, 2]),
        np.array([2], np.int32),
        np.full(1, np.nan),
    )
    report = check_dataset(dataset([], cases={"test": cases}))
    assert report.ok
    assert report.facts["size"]["test_cases"] == 1
    assert report.facts["test cases"]["50%"] == 2.0


def test_ids_that_tell_the_time_are_a_warning():
    ordered = [(f"u{i % 7}", i, i * 10) for i in range(40)]
    report = check_dataset(dataset(ordered, n_items=40))
    assert "ids-in-order" in codes(report, "warning")
    assert report.ok
    times = np.random.default_rng(0).permutation(40)
    mixed = [(f"u{i % 7}", i, int(times[i])) for i in range(40)]
    assert "ids-in-order" not in codes(check_dataset(dataset(mixed, n_items=40)), "warning")
    named = dataset(ordered, keys=[f"x{i}" for i in range(40)])
    assert "ids-in-order" not in codes(check_dataset(named), "warning")


def test_items_that_appear_at_one_instant_have_no_order():
    """Ties broken by row would follow the ids, wherever the catalogue is sorted by them."""
    tied = [(f"u{i % 7}", i, 0 if i < 997 else i) for i in range(1000)]
    assert "ids-in-order" not in codes(check_dataset(dataset(tied, n_items=1000)), "warning")


@pytest.mark.parametrize(
    "keys",
    [
        ["9" * 5000, *(str(i) for i in range(1, 40))],  # more digits than Python turns into a number
        ["0" * (i + 1) for i in range(40)],
        ["²", *(str(i) for i in range(1, 40))],
        ["-1", *(str(i) for i in range(1, 40))],
    ],
)
def test_ids_that_are_no_numbers_or_all_one_have_no_order(keys):
    ordered = [(f"u{i % 7}", i, i * 10) for i in range(40)]
    assert "ids-in-order" not in codes(check_dataset(dataset(ordered, keys=keys)), "warning")


def test_long_ids_in_order_are_told_apart():
    """As floats they would all be one."""
    keys = [str(10**18 + i) for i in range(40)]
    ordered = dataset([(f"u{i % 7}", i, i * 10) for i in range(40)], keys=keys)
    assert "(rank correlation 1.00)" in str(check_dataset(ordered)).replace("\n", " ")


def test_a_person_who_stands_twice_is_a_warning():
    five = [("a", i, i) for i in range(5)] + [("b", i, i + 100) for i in range(5)]
    report = check_dataset(dataset([*five, ("c", 1, 1), ("d", 1, 1)], n_items=6))
    assert "same-people" in codes(report, "warning")
    assert "1 people have the same items" in str(report)
    assert "same-people" not in codes(check_dataset(dataset([*five, ("b", 5, 999)], n_items=6)), "warning")


def test_missing_content_is_a_warning():
    bare = dataset(ROWS, columns={"title": [None, "", None, None]})
    assert "no-content" in codes(check_dataset(bare), "warning")
    few = dataset(ROWS, columns={"title": ["x", "", None, None]})
    assert "few-titles" in codes(check_dataset(few), "warning")


def test_pictures_that_cannot_be_read(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes((tmp_path / "good.png").read_bytes()[:40])
    (tmp_path / "text.jpg").write_text("no picture")
    images = ["good.png", "bad.png", "text.jpg", "missing.png"]
    report = check_dataset(dataset(ROWS, columns={"image": images}, root=tmp_path))
    assert report.facts["content"]["pictures_opened"] == 4
    assert report.facts["content"]["pictures_unreadable"] == 3
    assert "pictures" in codes(report, "warning")
    assert (
        check_dataset(dataset(ROWS, columns={"image": images}, root=tmp_path), pictures=2).facts["content"][
            "pictures_opened"
        ]
        == 2
    )


def test_a_huge_picture_is_not_decoded(tmp_path):
    Image.new("1", (8000, 8000)).save(tmp_path / "huge.png")
    report = check_dataset(dataset(ROWS, columns={"image": ["huge.png"] + [None] * 3}, root=tmp_path))
    (found,) = (finding.text for finding in report.findings if finding.code == "pictures")
    assert found.endswith("8000 x 8000 pixels; expected JPEG, PNG or WebP of at most 25 megapixels")


def test_what_no_encoder_reads_is_not_called_readable(tmp_path):
    Image.new("1", (6000, 5000)).save(tmp_path / "large.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "film.gif")
    Image.new("RGB", (8, 408)).save(tmp_path / "thread.png")
    images = ["large.png", "film.gif", "thread.png", None]
    report = check_dataset(dataset(ROWS, columns={"image": images}, root=tmp_path))
    assert report.facts["content"]["pictures_unreadable"] == 3


def test_the_report_is_plain_and_readable():
    notes = ReadReport("tables", skipped={"no user_id": 2}, notes=["timestamps are in milliseconds"])
    report = check_dataset(dataset(ROWS, report=notes))
    plain = json.loads(json.dumps(report.as_dict()))
    assert plain["ok"] is True
    assert plain["facts"]["skipped rows"] == {"no user_id": 2}
    text = str(report)
    assert "note: timestamps are in milliseconds" in text
    assert "sparsity" in text
    assert "50.00%" in text
    assert str(check_dataset(dataset(ROWS, clock="position"))).count("no calendar time") == 1
