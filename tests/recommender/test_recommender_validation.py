"""What picks a checkpoint is what is served: new items raised alike, people without a history included."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from firstlight.corpus.interactions import Cases, Interactions, cases_at
from firstlight.eval.protocol import evaluate
from firstlight.foundation import FoundationConfig, FoundationModel, ItemFeatures
from firstlight.foundation.memory import TransitionMemory
from firstlight.foundation.scorer import FoundationScorer
from firstlight.recommender import validation
from firstlight.recommender.validation import MIN_COLD, Validator, set_cold_bias

N_ITEMS, PEOPLE, LENGTH = 60, 240, 5


@pytest.fixture(scope="module")
def asked() -> tuple[Cases, ItemFeatures, TransitionMemory]:
    """Everyone's last item, every third person without a history; half of the items are new."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, N_ITEMS // 2, (PEOPLE, LENGTH))
    rows[:, -1] = rng.integers(0, N_ITEMS, PEOPLE)
    log = Interactions.build(
        [f"u{one}" for one in range(PEOPLE)],
        np.repeat(np.arange(PEOPLE), LENGTH),
        rows.ravel(),
        np.tile(np.arange(float(LENGTH)), PEOPLE),
        item_keys=[f"i{one}" for one in range(N_ITEMS)],
    )
    train = log.where(np.arange(len(log)) % LENGTH != LENGTH - 1)
    cases = cases_at(log, log.offsets[1:] - 1)
    lengths = np.where(np.arange(PEOPLE) % 3, cases.lengths, 0)
    text = rng.normal(size=(N_ITEMS, 8)).astype(np.float32)
    features = ItemFeatures.build(train.counts(N_ITEMS), text=(text, np.ones(N_ITEMS, dtype=bool)))
    return cases.newest(np.arange(PEOPLE), lengths), features, TransitionMemory.of(train, N_ITEMS)


def network(seed: int = 0) -> FoundationModel:
    torch.manual_seed(seed)
    return FoundationModel(FoundationConfig(n_items=N_ITEMS, text_dim=8, hidden_size=16, max_items=8)).eval()


@pytest.mark.parametrize("figures", ["while training", "at the end"])
def test_validation_says_what_serving_does(asked, figures):
    cases, features, memory = asked
    model, counts = network(), features.counts.numpy().astype(np.int64)
    validate = Validator(cases, features, memory, None)
    assert validate.counted, f"the fixture has {MIN_COLD} cold targets and more"
    if figures == "while training":
        found = validate(model)
    else:
        found = validate.best(model)
        cases = cases.take(
            np.arange((len(cases) + 1) // 2)
        )  # all times are equal, so the first half is the newest
    assert found["cold_bias"] != 0
    set_cold_bias(model, found["cold_bias"])
    memory.share = found["memory"]
    served = evaluate(FoundationScorer(model, features, memory), cases, counts=counts, name="served")
    assert found["ndcg"] == pytest.approx(float(served.values(("NDCG",))["NDCG@10"].mean()))


def test_blocks_of_cases_say_what_all_at_once_say(asked, monkeypatch):
    cases, features, memory = asked
    released = np.where(np.arange(N_ITEMS) % 7, -np.inf, cases.times.max() + 1)  # some are not out yet
    whole = Validator(cases, features, memory, released)
    found = [whole(network()), whole.best(network())]
    monkeypatch.setattr(validation, "ELEMENTS", 7 * N_ITEMS)
    again = Validator(cases, features, memory, released)
    for before, after in zip(found, [again(network()), again.best(network())], strict=True):
        assert after == pytest.approx(before, rel=1e-4)


def test_memory_does_not_grow_with_the_cases(asked, monkeypatch):
    cases, features, memory = asked
    monkeypatch.setattr(validation, "ELEMENTS", 10 * N_ITEMS)
    largest = []
    real = FoundationScorer.scores

    def watched(self, people, *rest):
        largest.append(len(people))
        return real(self, people, *rest)

    monkeypatch.setattr(FoundationScorer, "scores", watched)
    Validator(cases, features, memory, None).best(network())
    assert max(largest) == 10
    assert sum(largest) > len(cases)


def test_where_no_new_item_is_found_the_others_decide(asked, monkeypatch):
    """The harmonic mean would be 0 for every checkpoint and every share of the memory."""
    cases, features, memory = asked
    hidden = np.where(features.counts.numpy() == 0, cases.times.max() + 1, -np.inf)
    validate = Validator(cases, features, memory, hidden)
    found = validate.best(network())
    assert found["cold"] == 0
    assert 0 < found["score"] < found["ndcg"] / 100
    tried = []
    for share in validation.SHARES:
        monkeypatch.setattr(validation, "SHARES", (share,))
        tried.append(validate.best(network())["ndcg"])
    assert len(set(tried)) > 1
    assert found["ndcg"] == max(tried)


def test_people_without_a_history_do_not_move_the_bias(asked):
    cases, features, memory = asked
    known = cases.take(cases.lengths > 0)
    both = Validator(cases, features, memory, None)(network())["cold_bias"]
    assert both == pytest.approx(Validator(known, features, memory, None)(network())["cold_bias"])


@pytest.mark.parametrize("ask", [Validator.__call__, Validator.best], ids=["while training", "at the end"])
def test_what_was_not_out_yet_moves_no_figure_of_validation(asked, ask):
    """Whatever it is: here new items get other texts, one in two of them before anybody could take it."""
    cases, features, memory = asked
    counts = features.counts.numpy()
    late = (counts == 0) & (np.arange(N_ITEMS) % 2 == 1)
    cases = cases.take(np.flatnonzero(~late[cases.targets]))
    released = np.where(late, cases.times.max() + 1, -np.inf)
    other = np.where(late[:, None], -2 * features.text.numpy(), features.text.numpy())
    both = (
        features,
        ItemFeatures.build(counts.astype(np.int64), text=(other, np.ones(N_ITEMS, dtype=bool))),
    )
    hidden = [ask(Validator(cases, one, memory, released), network()) for one in both]
    assert hidden[0] == pytest.approx(hidden[1], rel=1e-4)
    shown = [ask(Validator(cases, one, memory, None), network()) for one in both]
    assert shown[0] != pytest.approx(shown[1], rel=0.005), "nothing late stands high: nothing is shown here"
