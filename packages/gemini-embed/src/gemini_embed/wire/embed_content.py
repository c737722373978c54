"""Vertex's `models/{m}:embedContent`: one content a call, for gemini-embedding-2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gemini_embed.preparing import Entry
from gemini_embed.wire.options import Options, parts_of, to_bytes
from gemini_embed.wire.replies import Reply, as_object, parse, read_usage, read_values


def encode(items: Sequence[Entry], options: Options) -> bytes:
    """The only item; options go into `embedContentConfig`, and `model` stays out of the body (it is refused there)."""
    (item,) = items
    config = {
        "taskType": item.task_type,
        "title": item.title,
        "outputDimensionality": options.dimensions,
        "autoTruncate": options.auto_truncate,
    }
    config = {name: value for name, value in config.items() if value is not None}
    body: dict[str, Any] = {"content": {"parts": parts_of(item)}}
    if config:
        body["embedContentConfig"] = config
    return to_bytes(body)


def decode(body: bytes) -> Reply:
    """One vector and its usage."""
    return parse(body, _read)


def _read(reply: Any) -> Reply:
    usage = read_usage(as_object(reply))
    if reply.get("truncated"):
        usage = replace(usage, truncated=1)
    return Reply([read_values(reply["embedding"])], usage)
