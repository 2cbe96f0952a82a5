"""Judge anyone's recommendations: lists of keys, or scores over a catalogue. No model, no data folder.

python examples/judge_any_lists.py
"""

import numpy as np

from firstlight.eval import beyond_accuracy, compare, judge, judge_scores, rows_of_lists

rng = np.random.default_rng(0)
films = [f"film {number}" for number in range(40)]
people = [f"person {number // 2}" for number in range(400)]  # two lists each: they stand or fall together
truth = [set(rng.choice(films, 2, replace=False)) for _ in people]


def lists_of(skill: float) -> list[list[str]]:
    """Some system's lists, best first: now and then it knows a right answer."""
    known = [[film for film in right if rng.random() < skill] for right in truth]
    return [one + [film for film in rng.permutation(films)[:10] if film not in one] for one in known]


mine, theirs = lists_of(0.3), lists_of(0.1)
a, b = judge(mine, truth, people=people, name="mine"), judge(theirs, truth, people=people, name="theirs")
print("NDCG@10:", a.summary()["all"].metrics["NDCG@10"])  # mean [95 % interval over people]
print(compare(a, b))  # "beats" is said only where it holds

scores = rng.random(
    (len(people), len(films))
)  # or scores of the whole catalogue, and what is not to be shown
c = judge_scores(scores, truth, films, seen=[one[:2] for one in theirs], people=people, ks=(5, 10))
print("Recall@5 of chance:", c.summary()["all"].metrics["Recall@5"])

rows = rows_of_lists(mine, films, 10)
print(f"coverage {beyond_accuracy.coverage(rows, 40):.2f}, Gini {beyond_accuracy.gini(rows, 40):.2f}")
