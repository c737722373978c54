"""Reading replies: by pysimdjson where it has a wheel, else by orjson, else by plain json, with the same results."""

from __future__ import annotations

import codecs
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gemini_embed.errors import ReplyError, UnreadableReplyError
from gemini_embed.result import Usage

if TYPE_CHECKING:
    from numpy.typing import NDArray

simdjson: Any = None
orjson: Any = None
with suppress(ImportError):  # no wheel for this platform or this Python
    import simdjson
if simdjson is None:
    with suppress(ImportError):  # neither: plain json
        import orjson

_OBJECTS = (dict, simdjson.Object) if simdjson else (dict,)
_ARRAYS = (list, simdjson.Array) if simdjson else (list,)
_parsers = threading.local()

SHOWN_BYTES = 200
"""Of an unreadable reply, in the message."""

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """Vectors (float64, as the JSON has them) in the order of the request, and what was counted."""

    rows: list[NDArray[np.float64]]
    usage: Usage


def parse(body: bytes, read: Callable[[Any], T]) -> T:
    """`read` applied to the parsed body.

    Raises:
        UnreadableReplyError: not JSON, or JSON of another shape; the message shows how it begins.
    """
    try:
        return read(_load(body))
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError, RuntimeError) as e:
        start = body[:SHOWN_BYTES].decode(errors="replace")
        raise UnreadableReplyError(f"unreadable reply ({type(e).__name__}: {e}); it begins {start!r}") from e


def _load(body: bytes) -> Any:
    if simdjson is None and orjson is not None:
        return _load_by_orjson(body)
    if simdjson is None or _nests_arrays(body):  # pysimdjson would take [[1, 2], [3]] for [1, 2, 3]
        return _load_plainly(body)
    try:
        return _parser().parse(body)
    except RuntimeError:  # something still holds values of an earlier reply, as an error's traceback does
        _parsers.parser = None
        return _parser().parse(body)


def _load_by_orjson(body: bytes) -> Any:
    """As pysimdjson reads; vectors are float64 arrays already.

    orjson keeps the last of two equal keys, and makes floats of integers beyond 64 bits: where either is possible,
    plain json reads again. A key that is lost leaves fewer keys than the body has colons.
    """
    tree = [orjson.loads(body.removeprefix(codecs.BOM_UTF8))]
    keys, largest = 0, 0.0
    unread: list[Any] = [tree]
    while unread:
        holder = unread.pop()
        keys += len(holder) if isinstance(holder, dict) else 0
        for place, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            if place == "values" and isinstance(value, list) and value and {*map(type, value)} <= {int, float}:
                holder[place] = row = np.array(value, dtype=np.float64)
                largest = max(largest, float(row.max()), -float(row.min()))
            elif isinstance(value, (dict, list)):
                unread.append(value)
            elif isinstance(value, float):
                largest = max(largest, abs(value))
    return tree[0] if keys == body.count(b":") and largest < 2**63 else _load_plainly(body)


def _load_plainly(body: bytes) -> Any:
    """As pysimdjson reads: UTF-8 only, the first of two equal keys, no NaN, no integer beyond 64 bits."""
    return json.loads(
        body.decode("utf-8-sig"),
        parse_constant=_refuse,
        parse_int=_integer,
        object_pairs_hook=lambda pairs: dict(reversed(pairs)),
    )


def _refuse(number: str) -> Any:
    raise ValueError(f"{number} is no number of JSON, or larger than any")


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < 20 or -(2**63) <= int(digits) < 2**64 else _refuse(digits)


def _nests_arrays(body: bytes) -> bool:
    """Whether an array lies inside another one, from the first vector on: two "[" without a "]" between them."""
    here = body.find(b"[", body.find(b'"values"'))
    while (after := body.find(b"[", here + 1)) >= 0:
        if body.rfind(b"]", here, after) < 0:
            return True
        here = after
    return False


def _parser() -> Any:
    """This thread's parser: using it again saves a fifth of the time a reply takes."""
    parser = getattr(_parsers, "parser", None)
    if parser is None:
        parser = _parsers.parser = simdjson.Parser()
    return parser


def read_token_count(body: bytes) -> int:
    """`totalTokens` of a reply to countTokens.

    Raises:
        UnreadableReplyError: it is not there.
    """
    return parse(body, lambda reply: read_count(as_object(reply)["totalTokens"]))


def as_object(value: Any) -> Any:
    """`value`, if it is a JSON object."""
    if isinstance(value, _OBJECTS):
        return value
    raise TypeError(f"{type(value).__name__} where an object belongs")


def as_array(value: Any) -> Any:
    """`value`, if it is a JSON array."""
    if isinstance(value, _ARRAYS):
        return value
    raise TypeError(f"{type(value).__name__} where an array belongs")


def read_count(value: Any) -> int:
    """A count of tokens: a whole number, or its digits as text, as protobuf writes large ones."""
    count = int(value)
    if isinstance(value, bool) or count < 0:
        raise ValueError(f"{value!r} is no count")
    return count


def read_values(embedding: Any) -> NDArray[np.float64]:
    """The numbers of `{"values": [...]}`, float64.

    Raises:
        ReplyError: the service answered without values, as it does for media whose type was mislabelled.
    """
    if "values" not in as_object(embedding):
        raise ReplyError("the service returned an embedding without values; is the media what its MIME type says?")
    values = embedding["values"]
    if isinstance(values, np.ndarray):
        return values
    if not isinstance(as_array(values), list):
        return np.frombuffer(values.as_buffer(of_type="d"), dtype=np.float64)
    if not {type(value) for value in values} <= {int, float}:
        raise TypeError("values holds something that is no number")
    row = np.array(values, dtype=np.float64)
    if not np.isfinite(row).all():
        raise ValueError("values holds a number that is larger than any double")
    return row


def read_usage(reply: Any) -> Usage:
    """`usageMetadata`, where the model and the backend tell it.

    The per-modality list is `promptTokenDetails` on the Developer API and `promptTokensDetails` on Vertex (recorded).
    """
    if "usageMetadata" not in reply:
        return Usage(requests=1)
    usage = as_object(reply["usageMetadata"])
    modalities: dict[str, int] = {}
    for key in ("promptTokenDetails", "promptTokensDetails"):
        for detail in as_array(usage.get(key, [])):
            modality = str(as_object(detail)["modality"])
            modalities[modality] = modalities.get(modality, 0) + read_count(detail["tokenCount"])
    total = read_count(usage["promptTokenCount"]) if "promptTokenCount" in usage else None
    return Usage(prompt_tokens=total, by_modality=modalities, requests=1)
