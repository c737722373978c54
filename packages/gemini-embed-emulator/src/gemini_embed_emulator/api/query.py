"""The query parameters that every Google API takes: which are known, and how they have a reply written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gemini_embed_emulator import errors

from . import schema

Mask = Mapping[str, "Mask"]
"""Fields to keep, each with those below it; an empty mask keeps everything."""

PRETTY = frozenset({"prettyPrint", "$prettyPrint", "pretty_print"})
_SYSTEM = ("alt", "callback", "fields", "key", "quotaUser", "access_token", "oauth_token", "uploadType")
MEDIA = "media"
"""The form of what is no JSON: a download. `check` refuses it elsewhere."""
KNOWN = frozenset(
    {*_SYSTEM, *(f"${name}" for name in _SYSTEM), *PRETTY, "$.xgafv", "upload_protocol", "pageSize", "pageToken"}
)
_DEEPEST = 20  # brackets, and names of a path; no reply is half as deep
_SHOWN = 40  # characters of what cannot be read
_NAME = re.compile(r"[A-Za-z_$][\w$.]*")
_JOB_STATES = {
    f"BATCH_STATE_{name}": number
    for number, name in enumerate(("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"), 1)
}
_NUMBERS: dict[str, dict[str, int]] = {
    "modality": {"TEXT": 1, "IMAGE": 2, "VIDEO": 3, "AUDIO": 4, "DOCUMENT": 5},
    "state": {"PROCESSING": 1, "ACTIVE": 2, "FAILED": 10, **_JOB_STATES},
    "source": {"UPLOADED": 1, "GENERATED": 2},
    "launchStage": {"PUBLIC_PREVIEW": 3, "GA": 4},
    "openSourceCategory": {"PROPRIETARY": 1},
}
"""The enums in replies, by the published numbers."""


@dataclass(frozen=True)
class Layout:
    """How a caller wants the reply written."""

    indent: bool = True
    callback: str = ""
    """The function of a JSONP reply."""
    fields: Mask | None = None
    numbers: bool = False
    """Enums as their numbers."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Layout:
        """What the query asks for. Raises ApiError 400 for what cannot be read, 501 for a format that is not JSON."""
        alt = _value(query, "alt") or "json"
        form, *options = alt.replace(" ", "").split(";")
        if form not in ("json", MEDIA):
            raise _no_form(alt)
        callback, fields = _value(query, "callback"), _value(query, "fields")
        if callback and not _NAME.fullmatch(callback):
            raise errors.ApiError(400, f"Invalid JSONP callback name: {callback}")
        numbers = "enum-encoding=int" in options
        return cls(wants_indent(query), callback, _mask(fields) if fields else None, numbers)

    def shown(self, payload: Any) -> Any:
        """The part of a payload that is asked for, in the form that is asked for."""
        chosen = payload if self.fields is None else _chosen(payload, self.fields)
        return _numbered(chosen) if self.numbers else chosen


def wants_indent(query: Mapping[str, str]) -> bool:
    """Whether the reply is to be indented: yes, unless the query says otherwise."""
    values = [query[name] for name in PRETTY if name in query]
    return not values or values[-1].lower() not in ("false", "0")


def wants_media(query: Mapping[str, str]) -> bool:
    """Whether the bytes of a file are asked for, and not what is known of it."""
    return _value(query, "alt") == MEDIA


def asks_for(query: Mapping[str, str], *path: str) -> bool:
    """Whether the field of this path is to be in the reply, which `fields` may leave out."""
    mask = Layout.of(query).fields or {}
    for name in path:
        below = mask.get(name, mask.get("*")) if mask else {}
        if below is None:
            return False
        mask = below
    return True


def check(query: Mapping[str, str], *, refused: frozenset[str] = frozenset(), media: bool = False) -> None:
    """Raise ApiError 400 for the first parameter that is not known, or is `refused`; 501 for bytes but of `media`."""
    if not media and wants_media(query):
        raise _no_form(MEDIA)
    for name in query:
        if name in refused or name not in KNOWN:
            raise unknown(name)


def whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    """A parameter's whole number, `default` where it is absent or empty. Raises ApiError 400 for what is none."""
    text = query.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise errors.ApiError(400, f"Invalid value at '{name}': {text[:100]}")
    return int(text)


def _value(query: Mapping[str, str], name: str) -> str:
    return query.get(name, "") or query.get(f"${name}", "")


def _no_form(alt: str) -> errors.ApiError:
    return errors.ApiError(501, f"The emulator answers in JSON only, not alt={alt}.")


def _mask(text: str) -> Mask:
    """`models(name,version),nextPageToken`, `models/name` or `models.name` as a tree."""
    if text.count("(") > _DEEPEST:
        raise _unreadable(f"{text[:_SHOWN]}...")
    tokens = [schema.camel(token) for token in re.findall(r"[(),/]|[^(),/\s]+", text.replace(".", "/"))]
    mask, rest = _siblings(iter([*tokens, ""]))
    if rest:
        raise _unreadable(text)
    return mask


def _siblings(tokens: Iterator[str]) -> tuple[dict[str, Mask], str]:
    """The fields up to a closing bracket or the end, and which of both it was."""
    found: dict[str, Mask] = {}
    while True:
        path = [next(tokens)]
        while (mark := next(tokens, "")) == "/":
            path.append(next(tokens, ""))
        below: Mask = {}
        if mark == "(":
            below, closed = _siblings(tokens)
            mark = next(tokens, "") if closed == ")" else "?"
        if (
            mark not in (",", ")", "")
            or len(path) > _DEEPEST
            or any(not re.fullmatch(r"\*|\w+", name) for name in path)
        ):
            raise _unreadable(("/".join(path) + mark)[:_SHOWN])
        for name in reversed(path[1:]):
            below = {name: below}
        found[path[0]] = _both(found[path[0]], below) if path[0] in found else below
        if mark != ",":
            return found, mark


def _both(one: Mask, other: Mask) -> Mask:
    """What either of two masks keeps of one field."""
    if not one or not other:
        return {}
    shared = {name: _both(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**one, **other, **shared}


def _unreadable(text: str) -> errors.ApiError:
    return errors.ApiError(400, f"Error expanding 'fields' parameter. Cannot read '{text}'.")


def _chosen(value: Any, mask: Mask) -> Any:
    if not mask:
        return value
    if isinstance(value, list):
        return [_chosen(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    masks = {name: mask.get(name, mask.get("*")) for name in value}
    return {name: _chosen(value[name], below) for name, below in masks.items() if below is not None}


def _numbered(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbered(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _NUMBERS[name].get(inner, inner) if name in _NUMBERS and isinstance(inner, str) else _numbered(inner)
        for name, inner in value.items()
    }


def unknown(name: str) -> errors.ApiError:
    """The refusal of a parameter that a call does not have."""
    description = (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    details: list[dict[str, Any]] = [
        {"@type": errors.RPC + "BadRequest", "fieldViolations": [{"description": description}]}
    ]
    return errors.ApiError(400, description, details=details)
