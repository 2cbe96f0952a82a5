"""`push`: a run on a model hub, with a card made from its report."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from huggingface_hub import HfApi

from ..base.config import to_yaml
from ..base.errors import ArtifactError, first_line
from ..base.files import absolute, publish_directory, read_json, verify_directory, write_json, write_text
from ..corpus.catalogue import Catalogue
from ..encoders import Content
from .config import DataConfig, MixerConfig, RunConfig
from .log_file import save_log
from .run_directory import LOG, REPORT, Run, load_run, revise, write_items

CARD = "README.md"
METRICS = "metrics.json"
PAGES = ("index.html", "card.md")  # of a report (card.md: an older one): they show people, and leaks
ABSOLUTE = re.compile(r"(?<![^\s=])[/~][^\s=]*/")  # the folders before a name in a command


def push(path: Path | str, repo_id: str, *, private: bool = False, api: HfApi | None = None) -> str:
    """Upload a run directory and return its address. The log of what people did stays here.

    What is uploaded is a run of its own, with an empty log: it answers for any history that a question
    brings, and knows no person by key. Of its reports it keeps figures and charts, not the page, which
    may show people; and it does not say where on this machine data and pictures lie.

    Raises
    ------
    ArtifactError
        If the run is not complete, or the hub refuses.
    """
    path = absolute(path)
    verify_directory(path)
    with revise(path) as draft:
        write_text(draft / CARD, model_card(path))
    api = api or HfApi()
    with tempfile.TemporaryDirectory() as folder:
        public = _public_copy(path, Path(folder) / path.name)
        try:
            api.create_repo(repo_id, private=private, exist_ok=True)
            done = api.upload_folder(repo_id=repo_id, folder_path=public)
        except Exception as error:  # no network, no login, a refusal: each in a class of its own
            raise ArtifactError(
                f"the hub did not take the run: {first_line(error)}",
                where=repo_id,
                fix="log in with the hub's own command line and check that it can be reached",
            ) from error
    return str(done)


def _public_copy(path: Path, target: Path) -> Path:
    """A complete copy of a run but for what people did, and what only this machine knows."""
    run = _public(load_run(path))
    with publish_directory(target) as draft:
        shutil.copytree(path, draft, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*PAGES))
        write_text(draft / "config.yaml", to_yaml(run.config))
        save_log(run.log, draft / LOG)
        write_items(run, draft)
        for metrics in (draft / REPORT).rglob(METRICS):
            write_json(metrics, _public_metrics(read_json(metrics)))
    return target


def _public(run: Run) -> Run:
    return replace(
        run,
        config=_public_config(run.config),
        log=run.log.where(np.zeros(len(run.log), dtype=bool)),
        catalogue=_without_pictures(run.catalogue),
        content=_without_failures(run.content),
        training={name: one for name, one in run.training.items() if name not in ("read", "failures")},
    )


def _public_config(config: RunConfig) -> RunConfig:
    """Without data folders, and of encoders and a prior that lie here the name alone."""
    content = config.content
    named = replace(content, text=_named(content.text), image=_named(content.image))
    return replace(config, data=DataConfig(), content=named, mixer=MixerConfig(_named(config.mixer.prior)))


def _named(model: str) -> str:
    return Path(model).name if Path(model).is_absolute() else model


def _without_pictures(catalogue: Catalogue) -> Catalogue:
    """The files stay here, so their names say nothing there; the vectors made of them go along."""
    table = catalogue.table
    nothing = pa.nulls(len(table), pa.string())
    return Catalogue(table.set_column(table.column_names.index("image"), "image", nothing))


def _without_failures(content: Content) -> Content:
    """Their reasons name files."""
    parts = (content.text, content.image)
    return Content(*(None if part is None else replace(part, failures={}) for part in parts))


def _public_metrics(metrics: dict[str, Any]) -> dict[str, Any]:
    """A leak's example may be a person; a command names folders."""
    about = metrics["provenance"]
    return metrics | {
        "provenance": about | {"command": ABSOLUTE.sub("", about["command"])},
        "leaks": [one | {"example": ""} for one in metrics["leaks"]],
    }


def model_card(path: Path) -> str:
    """Markdown for a run: what it is, how it was made, how good it is."""
    metrics = path / REPORT / METRICS
    training = read_json(path / "training.json")
    lines = [
        "---\nlibrary_name: firstlight\npipeline_tag: other\ntags: [recommendation, cold-start]\n---\n",
        f"# {path.name}\n",
        "A Firstlight run: item tower, behavior transformer and, when fine-tuned, an LLM ranker.\n",
        f"Split: {training['split']['name']} (digest `{training['split']['digest']}`).\n",
    ]
    if metrics.is_file():
        lines.append(_figures(_public_metrics(read_json(metrics))))
    else:
        lines.append("No figures yet: run `firstlight evaluate` before publishing.\n")
    return "\n".join(lines)


def _figures(metrics: dict[str, Any]) -> str:
    """The report's metric for every system, by segment, and what it takes to repeat and to judge it."""
    about = metrics["provenance"]
    remarks = [
        *(one["says"] for one in metrics["comparisons"].get("all", ())),
        *(f"Leak check: {one['check']}, {one['count']} of {one['total']}" for one in metrics["leaks"]),
        *metrics["limits"],
    ]
    made = f"Seeds: {', '.join(map(str, about['seeds']))}. Command: `{about['command']}`."
    return "\n".join([*_table(metrics), "", made, "", *(f"- {one}" for one in remarks)]) + "\n"


def _table(metrics: dict[str, Any]) -> Iterator[str]:
    metric = metrics.get("metric", "NDCG@10")  # an older report knows no other
    yield f"| system | segment | n | {metric} | 95 % interval |"
    yield "|---|---|---|---|---|"
    for name, segments in metrics["systems"].items():
        for segment in ("all", "warm", "cold"):
            mean, low, high = segments.get(segment, {}).get(metric) or (None, None, None)
            if mean is not None:
                interval = f"{low:.4f} to {high:.4f}"
                yield f"| {name} | {segment} | {segments[segment]['n']} | {mean:.4f} | {interval} |"
