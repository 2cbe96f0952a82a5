"""Semantic ids of a catalogue's titles: collisions, codebook use, and whether the codes mean anything.

    python benchmarks/semantic_ids.py ../shared/data/amazon-beauty

Text is MiniLM on the title, raw and whitened on items with an interaction in training (leave-one-out).
"Together" is how often an item and the next one in a person's history have the same first code, and how
often two items would by chance, drawn by how often each is touched.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from baselines import title_vectors

from firstlight.base.errors import FirstlightError
from firstlight.corpus.interactions import Interactions
from firstlight.corpus.readers import read_dataset
from firstlight.corpus.split import leave_one_out
from firstlight.eval.baselines import whitened
from firstlight.foundation.semantic_ids import Codes, Kind, Quantizer

SHAPES: tuple[tuple[Kind, int, int], ...] = (
    ("residual", 3, 6),
    ("residual", 3, 8),
    ("residual", 4, 8),
    ("product", 3, 8),
    ("product", 4, 8),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    data = read_dataset(parser.parse_args().data)
    train = leave_one_out(data.interactions, train_on_valid=False).train
    raw = title_vectors(data.catalogue)
    spaces = {"raw": raw, "whitened": whitened(raw, train.counts(len(raw)) > 0)}
    print("| vectors, codes | different | shared | largest group | perplexity | error | together | CPU s |")
    print("|---" * 8 + "|")
    for space, vectors in spaces.items():
        for kind, levels, bits in SHAPES:
            name = f"{space}, {kind} {levels} x {2**bits}"
            try:
                print(row(name, vectors, Quantizer(levels=levels, bits=bits, kind=kind), train), flush=True)
            except FirstlightError as error:
                print(f"| {name} | refused: {error} |")


def row(name: str, vectors: np.ndarray, quantizer: Quantizer, train: Interactions) -> str:
    began = time.process_time()
    ids = quantizer.fit(vectors).ids(vectors)
    seconds, report = time.process_time() - began, ids.report
    use = ", ".join(f"{one:.0f}" for one in report.perplexity)
    seen, chance = together(ids.codes, train)
    return (
        f"| {name} | {report.distinct:,} of {report.n:,} | {report.collided:.1%} | {report.largest} | "
        f"{use} of {report.size} | {report.error:.2f} | {seen:.1%}, by chance {chance:.1%} | {seconds:.1f} |"
    )


def together(codes: Codes, train: Interactions) -> tuple[float, float]:
    """How often neighbors in a history have the same first code, and how often by chance."""
    first = codes[:, 0][train.rows]
    pairs = train.users[1:] == train.users[:-1]
    shares = np.bincount(first) / len(first)
    return float((first[1:] == first[:-1])[pairs].mean()), float((shares**2).sum())


if __name__ == "__main__":
    main()
