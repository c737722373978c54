"""The row layout of Milvus: one that langchain-milvus and LlamaIndex's store open too, and what filters need.

pk, text, vector        the declared fields, as langchain-milvus names them
<the metadata's keys>   dynamic fields, for native filters; null and empty values are left out
_node_content, ...      the node that LlamaIndex reads; the record's exact metadata is in it
gemini_embed            what Milvus's own conditions cannot tell: see `_traces`
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np

from gemini_embed.errors import InputError
from gemini_embed.records import Record
from gemini_embed.stores.base import Batch, FloatArray
from gemini_embed.stores.filters import Path, Scalar
from gemini_embed.stores.llama_nodes import node_payload

ID_FIELD, TEXT_FIELD, VECTOR_FIELD = "pk", "text", "vector"
TRACES_FIELD, TOKENS, MOMENTS = "gemini_embed", "tokens", "moments"
WITHOUT_VECTOR = [ID_FIELD, TEXT_FIELD, "$meta"]
"""Output fields of everything but the vector."""

MAX_TEXT_BYTES = 65_535
"""Of a VARCHAR field, in UTF-8 (Milvus limits; Lite cuts nothing by itself but other servers refuse more)."""
MAX_DYNAMIC_BYTES = 65_536
"""Of all dynamic fields of a row together, as JSON."""

_RESERVED = (ID_FIELD, TEXT_FIELD, VECTOR_FIELD, TRACES_FIELD, "id", "doc_id", "_node_content", "_node_type", "$meta")
_ESCAPE = "metadata_"
_COLLIDES = re.compile(rf"({_ESCAPE})*({'|'.join(map(re.escape, _RESERVED))})")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:.*)?")

Row: TypeAlias = dict[str, Any]


def to_row(record: Record, vector: FloatArray) -> Row:
    """The row of a record; text beyond Milvus's limit is cut, with a mark at its end."""
    node = node_payload(record, with_text=False)
    fields = {field_name(key): value for key, value in _pruned(record.metadata).items()}
    # "id" is what LlamaIndex's store reads before it deletes.
    ours = {ID_FIELD: record.id, "id": record.id, TEXT_FIELD: _cut(record.page_content), VECTOR_FIELD: vector.tolist()}
    return {**fields, **ours, **node, TRACES_FIELD: _traces(record.metadata)}


def from_row(row: Mapping[str, Any]) -> Record:
    """The record of a row, ours or one that langchain-milvus wrote."""
    node = row.get("_node_content")
    if node is not None:
        metadata = json.loads(node)["metadata"]
    else:
        metadata = {_plain_name(key): value for key, value in row.items() if key not in _RESERVED}
    return Record(str(row[ID_FIELD]), row.get(TEXT_FIELD) or "", metadata)


def check_size(row: Row) -> None:
    """InputError when the row's dynamic fields are more than a server takes."""
    declared = (ID_FIELD, TEXT_FIELD, VECTOR_FIELD)
    dynamic = {key: value for key, value in row.items() if key not in declared}
    size = len(json.dumps(dynamic, ensure_ascii=False).encode())
    if size > MAX_DYNAMIC_BYTES:
        raise InputError(
            f"record {row[ID_FIELD]}: its metadata takes {size:,} bytes in Milvus, which holds {MAX_DYNAMIC_BYTES:,} "
            "(everything is there twice, once for LlamaIndex): keep long values elsewhere, or use QdrantStore"
        )


def field_name(key: str) -> str:
    """The dynamic field of a metadata key: the key, unless a field of ours has that name."""
    return _ESCAPE + key if _COLLIDES.fullmatch(key) else key


def token(path: Path, value: Scalar) -> str:
    """Stands for "the list at `path` holds `value`", or for a bool: equal for 1 and 1.0, unlike for 1 and true."""
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps([*path, int(value) if whole else value], ensure_ascii=False)


def moment_key(path: Path) -> str:
    """Where `_traces` keeps the moment of the field at `path`."""
    return json.dumps(path, ensure_ascii=False)


def _plain_name(field: str) -> str:
    return field.removeprefix(_ESCAPE) if _COLLIDES.fullmatch(field) else field


def _traces(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens of list elements (Lite looks into no nested list) and of bools (to Lite, 1 is true), moments of dates."""
    tokens: list[str] = []
    moments: dict[str, float] = {}
    for path, value in _leaves(metadata, ()):
        if isinstance(value, bool):
            tokens.append(token(path, value))
        elif isinstance(value, list):
            tokens += [token(path, one) for one in value if isinstance(one, (str, int, float))]
        elif isinstance(value, str) and (moment := _moment(value)) is not None:
            moments[moment_key(path)] = moment
    return {TOKENS: tokens, MOMENTS: moments}


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    else:
        yield path, value


def _moment(text: str) -> float | None:
    """Seconds since 1970 of an ISO date or datetime (UTC when it names no zone), None for other text."""
    if _ISO_DATE.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _pruned(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Without what counts as missing, so that `exists` tells it apart."""
    kept = {key: value for key, value in metadata.items() if value is not None and value != []}
    return {key: _pruned(value) if isinstance(value, Mapping) else value for key, value in kept.items()}


def _cut(text: str) -> str:
    encoded = text.encode()
    if len(encoded) <= MAX_TEXT_BYTES:
        return text
    mark = f" … [cut here: {len(text):,} characters in all]"
    return encoded[: MAX_TEXT_BYTES - len(mark.encode())].decode(errors="ignore") + mark


def batch_of(rows: Sequence[Mapping[str, Any]], with_vectors: bool) -> Batch:
    """Rows as records, with their vectors where these were asked for."""
    vectors = [row[VECTOR_FIELD] if with_vectors else [] for row in rows]
    return Batch([from_row(row) for row in rows], np.array(vectors, np.float32))
