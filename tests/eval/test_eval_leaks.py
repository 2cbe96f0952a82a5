from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from firstlight.cli import main
from firstlight.corpus import Cases, Catalogue, Interactions, Item
from firstlight.corpus.dataset import Dataset, ReadReport
from firstlight.corpus.split import leave_one_out, ready_made, time_split, user_cold
from firstlight.eval import check_leaks, check_protocols, leaks_of_prompts
from firstlight.eval.ranking import Candidates, top_rows

N, PEOPLE, LENGTH = 400, 300, 12


def sentences(seed=0):
    """Everyone takes LENGTH different items in an order that no number tells."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(N)[:LENGTH] for _ in range(PEOPLE)]


def log_of(rows, keys=None, start=0.0):
    lengths = [len(one) for one in rows]
    users = np.repeat(np.arange(len(rows)), lengths)
    times = np.concatenate([start + user * 1.7 + 40 * np.arange(n) for user, n in enumerate(lengths)])
    return Interactions.build(
        keys or [f"person{u:04d}" for u in range(len(rows))],
        users,
        np.concatenate(rows),
        times,
        item_keys=[f"item{row:04d}" for row in range(N)],
    )


def catalogue_of(keys=None, descriptions=None, titles=None):
    return Catalogue.from_items(
        [
            Item(
                (keys or [f"item{row:04d}" for row in range(N)])[row],
                (titles or {}).get(row, f"The story number {row} of them all"),
                (descriptions or {}).get(row, "A quiet one."),
            )
            for row in range(N)
        ]
    )


LOG, CATALOGUE = log_of(sentences()), catalogue_of()
LEAVE_ONE_OUT = leave_one_out(LOG, train_on_valid=False)


def checks(*arguments, **options):
    return [(one.check, one.severity, one.count) for one in check_leaks(*arguments, **options)]


@pytest.mark.parametrize(
    "split",
    [
        LEAVE_ONE_OUT,
        leave_one_out(LOG, train_on_valid=True),
        time_split(LOG),
        time_split(LOG, train_on_valid=True),
        user_cold(LOG),
    ],
    ids=lambda split: split.name,
)
def test_clean_data_has_no_finding(split):
    counts = split.train.counts(N)
    prompts = [
        "Recommend after: " + "; ".join(CATALOGUE[int(row)].title for row in history[-5:])
        for history in split.test.histories()
    ]
    hashes = np.random.default_rng(0).integers(0, 2**63, 500).astype(np.uint64)
    found = check_leaks(
        split,
        CATALOGUE,
        fitted={"whitening": counts > 0, "encoder": np.flatnonzero(counts)},
        counts=counts,
        top=lambda scores, k: top_rows(scores, k, Candidates(tie_hashes=hashes)),
    )
    assert found == []
    assert list(leaks_of_prompts(split.test, CATALOGUE, prompts)) == []


def test_test_interactions_in_training_are_caught():
    whole = replace(LEAVE_ONE_OUT, train=LOG)
    assert ("test interactions in training", "leak", PEOPLE) in checks(whole, CATALOGUE)
    assert ("validation interactions in training", "leak", PEOPLE) in checks(whole, CATALOGUE)
    place = LOG.offsets[1:4] - 1  # the answers of three people
    keep = np.isin(np.arange(len(LOG)), place) | np.isin(
        np.arange(len(LOG)), np.flatnonzero(np.isin(LOG.times, LEAVE_ONE_OUT.train.times))
    )
    assert ("test interactions in training", "leak", 3) in checks(
        replace(LEAVE_ONE_OUT, train=LOG.where(keep)), CATALOGUE
    )


def test_training_after_the_cut_is_caught():
    split = time_split(LOG)
    late = replace(split, train=LOG)
    found = checks(late, CATALOGUE)
    assert ("training after the cut in time", "leak", int((LOG.times >= split.cut).sum())) in found


def test_a_history_that_reaches_beyond_its_question_is_caught():
    test = LEAVE_ONE_OUT.test
    times = test.history_times.copy()
    times[test.offsets[5]] = test.times[5] + 1
    broken = replace(LEAVE_ONE_OUT, test=with_histories(test, test.history_rows, times, test.offsets))
    assert ("test histories that reach beyond their own question", "leak", 1) in checks(broken, CATALOGUE)


def with_histories(cases, rows, times, offsets):
    """The same questions after other histories."""
    return Cases.of(cases.user_keys, rows, times, offsets, cases.targets, cases.times)


def with_answers(cases):
    """The bug of RecBole issue 1649: the held-out item stands in its own history."""
    ends = cases.offsets[1:]
    return with_histories(
        cases,
        np.insert(cases.history_rows, ends, cases.targets),
        np.insert(cases.history_times, ends, cases.times),
        cases.offsets + np.arange(len(cases) + 1),
    )


def test_a_target_in_its_own_history_is_caught_but_not_where_people_repeat_themselves():
    broken = replace(LEAVE_ONE_OUT, test=with_answers(LEAVE_ONE_OUT.test))
    assert checks(broken, CATALOGUE) == [("targets that stand in their own history", "leak", PEOPLE)]
    habits = log_of([np.tile(one[:3], 4) for one in sentences()])  # people who always come back
    split = leave_one_out(habits, train_on_valid=False)
    assert np.mean([row in h for row, h in zip(split.test.targets, split.test.histories(), strict=True)]) == 1
    assert checks(split, CATALOGUE) == []


def test_one_case_in_two_parts_is_caught():
    broken = replace(LEAVE_ONE_OUT, valid=LEAVE_ONE_OUT.test)
    found = checks(broken, CATALOGUE)
    assert ("cases that stand in validation and in test", "leak", PEOPLE) in found
    zero = ready_made(LOG.where(np.zeros(len(LOG), bool)), LEAVE_ONE_OUT.test, LEAVE_ONE_OUT.test)
    assert checks(zero, CATALOGUE) == [("cases that stand in validation and in test", "leak", PEOPLE)]


def test_the_same_answer_after_another_history_is_another_case():
    test = LEAVE_ONE_OUT.test
    rows = test.history_rows.copy()
    rows[test.offsets[3]] = (rows[test.offsets[3]] + 1) % len(CATALOGUE)
    other = with_histories(test, rows, test.history_times, test.offsets)
    zero = ready_made(LOG.where(np.zeros(len(LOG), bool)), other, test)
    assert checks(zero, CATALOGUE) == [("cases that stand in validation and in test", "leak", PEOPLE - 1)]


def test_an_answer_in_the_history_of_validation_is_caught():
    valid, test = LEAVE_ONE_OUT.valid, LEAVE_ONE_OUT.test
    few = np.arange(40)
    told = with_histories(
        valid,
        np.insert(valid.history_rows, valid.offsets[few], test.targets[few]),
        np.insert(valid.history_times, valid.offsets[few], test.times[few]),
        valid.offsets + np.minimum(np.arange(len(valid) + 1), 40),
    )
    expected = ("test interactions in the histories of validation", "leak", 40)
    assert expected in checks(replace(LEAVE_ONE_OUT, valid=told), CATALOGUE)
    untimed = replace(told, row_times=np.full(len(told.rows), np.nan))
    assert expected in checks(replace(LEAVE_ONE_OUT, valid=untimed), CATALOGUE)


def test_a_text_or_a_key_that_names_the_answer_is_caught():
    test = LEAVE_ONE_OUT.test
    last = test.history_rows[test.offsets[1:] - 1]
    names = {
        int(a): f"Often taken with {CATALOGUE.keys[int(b)]}." for a, b in zip(last, test.targets, strict=True)
    }
    found = checks(LEAVE_ONE_OUT, catalogue_of(descriptions=names))
    (count,) = [n for check, severity, n in found if check == "keys or texts that name the right answer"]
    assert count >= len(names)  # once for each text at least
    keyed = replace(
        test, user_keys=tuple(f"p{i}/{CATALOGUE.keys[int(row)]}" for i, row in enumerate(test.targets))
    )
    found = checks(replace(LEAVE_ONE_OUT, test=keyed), CATALOGUE)
    assert ("keys or texts that name the right answer", "leak", PEOPLE) in found


def test_people_who_stand_twice_are_caught():
    rows = sentences()
    doubles = log_of(rows + rows[:60], [f"person{u:04d}" for u in range(PEOPLE + 60)])
    split = user_cold(doubles, reveal=(10,))
    found = dict((check, count) for check, _, count in checks(split, CATALOGUE))
    held = set(split.test.user_keys)
    expected = sum(
        (f"person{u:04d}" in held) != (f"person{u + PEOPLE:04d}" in held)
        and not {f"person{u:04d}", f"person{u + PEOPLE:04d}"} & set(split.valid.user_keys)
        for u in range(60)
    )
    assert expected > 3
    assert found == {"people of the test who stand in training under another key": expected}


def test_ids_numbered_by_first_appearance_are_caught():
    rows, number = [], {}
    for one in sentences():
        rows.append(np.array([number.setdefault(int(i), len(number)) for i in one]))
    split = leave_one_out(log_of(rows), train_on_valid=False)
    fresh = [[int(x) for x in range(start, start + LENGTH)] for start in range(0, N - LENGTH, 2)]
    walk = leave_one_out(log_of([np.array(one) for one in fresh]), train_on_valid=False)
    (check, severity, count) = checks(walk, CATALOGUE)[0]
    assert (check, severity) == ("item rows are numbered in the order people took them", "leak")
    assert count == len(fresh)
    some = checks(split, CATALOGUE)
    assert some
    assert some[0][0] == "item rows are numbered in the order people took them"
    shuffled = np.random.default_rng(1).permutation(N)  # rows shuffled, but numeric keys still tell
    keys = [str(int(k)) for k in np.argsort(shuffled)]
    moved = leave_one_out(log_of([shuffled[one] for one in fresh]), train_on_valid=False)
    assert (
        checks(moved, catalogue_of(keys=keys))[0][0] == "item keys are numbered in the order people took them"
    )


def test_texts_that_name_people_or_other_items_are_caught():
    named = catalogue_of(
        descriptions={3: "Loved by person0007 and friends.", 4: "Compare item0004, item0399."}
    )
    assert checks(LEAVE_ONE_OUT, named) == [
        ("item texts that name people", "leak", 1),
        ("item texts that name other items' keys", "warning", 1),
    ]
    assert 'item "item0003" names "person0007"' in str(check_leaks(LEAVE_ONE_OUT, named)[0])


def test_short_or_plain_keys_are_no_alarm():
    split = leave_one_out(log_of(sentences(), [str(u) for u in range(PEOPLE)]), train_on_valid=False)
    assert checks(split, catalogue_of(descriptions={1: "Made in 1995 by 12 angry people, 299 in all."})) == []


def test_statistics_fitted_on_unseen_items_are_caught():
    rare = log_of([one % 390 for one in sentences()])  # rows 390.. are never touched
    split = leave_one_out(rare, train_on_valid=False)
    everything = np.arange(N)
    assert checks(split, CATALOGUE, fitted={"whitening": everything})[0] == (
        "whitening fitted on items unseen in training", "leak", int((split.train.counts(N) == 0).sum())
    )  # fmt: skip


def test_counts_from_the_whole_log_are_caught():
    ((check, severity, count),) = checks(LEAVE_ONE_OUT, CATALOGUE, counts=LOG.counts(N))
    assert (check, severity) == ("item counts not taken from training", "leak")
    assert count == int((LOG.counts(N) != LEAVE_ONE_OUT.train.counts(N)).sum())


def test_a_label_in_a_prompt_is_caught():
    test = LEAVE_ONE_OUT.test
    honest = [f"After {CATALOGUE[int(test.history(i)[-1])].title}." for i in range(len(test))]
    leaky = [
        text + (f" They will love {CATALOGUE[int(test.targets[i])].title}." if i < 30 else "")
        for i, text in enumerate(honest)
    ]
    (found,) = leaks_of_prompts(test, CATALOGUE, leaky)
    assert (found.check, found.severity) == ("prompts that hold the title of the right answer", "leak")
    assert (found.count, found.total) == (30, PEOPLE)
    assert found.example == f'person "person0000", row {test.targets[0]}'


def test_a_title_that_is_a_plain_word_is_no_alarm():
    plain = catalogue_of(titles=dict.fromkeys(range(N), "Movie"))
    prompts = ["Which Movie comes next?"] * len(LEAVE_ONE_OUT.test)
    assert list(leaks_of_prompts(LEAVE_ONE_OUT.test, plain, prompts)) == []


@pytest.mark.parametrize("order", ["argsort", "reversed"])
def test_ties_broken_by_number_are_caught(order):
    def top(scores, k):
        ranked = np.argsort(-scores, axis=1, kind="stable")
        return ranked[:, :k] if order == "argsort" else ranked[:, ::-1][:, :k]

    found = check_leaks(LEAVE_ONE_OUT, CATALOGUE, top=top)
    assert [one.check for one in found] == ["ties are broken by item number"]
    assert "break ties by key hash" in str(found[0])


def test_cases_without_times_are_checked_by_pair():
    test = LEAVE_ONE_OUT.test
    untimed = replace(test, times=np.full(len(test), np.nan))
    assert isinstance(untimed, Cases)
    assert checks(replace(LEAVE_ONE_OUT, test=untimed), CATALOGUE) == []
    assert ("test interactions in training", "leak", PEOPLE) in checks(
        replace(LEAVE_ONE_OUT, train=LOG, test=untimed), CATALOGUE
    )


def dataset_of(log, catalogue=CATALOGUE, cases=None):
    return Dataset("planted", catalogue, log, ReadReport("test"), cases=cases or {})


def test_every_protocol_of_a_dataset_is_checked():
    found = check_protocols(dataset_of(LOG))
    names = [LEAVE_ONE_OUT.name, time_split(LOG).name, user_cold(LOG).name]
    assert found == {name: [] for name in names}
    walk = [np.arange(start, start + LENGTH) for start in range(0, N - LENGTH, 2)]
    planted = check_protocols(dataset_of(log_of(walk)))
    assert [one.severity for one in planted[LEAVE_ONE_OUT.name]] == ["leak"]
    twice = {"valid": LEAVE_ONE_OUT.test, "test": LEAVE_ONE_OUT.test}
    (first, *_), *_ = check_protocols(dataset_of(LOG.where(np.zeros(len(LOG), bool)), cases=twice)).values()
    assert first.check == "cases that stand in validation and in test"


def test_the_command_ends_with_one_on_a_leak(tmp_path, monkeypatch, capsys):
    rows = ["user_id,item_id,timestamp"]
    for person in range(60):  # everyone takes the items in the order of their numbers
        rows += [f"p{person},{item},{86_400 * item + person}" for item in range(3 * person, 3 * person + 8)]
    (tmp_path / "interactions.csv").write_text("\n".join(rows))
    titles = [f"{item},The story {item}" for item in range(200)]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,title", *titles]))
    monkeypatch.setattr(sys, "argv", ["firstlight", "check", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "leak check, leave-one-out, validation item not trained on:" in out
    assert "are numbered in the order people took them: 60 of 60" in out
