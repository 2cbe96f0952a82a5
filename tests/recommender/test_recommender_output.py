"""What becomes of results that nobody can take: closed pipes, full disks, terminals of few letters, Ctrl-C."""

from __future__ import annotations

import io
import os
import re
import sys

import pytest
from rich.console import Console

from firstlight.cli import main
from firstlight.cli.options import print_json
from firstlight.cli.output import Output
from firstlight.corpus import Item, ItemKey
from firstlight.explain import Explanation, build_ledger
from firstlight.prompts.wish import Wish
from firstlight.recommender.answers import Answer, Recommendation
from firstlight.recommender.table import answer_table, explanation_table


def closed_pipe():
    """A text stream whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return open(writer, "w", encoding="utf-8")


def full_disk():
    return open("/dev/full", "w", encoding="utf-8")


PRINTERS = {
    "a table": lambda: Console().print("one\ntwo"),
    "one JSON document": lambda: print_json({"one": "two"}),
    "help": lambda: call("--help"),
    "help of a verb": lambda: call("recommend", "--help"),
    "the version": lambda: call("--version"),
}


def call(*arguments):
    sys.argv[1:] = arguments
    main()


@pytest.fixture(autouse=True)
def _own_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["firstlight"])


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize(
    ("broken", "code", "said"),
    [
        (closed_pipe, 0, ""),
        (full_disk, 1, "firstlight: the result could not be written: No space left on device\n"),
    ],
)
def test_what_cannot_be_written_is_no_traceback(monkeypatch, capsys, printer, broken, code, said):
    with broken() as stream:
        monkeypatch.setattr(sys, "stdout", Output(stream))
        with pytest.raises(SystemExit) as end:
            PRINTERS[printer]()
        assert (end.value.code or 0) == code
        stream.flush()  # as the interpreter does at its end: it complains no more
    assert capsys.readouterr().err == said


def test_letters_that_the_terminal_has_not_become_question_marks(monkeypatch):
    found = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Output(io.TextIOWrapper(found, encoding="ascii")))
    Console(width=40).print("Amélie, 千と千尋")
    assert found.getvalue() == b"Am?lie, ????\n"


def test_the_sample_is_told_in_a_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit):
        call("sample", str(tmp_path / "world"), "--users", "20", "--items", "30", "--no-images")
    said = re.escape(str(tmp_path / "world")) + r": 30 items, 0 of them with a picture; 20 people, \d+ "
    assert re.fullmatch(said + r"interactions and [\d,]+ exposures\n", capsys.readouterr().out)


def test_what_was_not_met_and_what_has_no_title_is_told():
    item = Item(ItemKey("k[1]"), "")
    wish = Wish("", unanswerable=("by the sea",))
    explanation = Explanation((), build_ledger(item, wish=wish), degraded=False)
    answer = Answer((Recommendation(item, 1.0, False, {}, explanation),))
    found = io.StringIO()
    console = Console(file=found, width=80)
    explanation_table(explanation, console)
    assert found.getvalue().splitlines()[:2] == ["k[1]", "  not met: by the sea"]
    answer_table(answer, console)
    assert found.getvalue().count("not met: by the sea") == 2


def test_ctrl_c_says_one_line(monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("firstlight.recommender.demo.run_demo", stopped)
    with pytest.raises(SystemExit) as end:
        call("demo")
    assert end.value.code == 130
    assert capsys.readouterr().err == "firstlight: stopped; the same command goes on from here\n"


def test_the_version_is_told(capsys):
    from firstlight import __version__

    with pytest.raises(SystemExit) as end:
        call("--version")
    assert not end.value.code
    assert capsys.readouterr().out == f"firstlight {__version__}\n"
