"""The run directory: one folder is one deployable, complete or invisible (DESIGN section 6).

run/manifest.json        format version, sha256 of every file
run/config.yaml          everything resolved
run/catalogue.parquet    items and keys; tokens by row
run/log.parquet          who did what; a person's history when asked by key
run/content.safetensors  the encoders' vectors by row
run/memory.safetensors   transitions mixed with the network, and traces.safetensors, what else the log left
run/mixer.safetensors    what each expert's opinion is worth, where it was fitted
run/look_alikes.safetensors  each item's nearest in content, which the experts ask
run/foundation/          config.json, model.safetensors
run/training.json        curves, split, what reading found, interactions by row
run/vectors.safetensors  what is retrieved: the truth of every index
run/image_encoder/       the image tower, when it was trained on this catalogue
run/ranker/              adapter, projector, blend.json: after `finetune`
run/report/              after `evaluate`
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..base.config import load_config, to_yaml
from ..base.errors import DataError
from ..base.files import (
    absolute,
    changed_meanwhile,
    publish_directory,
    read_json,
    verify_directory,
    version_of,
    write_json,
    write_text,
)
from ..base.progress import quiet_transformers
from ..corpus.catalogue import Catalogue
from ..corpus.interactions import Interactions
from ..encoders import Content
from ..foundation import FoundationModel
from ..foundation.memory import TransitionMemory
from ..foundation.mixer import Mixer
from ..foundation.sparse_tensors import load_matrix, save_matrix
from ..foundation.traces import Traces
from ..retrieval.store import VectorStore
from .config import RunConfig
from .log_file import load_log, save_log

IMAGE_ENCODER = "image_encoder"
RANKER = "ranker"
REPORT = "report"
LOG = "log.parquet"
MIXER = "mixer.safetensors"
ALIKE = "look_alikes"
LOOK_ALIKES = f"{ALIKE}.safetensors"


@dataclass(frozen=True)
class Run:
    """What a run directory holds, loaded.

    Attributes
    ----------
    path
        The directory.
    counts
        int64 [n_items]: interactions in training by row; 0 is cold. Items added later are cold.
    look_alikes
        [n_items, n_items]; see :attr:`firstlight.foundation.experts.Experts.look_alikes`.
        None: not found yet.
    training
        Curves, split digest, read report: what reports are made from.
    version
        Which version of the directory was loaded; empty for one that is not written yet.
    foreign
        Whether the catalogue is another domain's, of which the network knows nothing. Such a run is never
        written.
    """

    path: Path
    config: RunConfig
    catalogue: Catalogue
    log: Interactions
    counts: NDArray[np.int64]
    content: Content
    model: FoundationModel
    memory: TransitionMemory
    traces: Traces
    mixer: Mixer | None
    look_alikes: sparse.csr_matrix | None
    store: VectorStore
    training: dict[str, Any]
    version: str = ""
    foreign: bool = False

    @property
    def has_ranker(self) -> bool:
        """Whether `finetune` has been run."""
        return (self.path / RANKER).is_dir()

    @property
    def index_path(self) -> Path:
        """Where a FAISS index of the vectors is cached: beside the run, never in its manifest."""
        return self.path.with_name(f".{self.path.name}.index") / "index.faiss"


def save_run(run: Run, *, image_encoder: Path | None) -> None:
    """Write a complete run directory, or nothing."""
    with publish_directory(run.path) as draft:
        write_text(draft / "config.yaml", to_yaml(run.config))
        save_log(run.log, draft / LOG)
        with quiet_transformers():
            run.model.save_pretrained(draft / "foundation")
        if run.mixer is not None:
            run.mixer.save(draft / MIXER)
        write_items(run, draft)
        if image_encoder is not None:
            shutil.copytree(image_encoder, draft / IMAGE_ENCODER)


def write_items(run: Run, draft: Path) -> None:
    """Write what depends on which items there are."""
    run.catalogue.save(draft / "catalogue.parquet")
    run.content.save(draft / "content.safetensors")
    run.memory.save(draft / "memory.safetensors")
    run.traces.save(draft / "traces.safetensors")
    if run.look_alikes is not None:
        save_matrix(ALIKE, run.look_alikes, draft / LOOK_ALIKES)
    run.store.save(draft / "vectors.safetensors")
    training = {**run.training, "counts": run.counts.tolist()}
    write_json(draft / "training.json", training)


def load_run(path: Path) -> Run:
    """Load a run directory after checking every file against the manifest.

    Raises
    ------
    ArtifactError
        If a file is missing, truncated or altered, naming it.
    """
    path = absolute(path)
    version = version_of(path)
    verify_directory(path)
    catalogue = Catalogue.load(path / "catalogue.parquet")
    training = read_json(path / "training.json")
    with quiet_transformers():
        model = FoundationModel.from_pretrained(path / "foundation", local_files_only=True)
    return Run(
        path=path,
        config=load_config(RunConfig, path / "config.yaml"),
        catalogue=catalogue,
        log=load_log(path / LOG),
        counts=np.array(training.pop("counts"), dtype=np.int64),
        content=Content.load(path / "content.safetensors"),
        model=model.eval(),
        memory=TransitionMemory.load(path / "memory.safetensors"),
        traces=Traces.load(path / "traces.safetensors"),
        mixer=Mixer.load(path / MIXER) if (path / MIXER).is_file() else None,
        look_alikes=load_matrix(ALIKE, path / LOOK_ALIKES) if (path / LOOK_ALIKES).is_file() else None,
        store=VectorStore.load(path / "vectors.safetensors", catalogue.keys),
        training=training,
        version=version,
    )


def need_log(run: Run, what: str) -> None:
    """Refuse a run without a log, as a pushed one is, for what needs one: to be "evaluated", "tuned".

    Raises
    ------
    DataError
        If it has none.
    """
    if not len(run.log):
        raise DataError(
            f"a run without a log cannot be {what}",
            where=str(run.path),
            expected="the run that was pretrained here; a pushed copy holds nobody's interactions",
            fix="use the original",
        )


@contextmanager
def revise(path: Path, *, version: str = "") -> Iterator[Path]:
    """Yield a draft copy of a run to change; it replaces the run when the block ends well.

    Files are hard-linked, so replace a file in the draft, never write into one.

    Parameters
    ----------
    path
        The run.
    version
        The :attr:`Run.version` that the change was made from, where it was made from what had been
        loaded before; by default the one that stands there now.

    Raises
    ------
    ArtifactError
        If somebody else changed the run meanwhile; it stays as it is.
    """
    version = version or version_of(path)
    with publish_directory(path, instead_of=version) as draft:
        _copy(path, draft, version)
        yield draft


def _copy(path: Path, draft: Path, version: str) -> None:
    try:
        shutil.copytree(path, draft, dirs_exist_ok=True, copy_function=_link)
    except OSError:
        if version_of(path) != version:  # it was replaced under the copying hands
            raise changed_meanwhile(path) from None
        raise


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
