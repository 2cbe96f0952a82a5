"""`pretrain`: tables in, a run directory out."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy import sparse

from ..base.config import load_config
from ..base.errors import ArtifactError, ConfigError, DataError
from ..base.files import MANIFEST, remove_drafts, restore_directory
from ..base.progress import say
from ..corpus import Dataset
from ..corpus.split import Split
from ..encoders import Content
from ..foundation import FoundationConfig, FoundationModel, ItemFeatures
from ..foundation.memory import TransitionMemory
from ..foundation.mixer import Mixer
from ..foundation.mixing import LIMIT, Mixing
from ..foundation.pretrain import Trained, pretrain_model
from ..foundation.scorer import FoundationScorer
from ..foundation.semantic_ids import usual_bits
from ..retrieval.store import VectorStore
from .config import RunConfig
from .content import KEYWORDS, TRAINED, features_of, image_encoder, read_content, resolved, text_encoder
from .data import read_data
from .mixture import fit_mixture, panel_of, prior_of, traces_of, with_look_alikes
from .newcomers import popular_share
from .processes import processes
from .run_directory import IMAGE_ENCODER, Run, load_run, save_run
from .splitting import make_split, released
from .validation import Validator, set_cold_bias


def pretrain(data: Path | str, out: Path | str, config: RunConfig | None = None) -> Path:
    """Read `data`, encode its items, train the foundation model, and publish a run directory.

    Started again after a kill, it goes on where it stopped and ends in the same weights on CPU.
    A complete run of the same settings is left as it is.

    Parameters
    ----------
    data
        A data folder or dataset id; see :func:`firstlight.read_dataset`.
    out
        The run directory to make.
    config
        Settings; `config.data.path` is set to `data`.

    Raises
    ------
    ConfigError
        If the settings leave nothing to know an item by.
    DataError
        If the data cannot be used.
    ArtifactError
        If another run stands at `out`.
    """
    out = Path(out)
    config = config or RunConfig()
    config = replace(
        config,
        data=replace(config.data, path=str(data)),
        content=resolved(config.content),
        mixer=config.mixer.resolved(),
    )
    _know_items_by_something(config)
    stands = _stands_already(out, config)
    dataset = read_data(config.data)
    if stands:
        _refuse_other_data(out, dataset)
        say(f"{out} is complete already; nothing to do")
        return out
    if len(dataset.interactions) == 0:
        raise DataError(
            "no interactions to learn from",
            where=str(data),
            expected="a log, such as interactions.csv",
            fix="train on another domain and ask this one with evaluate --protocol zero-shot",
        )
    _say_what_new_items_lack(len(dataset.catalogue), config)
    work = out.with_name(f".{out.name}.work")
    _Pretraining(dataset, config, out, work).run()
    return out


def foundation_shape(config: RunConfig, features: ItemFeatures, *, dated: bool) -> FoundationConfig:
    """The network's shape for these settings and items; `dated`: whether the log's times are a calendar's."""
    sizes = asdict(config.shape)
    sizes["use_time"] = sizes["use_time"] and dated
    return FoundationConfig(
        n_items=len(features) if sizes.pop("use_ids") else 0,
        text_dim=features.text.shape[1],
        image_dim=features.image.shape[1],
        code_bits=usual_bits(int(features.has_text[features.counts > 0].sum())),
        direction="both" if config.pretrain.objective == "masked" else "causal",
        **sizes,
    )


def _know_items_by_something(config: RunConfig) -> None:
    content = config.content
    if not config.shape.use_ids and content.text == "none" and content.image in KEYWORDS:
        raise ConfigError(
            "neither IDs nor text nor pictures to know an item by",
            where="shape.use_ids=false, content.text=none",
            expected="IDs, a text encoder or a named image encoder",
            fix="leave shape.use_ids on, or name a text encoder",
        )
    if config.shape.code_levels and content.text == "none":
        raise ConfigError(
            "semantic ids without text to make them of",
            where=f"shape.code_levels={config.shape.code_levels}, content.text=none",
            expected="a text encoder",
            fix="name one, or set shape.code_levels=0",
        )


