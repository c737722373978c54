"""Python values from JSON, by their type hints: how settings, quotas and faults are told over HTTP."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import math
from collections.abc import Callable, Collection, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from gemini_embed_emulator.errors import ApiError


def checked(kind: Any, value: Any, where: str) -> Any:
    """`value` as `kind`: null, numbers, texts, lists, mappings, dataclasses; bytes as a text or {"base64": "..."}.

    Raises ApiError 400 that says where the value stands and what is wanted.
    """
    origin, options = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (wanted,) = (option for option in options if option is not NoneType)
        return None if value is None else checked(wanted, value, where)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        try:
            return kind(**arguments(kind, value, where))
        except ValueError as error:
            raise ApiError(400, f"{where}: {error}") from None
    if origin is Mapping and isinstance(value, dict):
        return {name: checked(options[1], inner, f"{where}.{name}") for name, inner in value.items()}
    if origin is Collection and isinstance(value, list):
        return tuple(checked(options[0], inner, f"{where}[{i}]") for i, inner in enumerate(value))
    if origin is Literal and any(value == option and type(value) is type(option) for option in options):
        return value
    if kind is bytes:
        return _bytes(value, where)
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if kind in (bool, int, str) and type(value) is kind:
        return value
    raise ApiError(400, f"{where}: {json.dumps(value)[:100]} is not what is wanted there: {_words(kind)}.")


def arguments(maker: Callable[..., Any], told: Any, where: str) -> dict[str, Any]:
    """The arguments of a function or a dataclass from a JSON object that names them."""
    hints = get_type_hints(maker)
    names = [name for name in hints if name != "return"]
    if not isinstance(told, dict):
        raise ApiError(400, f"{where}: an object is wanted, with any of {', '.join(names)}.")
    for name in told:
        if name not in names:
            raise ApiError(400, f"{where}: there is no {name}. There are: {', '.join(names)}.")
    return {name: checked(hints[name], value, f"{where}.{name}") for name, value in told.items()}


def written(value: Any) -> Any:
    """A value as JSON that `checked` takes back."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {name: written(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [written(inner) for inner in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


def _bytes(value: Any, where: str) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="replace")
    if isinstance(value, dict) and [*value] == ["base64"]:
        try:
            return base64.b64decode(value["base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise ApiError(400, f"{where}: this is not base64.") from None
    raise ApiError(400, f'{where}: a text is wanted, or {{"base64": "..."}}.')


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(json.dumps(option) for option in get_args(kind))
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return words.get(kind, "an object" if get_origin(kind) is Mapping else "a list")
