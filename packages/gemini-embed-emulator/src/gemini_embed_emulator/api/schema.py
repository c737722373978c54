"""Reading request bodies the way Google's JSON front end does.

A message is a table of camelCase names; snake_case is accepted for each, anything else is refused with the front
end's own words. `read` gives the body back with camelCase names, values checked for their type.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gemini_embed_emulator.errors import RPC, ApiError


@dataclass(frozen=True)
class Enum:
    """An enum: `type_name` as messages spell it, its names by their numbers. JSON may hold either."""

    type_name: str
    names: Mapping[int, str]


Spec = str | Enum | list[Any] | Mapping[str, Any]
"""A scalar's name ("string", "int32", "int64", "bool", "bytes", "any"), an Enum, [spec] for a list, or a table of
fields."""

_TASKS = (
    *("RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION", "CLUSTERING"),
    *("QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY"),
)
UNSPECIFIED = "TASK_TYPE_UNSPECIFIED"
TASK_TYPE = Enum(
    "type.googleapis.com/google.ai.generativelanguage.v1beta.TaskType",
    dict(enumerate((UNSPECIFIED, *_TASKS))),  # the published numbers: RETRIEVAL_QUERY is 1
)

_CONTEXT = 20  # characters that are shown on each side of where a body cannot be read
_WHOLE = {"int32": range(-(2**31), 2**31), "int64": range(-(2**63), 2**63)}
_SCALARS: dict[str, type] = {"string": str, "int32": int, "int64": int, "bool": bool, "bytes": bytes}

_DATA: dict[str, Spec] = {
    "text": "string",
    "inlineData": {"mimeType": "string", "data": "bytes"},
    "fileData": {"mimeType": "string", "fileUri": "string"},
    # What chat models read: known names, and nothing to an embedding.
    **dict.fromkeys(("functionCall", "functionResponse", "executableCode", "codeExecutionResult"), "any"),
    **dict.fromkeys(("toolCall", "toolResponse"), "any"),
}
"""Of these a part holds one: protobuf's oneof `data`."""
_PART: dict[str, Spec] = {
    **_DATA,
    "videoMetadata": {"startOffset": "string", "endOffset": "string", "fps": "any"},
    **dict.fromkeys(("thought", "thoughtSignature", "partMetadata", "mediaResolution", "mediaProcessing"), "any"),
}
_CONTENT: dict[str, Spec] = {"parts": [_PART], "role": "string"}
_CONFIG: Spec = {
    "taskType": TASK_TYPE,
    "title": "string",
    "outputDimensionality": "int32",
    "autoTruncate": "bool",
    "documentOcr": "bool",
    "audioTrackExtraction": "bool",
}
_OPTIONS: dict[str, Spec] = {
    "taskType": TASK_TYPE,
    "title": "string",
    "outputDimensionality": "int32",
    "embedContentConfig": _CONFIG,
}
EMBED_CONTENT: dict[str, Spec] = {"model": "string", "content": _CONTENT, **_OPTIONS}
BATCH_EMBED_CONTENTS: Spec = {"model": "string", "requests": [EMBED_CONTENT]}
GENERATE_CONTENT: Spec = {
    "model": "string",
    "contents": [_CONTENT],
    "systemInstruction": _CONTENT,
    **dict.fromkeys(("tools", "toolConfig", "safetySettings", "generationConfig", "cachedContent"), "any"),
}
_INLINED_REQUEST: dict[str, Spec] = {"request": EMBED_CONTENT, "metadata": "any"}
BATCH_LINE: Spec = {**_INLINED_REQUEST, "key": "string"}
EMBED_CONTENT_BATCH: Spec = {
    "model": "string",
    "displayName": "string",
    "inputConfig": {"fileName": "string", "requests": {"requests": [_INLINED_REQUEST]}},
    "priority": "int64",
    # Output only: known, and not followed.
    **dict.fromkeys(("name", "output", "createTime", "endTime", "updateTime", "batchStats", "state"), "any"),
}
ASYNC_BATCH_EMBED_CONTENT: Spec = {"batch": EMBED_CONTENT_BATCH}
VERTEX_EMBED_CONTENT: dict[str, Spec] = {**EMBED_CONTENT, "autoTruncate": "bool"}
VERTEX_LINE: Spec = {"key": "any", "request": {"content": _CONTENT, "embedContentConfig": _CONFIG}}
_INSTANCE: Spec = {"content": "string", "taskType": "string", "title": "string"}
_BESIDE_THE_PATH: dict[str, Spec] = {"model": "string", "endpoint": "string"}
"""Go's gapic clients send whole messages, the fields that the path has too."""
PREDICT: Spec = {
    **_BESIDE_THE_PATH,
    "instances": [_INSTANCE],
    "parameters": {"autoTruncate": "bool", "outputDimensionality": "int32"},
}
COUNT_TOKENS: Spec = {"model": "string", "contents": [_CONTENT], "generateContentRequest": GENERATE_CONTENT}
COMPUTE_TOKENS: dict[str, Spec] = {**_BESIDE_THE_PATH, "contents": [_CONTENT], "instances": [_INSTANCE]}
VERTEX_COUNT_TOKENS: Spec = {
    **COMPUTE_TOKENS,
    "systemInstruction": _CONTENT,
    "tools": "any",
    "generationConfig": "any",
}


