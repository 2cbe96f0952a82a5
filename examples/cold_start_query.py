"""Ask for someone the system has never seen: a wish in plain words, with or without a few likes.

python examples/cold_start_query.py RUN "a quiet story by the sea" [ITEM ...]
"""

import sys

from firstlight import Recommender

run, wish, *liked = sys.argv[1:]
recommender = Recommender.from_pretrained(run)  # runs no code of the directory

answer = recommender.recommend(history=liked, query=wish, k=5)
print("understood:", answer.understood or "as free text")
for note in answer.notes:  # what the catalogue cannot answer is said, not guessed
    print("note:", note)
for one in answer.recommendations:
    print(f"{one.score:6.2f}  {'new ' if one.cold else '    '}{one.item.title}")
