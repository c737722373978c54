"""The lines of a job's input file on the Developer API. The model is the job's; the key alone tells whose an answer
is, since the order is not kept."""

from __future__ import annotations

from typing import Any

from gemini_embed.preparing import Entry
from gemini_embed.wire.options import Options, parts_of, to_bytes


def line_of(entry: Entry, key: bytes, options: Options) -> bytes:
    """One line of JSON with its line break: `{"key": 64 hex digits, "request": {...}}`. Media are loaded."""
    request: dict[str, Any] = {"content": {"parts": parts_of(entry)}}
    if entry.task_type:
        request["taskType"] = entry.task_type
    if entry.title:
        request["title"] = entry.title
    if options.dimensions:
        request["outputDimensionality"] = options.dimensions
    return to_bytes({"key": key.hex(), "request": request}) + b"\n"
