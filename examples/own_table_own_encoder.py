"""Your own table in memory, and an encoder of your own behind the one contract.

python examples/own_table_own_encoder.py
"""

import numpy as np

from firstlight import Catalogue, Interactions, Item
from firstlight.corpus.split import leave_one_out
from firstlight.encoders import Encoded, encode_catalogue
from firstlight.eval import evaluate
from firstlight.eval.baselines import content_neighbors


class LetterEncoder:
    """Counts letters. Anything with a name, a revision, a width and two methods is an encoder."""

    name, revision, dim = "letters", "1", 26

    def content(self, item: Item) -> bytes | None:
        return item.title.lower().encode() or None  # equal content is encoded once, and cached

    def encode(self, items: list[Item]) -> Encoded:
        letters = np.array(
            [[item.title.lower().count(chr(97 + i)) for i in range(26)] for item in items], np.float32
        )
        length = np.linalg.norm(letters, axis=1, keepdims=True)
        return Encoded(letters / np.maximum(length, 1), length[:, 0] > 0)


titles = ["red river", "river red", "blue hill", "hill blue", "green gate", "gate green"]
catalogue = Catalogue.from_items([Item(f"i{n}", title) for n, title in enumerate(titles)])
users = np.repeat(np.arange(4), 3)
rows = np.array([0, 2, 3, 2, 0, 1, 4, 0, 1, 0, 4, 5])  # everyone ends on the twin of what came before
log = Interactions.build(
    [f"u{n}" for n in range(4)],
    users,
    rows,
    np.tile([1.0, 2.0, 3.0], 4),
    item_keys=catalogue.keys,
    clock="position",
)

content = encode_catalogue(catalogue, text=LetterEncoder())
split = leave_one_out(log, train_on_valid=False)
results = evaluate(
    content_neighbors(content.text.vectors), split.test, counts=split.train.counts(len(catalogue)), ks=(1,)
)
print("hit rate at 1 of letter neighbors:", results.values(("HR",))["HR@1"].mean())
