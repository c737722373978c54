"""The user's metadata, as every store can keep it and give it back."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from gemini_embed.errors import InputError
from gemini_embed.records import LEAST_WHOLE, MOST_WHOLE, Record

_AS_IT_IS = json.JSONEncoder(ensure_ascii=False).encode
_NO_TEXT = (int, float, type(None))
"""What holds none."""


def check_text(record: Record) -> None:
    """InputError for what no store could keep: names of files need not be valid text."""
    values = record.metadata.values()
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values) or all(isinstance(one, _NO_TEXT) for one in values if not isinstance(one, str)):
        with suppress(TypeError):  # names that are no texts
            if "".join((record.page_content, *record.metadata, *texts)).isascii():
                return  # most
    try:
        _AS_IT_IS([record.page_content, record.metadata]).encode()
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - 40) : error.end]
        raise InputError(f"a path, metadata or page_content is not valid text (a lone surrogate): {near!r}") from error


def check_name(path: os.PathLike[str]) -> None:
    """InputError for a name that is no text: on Linux it may be any bytes, and older archives write theirs."""
    name = os.fspath(path)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"the name of {name.encode(errors='backslashreplace').decode()!r} is not in UTF-8, and stores keep text "
            "only: rename the file, for instance with convmv"
        ) from error


def json_object(metadata: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(metadata, Mapping):
        raise InputError(f"metadata is a mapping, not {type(metadata).__name__}")
    return {_key(key): _json_value(value, str(key)) for key, value in metadata.items()}


def _json_value(value: Any, name: str) -> Any:
    """`value` as every store can keep it and give it back."""
    if isinstance(value, int) and not LEAST_WHOLE <= value <= MOST_WHOLE:
        raise InputError(
            f"metadata {name!r} holds a whole number of {value.bit_length() + 1} bits, stores keep 64: make it a str"
        )
    if value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {_key(key): _json_value(inner, f"{name}.{key}") for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(inner, name) for inner in value]
    raise InputError(f"metadata {name!r} holds {value!r}: only JSON values, dates and paths can be kept and filtered")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise InputError(f"metadata has the key {key!r}: keys are strings")
    return key