def _stands_already(out: Path, config: RunConfig) -> bool:
    """Whether a complete run of these settings is there; another one raises."""
    restore_directory(out)
    if not out.exists():
        return False
    settings = out / "config.yaml"
    complete = (out / MANIFEST).is_file() and settings.is_file()
    if complete and load_config(RunConfig, settings) == config:
        return True
    raise ArtifactError(
        "something else stands there",
        where=str(out),
        expected="a new place, or a run of the same settings",
        fix="choose another --out or remove it",
    )


def _refuse_other_data(out: Path, dataset: Dataset) -> None:
    """A finished run of these settings must have been made from what the data hold now."""
    run, log, items = load_run(out), dataset.interactions, dataset.catalogue.table
    kept = run.catalogue.table.slice(0, len(items))  # items added since stand behind
    same = (
        np.array_equal(run.log.rows, log.rows)
        and np.array_equal(run.log.times, log.times)
        and all(_equal(kept, items, name) for name in items.column_names if name != "image")
    )
    if not same:
        raise ArtifactError(
            "a run of the same settings, made before the data changed",
            where=str(out),
            expected=f"the {len(run.log):,} interactions and {len(run.catalogue):,} items it was made from, "
            f"not {len(log):,} and {len(items):,}",
            fix="choose another --out, or remove the run",
        )


def _equal(one: pa.Table, other: pa.Table, name: str) -> bool:
    """Whether a column holds the same; one that items added later have made wider is not compared."""
    if name not in one.column_names:
        return False
    column = one.column(name)
    return column.type != other.column(name).type or column.equals(other.column(name))


def _say_what_new_items_lack(n_items: int, config: RunConfig) -> None:
    """A catalogue too large for the mixer has the network alone to place what nobody has touched."""
    if n_items > LIMIT and not config.pretrain.cold_share:
        say(
            f"{n_items:,} items are more than the mixer takes ({LIMIT:,}), and pretrain.cold_share = 0 "
            "teaches the network nothing about items nobody has touched: --set pretrain.cold_share=0.15 does"
        )


