"""What callers pass, checked: numbers, switches, paths, names. Errors say which argument, and what it may be."""

from __future__ import annotations

import os
import re
from typing import Any, get_args

from gemini_embed.errors import ConfigurationError


def whole(name: str, value: int | None) -> int | None:
    """`value`, if it is None (the default holds) or a positive whole number."""
    if value is not None and (type(value) is not int or value < 1):
        raise ConfigurationError(f"{name}={value!r} must be a positive whole number")
    return value


def positive_number(name: str, value: Any) -> float:
    """`value`, if it is a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"{name}={value!r} must be a positive number")
    return value


def share(name: str, value: Any) -> float:
    """`value`, if it is a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"{name}={value!r} must be a number from 0 to 1")
    return value


def seconds(name: str, value: Any) -> float | None:
    """`value`, if it is None or a number of seconds, from 0."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
        raise ConfigurationError(f"{name}={value!r} must be a number of seconds, 0 or more")
    return value


def absolute_path(name: str, value: Any) -> str | None:
    """`value`, if it is None or a path, made absolute, so that a later change of directory changes nothing."""
    if value is not None and not (isinstance(value, str | os.PathLike) and os.fspath(value)):
        raise ConfigurationError(f"{name}={value!r} must be a path")
    if value is None:
        return None
    # What is absolute needs no look at the working directory, which tools that guard event loops count as blocking.
    return os.path.normpath(value) if os.path.isabs(value) else os.path.abspath(value)


def switch(name: str, value: Any) -> bool:
    """`value`, if it is True or False; "no" would count as true."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}={value!r} must be True or False")
    return value


def one_of(name: str, value: Any, options: Any) -> Any:
    """`value`, if it is one of the strings of the `Literal` type `options`."""
    if value not in get_args(options):
        raise ConfigurationError(f"{name}={value!r} must be one of {', '.join(map(repr, get_args(options)))}")
    return value


_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:@_-]*[A-Za-z0-9])?")


def checked_name(argument: str, name: str | None) -> str | None:
    """A name that goes into the address, where other characters would lead elsewhere."""
    if name is not None and not _NAME.fullmatch(name):
        raise ConfigurationError(f"{argument}={name!r} holds characters that no {argument} has")
    return name
