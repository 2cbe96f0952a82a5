"""The processes that train together: one, or as many as a launcher started."""

from __future__ import annotations

import os
from datetime import timedelta

import torch
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env

from ..base.progress import say

PATIENCE = timedelta(days=2)  # the others wait while the main process encodes, validates and fits


def processes() -> PartialState:
    """Which process this is among those that train together.

    Accelerate joins processes on a CPU only when told that the CPU is meant, and its first call decides:
    so this comes before any other.
    """
    asked = parse_flag_from_env("ACCELERATE_USE_CPU")
    state = PartialState(cpu=asked or not torch.accelerator.is_available(), timeout=PATIENCE)
    if asked and state.num_processes == 1 and "MASTER_ADDR" in os.environ:
        say(
            "accelerate launch --cpu has started one process only, as it does without MPI; for two: "
            "torchrun --nproc_per_node 2 -m firstlight ..."
        )
    return state
