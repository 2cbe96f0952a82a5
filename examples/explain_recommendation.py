"""Why this item? Each sentence cites evidence, and none is shown that fails its check.

python examples/explain_recommendation.py RUN ITEM LIKED [LIKED ...]
"""

import sys

from firstlight import Recommender

run, item, *liked = sys.argv[1:]
explanation = Recommender.from_pretrained(run).explain(item, history=liked)

print(explanation.ledger.item.title)
for sentence in explanation.sentences:
    print(f"  {sentence.text}  [{', '.join(sentence.cites)}; {sentence.origin}]")
print("evidence:")
for entry in explanation.ledger.entries:  # drop: how far the score falls without that history item
    drop = "" if entry.drop is None else f"  (score drop {entry.drop:+.3f})"
    print(f"  {entry.id}  {'; '.join(entry.facts)}{drop}")
