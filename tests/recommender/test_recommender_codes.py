"""Semantic ids of a run: one row for every item with content, told apart, by command."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from pyarrow import csv, parquet

from firstlight.base.errors import ConfigError, ModelError
from firstlight.cli import main
from firstlight.corpus import Catalogue
from firstlight.recommender import codes, write_codes


def test_every_item_has_codes_of_its_own(pretrained, tmp_path):
    report = write_codes(pretrained, tmp_path / "codes.csv", levels=2, bits=4)
    table = csv.read_csv(tmp_path / "codes.csv").to_pydict()
    assert sorted(table["item_id"]) == sorted(Catalogue.load(pretrained / "catalogue.parquet").keys)
    assert len(set(table["semantic_id"])) == report.n == 120
    assert set(table) == {"item_id", "code_1", "code_2", "code_3", "semantic_id"}


def test_too_small_a_catalogue_for_the_codebook(pretrained, tmp_path):
    with pytest.raises(ConfigError, match="120 items for codebooks of 256 entries"):
        write_codes(pretrained, tmp_path / "codes.csv", bits=8)
    assert not (tmp_path / "codes.csv").exists()


def test_levels_that_say_nothing_are_left_out_unless_they_were_asked_for(
    monkeypatch, capsys, pretrained, tmp_path
):
    """Eight planted groups: one code names them all, and the second has nothing left to say."""
    planted = np.repeat(np.eye(8, dtype=np.float32), 15, axis=0)
    monkeypatch.setattr(codes, "raw_vectors", lambda content: planted)
    write_codes(pretrained, tmp_path / "codes.csv", bits=3)
    assert "code_3" not in csv.read_csv(tmp_path / "codes.csv").column_names
    assert capsys.readouterr().err == (
        "code 3 would say next to nothing of these items: they get 2\n"
        "code 2 would say next to nothing of these items: they get 1\n"
    )
    with pytest.raises(ModelError, match=r"a collapsed codebook: level 2 uses 1\.0 of its 8 entries"):
        write_codes(pretrained, tmp_path / "more.csv", levels=3, bits=3)
    assert not (tmp_path / "more.csv").exists()


def test_the_command_prints_what_the_codes_are_worth(monkeypatch, capsys, pretrained, tmp_path):
    out = tmp_path / "codes.parquet"
    arguments = ["codes", str(pretrained), "--out", str(out), "--levels", "2"]
    monkeypatch.setattr(sys, "argv", ["firstlight", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert "120 items" in capsys.readouterr().out
    codes = parquet.read_table(out).to_pydict()
    assert set(codes["code_1"]) == {0, 1}, "32 items an entry leave two entries"
    assert out.is_file()
