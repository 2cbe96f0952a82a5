"""Semantic ids of a run: one row for every item with content, told apart, by command."""

from __future__ import annotations

import sys

import pytest
from pyarrow import csv, parquet

from firstlight.base.errors import ConfigError
from firstlight.cli import main
from firstlight.corpus import Catalogue
from firstlight.recommender import write_codes


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