def parse_json(body: bytes) -> Any:
    """The body as JSON, an empty one as an empty message."""
    try:
        return json.loads(body or b"{}", parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        what = "Unexpected token." if error.doc[error.pos :].strip() else "Unexpected end of string."
        begin = max(error.pos - _CONTEXT, 0)
        where = f"{error.doc[begin : error.pos + _CONTEXT]}\n{' ' * (error.pos - begin)}^"
    except UnicodeDecodeError:
        what, where = "Encountered non UTF-8 code points.", ""
    except (ValueError, RecursionError):  # a number too long, or NaN; messages in messages in messages
        what, where = "Unexpected token.", ""
    raise ApiError(400, f"Invalid JSON payload received. {what}\n{where}".rstrip("\n"))


def _refuse_constant(name: str) -> None:
    """Python reads NaN and Infinity, which are no JSON; the service refuses them, as users have met."""
    raise ValueError(name)


def read(spec: Spec, payload: Any, path: str = "") -> Any:
    """`payload` checked against `spec`, with camelCase names.

    Raises ApiError 400 that lists every unknown name at once, or names the first value of a wrong type.
    """
    violations: list[dict[str, str]] = []
    value = _read(spec, payload, path, violations)
    if violations:
        message = "\n".join(v["description"] for v in violations)
        raise ApiError(400, message, details=[{"@type": RPC + "BadRequest", "fieldViolations": violations}])
    return value


def _read(spec: Spec, payload: Any, path: str, violations: list[dict[str, str]]) -> Any:
    if isinstance(spec, str):
        return _scalar(spec, payload, path)
    if isinstance(spec, Enum):
        return _enum(spec, payload, path)
    if isinstance(spec, list):
        if not isinstance(payload, list):
            payload = [payload]  # proto3 JSON at Google takes one message for a repeated field
        return [_read(spec[0], item, f"{path}[{i}]", violations) for i, item in enumerate(payload)]
    if not isinstance(payload, dict):
        raise _wrong_type(path, "MESSAGE", payload)
    fields: dict[str, Any] = {}
    for name, value in payload.items():
        known = camel(name)
        if known not in spec:
            violations.append(_unknown(name, path))
        elif value is not None:
            if spec is _PART and known in _DATA and not fields.keys().isdisjoint(_DATA):
                raise _already_set(path, name)
            fields[known] = _read(spec[known], value, f"{path}.{_snake(known)}".lstrip("."), violations)
    return fields


def _scalar(kind: str, value: Any, path: str) -> Any:
    if kind == "any":
        return value
    if kind == "bytes" and isinstance(value, str):
        return _decoded(value, path)
    read = _whole(value) if kind in _WHOLE else value
    if not isinstance(read, _SCALARS[kind]) or (kind in _WHOLE and read not in _WHOLE[kind]):
        raise _wrong_type(path, f"TYPE_{kind.upper()}", value)
    return read


def _whole(value: Any) -> int | None:
    """A whole number that came as one, as text, or as 256.0: so it comes out of a google.protobuf.Value."""
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?[0-9]{1,19}", value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _enum(spec: Enum, value: Any, path: str) -> str:
    """The name of a value that was given by name or, as proto3 JSON allows, by number."""
    name = spec.names.get(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if name not in spec.names.values():
        raise _wrong_type(path, spec.type_name, value)
    return str(name)


def _decoded(value: str, path: str) -> bytes:
    """Base64 in the standard or the URL-safe alphabet, padded or not."""
    standard = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _wrong_type(path, "TYPE_BYTES", f"Base64 decoding failed for {value[:40]!r}") from None


def _wrong_type(path: str, kind: str, value: Any) -> ApiError:
    description = f"Invalid value at '{path}' ({kind}), {json.dumps(value)[:200]}"
    violation = {"field": path, "description": description}
    return ApiError(400, description, details=[{"@type": RPC + "BadRequest", "fieldViolations": [violation]}])


def _already_set(path: str, name: str) -> ApiError:
    """Two of a kind where one may be [T]: a part that is a text and a picture at once."""
    description = f"Invalid value at '{path}' (oneof), oneof field 'data' is already set. Cannot set '{name}'"
    violation = {"field": path, "description": description}
    return ApiError(400, description, details=[{"@type": RPC + "BadRequest", "fieldViolations": [violation]}])


def _unknown(name: str, path: str) -> dict[str, str]:
    where = f" at '{path}'" if path else ""
    description = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
    return {"field": path, "description": description} if path else {"description": description}


def camel(name: str) -> str:
    """A name in camelCase, whichever way it was written."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), name)
