"""Filters as Milvus expressions that mean the same to Lite's interpreter and to a server's.

Lite: a comparison with a missing field is unknown, and stays so under `not`, so every one is guarded by `exists`; `in`
takes no nested field; 1 equals true. Servers before 2.4 need the parentheses around `exists`.

Neither makes a set of many comparisons: 500 of them, as an index asks for the sources of a batch, take a server 80
times as long as one `in` of 500, and Lite, where a list is looked into beside them, 40 times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gemini_embed.stores import filters
from gemini_embed.stores.base import FilterLike
from gemini_embed.stores.filters import Path, Scalar
from gemini_embed.stores.milvus.rows import ID_FIELD, MOMENTS, TOKENS, TRACES_FIELD, field_name, moment_key, token

NOTHING = f'{ID_FIELD} == ""'
_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_INT64 = range(-(2**63), 2**63)
_ONE_TEXT = (("source",), ("modality",))
"""Fields of every record of ours, never a list: no token stands for them."""


def expression(given: FilterLike, *, is_lite: bool = True) -> str:
    """The expression of a neutral filter; a str is one already; "" restricts nothing. A server takes Lite's too."""
    if isinstance(given, str):
        return given
    node = filters.parse(given)
    return "" if node is None else filters.translate(node, _Expressions(is_lite))


def ids_in(ids: Iterable[str]) -> str:
    """The rows with these ids."""
    return f"{ID_FIELD} in [{', '.join(map(quoted, ids))}]"


def quoted(text: str) -> str:
    """A string literal: whatever `text` holds, it ends where the literal ends."""
    return f'"{text.translate(_ESCAPES)}"'


class _Expressions(filters.Vocabulary[str]):
    """Each answer is a whole: a call, or in parentheses."""

    def __init__(self, is_lite: bool) -> None:
        self._is_lite = is_lite

    def any_of(self, path: Path, values: Sequence[Scalar]) -> str:
        if not values:
            return f"({NOTHING})"
        texts = [value for value in values if isinstance(value, str)]
        # A bool is found by its token alone; no token of a list makes a scalar 1 out of a true.
        numbers = [value for value in values if not isinstance(value, (str, bool))]
        equal = [*self._among(path, texts), *(_equals(path, value) for value in numbers)]
        guarded = [f"((exists {_key(path)}) and {self.some(equal)})"] if equal else []
        tokens = [] if path in _ONE_TEXT and len(texts) == len(values) else [_has_token(path, values)]
        return self.some([*guarded, *tokens])

    def _among(self, path: Path, texts: Sequence[str]) -> list[str]:
        """The field is one of these texts."""
        if len(texts) < 2 or (self._is_lite and path not in _ONE_TEXT):
            return [f"({_key(path)} == {quoted(text)})" for text in texts]
        name = path[0] if path in _ONE_TEXT else _key(path)
        return [f"({name} in [{', '.join(map(quoted, texts))}])"]

    def missing(self, path: Path) -> str:
        return f"(not (exists {_key(path)}))"

    def between(self, path: Path, bounds: Mapping[str, Any]) -> str:
        timed = any(isinstance(bound, datetime) for bound in bounds.values())
        key = f'{TRACES_FIELD}["{MOMENTS}"][{quoted(moment_key(path))}]' if timed else _key(path)
        within = [
            f"({key} {_SIGNS[name]} {_number(bound.timestamp() if timed else bound)})" for name, bound in bounds.items()
        ]
        no_bool = [] if timed else [self.negated(_has_token(path, (True, False)))]
        return self.every([f"(exists {key})", *within, *no_bool])

    def every(self, parts: Sequence[str]) -> str:
        return f"({' and '.join(parts)})"

    def some(self, parts: Sequence[str]) -> str:
        return f"({' or '.join(parts)})"

    def negated(self, part: str) -> str:
        return f"(not {part})"


def _key(path: Path) -> str:
    first, *rest = path
    return "$meta" + "".join(f"[{quoted(name)}]" for name in (field_name(first), *rest))


def _equals(path: Path, value: float) -> str:
    equal = f"({_key(path)} == {_number(value)})"
    return f"({equal} and (not {_has_token(path, [bool(value)])}))" if value in (0, 1) else equal


def _has_token(path: Path, values: Iterable[Scalar]) -> str:
    tokens = ", ".join(quoted(token(path, value)) for value in values)
    return f'json_contains_any({TRACES_FIELD}["{TOKENS}"], [{tokens}])'


def _number(value: float) -> str:
    """Whole numbers beyond 64 bits are stored as floats, and compared as such."""
    return repr(float(value) if isinstance(value, int) and value not in _INT64 else value)
