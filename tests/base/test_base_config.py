"""Settings: what is known is read, what is not is refused by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstlight.base.config import load_config, to_yaml
from firstlight.base.errors import ConfigError

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    mode: Literal["fast", "slow"] = "fast"


@dataclass(frozen=True)
class Outer:
    name: str = "x"
    steps: int = 3
    on: bool = True
    limit: int | None = None
    tags: tuple[str, ...] = ()
    inner: Inner = field(default_factory=Inner)


@given(
    st.builds(
        Outer,
        name=TEXT,
        steps=st.integers(),
        on=st.booleans(),
        limit=st.none() | st.integers(),
        tags=st.lists(TEXT).map(tuple),
        inner=st.builds(
            Inner,
            rate=st.floats(allow_nan=False, allow_infinity=False),
            mode=st.sampled_from(["fast", "slow"]),
        ),
    )
)
def test_yaml_round_trip(tmp_path_factory, config):
    path = tmp_path_factory.mktemp("config") / "c.yaml"
    path.write_text(to_yaml(config), encoding="utf-8")
    assert load_config(Outer, path) == config


def test_overrides_win(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("steps: 5\ninner:\n  rate: 1\n")
    config = load_config(Outer, path, ["inner.mode=slow", "steps=7"])
    assert (config.steps, config.inner.rate, config.inner.mode) == (7, 1.0, "slow")


@pytest.mark.parametrize(("written", "read"), [("3e-3", 0.003), ("1E4", 10_000.0), (".5", 0.5), ("2", 2.0)])
def test_numbers_are_read_as_they_are_usually_written(written, read):
    assert load_config(Outer, None, [f"inner.rate={written}"]).inner.rate == read


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stpes=4", 'unknown key "stpes" \\(did you mean "steps"\\?\\)'),
        ("inner.rat=4", 'unknown key "rat" \\(did you mean "rate"\\?\\)'),
        ("steps=many", "'many' \\(str\\) .*steps.*expected int"),
        ("inner.rate=fast", "'fast' \\(str\\) .*rate.*expected float"),
        ("on=1", "1 \\(int\\) .*expected bool"),
        ("steps=true", "True \\(bool\\) .*expected int"),
        ("inner.mode=warp", "'warp' .*expected one of 'fast', 'slow'"),
        ("inner=4", "expected a section with keys"),
        ("tags=a", "expected a list"),
        ("steps", "expected key=value"),
    ],
)
def test_what_is_wrong_is_named(override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(Outer, None, [override])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "steps: 1\ninner:\n  rate: 1\nname: y\ninner:\n  mode: slow\n",
            '"inner" stands twice .*line 5.*each key once',
        ),
        ("inner:\n  rate: 1\n  rate: 2\n", '"rate" stands twice .*line 3'),
        ("name: 2001-99-99\n", "not valid YAML: month must be in"),
        ("inner: &i {rate: *i}\n", "not valid YAML: maximum recursion depth"),
        ("? [a]\n: 1\n", "not valid YAML"),
    ],
)
def test_a_key_that_stands_twice_is_named(tmp_path, text, message):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(Outer, tmp_path / "c.yaml")


def test_a_section_with_all_lines_commented_out_means_the_defaults(tmp_path):
    (tmp_path / "c.yaml").write_text("inner:\n  # rate: 1\n")
    assert load_config(Outer, tmp_path / "c.yaml") == Outer()
    assert load_config(Outer, tmp_path / "c.yaml", ["inner.rate=2"]).inner == Inner(rate=2.0)


@pytest.mark.parametrize("setting", ["steps", "tags", "inner", "inner.mode"])
def test_a_huge_value_is_not_repeated_in_full(setting):
    with pytest.raises(ConfigError) as caught:
        load_config(Outer, None, [f"{setting}={'x' * 100_000}"])
    assert len(str(caught.value)) < 200


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such file .*check --config"):
        load_config(Outer, tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(Outer, tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("- a")
    with pytest.raises(ConfigError, match="a list .*expected a mapping"):
        load_config(Outer, tmp_path / "list.yaml")
