"""LlamaIndex's nodes, as its Qdrant and Milvus stores write them, as records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NODE_KEY = "_node_content"
FIELDS = (NODE_KEY, "_node_type", "doc_id", "document_id", "ref_doc_id")
"""What its stores write beside a node's own metadata."""
_SOURCE = "1"
"""`NodeRelationship.SOURCE`."""


def of_node(payload: Mapping[str, Any], text: str | None = None) -> tuple[str, dict[str, Any]]:
    """Text and metadata of a node; `text` is what its store keeps beside it. An image or a recording tells its place
    as `uri` and its kind as `modality`; the document that the node is of is its `source`, where it names none."""
    node = _object(payload[NODE_KEY])
    metadata = dict(_object(node.get("metadata")))
    told = text or node.get("text") or _object(node.get("text_resource")).get("text") or ""
    uri, kind, mime_type = _medium(node)
    added = {"uri": uri, "modality": kind, "mime_type": mime_type, "source": _source(node, payload)}
    for name, value in added.items():
        if value is not None:
            metadata.setdefault(name, value)
    return str(told), metadata


def _medium(node: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Place, kind and MIME type of what the node holds beside text."""
    if place := node.get("image_path") or node.get("image_url"):
        return str(place), "image", node.get("image_mimetype")
    for kind in ("image", "audio", "video"):
        resource = _object(node.get(f"{kind}_resource"))
        if place := resource.get("path") or resource.get("url"):
            return str(place), kind, resource.get("mimetype")
    return None, None, None


def _source(node: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    related = _object(_object(node.get("relationships")).get(_SOURCE)).get("node_id")
    told = related or payload.get("ref_doc_id") or payload.get("doc_id")
    return None if told in (None, "None") else str(told)


def _object(value: Any) -> Mapping[str, Any]:
    """A JSON object, read where it is text; an empty one for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}
