"""Frozen dataclasses <-> YAML. An unknown key is an error that names the nearest one."""

from __future__ import annotations

import dataclasses
import reprlib
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .errors import ConfigError, nearest

T = TypeVar("T")


def load_config(
    cls: type[T], path: Path | None = None, overrides: Sequence[str] = (), *, preset: Sequence[str] = ()
) -> T:
    """Build a `cls` from its defaults, a preset, a YAML file and overrides, each above the one before.

    Preset and overrides are written ``key.sub=value``.

    Raises
    ------
    ConfigError
        For a missing file, an unknown key (with the nearest known one), or a value of another type.
    """
    values: dict[str, Any] = {}
    for text in preset:
        _apply_override(values, text)
    if path is not None:
        _merge(values, _read_yaml(Path(path)))
    for text in overrides:
        _apply_override(values, text)
    places = [str(path)] if path is not None else []
    places += ["--set"] if overrides else []
    return from_mapping(cls, values, where=" and ".join(places) or "the settings")


def _merge(values: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Put settings over others, section by section; an empty section changes nothing."""
    for key, value in above.items():
        below = values.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            _merge(below, value)
        elif not (isinstance(below, dict) and value is None):
            values[key] = value


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_twice(yaml.compose(text, Loader=yaml.SafeLoader), path)
        values = yaml.safe_load(text)
    except FileNotFoundError as error:
        raise ConfigError("no such file", where=str(path), fix="check --config") from error
    except OSError as error:
        raise ConfigError(f"not a readable file: {error.strerror}", where=str(path)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or no date
        raise ConfigError(f"not valid YAML: {error}", where=str(path)) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"a {type(values).__name__}", where=str(path), expected="a mapping of keys to values"
        )
    return values


def _refuse_twice(section: yaml.Node | None, path: Path) -> None:
    """Refuse a key that stands twice: YAML would silently drop the first with all that is in it."""
    seen = set()
    for key, value in section.value if isinstance(section, yaml.MappingNode) else ():
        name = str(key.value)
        if name in seen:
            raise ConfigError(
                f'"{name}" stands twice',
                where=f"{path}, line {key.start_mark.line + 1}",
                expected="each key once",
                fix="put both parts together",
            )
        seen.add(name)
        _refuse_twice(value, path)


def _apply_override(values: dict[str, Any], text: str) -> None:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ConfigError(f'"{text}"', where="--set", expected="key=value, or section.key=value")
    *sections, leaf = name.split(".")
    for section in sections:
        if values.get(section) is None:
            values[section] = {}
        values = values[section]
        if not isinstance(values, dict):
            raise ConfigError(f'"{section}" is a value, not a section', where=f"--set {text}")
    try:
        values[leaf] = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f'"{value}" is no YAML value', where=f"--set {text}", fix="quote it") from error


def from_mapping(cls: type[T], values: Mapping[str, Any], *, where: str) -> T:
    """Build the dataclass `cls` from a nested mapping, checking every key and type."""
    hints = typing.get_type_hints(cls)
    names = {field.name for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    arguments = {}
    for key, value in values.items():
        if key not in names:
            raise ConfigError(
                f'unknown key "{key}"{nearest(str(key), names)}',
                where=where,
                expected=f"one of {', '.join(sorted(names))}",
            )
        arguments[key] = _convert(value, hints[key], f"{where}: {key}")
    return cls(**arguments)


def _convert(value: Any, hint: Any, where: str) -> Any:
    """Accept `value` for `hint`, or raise; lists become tuples and ints become floats."""
    origin, choices = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        value = {} if value is None else value  # a section whose every line is commented out
        if not isinstance(value, Mapping):
            raise ConfigError(reprlib.repr(value), where=where, expected="a section with keys")
        return from_mapping(hint, value, where=where)
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, choices, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(reprlib.repr(value), where=where, expected="a list")
        return tuple(_convert(one, choices[0], f"{where}[{i}]") for i, one in enumerate(value))
    if origin is typing.Literal:
        if value not in choices:
            raise ConfigError(
                reprlib.repr(value), where=where, expected=f"one of {', '.join(map(repr, choices))}"
            )
        return value
    return _convert_plain(value, typing.cast(type, hint), where)


def _convert_plain(value: Any, hint: type, where: str) -> Any:
    is_bool = isinstance(value, bool)
    if hint is float and isinstance(value, int) and not is_bool:
        value = float(value)
    if hint is float and isinstance(value, str):  # YAML takes 3e-3, which has no point, for text
        with suppress(ValueError):
            value = float(value)
    if hint is Path and isinstance(value, str):
        value = Path(value)
    if not isinstance(value, hint) or (is_bool and hint is not bool):
        found = f"{reprlib.repr(value)} ({type(value).__name__})"
        raise ConfigError(found, where=where, expected=hint.__name__)
    return value


def _convert_union(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in choices:
        return None
    errors = []
    for choice in choices:
        if choice is type(None):
            continue
        try:
            return _convert(value, choice, where)
        except ConfigError as error:
            errors.append(error)
    raise errors[0]


def demand(
    config: Any, names: Sequence[str], holds: Callable[[Any], bool], *, expected: str, where: str = ""
) -> None:
    """Raise a :class:`ConfigError` that names the first of these settings for which `holds` is false."""
    for name in names:
        if not holds(value := getattr(config, name)):
            raise ConfigError(f"{name} = {value}", where=where, expected=expected)


def to_mapping(config: Any) -> dict[str, Any]:
    """The nested plain mapping of a config dataclass, ready for YAML or JSON."""

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        return str(value) if isinstance(value, Path) else value

    return plain(config)


def to_yaml(config: Any) -> str:
    """YAML text that :func:`load_config` reads back to an equal object."""
    return yaml.safe_dump(to_mapping(config), sort_keys=False, allow_unicode=True)
