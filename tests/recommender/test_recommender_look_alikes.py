"""Look-alikes are found once and kept in the run; growing a run finds those of the new items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_recommender_corners import ITEMS, bare_settings, sentences, written

from firstlight.base.errors import ArtifactError
from firstlight.foundation import experts
from firstlight.foundation.sparse_tensors import load_matrix
from firstlight.recommender import pretrain
from firstlight.recommender.growing import add_items
from firstlight.recommender.mixture import scorer_of, with_look_alikes
from firstlight.recommender.run_directory import load_run


def test_what_is_kept_is_what_would_be_found(pretrained):
    run = load_run(pretrained)
    kept = run.look_alikes
    assert kept is not None and kept.nnz
    assert abs(kept - with_look_alikes(replace(run, look_alikes=None)).look_alikes).max() < 1e-6
    experts = scorer_of(run).mixing.panel.experts
    assert experts.look_alikes is kept, "nothing is computed again"


def test_scores_do_not_depend_on_where_they_come_from(pretrained):
    run = load_run(pretrained)
    histories = [np.array([3, 5], np.int32)]
    people = np.zeros((1, scorer_of(run).candidates.shape[1]), np.float32)
    found = scorer_of(replace(run, look_alikes=None)).scores(people, histories)
    np.testing.assert_allclose(scorer_of(run).scores(people, histories), found, atol=1e-4)


def test_added_items_get_look_alikes(run, tmp_path):
    kept = load_run(run).look_alikes
    before = kept.shape[0]
    table = tmp_path / "new.csv"
    table.write_text("item_id,title\nnew-1,The Iron Caverns Again\n")
    add_items(run, table)
    after = load_run(run)
    assert after.look_alikes.shape == (before + 1, before + 1)
    assert abs(after.look_alikes[:before, :before] - kept).max() == 0, "what was there is not compared again"
    assert not after.look_alikes[:before, before].nnz
    anew = with_look_alikes(replace(after, look_alikes=None)).look_alikes
    assert abs(after.look_alikes[before] - anew[before]).max() < 1e-6
    assert after.look_alikes[before].nnz, "the new item has neighbors of its own"
    assert scorer_of(after).mixing.panel.experts.look_alikes is after.look_alikes


def test_a_file_that_is_no_matrix_is_refused(tmp_path):
    path = tmp_path / "look_alikes.safetensors"
    path.write_bytes(b"no")
    with pytest.raises(ArtifactError, match='no matrix "look_alikes"'):
        load_matrix("look_alikes", path)


@pytest.mark.parametrize(("counted", "times"), [(False, 1), (True, 2)])
def test_pretraining_finds_them_once_for_each_count_of_the_log(tmp_path, monkeypatch, counted, times):
    """What words say of items depends on which of them somebody touched."""
    found = []
    real = experts.nearest
    monkeypatch.setattr(experts, "nearest", lambda *all, **how: found.append(1) or real(*all, **how))
    titles = [f"film {number % 7}" for number in range(ITEMS)]
    data = written(tmp_path / "data", sentences(), titles)
    run = load_run(pretrain(data, tmp_path / "run", bare_settings(train_on_valid=counted)))
    assert len(found) == times
    anew = with_look_alikes(replace(run, look_alikes=None)).look_alikes
    assert abs(run.look_alikes - anew).max() < 1e-6
