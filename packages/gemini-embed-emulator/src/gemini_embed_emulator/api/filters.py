"""Filters of lists, as much of AIP-160 as tells jobs apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from gemini_embed_emulator.errors import ApiError

from . import schema

_TERM = re.compile(r'\s*(\w+)\s*(!=|=|:)\s*"([^"]*)"\s*')


def tests_of(text: str) -> list[Callable[[Mapping[str, Any]], bool]]:
    """Tests of a job's resource: names and states compared, joined by AND. 501 for what else the API knows."""
    tests: list[Callable[[Mapping[str, Any]], bool]] = []
    for term in re.split(r"\sAND\s", text) if text.strip() else []:
        match = _TERM.fullmatch(term)
        field = schema.camel(match[1]) if match else ""
        if match is None or field not in ("displayName", "state"):
            raise ApiError(
                501, f'The emulator filters by display_name="...", display_name:"..." and state="...", not by {term}'
            )
        tests.append(_test(field, match[2], match[3]))
    return tests


def _test(field: str, operator: str, wanted: str) -> Callable[[Mapping[str, Any]], bool]:
    if operator == ":":
        pattern = re.sub(r"([\[\]?])", r"[\1]", wanted)
        return lambda one: fnmatchcase(str(one.get(field, "")), pattern)
    return lambda one: (one.get(field) == wanted) == (operator == "=")
