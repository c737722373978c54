"""`models/{m}:batchEmbedContents`, the Developer API's call for one or many contents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gemini_embed.preparing import Entry
from gemini_embed.wire.options import Options, parts_of, to_bytes
from gemini_embed.wire.replies import Reply, as_array, as_object, parse, read_usage, read_values


def encode(items: Sequence[Entry], options: Options) -> bytes:
    """One entry of `requests` per item; the options are repeated in each, as the schema has it."""
    return to_bytes({"requests": [_request(item, options) for item in items]})


def _request(item: Entry, options: Options) -> dict[str, Any]:
    request: dict[str, Any] = {"model": f"models/{options.model}", "content": {"parts": parts_of(item)}}
    if item.task_type:
        request["taskType"] = item.task_type
    if item.title:
        request["title"] = item.title
    if options.dimensions:
        request["outputDimensionality"] = options.dimensions
    return request


def decode(body: bytes) -> Reply:
    """Vectors in the order of `requests`, and one usage for the whole batch where the model tells it."""
    return parse(body, _read)


def _read(reply: Any) -> Reply:
    rows = [read_values(embedding) for embedding in as_array(as_object(reply)["embeddings"])]
    return Reply(rows, read_usage(reply))
