"""Pre-train on a data folder, fine-tune the language model to rank, and print what each is worth.

python examples/finetune_script.py DATA RUN [section.key=value ...]
"""

import sys

from firstlight import evaluate, pretrain
from firstlight.base.config import load_config
from firstlight.recommender import RunConfig, finetune

data, run, *settings = sys.argv[1:]

# Every setting has a default; a misspelled one is refused with the nearest name.
pretrain(data, run, load_config(RunConfig, overrides=settings))

# LoRA on this run's own candidates, then the weights of the voters; 0 where the LLM does not help.
print(finetune(run).text())

# Full ranking beside the baselines, with 95 % intervals over people.
print(evaluate(run, most_cases=500, most_llm_cases=50).text())
