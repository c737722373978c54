"""Reading replies: fast where pysimdjson has a wheel, plain json elsewhere, the same results either way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gemini_embed.errors import ReplyError
from gemini_embed.result import Usage

simdjson: Any = None
with suppress(ImportError):  # no wheel for this platform: plain json gives the same results
    import simdjson

_parsers = threading.local()

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """Vectors (float64, as the JSON has them) in the order of the request, and what was counted."""

    rows: list[NDArray[np.float64]]
    usage: Usage


class UnreadableReplyError(ReplyError):
    """Not the JSON that was expected: worth another try, since a proxy or a cut connection can cause it."""


def parse(body: bytes, read: Callable[[Any], T]) -> T:
    """`read` applied to the parsed body.

    Raises:
        UnreadableReplyError: not JSON, or JSON of another shape; the message shows how it begins.
    """
    try:
        return read(_load(body))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, RuntimeError) as e:
        start = body[:80].decode(errors="replace")
        raise UnreadableReplyError(f"unreadable reply ({type(e).__name__}: {e}); it begins {start!r}") from e


def _load(body: bytes) -> Any:
    if simdjson is None:
        return json.loads(body, parse_constant=_refuse_constant)
    try:
        return _parser().parse(body)
    except RuntimeError:  # something still holds values of an earlier reply, as an error's traceback does
        _parsers.parser = None
        return _parser().parse(body)


def _refuse_constant(name: str) -> Any:
    """NaN and Infinity are not JSON; pysimdjson refuses them too."""
    raise ValueError(f"{name} is not JSON")


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
    return parse(body, lambda reply: int(reply["totalTokens"]))


def read_values(embedding: Any) -> NDArray[np.float64]:
    """The numbers of `{"values": [...]}`, float64.

    Raises:
        ReplyError: the service answered without values, as it does for media whose type was mislabelled.
    """
    if "values" not in embedding:
        raise ReplyError("the service returned an embedding without values; is the media what its MIME type says?")
    values = embedding["values"]
    if simdjson is not None and isinstance(values, simdjson.Array):
        return np.frombuffer(values.as_buffer(of_type="d"), dtype=np.float64)
    return np.array(values, dtype=np.float64)


def read_usage(reply: Any) -> Usage:
    """`usageMetadata`, where the model and the backend tell it.

    The per-modality list is `promptTokenDetails` on the Developer API and `promptTokensDetails` on Vertex (recorded).
    """
    if "usageMetadata" not in reply:
        return Usage(requests=1)
    usage = reply["usageMetadata"]
    modalities: dict[str, int] = {}
    for key in ("promptTokenDetails", "promptTokensDetails"):
        for detail in usage.get(key, ()):
            modality = str(detail["modality"])
            modalities[modality] = modalities.get(modality, 0) + int(detail["tokenCount"])
    total = int(usage["promptTokenCount"]) if "promptTokenCount" in usage else None
    return Usage(prompt_tokens=total, by_modality=modalities, requests=1)
