"""Settings and questions that cannot be meant are refused before any work, by name."""

from __future__ import annotations

import shutil

import pytest

from firstlight.base.config import load_config
from firstlight.base.errors import ArtifactError, ConfigError, DataError
from firstlight.recommender import Question, Recommender, RunConfig, evaluate, finetune, pretrain, write_codes
from firstlight.recommender.log_file import load_log, save_log
from firstlight.recommender.run_directory import revise


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("shape.n_heads=3", "n_heads = 3 .in shape.; expected a number that divides hidden_size = 64"),
        ("shape.dropout=2", "dropout = 2.0 .in shape.; expected a share from 0 to below 1"),
        ("shape.hidden_size=0", "hidden_size = 0 .in shape.; expected at least 1"),
        ("shape.max_items=0", "max_items = 0 .in shape.; expected at least 1"),
        ("shape.id_half=-1", "id_half = -1.0, code_levels = 0 .in shape.; expected 0 or more"),
        ("pretrain.lr=-1", "lr = -1.0; expected a learning rate above 0"),
        ("pretrain.lr=.nan", "lr = nan; expected a learning rate above 0"),
        ("pretrain.weight_decay=-1", "weight_decay = -1.0; expected a weight of 0 or more"),
        ("pretrain.epochs=[", r'"\[" is no YAML value .in --set pretrain.epochs=\[.; quote it'),
        ("shape.depth=3", 'unknown key "depth".*--set: shape'),
    ],
)
def test_settings_out_of_range(setting, message):
    with pytest.raises(ConfigError, match=message):
        load_config(RunConfig, None, [setting])


def test_a_wrong_override_of_a_file_names_both(tmp_path):
    (tmp_path / "c.yaml").write_text("pretrain: {epochs: 3}\n")
    with pytest.raises(ConfigError, match=r'unknown key "depth".*c.yaml and --set: shape'):
        load_config(RunConfig, tmp_path / "c.yaml", ["shape.depth=3"])
    with pytest.raises(ConfigError, match="not a readable file"):
        load_config(RunConfig, tmp_path)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"history": [260]}, r'260, int .in history.; expected text, as "260"'),
        ({"history": "f0040"}, r'"f0040" alone .in history.; expected a list of item keys'),
        ({"deny": (1,)}, r'1, int .in deny.; expected text, as "1"'),
        ({"user": 1}, r'1, int .in user.; expected text, as "1"'),
        ({"k": 0}, "k = 0; expected a whole number of at least 1"),
        ({"k": 2.5}, "k = 2.5; expected a whole number of at least 1"),
        ({"k": "3"}, "k = '3'; expected a whole number of at least 1"),
        ({"query": None}, r"None, NoneType .in query.; expected text"),
    ],
)
def test_questions_that_cannot_be_meant(question, message):
    with pytest.raises(ConfigError, match=message):
        Question(**question)


def test_conditions_may_be_text(pretrained):
    recommender = Recommender.from_pretrained(pretrained)
    answer = recommender.recommend(where=["year>=1990"], k=5)
    assert answer.recommendations
    assert all(one.item.attributes["year"] >= 1990 for one in answer.recommendations)
    with pytest.raises(DataError, match="is not a condition; expected FIELD=VALUE"):
        recommender.recommend(where=["after 1990"])
    with pytest.raises(ConfigError, match=r'"year>=1990" alone .in where.; expected a list of conditions'):
        recommender.recommend(where="year>=1990")


@pytest.mark.parametrize(("number", "named"), [("ks", "--k"), ("most_cases", "--cases")])
def test_nothing_to_evaluate_is_said_before_the_work(pretrained, number, named):
    with pytest.raises(ConfigError, match=f"0 .in {named}.; expected at least 1"):
        evaluate(pretrained, **{number: (0,) if number == "ks" else 0})


def test_a_place_that_holds_something_else_is_left(world, tmp_path, small_config):
    place = tmp_path / "world"
    shutil.copytree(world, place)
    before = sorted(place.rglob("*"))
    with pytest.raises(ArtifactError, match="something else stands there"):
        pretrain(world, place, small_config)
    assert sorted(place.rglob("*")) == before


def test_a_file_is_no_run(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(
        ArtifactError, match="a file .in .*run.; expected a run directory, which pretrain writes"
    ):
        Recommender.from_pretrained(tmp_path / "run")


def test_a_table_of_codes_is_named_before_the_work(tmp_path):
    with pytest.raises(ConfigError, match=r'"codes.txt".*expected .csv or .parquet'):
        write_codes(tmp_path / "nowhere", tmp_path / "codes.txt")


def test_a_run_without_a_log_is_neither_evaluated_nor_tuned(run):
    log = load_log(run / "log.parquet")
    with revise(run) as draft:
        (draft / "log.parquet").unlink()
        save_log(log.where(log.rows < 0), draft / "log.parquet")
    with pytest.raises(
        DataError, match="without a log cannot be evaluated.*expected the run that was pretrained"
    ):
        evaluate(run)
    with pytest.raises(DataError, match="without a log cannot be tuned.*use the original"):
        finetune(run)


def test_data_that_moved_is_said(run, monkeypatch, tmp_path):
    config = (run / "config.yaml").read_text()
    path = next(line for line in config.splitlines() if line.strip().startswith("path:"))
    with revise(run) as draft:
        (draft / "config.yaml").unlink()
        (draft / "config.yaml").write_text(config.replace(path, "  path: gone/world"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r'run.s data cannot be read again.*--by "country".*was pretrained'):
        evaluate(run, by=["country"], most_cases=20)
