"""The payload keys by which LlamaIndex's vector stores find a node in a point, written without LlamaIndex.

The shape is what llama-index-core 0.14's `node_to_metadata_dict` writes; a test holds the two equal.
"""

from __future__ import annotations

import json
from typing import Any

from gemini_embed.records import Record

_FOR_MACHINES = ["mime_type", "sha256", "uri"]
"""Metadata that would only be noise in a prompt."""
_SOURCE_RELATIONSHIP = "1"
"""`NodeRelationship.SOURCE`: what LlamaIndex's `ref_doc_id` reads."""


def node_payload(record: Record, *, with_text: bool = True) -> dict[str, str]:
    """`_node_content`, `_node_type`, and `doc_id`, by which LlamaIndex deletes all nodes of a source.

    `with_text`: False for stores that keep the text beside the node, as LlamaIndex's Milvus store does.
    """
    document = record.source or "None"
    is_image = record.modality in ("image", "mixed") and record.uri is not None
    node = _text_node(record) | (_image_fields(record) if is_image else {})
    if not with_text:
        node["text"] = ""
    kind = "ImageNode" if is_image else "TextNode"
    content = json.dumps(node | {"class_name": kind}, ensure_ascii=False)
    return {"_node_content": content, "_node_type": kind, "doc_id": document}


def _text_node(record: Record) -> dict[str, Any]:
    source: dict[str, Any] = {"node_id": record.source, "node_type": None, "metadata": {}, "hash": None}
    related = {_SOURCE_RELATIONSHIP: source | {"class_name": "RelatedNodeInfo"}} if record.source else {}
    return {
        "id_": record.id,
        "embedding": None,
        "metadata": record.metadata,
        "excluded_embed_metadata_keys": [],
        "excluded_llm_metadata_keys": _FOR_MACHINES,
        "relationships": related,
        "metadata_template": "{key}: {value}",
        "metadata_separator": "\n",
        "text": record.page_content,
        "mimetype": "text/plain",
        "start_char_idx": None,
        "end_char_idx": None,
        "text_template": "{metadata_str}\n\n{content}",
    }


def _image_fields(record: Record) -> dict[str, Any]:
    """Where the image is; its bytes stay there."""
    uri = record.uri or ""
    is_url = uri.startswith(("http://", "https://"))
    return {
        "image": None,
        "image_path": None if is_url else uri,
        "image_url": uri if is_url else None,
        "image_mimetype": record.metadata.get("mime_type"),
        "text_embedding": None,
    }
