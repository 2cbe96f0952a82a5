"""What the fit of the blend found, for people and for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BlendReport:
    """What the fit found.

    Attributes
    ----------
    segments
        By name ("all", or a situation of the right answer): "lists", and the mean NDCG@10 "before" (the
        foundation's order) and "after". No "after" is below its "before".
    decisions
        By voter and situation: the weight, the gain on held-out lists and its standard error.
    """

    segments: Mapping[str, Mapping[str, float]]
    decisions: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "segments": {name: dict(one) for name, one in self.segments.items()},
            "decisions": [dict(one) for one in self.decisions],
        }

    def text(self) -> str:
        """A line for each segment, and one for each weight and the evidence it rests on."""
        lines = ["NDCG@10 on the lists that fitted the blend, foundation alone -> blend"]
        for name, one in self.segments.items():
            lines.append(f"  {name:34} {one['before']:.4f} -> {one['after']:.4f}  ({one['lists']:.0f} lists)")
        if not any(one["weight"] for one in self.decisions):
            return "\n".join([*lines, "no voter was shown to help: the foundation's order stays"])
        lines.append("weights, and the gain on held-out lists they rest on (all others are 0)")
        for one in self.decisions:
            if one["weight"]:
                gain = f"{one['held_out_gain']:+.4f} ± {one['standard_error']:.4f}"
                lines.append(f"  {one['weight']:.2f} {one['voter']:9} {one['situation']:34} {gain}")
        return "\n".join(lines)
