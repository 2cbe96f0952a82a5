"""The pack: one sequence that holds a shared prefix and all candidates, none of which sees another.

    prefix | candidate 1 | candidate 2 | ... | candidate N

A token sees the prefix and its own candidate up to itself, and every candidate's positions start
where the prefix ends, so the model computes for each candidate exactly what it would compute for
``prefix + candidate`` alone: N separate runs at the price of ``len(prefix) + sum(len(candidates))``
tokens. The mask is the block structure of multi-item scoring (FlashInfer, SGLang; BlockRank,
arXiv 2510.05396), handed to stock transformers models as a 4D mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

PADDING = -1
Ids = Sequence[int]


@dataclass(frozen=True)
class Pack:
    """A batch of people, right-padded to one length.

    Attributes
    ----------
    ids
        int64 [b, l]: token ids; ``prompts.SLOT`` where a soft token enters; 0 at padding.
    segments
        int64 [b, l]: 0 in the prefix, 1..n in the candidates, :data:`PADDING` behind the end.
    positions
        int64 [b, l]: each token's place in the text that its candidate makes with the prefix.
    last
        int64 [b, n]: where each candidate ends; :data:`PADDING` for a missing candidate.
    """

    ids: Tensor
    segments: Tensor
    positions: Tensor
    last: Tensor

    def to(self, device: torch.device) -> Pack:
        """The same pack on another device."""
        return Pack(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def pack(
    prefixes: Sequence[Ids], candidates: Sequence[Sequence[Ids]], starts: Sequence[int] | None = None
) -> Pack:
    """Lay out one row for each person.

    Parameters
    ----------
    prefixes
        The shared part of each row; empty when it lies in a cache already.
    candidates
        Each row's candidates; rows may have different numbers, none may be empty.
    starts
        Position of each row's first token: the length of the cached prefix; 0 by default.
    """
    begin = list(starts) if starts is not None else [0] * len(prefixes)
    rows = [_row(*one) for one in zip(prefixes, candidates, begin, strict=True)]
    ids, segments, positions, last = zip(*rows, strict=True)
    return Pack(_pad(ids, 0), _pad(segments, PADDING), _pad(positions, 0), _pad(last, PADDING))


def _row(prefix: Ids, candidates: Sequence[Ids], start: int) -> tuple[list[int], ...]:
    ids, segments = list(prefix), [0] * len(prefix)
    positions = list(range(start, start + len(prefix)))
    last: list[int] = []
    shared = start + len(prefix)
    for number, candidate in enumerate(candidates, start=1):
        ids += candidate
        segments += [number] * len(candidate)
        positions += range(shared, shared + len(candidate))
        last.append(len(ids) - 1)
    return ids, segments, positions, last


def _pad(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    width = max((len(row) for row in rows), default=0)
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows], dtype=torch.int64)


def visible(queries: Tensor, keys: Tensor) -> Tensor:
    """Which keys each query sees, bool [b, 1, q, k], in the form attention takes.

    Parameters
    ----------
    queries
        Segments of the tokens that look, int64 [b, q].
    keys
        Segments of the tokens that are looked at, int64 [b, k]; the last q of them are the queries.

    Padding is seen by nobody but itself; that self keeps the softmax of its row defined.
    """
    q, k = queries.shape[1], keys.shape[1]
    rows = torch.arange(k - q, k, device=keys.device)[:, None]
    columns = torch.arange(k, device=keys.device)[None, :]
    mine = (keys[:, None, :] == queries[:, :, None]) & (queries[:, :, None] != PADDING)
    shared = (keys == 0)[:, None, :]
    seen = ((mine | shared) & (columns <= rows)) | (columns == rows)
    return seen[:, None]


def joined(prefix: Pack, chunk: Pack) -> Tensor:
    """Segments of a cached prefix and a chunk behind it, int64 [b, p + l]: the keys of the chunk."""
    return torch.cat([prefix.segments, chunk.segments], dim=1)


def chunks(candidates: Sequence[Sequence[Ids]], size: int) -> Iterator[tuple[slice, list[Sequence[Ids]]]]:
    """Split every row's candidates into runs of `size`: ``(which, each row's candidates)``."""
    longest = max((len(row) for row in candidates), default=0)
    for start in range(0, longest, size):
        which = slice(start, start + size)
        yield which, [row[which] for row in candidates]


def canonical(candidates: Sequence[Ids], keys: Sequence[str]) -> list[int]:
    """The one order in which a set of candidates is packed, whatever order it came in.

    Scores are equal up to rounding in any order; with one order they are equal to the last bit. Sorting
    by length first also leaves the least padding in a batch.
    """
    return sorted(range(len(candidates)), key=lambda i: (len(candidates[i]), tuple(candidates[i]), keys[i]))
