"""`push`: a run on a model hub, with a card made from its report."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from huggingface_hub import HfApi

from ..base.errors import ArtifactError
from ..base.files import MANIFEST, publish_directory, read_json, verify_directory, write_text
from .log_file import load_log, save_log
from .run_directory import LOG, REPORT, revise

CARD = "README.md"


def push(path: Path | str, repo_id: str, *, private: bool = False, api: HfApi | None = None) -> str:
    """Upload a run directory and return its address. The log of what people did stays here.

    What is uploaded is a run of its own, with an empty log: it answers for any history that a question
    brings, and knows no person by key.

    Raises
    ------
    ArtifactError
        If the run is not complete, or the hub refuses.
    """
    path = Path(path)
    verify_directory(path)
    with revise(path) as draft:
        write_text(draft / CARD, model_card(path))
    api = api or HfApi()
    with tempfile.TemporaryDirectory() as folder:
        public = _without_people(path, Path(folder) / path.name)
        try:
            api.create_repo(repo_id, private=private, exist_ok=True)
            done = api.upload_folder(repo_id=repo_id, folder_path=public)
        except (OSError, ValueError) as error:
            raise ArtifactError(
                f"the hub did not take the run: {error}",
                where=repo_id,
                fix="log in with the hub's own command line and check that it can be reached",
            ) from error
    return str(done)


def _without_people(path: Path, target: Path) -> Path:
    """A complete copy of a run but for its log, which is empty: what people did is nobody else's business."""
    log = load_log(path / LOG)
    with publish_directory(target) as draft:
        shutil.copytree(path, draft, dirs_exist_ok=True, ignore=shutil.ignore_patterns(LOG, MANIFEST))
        save_log(log.where(np.zeros(len(log), dtype=bool)), draft / LOG)
    return target


def model_card(path: Path) -> str:
    """Markdown for a run: what it is, how it was made, how good it is."""
    metrics = path / REPORT / "metrics.json"
    training = read_json(path / "training.json")
    lines = [
        "---\nlibrary_name: firstlight\npipeline_tag: other\ntags: [recommendation, cold-start]\n---\n",
        f"# {path.name}\n",
        "A Firstlight run: item tower, behavior transformer and, when fine-tuned, an LLM ranker.\n",
        f"Split: {training['split']['name']} (digest `{training['split']['digest']}`).\n",
    ]
    if metrics.is_file():
        lines.append(_figures(read_json(metrics)))
    else:
        lines.append("No figures yet: run `firstlight evaluate` before publishing.\n")
    return "\n".join(lines)


def _figures(metrics: dict[str, Any]) -> str:
    """NDCG@10 of every system of the report, by segment."""
    rows = ["| system | segment | n | NDCG@10 | 95 % interval |", "|---|---|---|---|---|"]
    for name, segments in metrics["systems"].items():
        for segment in ("all", "warm", "cold"):
            mean, low, high = segments.get(segment, {}).get("NDCG@10") or (None, None, None)
            if mean is not None:
                interval = f"{low:.4f} to {high:.4f}"
                rows.append(f"| {name} | {segment} | {segments[segment]['n']} | {mean:.4f} | {interval} |")
    return "\n".join([*rows, "", f"Made by `{metrics['provenance']['command']}`."])