class _Pretraining:
    """The steps of one pre-training, in order."""

    def __init__(self, dataset: Dataset, config: RunConfig, out: Path, work: Path) -> None:
        self.processes = processes()
        self.dataset, self.config, self.out, self.work = dataset, config, out, work
        self.catalogue, self.log = dataset.catalogue, dataset.interactions
        self.split = make_split(self.log, config.split, fitting=True)
        if not len(self.split.valid):
            raise DataError(
                "nobody is left to choose a checkpoint by",
                where=f"the validation part of {self.split.name}: {len(self.log)} interactions",
                expected="at least one question",
                fix="use a longer log, or another split (--set split.protocol=..., split.valid=...)",
            )
        self.released = released(self.log, self.catalogue)
        self.prior = prior_of(config.mixer)
        self.best: dict[str, object] = {}
        self.memory = TransitionMemory.of(self.split.train, len(self.catalogue))
        self._count(self.split)

    def _count(self, split: Split) -> None:
        """Make what is counted and nothing else from a split's training part."""
        n_items = len(self.catalogue)
        self.counts = split.train.counts(n_items)
        self.traces = traces_of(split.train, n_items)
        self.look_alikes: sparse.csr_matrix | None = None  # what words say of them depends on the counts

    def run(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        content = self._content()
        features = features_of(content, self.counts)
        validate = Validator(self.split.valid, features, self.memory, self.released)
        trained = self._train(features, validate)
        if self.processes.is_main_process:
            self._fit_numbers(validate, trained.model)
            mixing = self._mixing(features, trained)
            self._fit_newcomers(FoundationScorer(trained.model, features, self.memory, mixing))
            self._count_validation_too()
            run = with_look_alikes(self._assembled(content, mixing and mixing.mixer, trained))
            save_run(run, image_encoder=self._image_folder(content))
            remove_drafts(self.out)
            shutil.rmtree(self.work, ignore_errors=True)
        self.processes.wait_for_everyone()

    def _count_validation_too(self) -> None:
        """Where the settings say so; all that was fitted stays."""
        final = make_split(self.log, self.config.split)
        if final.train_on_valid:
            self._count(final)
            self.split, self.memory = final, self.memory.recounted(final.train)

    def _image_folder(self, content: Content) -> Path | None:
        """The image tower that made these vectors; a run that was cut short may have left another."""
        trained = content.image is not None and self.config.content.image in TRAINED
        return self.work / IMAGE_ENCODER if trained else None

    def _content(self) -> Content:
        """Encode once on the main process; the others find everything in the cache."""
        with self.processes.main_process_first():
            text = text_encoder(self.config.content)
            image = image_encoder(
                self.config.content,
                self.catalogue,
                self.work / IMAGE_ENCODER,
                text=text,
                rows=np.flatnonzero(self.counts > 0),
                seed=self.config.pretrain.seed,
            )
            return read_content(self.catalogue, text, image)

    def _train(self, features: ItemFeatures, validate: Validator) -> Trained:
        return pretrain_model(
            self.split.train,
            features,
            foundation_shape(self.config, features, dated=self.log.clock == "timestamp"),
            self.config.pretrain,
            validate=validate,
            checkpoints=self.work / "checkpoints",
            released=self.released,
            start=load_run(Path(self.config.data.start)).model if self.config.data.start else None,
        )

    def _fit_numbers(self, validate: Validator, model: FoundationModel) -> None:
        """How far new items are raised and the memory's share, where no mixer says more."""
        best = validate.best(model)
        set_cold_bias(model, best["cold_bias"])
        self.memory.share = best["memory"]
        self.best = dict(best)

    def _mixing(self, features: ItemFeatures, trained: Trained) -> Mixing | None:
        """Fitted on the same validation cases by the main process; None in a catalogue beyond the limit.

        There not even the experts are made.
        """
        if len(self.catalogue) > LIMIT:
            return None
        scorer = FoundationScorer(trained.model, features, self.memory)
        panel = panel_of(self.catalogue, trained.model, features, self.memory, self.traces)
        seed = self.config.pretrain.seed
        mixer, report = fit_mixture(
            panel, scorer, self.split.valid, self.released, prior=self.prior, seed=seed
        )
        self.best["mixer"] = report.as_dict()
        self.look_alikes = panel.experts.look_alikes
        return Mixing(panel, mixer)

    def _fit_newcomers(self, scorer: FoundationScorer) -> None:
        """How much what is popular counts for somebody of whom nothing is known."""
        self.memory.popular = popular_share(scorer, self.split.valid, self.released)
        self.best["popular"] = self.memory.popular

    def _assembled(self, content: Content, mixer: Mixer | None, trained: Trained) -> Run:
        return Run(
            path=self.out,
            config=self.config,
            catalogue=self.catalogue,
            log=self.log,
            counts=self.counts,
            content=content,
            model=trained.model,
            memory=self.memory,
            traces=self.traces,
            mixer=mixer,
            look_alikes=self.look_alikes,
            store=stored(self.catalogue.keys, trained.model, features_of(content, self.counts)),
            training={
                "curves": trained.curves,
                "best_epoch": trained.best_epoch,
                "validation": self.best,
                "split": _described(self.split),
                "read": self.dataset.report.as_dict(),
                "failures": content.failures,
            },
        )


def stored(keys: object, model: FoundationModel, features: ItemFeatures) -> VectorStore:
    """The vectors and biases that retrieval searches."""
    vectors, bias = model.items(features.to(model.device))
    return VectorStore(list(keys), vectors.float().cpu().numpy(), bias.float().cpu().numpy())  # type: ignore[call-overload]


def _described(split: Split) -> dict[str, object]:
    return {
        "name": split.name,
        "digest": split.digest,
        "notes": list(split.notes),
        "train": len(split.train),
        "valid": len(split.valid),
        "test": len(split.test),
    }


__all__ = ["load_run", "pretrain", "stored"]
