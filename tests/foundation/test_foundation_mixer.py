"""Experts, columns and mixer: planted opinions with a known worth, and items nobody has touched."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.preprocessing import normalize

from firstlight.base.errors import ArtifactError
from firstlight.corpus import Catalogue, Item
from firstlight.corpus.interactions import Cases, Interactions, cases_at
from firstlight.corpus.keys import ItemKey
from firstlight.corpus.tokens import token_views
from firstlight.foundation.columns import BARE, BASE, NETWORK, ItemFacts, as_cold, candidates, table
from firstlight.foundation.experts import MASSES, Experts
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.mixer import Mixer
from firstlight.foundation.mixer_fit import _as_good, _train, fit_mixer
from firstlight.foundation.mixer_lists import Lists
from firstlight.foundation.mixing import Mixing, Panel, Voices, seen_mask
from firstlight.foundation.traces import Traces

N, PEOPLE = 40, 400


def log_of(people: int = PEOPLE, seed: int = 0) -> Interactions:
    """Sentences in which item i is followed by i + 1; the last four items are never touched."""
    rng = np.random.default_rng(seed)
    known = N - 4
    starts = rng.integers(0, known, people)
    users = np.repeat(np.arange(people), 6)
    rows = (starts[:, None] + np.arange(6)) % known
    keys = [f"i{row}" for row in range(N)]
    times = np.tile(np.arange(6.0), people)
    names = [f"u{user}" for user in range(people)]
    return Interactions.build(names, users, rows.ravel(), times, item_keys=keys, clock="position")


def vectors() -> np.ndarray:
    """A circle: neighbors in number are neighbors in content; an untouched item lies near item 0."""
    angles = 2 * np.pi * np.concatenate([np.arange(N - 4) / (N - 4), [0.002, 0.004, 0.006, 0.008]])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def panel() -> Panel:
    log = log_of()
    experts = Experts(TransitionMemory.of(log, N), Traces.of(log, N), {"text": vectors()}, {})
    return Panel(experts, ItemFacts(log.counts(N).astype(np.float32), experts.traces.late))


def silent(cases: int) -> Voices:
    """A network with nothing to say."""
    zeros = np.zeros((cases, N), dtype=np.float32)
    return Voices(zeros, zeros, zeros)


def ask_of(panel: Panel, cases: Cases):
    def ask(index: np.ndarray):
        histories = cases.take(index).histories()
        return panel.table(silent(len(index)), histories, seen_mask(histories, N))

    return ask


def asked(log: Interactions) -> Cases:
    return cases_at(log, log.offsets[1:] - 1)


def small_mixer(panel: Panel) -> Mixer:
    cases = asked(log_of(people=60, seed=1))
    return fit_mixer(ask_of(panel, cases), cases, panel.facts.cold)[0]


def test_alike_is_the_mean_cosine_of_the_views_but_for_attributes():
    log, rng = log_of(), np.random.default_rng(0)
    words = sparse.csr_matrix(rng.random((N, 7)) * (rng.random((N, 7)) < 0.5), dtype=np.float32)
    words = sparse.csr_matrix(normalize(words))
    coarse = sparse.csr_matrix(np.ones((N, 1), np.float32))
    views = {"words": words, "attributes": coarse}
    experts = Experts(TransitionMemory.of(log, N), Traces.of(log, N), {"text": vectors()}, views)
    history = np.array([3, 11, 4], np.int32)
    found = experts.alike([history, history[:0]])
    weights = 0.7 ** np.arange(3)[::-1]
    told = [cosine_similarity((weights @ one[history])[None], one)[0] for one in (vectors(), words.toarray())]
    np.testing.assert_allclose(found[0], np.mean(told, axis=0), atol=1e-5)
    assert not found[1].any()
    mute = Experts(TransitionMemory.of(log, N), Traces.of(log, N), {}, {"attributes": coarse})
    assert not mute.alike([history]).any()


def test_the_mixer_learns_whom_to_believe(panel):
    cases = asked(log_of(seed=1))
    mixer, report = fit_mixer(ask_of(panel, cases), cases, panel.facts.cold)
    assert report.recall == 1.0
    assert report.held_out[0] < 0.6
    assert max(report.held_out) > 0.95
    assert report.dead_stock == 4  # never an answer, though a tenth of the catalogue
    assert int(mixer.stock) == N
    fresh = asked(log_of(people=50, seed=2))
    scores = Mixing(panel, mixer).scores(silent(len(fresh)), fresh.histories())
    scores[seen_mask(fresh.histories(), N)] = -np.inf
    assert np.mean(scores.argmax(axis=1) == fresh.targets) > 0.95


@pytest.mark.parametrize(
    ("newest", "kept"),
    [
        ([0.2, 0.2, 0.2, 0.2], True),  # better
        ([0.0, 0.2, 0.1, 0.1], True),  # worse in the mean, which one case alone decides
        ([0.05, 0.04, 0.05, 0.04], False),  # all are worse
    ],
)
def test_a_later_look_is_kept_unless_it_is_clearly_worse(newest, kept):
    looks = [np.array([0.05, 0.05, 0.05, 0.05]), np.array([0.1, 0.11, 0.1, 0.11]), np.array(newest)]
    assert _as_good(looks) is kept


def test_without_anybody_held_out_the_last_look_is_kept(panel):
    assert _as_good([np.zeros(0), np.zeros(0)])
    cases = asked(log_of(people=20, seed=1))
    lists = Lists.collect(ask_of(panel, cases), cases)
    mixer = Mixer(lists.names)
    _train(mixer, lists, np.zeros(20, dtype=bool), None, 0)
    assert mixer.direct.weight.abs().max() > 0


def test_the_people_who_say_when_to_stop_teach_nothing(panel):
    cases = asked(log_of(people=20, seed=1))
    lists = Lists.collect(ask_of(panel, cases), cases)
    mixer = Mixer(lists.names)
    before = {name: one.clone() for name, one in mixer.state_dict().items()}
    assert len(_train(mixer, lists, np.ones(20, dtype=bool), None, 0)) == 1
    assert all(torch.equal(one, before[name]) for name, one in mixer.state_dict().items())


def test_fitting_is_repeatable(panel):
    cases = asked(log_of(people=60, seed=1))
    one, other = (fit_mixer(ask_of(panel, cases), cases, panel.facts.cold, seed=3)[0] for _ in range(2))
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name], rtol=0, atol=0)


def test_batch_equals_single_and_every_row_has_a_place(panel):
    mixer = small_mixer(panel)
    mixing, histories = Mixing(panel, mixer), [np.array([3, 4]), np.array([], np.int32), np.array([9])]
    together = mixing.scores(silent(3), histories)
    assert np.isfinite(together).all()
    for case, history in enumerate(histories):
        np.testing.assert_allclose(mixing.scores(silent(1), [history])[0], together[case], atol=1e-5)


def test_rows_asked_for_are_mixed_like_the_others(panel):
    mixer = small_mixer(panel)
    histories = [np.array([3, 4])]
    far_away = np.array([20])
    found = panel.table(silent(1), histories, seen_mask(histories, N), far_away)
    assert 20 in found.rows
    scores = Mixing(panel, mixer).scores(silent(1), histories, far_away)
    place = int(np.flatnonzero(found.rows == 20)[0])
    assert scores[0, 20] == pytest.approx(mixer.scores(found.values, np.zeros(len(found.rows), bool))[place])


def test_an_untouched_item_reads_like_one_that_plays_cold(panel):
    """Row 36 lies where row 0 lies: when 0 plays cold, nothing that only logs know tells them apart."""
    found = panel.table(silent(1), [np.array([2, 1])], np.zeros((1, N), bool), np.arange(N))
    values = as_cold(found, found.rows == 0)
    place = {name: at for at, name in enumerate(found.names)}
    learned = [place[name] for name in ("near", "last level", "interactions", "is cold", "late 0", "late 1")]
    np.testing.assert_array_equal(values[0, learned], values[N - 4, learned])
    assert values[0, place["text"]] == pytest.approx(values[N - 4, place["text"]], abs=5e-3)
    assert found.values[0, place["near"]] > 0


def test_untouched_items_get_candidates_of_their_own():
    opinions = {BASE: np.zeros((1, 6), np.float32), NETWORK: np.zeros((1, 6), np.float32)}
    opinions |= {BARE: np.zeros((1, 6), np.float32), "text": np.linspace(1, 0.5, 6, dtype=np.float32)[None]}
    cold = np.array([False] * 5 + [True])
    blocked = np.zeros((1, 6), bool)
    blocked[0, 0] = True
    chosen, tops = candidates(opinions, blocked, cold)
    assert tops["text"][0] == pytest.approx(0.9), "what is closed does not count"
    assert opinions["text"][0, 0] == 1, "and is as it was afterwards"
    assert not chosen[0, 0]
    assert chosen[0, 5]


def test_opinions_are_what_they_are_called(panel):
    histories = [np.array([5, 6, 7])]
    opinions = panel.experts.opinions(histories)
    views = [name for view in panel.experts.content for name in (view, f"{view} of last")]
    assert list(opinions) == [*MASSES, *views]
    assert opinions["following"][0].argmax() == 8
    assert opinions["near"][0, 36:].max() == 0
    assert opinions["text of last"][0].argmax() == 7
    expected = (panel.experts.look_alikes @ opinions["near"].T).T
    np.testing.assert_allclose(opinions["smoothed"], expected, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(panel.experts.look_alikes.sum(axis=1)).ravel(), 1, rtol=1e-5)
    assert panel.experts.look_alikes.diagonal().max() == 0


def test_columns_are_relative_to_what_competes(panel):
    histories = [np.array([5, 6, 7])]
    opinions = {name: silent(1).base for name in (BASE, NETWORK, BARE)} | panel.experts.opinions(histories)
    blocked = seen_mask(histories, N)
    tops = candidates(opinions, blocked, np.zeros(N, bool))[1]
    found = table(opinions, ~blocked, tops, panel.facts, np.array([3]))
    near = found.values[:, found.names.index("near")]
    assert near.max() == 1.0
    assert set(found.rows) == set(range(N)) - {5, 6, 7}
    assert found.values[:, found.names.index("history length")] == pytest.approx(np.log(4))


def test_save_and_load_are_equal(panel, tmp_path):
    mixer = small_mixer(panel)
    mixer.save(tmp_path / "m.safetensors")
    panel.experts.traces.save(tmp_path / "t.safetensors")
    again, traces = Mixer.load(tmp_path / "m.safetensors"), Traces.load(tmp_path / "t.safetensors")
    values = np.random.default_rng(0).normal(size=(9, len(mixer.names))).astype(np.float32)
    cold = np.arange(9) % 2 == 0
    np.testing.assert_array_equal(mixer.scores(values, cold), again.scores(values, cold))
    assert int(again.stock) == int(mixer.stock)
    assert (traces.far != panel.experts.traces.far).nnz == 0
    np.testing.assert_array_equal(traces.extended(N + 2).late[:N], traces.late)
    assert traces.extended(N + 2).far.shape == (N + 2, N + 2)


def test_a_mixer_of_before_knows_no_dead_stock(panel, tmp_path):
    mixer = small_mixer(panel)
    former = {name: one for name, one in mixer.state_dict().items() if name != "stock"}
    save_file(former, tmp_path / "m.safetensors", metadata={"columns": json.dumps(mixer.names)})
    assert int(Mixer.load(tmp_path / "m.safetensors").stock) == 0


def test_broken_files_and_foreign_mixers_are_refused(panel, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"nothing")
    with pytest.raises(ArtifactError, match="not a mixer.*m.safetensors"):
        Mixer.load(tmp_path / "m.safetensors")
    with pytest.raises(ArtifactError, match="not the traces of a log"):
        Traces.load(tmp_path / "m.safetensors")
    with pytest.raises(ArtifactError, match='a mixer fitted on "smell".*columns of its experts: base.*again'):
        Mixing(panel, Mixer(("base", "smell"))).scores(silent(1), [np.array([1])])


def test_columns_are_taken_by_name(panel):
    """A view may come up after the mixer was fitted, when an item's first words are shared by another."""
    mixer = small_mixer(panel)
    asked = [np.array([1], np.int32), np.array([5, 6], np.int32)]
    log, views = log_of(), {"smell": vectors()[::-1].copy(), "text": vectors()}
    alike = panel.experts.look_alikes
    more = Experts(TransitionMemory.of(log, N), panel.experts.traces, views, {}, alike)
    found = Mixing(Panel(more, panel.facts), mixer).scores(silent(2), asked)
    before = Mixing(panel, mixer).scores(silent(2), asked)
    likely = before > np.sort(before, axis=1)[:, -5:-4]
    np.testing.assert_allclose(found[likely], before[likely], rtol=1e-4)


