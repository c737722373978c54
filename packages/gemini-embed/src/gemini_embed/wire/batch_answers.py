"""Lines of a batch job's results: a key with a vector, or with why there is none.

Both shapes of the Developer API are read (`tokenCount` of gemini-embedding-001, `usageMetadata` of gemini-embedding-2),
items of inline jobs, whose key is in their `metadata`, and lines of Vertex AI, which repeat the request.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from gemini_embed.wire.replies import as_object, parse, read_count, read_usage, read_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

INVALID_ARGUMENT, FAILED_PRECONDITION = 3, 9
UNKNOWN = 2
_AT_FAULT = (INVALID_ARGUMENT, FAILED_PRECONDITION)
_BY_HTTP_STATUS = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 429: 8, 499: 1, 500: 13, 501: 12, 503: 14, 504: 4}
"""Codes of google.rpc.Code by the HTTP status that stands for them: errors name either."""
_KEY = re.compile(r"[0-9a-f]{64}")
_CODE_IN_TEXT = re.compile(r'"code"\s*:\s*(\d{1,3})')
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class LineError:
    """Why a line has no vector: a code of google.rpc.Code, and what the service said."""

    code: int
    message: str

    @property
    def is_of_the_item(self) -> bool:
        """Whether the item itself is refused; anything else may succeed another time."""
        return self.code in _AT_FAULT

    def __str__(self) -> str:
        return f"{self.message or 'no message'} (code {self.code})"


@dataclass(frozen=True, eq=False)
class LineAnswer:
    """One line.

    Attributes:
        label: the line's key as it stands there; "" when there is none.
        values: float32, shape (d,), as served; None when the line has no vector. A number beyond float32 is inf.
        tokens: what the service counted; None when it does not tell.
        by_modality: the same by "TEXT", "IMAGE" and so on, where it tells.
        error: why there is no vector, where the line says so.
    """

    label: str
    values: NDArray[np.float32] | None = None
    tokens: int | None = None
    by_modality: Mapping[str, int] = field(default_factory=lambda: _NONE)
    error: LineError | None = None

    @property
    def key(self) -> bytes | None:
        """The key of the cache that the label spells, 32 bytes; None when it spells none."""
        return bytes.fromhex(self.label) if _KEY.fullmatch(self.label) else None


def read_answer(line: bytes) -> LineAnswer:
    """A line of results.

    Raises:
        UnreadableReplyError: no JSON, as the last line of a file that was cut, or JSON of another shape.
    """
    return parse(line, _read)


def _read(line: Any) -> LineAnswer:
    names = _names(line)
    label = _label(line, names)
    if error := _error(line, names):
        return LineAnswer(label, error=error)
    response = line["response"] if "response" in names else {}
    told = _names(response)
    embedding = as_object(response["embedding"]) if "embedding" in told else {}
    if "values" not in embedding:  # as an online reply may be, too
        return LineAnswer(label)
    with np.errstate(over="ignore"):
        values = read_values(embedding).astype(np.float32)
    if "tokenCount" in told:
        return LineAnswer(label, values, read_count(response["tokenCount"]))
    if "usageMetadata" not in told:
        return LineAnswer(label, values)
    usage = read_usage(response)
    return LineAnswer(label, values, usage.prompt_tokens, usage.by_modality)


def _names(holder: Any) -> Collection[str]:
    """What an object tells. To ask pysimdjson for what is not there costs an exception in C++, 3 us each time."""
    return tuple(as_object(holder))


def _label(line: Any, names: Collection[str]) -> str:
    """The key, at the top of a line of a file, and in the metadata of an inline item."""
    key = line["key"] if "key" in names else None
    if key is None and "metadata" in names:
        key = as_object(line["metadata"]).get("key")
    return "" if key is None else str(key)


def _error(line: Any, names: Collection[str]) -> LineError | None:
    """`error` of the Developer API, `status` of Vertex AI, which is text, and "" where all is well."""
    for name in ("error", "status"):
        told = line[name] if name in names else None
        if isinstance(told, str):
            if told.strip() and told.strip().upper() != "OK":
                found = _CODE_IN_TEXT.search(told)
                return LineError(_code(found[1] if found else UNKNOWN), told)
        elif told is not None:
            as_object(told)
            code = _code(told["code"]) if "code" in told else UNKNOWN
            if code:  # 0 is OK
                return LineError(code, str(told["message"]) if "message" in told else "")
    return None


def _code(told: Any) -> int:
    code = read_count(told)
    return _BY_HTTP_STATUS.get(code, UNKNOWN if code > 16 else code)
