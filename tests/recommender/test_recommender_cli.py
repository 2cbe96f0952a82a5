"""The command line: results on standard output, one JSON document with --json, exit codes."""

from __future__ import annotations

import json
import sys

import pytest

from firstlight.cli import main
from firstlight.corpus import Catalogue

pytestmark = pytest.mark.slow


def call(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["firstlight", *arguments])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_recommend_prints_one_json_document(monkeypatch, capsys, tuned):
    code, out, _ = call(
        monkeypatch, capsys, "recommend", str(tuned), "--query", "a quiet story", "-k", "3", "--json"
    )
    assert code == 0
    assert len(json.loads(out)["items"]) == 3


def test_recommend_prints_a_table(monkeypatch, capsys, tuned):
    key = Catalogue.load(tuned / "catalogue.parquet").keys[0]
    code, out, _ = call(
        monkeypatch, capsys, "recommend", str(tuned), "--history", key, "-k", "2", "--explain"
    )
    assert code == 0
    assert "foundation" in out


def test_explain_and_check(monkeypatch, capsys, tuned, world):
    keys = Catalogue.load(tuned / "catalogue.parquet").keys
    code, out, _ = call(
        monkeypatch, capsys, "explain", str(tuned), "--item", keys[0], "--history", keys[1], "--json"
    )
    assert code == 0
    assert json.loads(out)["evidence"]["item"] == keys[0]
    code, out, _ = call(monkeypatch, capsys, "check", str(world), "--json")
    assert code == 0
    assert json.loads(out)["facts"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["recommend", "nowhere"], 1, "no such run directory"),
        (["check", "nowhere"], 1, "nowhere"),
        (["pretrain", "nowhere", "--out", "x", "--set", "pretrain.epohcs=3"], 2, 'did you mean "epochs"'),
        (
            ["pretrain", "nowhere", "--out", "x", "--set", "pretrain.epochs=["],
            2,
            "no YAML value (in --set pre",
        ),
        (["pretrain", "nowhere", "--out", "x", "--config", "."], 2, "not a readable file: Is a directory"),
        (["pretrain", "nowhere", "--out", "x", "--set", "shape.n_heads=3"], 2, "divides hidden_size = 64"),
        (["serve", "nowhere", "--port", "99999"], 2, "equal to 65535"),
        (["dance"], 2, "No such command"),
    ],
)
def test_what_fails_says_why(monkeypatch, capsys, tmp_path, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    found, _, err = call(monkeypatch, capsys, *arguments)
    assert found == code
    assert message in err
    assert not list(tmp_path.iterdir())


def test_recommend_to_an_unknown_user(monkeypatch, capsys, tuned):
    code, out, err = call(monkeypatch, capsys, "recommend", str(tuned), "--user", "nobody")
    assert (code, out) == (1, "")
    assert 'unknown user "nobody"' in err
