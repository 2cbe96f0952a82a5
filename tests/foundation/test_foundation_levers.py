"""What helps content carry an item: telling whole vectors by it, and living without a modality."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_foundation_model import circle, cyclic_log, features, model, train

from firstlight.base.errors import ConfigError
from firstlight.corpus.sentences import pack
from firstlight.foundation.losses import ALIGN_TEMPERATURE, alignment
from firstlight.foundation.objectives import PLAIN, next_item
from firstlight.foundation.pretrain import PretrainConfig


def test_alignment_is_the_written_formula_and_leaves_the_teacher_alone():
    rng = np.random.default_rng(0)
    content, whole, weights = rng.normal(size=(7, 5)), rng.normal(size=(7, 5)), rng.random(7)
    student = torch.tensor(content, requires_grad=True)
    teacher = torch.tensor(whole, requires_grad=True)
    loss = alignment(student, teacher, torch.tensor(weights))
    cosine = content @ whole.T / np.linalg.norm(content, axis=1)[:, None] / np.linalg.norm(whole, axis=1)
    odds = np.exp(cosine / ALIGN_TEMPERATURE)
    each = -np.log(np.diag(odds) / odds.sum(1))
    assert float(loss) == pytest.approx((each * weights).sum() / weights.sum())
    loss.backward()
    assert teacher.grad is None
    assert student.grad is not None


def test_items_that_nothing_is_known_of_teach_nothing():
    vectors = torch.randn(4, 3, requires_grad=True)
    loss = alignment(vectors, torch.randn(4, 3), torch.zeros(4))
    assert float(loss) == 0.0


def unlike(net, known) -> float:
    """How badly content tells its own item's whole vector from the others."""
    with torch.no_grad():
        content = net.tower.content(known, net.tower.white(known))
        return float(alignment(content, net.tower(known), known.counts))


def test_aligned_content_tells_its_own_item(tmp_path):
    _, training, known = circle()
    plain = train(training, known, tmp_path / "plain", epochs=15)
    aligned = train(training, known, tmp_path / "aligned", epochs=15, align_loss=0.5)
    assert unlike(aligned.model, known) < unlike(plain.model, known) / 2


def one_loss(known, **recipe) -> float:
    net = model(image_dim=6)
    net.train()
    log = cyclic_log(20)
    batch = pack([log.rows[:9].astype(np.int32), log.rows[9:18].astype(np.int32)])
    task = next_item(*(torch.from_numpy(part) for part in (batch.rows, batch.times, batch.lengths)))
    torch.manual_seed(3)
    white = torch.zeros(len(known), sum(net.tower.white_widths))  # so that the tower alone reads content
    return float(net(task, known, torch.arange(len(known)), white=white, recipe=PLAIN._replace(**recipe)))


def test_a_dropped_modality_reads_as_missing():
    """With every draw a drop, an item with text and picture is an item with neither."""
    known = features([5] * 30)
    everything = torch.ones(len(known), dtype=torch.bool)
    bare = known.hidden(text=everything, image=everything)
    almost_surely = 1 - 1e-9
    assert one_loss(known, modality_dropout=almost_surely) == pytest.approx(
        one_loss(bare, modality_dropout=almost_surely)
    )
    assert one_loss(known) != pytest.approx(one_loss(bare))


def test_modalities_are_dropped_apart_and_only_in_training():
    known = replace(
        features([5] * 2000), has_text=torch.ones(2000, dtype=bool), has_image=torch.ones(2000, dtype=bool)
    )
    net = model(n_items=2000)
    white = torch.zeros(2000, sum(net.tower.white_widths))
    recipe = PLAIN._replace(modality_dropout=0.5)

    def kinds() -> int:
        return len(net._met(None, known, white, recipe).content.round(decimals=4).unique(dim=0))

    assert kinds() == 1  # white is zero, so all items look alike: nothing was dropped
    torch.manual_seed(0)
    net.train()
    for part in net.tower.modules():
        if isinstance(part, torch.nn.Dropout):
            part.eval()
    assert kinds() == 4  # with both, one, the other, neither


@pytest.mark.parametrize("name", ["align_loss", "code_loss"])
def test_a_negative_weight_is_refused(name):
    with pytest.raises(ConfigError, match=f"{name} = -0.1; expected a weight of 0 or more"):
        PretrainConfig(**{name: -0.1})


def test_a_modality_is_not_always_dropped():
    with pytest.raises(ConfigError, match=r"modality_dropout = 1.0; expected a share from 0 to below 1"):
        PretrainConfig(modality_dropout=1.0)
