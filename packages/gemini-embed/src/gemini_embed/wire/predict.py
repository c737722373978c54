"""Vertex's `models/{m}:predict`: text only, several instances a call, for the models before gemini-embedding-2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gemini_embed.preparing import Entry
from gemini_embed.result import Usage
from gemini_embed.wire.options import Options, to_bytes
from gemini_embed.wire.replies import Reply, as_array, as_object, parse, read_count, read_values


def encode(items: Sequence[Entry], options: Options) -> bytes:
    """One instance per item, snake_case inside `instances` and camelCase inside `parameters`, as recorded."""
    parameters = {"outputDimensionality": options.dimensions, "autoTruncate": options.auto_truncate}
    parameters = {name: value for name, value in parameters.items() if value is not None}
    body: dict[str, Any] = {"instances": [_instance(item) for item in items]}
    if parameters:
        body["parameters"] = parameters
    return to_bytes(body)


def _instance(item: Entry) -> dict[str, Any]:
    instance: dict[str, Any] = {"content": "\n".join(item.texts)}  # this endpoint reads no media
    if item.task_type:
        instance["task_type"] = item.task_type
    if item.title:
        instance["title"] = item.title
    return instance


def decode(body: bytes) -> Reply:
    """Vectors in the order of `instances`; tokens are told per instance and added up."""
    return parse(body, _read)


def _read(reply: Any) -> Reply:
    predictions = as_array(as_object(reply)["predictions"])
    embeddings = [as_object(as_object(prediction)["embeddings"]) for prediction in predictions]
    statistics = [as_object(e["statistics"]) for e in embeddings if "statistics" in e]
    counted = [read_count(s["token_count"]) for s in statistics if "token_count" in s]
    usage = Usage(
        prompt_tokens=sum(counted) if counted else None,
        by_modality={"TEXT": sum(counted)} if counted else {},
        requests=1,
        truncated=sum(1 for s in statistics if s.get("truncated")),
    )
    return Reply([read_values(e) for e in embeddings], usage)