def test_late_interactions_follow_the_clock():
    log = log_of(people=3)
    late = Traces.of(log, N).late
    ends = log.rows[log.offsets[1:] - 1]
    np.testing.assert_array_equal(late[:, 0], np.bincount(ends, minlength=N))
    assert late[:, 1].sum() == 6


def test_late_by_the_clock_is_the_newest_part_of_all_training():
    log = Interactions.build(
        ["a", "b"],
        np.arange(100) % 2,
        np.arange(100),
        np.random.default_rng(0).permutation(100).astype(float),
        item_keys=[f"i{row}" for row in range(100)],
    )
    late = Traces.of(log, 100).late
    for column, first in enumerate((95, 80)):
        assert sorted(np.flatnonzero(late[:, column])) == sorted(log.rows[log.times >= first])


def test_tokens_come_from_touched_items_alone():
    items = [
        Item(ItemKey("a"), "Red Dawn", categories=("War",), attributes={"brand": "Acme Labs"}),
        Item(ItemKey("b"), "Red Sea", categories=("War",), attributes={"brand": "acme labs"}),
        Item(ItemKey("c"), "Blue Sea", categories=("Sea",), attributes={"brand": "Other"}),
        Item(ItemKey("d"), "Blue Moon", attributes={"year": 3}),
    ]
    views = token_views(Catalogue.from_items(items), np.array([True, True, False, False]))
    words, attributes = views["words"].toarray(), views["attributes"].toarray()
    assert words.shape[1] == 1  # "red": "sea" and "blue" stand on one touched item at most
    assert words[:, 0].tolist() == [1, 1, 0, 0]
    assert attributes[0] @ attributes[1] == pytest.approx(1)
    assert not attributes[2:].any()
    assert token_views(Catalogue.from_items(items[2:]), np.array([True, True]))["words"].shape == (2, 1)
    assert "attributes" not in token_views(Catalogue.from_items(items[2:]), np.array([True, True]))
