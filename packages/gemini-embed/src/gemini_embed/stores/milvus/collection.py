"""A Milvus collection's making and its fingerprint, which is kept in the collection's properties."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gemini_embed.errors import ConfigurationError, StoreError
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.stores.adopting import adopted, check_fits, check_vouched_for
from gemini_embed.stores.milvus.rows import ID_FIELD, MAX_TEXT_BYTES, TEXT_FIELD, VECTOR_FIELD
from gemini_embed.stores.quantization import check_name

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_KEY = "gemini_embed"
MAX_ID_BYTES = 512
_COLLECTION_NOT_FOUND = 100
"""Milvus's code, since 2.3."""


@dataclass(frozen=True)
class Index:
    """The vector index wanted: Milvus's name for it, and its parameters in Milvus's words."""

    index_type: str = "AUTOINDEX"
    params: Mapping[str, Any] = field(default_factory=dict)


_QUANTIZED = {"int8": "HNSW_SQ"}
"""Milvus's indexes for the codes that it has of `Quantization`; HNSW_SQ keeps a byte a number where nothing is told."""


def index_of(index_type: str, params: Mapping[str, Any], quantization: str | None) -> Index:
    """The index that is asked for, in Milvus's words or by the name of its codes.

    Raises:
        ConfigurationError: codes that Milvus has not, or an index beside them, which would say two things.
    """
    if quantization is None:
        return Index(index_type, dict(params))
    check_name(quantization)
    if quantization not in _QUANTIZED:
        raise ConfigurationError(
            f"Milvus has no {quantization!r}: of these codes it has {', '.join(map(repr, _QUANTIZED))}; its own are "
            'indexes, such as index_type="IVF_RABITQ" (one bit; a server from 2.6 on)'
        )
    if index_type not in (Index().index_type, _QUANTIZED[quantization]):
        raise ConfigurationError(
            f"quantization={quantization!r} is Milvus's index {_QUANTIZED[quantization]}, and you ask for {index_type} "
            "too: give one of them"
        )
    return Index(_QUANTIZED[quantization], dict(params))


def ensure(
    client: MilvusClient, name: str, wanted: Fingerprint, index: Index, *, adopt: bool
) -> tuple[str, Fingerprint]:
    """The collection that `name` leads to now, which is created with `wanted` if need be, and loaded: its own name,
    which an alias is not, and its fingerprint."""
    from pymilvus import MilvusException

    if not client.has_collection(name):
        try:
            _create(client, name, wanted, index)
        except MilvusException:
            if not client.has_collection(name):
                raise  # else another process was first: its fingerprint is checked like any other
    described = client.describe_collection(name)
    name, kept = described["collection_name"], _fingerprint(described)
    if kept is None:
        kept = adopted(
            check=lambda: _check_may_take_over(client, name, wanted, adopt),
            write=lambda: client.alter_collection_properties(name, properties={_KEY: json.dumps(wanted.to_dict())}),
            read=lambda: _fingerprint(client.describe_collection(name)),
            kept_in="collection properties, where the fingerprint lives: use Milvus 2.3+",
        )
    _check_index(client, name, index)
    client.load_collection(name)
    return name, kept


def is_gone(error: Exception) -> bool:
    """Whether there is no collection of the name that was asked."""
    from pymilvus import MilvusException

    return isinstance(error, MilvusException) and error.code == _COLLECTION_NOT_FOUND


def _create(client: MilvusClient, name: str, wanted: Fingerprint, index: Index) -> None:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
    schema.add_field(ID_FIELD, DataType.VARCHAR, is_primary=True, max_length=MAX_ID_BYTES)
    schema.add_field(TEXT_FIELD, DataType.VARCHAR, max_length=MAX_TEXT_BYTES)
    schema.add_field(VECTOR_FIELD, DataType.FLOAT_VECTOR, dim=wanted.dimensions)
    indexes = client.prepare_index_params()
    indexes.add_index(VECTOR_FIELD, index_type=index.index_type, metric_type="COSINE", params=dict(index.params))
    properties = {_KEY: json.dumps(wanted.to_dict())}
    client.create_collection(name, schema=schema, index_params=indexes, properties=properties)


def fingerprint_of(client: MilvusClient, name: str) -> Fingerprint | None:
    """What a collection says of how its vectors were made."""
    return _fingerprint(client.describe_collection(name))


def _fingerprint(described: Mapping[str, Any]) -> Fingerprint | None:
    kept = described.get("properties", {}).get(_KEY)
    try:
        return None if kept is None else Fingerprint.from_dict(json.loads(kept))
    except ValueError as error:
        raise StoreError(f"the fingerprint in the collection's properties is damaged: {kept!r}") from error


def _check_may_take_over(client: MilvusClient, name: str, wanted: Fingerprint, adopt: bool) -> None:
    """A collection without a fingerprint becomes ours when its fields fit, and it is empty or vouched for."""
    described = client.describe_collection(name)
    fields = {one["name"]: one.get("params", {}) for one in described["fields"]}
    ours = {ID_FIELD, TEXT_FIELD, VECTOR_FIELD}
    if set(fields) != ours or not described.get("enable_dynamic_field"):
        raise StoreError(
            f"collection {name!r} has the fields {', '.join(fields)}; ours has {', '.join(sorted(ours))} and dynamic "
            "ones (langchain-milvus makes it so with enable_dynamic_field=True): use another collection"
        )
    metric = str(_index(client, name).get("metric_type"))
    check_fits(name, int(fields[VECTOR_FIELD]["dim"]), metric, wanted, cosine="COSINE", kind="metric")
    client.load_collection(name)
    held = client.query(name, filter="", output_fields=["count(*)"], consistency_level="Strong")[0]["count(*)"]
    check_vouched_for(name, held, wanted, adopt=adopt)


def _check_index(client: MilvusClient, name: str, wanted: Index) -> None:
    """An index that was asked for and is not there would be a setting silently ignored."""
    there = _index(client, name)
    asked = {"index_type": wanted.index_type, **wanted.params} if wanted != Index() else {}
    # Lite does not tell its parameters, a server tells them as text.
    differs = {key: there[key] for key, value in asked.items() if key in there and str(there[key]) != str(value)}
    if differs:
        raise ConfigurationError(
            f"collection {name!r} has an index with {differs}, you ask for {asked}: leave it out to use the one that "
            "is there, or make a new collection"
        )


def _index(client: MilvusClient, name: str) -> Mapping[str, Any]:
    names = client.list_indexes(name, field_name=VECTOR_FIELD)
    if not names:
        raise StoreError(f"collection {name!r} has no index on its vectors: create one (metric COSINE) first")
    found: Mapping[str, Any] = client.describe_index(name, names[0])
    return found
