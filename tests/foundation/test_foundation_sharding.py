"""Two processes that share one model's weights learn what two with a copy each learn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys
from dataclasses import replace
from pathlib import Path
import torch
import torch.distributed as dist
from accelerate import PartialState
from torch.distributed.tensor import DTensor

PartialState(cpu=True)
from test_foundation_resume import N_ITEMS, Killed, weights, world
from firstlight.foundation import FoundationConfig
from firstlight.foundation import pretrain as pretraining
from firstlight.foundation.pretrain import PretrainConfig, pretrain_model

folder = Path(sys.argv[1])
LAST = 5  # steps before the kill, three an epoch
CONFIG = PretrainConfig(epochs=3, batch_tokens=64, checkpoint_steps=2, precision="fp32")

def train(place, **changes):
    log, known = world()
    shape = FoundationConfig(n_items=N_ITEMS, text_dim=8, hidden_size=16, n_blocks=1, max_items=6)
    return weights(pretrain_model(
        log, known, shape, replace(CONFIG, **changes), checkpoints=folder / place,
        validate=lambda net: {"score": float(net.log_scale.detach())},
    ))

def held(self, number, batch, real=pretraining._Trainer._backward):
    loss = real(self, number, batch)
    ids = self.plain.tower.delta.weight
    mine = self.model.tower.delta.weight
    moments = [one["exp_avg"] for one in self.optimizer.state.values()]
    split = [one for one in moments if isinstance(one, DTensor)]
    figures.update(ids=len(ids), held=len(mine.to_local()), scalars=len(moments) - len(split))
    figures["batches"] = figures.get("batches", 0) + 1
    if self.state.step == LAST and killed:
        raise Killed
    return loss

def apart(one, other):
    return max(float((one[name] - other[name]).abs().max()) for name in one)

def telling(weights):  # a key's bias moves no softmax: its gradient is rounding alone, which Adam enlarges
    query, _, *others = weights["transformer.blocks.0.mix.bias"].chunk(4)
    return weights | {"transformer.blocks.0.mix.bias": torch.cat([query, *others])}

figures, killed = {}, False
copies = train("copies")
pretraining._Trainer._backward = held
shards = train("shards", shard=True)
figures["batches"], killed = 0, True
try:
    train("killed", shard=True)
except Killed:
    killed = False
figures["before"], figures["batches"] = figures["batches"], 0
resumed = train("killed", shard=True)
figures["after"] = figures["batches"]
figures |= {
    "moved": apart(copies, train("one", epochs=1, shard=True)),
    "apart": apart(telling(copies), telling(shards)),
    "resumed": apart(shards, resumed),
}
(folder / f"rank{dist.get_rank()}.json").write_text(json.dumps(figures))
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def figures(tmp_path_factory) -> list[dict[str, float]]:
    """What each of two processes found."""
    folder = tmp_path_factory.mktemp("sharded")
    (folder / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"),
            *(str(folder / "script.py"), str(folder)),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.slow
def test_each_process_holds_half_of_the_ids_and_all_scalars(figures):
    assert [one["ids"] for one in figures] == [20, 20]
    assert [one["held"] for one in figures] == [10, 10]
    assert all(one["scalars"] >= 2 for one in figures)  # the sizes of scores and of content


@pytest.mark.slow
def test_both_ways_end_in_the_same_weights(figures):
    assert all(one["moved"] > 1e-3 for one in figures)  # so that equality says something
    assert all(one["apart"] < 1e-5 for one in figures)


@pytest.mark.slow
def test_a_killed_one_goes_on_to_the_same_weights(figures):
    assert [one["before"] for one in figures] == [6, 6]
    assert [one["after"] for one in figures] == [5, 5]  # nine steps; the newest checkpoint is the fourth's
    assert [one["resumed"] for one in figures] == [0.0, 0.0]
