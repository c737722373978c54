"""The payload keys by which LlamaIndex's vector stores find a node in a point, written without LlamaIndex.

The shapes are what llama-index-core 0.14's `node_to_metadata_dict` writes; a test holds them equal. Text and PDF pages
are `TextNode`s, images `ImageNode`s, audio and video `Node`s with a resource; all name their path or URL.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from gemini_embed.records import FILE_STATE, Record

_FOR_MACHINES = ["mime_type", "sha256", "uri", FILE_STATE]
"""Metadata that would only be noise in a prompt."""
_SOURCE_RELATIONSHIP = "1"
"""`NodeRelationship.SOURCE`: what LlamaIndex's `ref_doc_id` reads."""
_Kind = Literal["image", "audio", "video"]


def node_payload(record: Record, *, with_text: bool = True) -> dict[str, str]:
    """`_node_content`, `_node_type`, and `doc_id`, by which LlamaIndex deletes all nodes of a source.

    `with_text`: False for stores that keep the text beside the node, as LlamaIndex's Milvus store does.
    """
    kind = _kind(record)
    if kind in ("audio", "video"):
        node_type, node = "Node", _media_node(record, kind, with_text)
    else:
        node_type, node = "TextNode", _text_node(record, with_text)
        if kind == "image":
            node_type, node = "ImageNode", node | _image_fields(record)
    content = json.dumps(node | {"class_name": node_type}, ensure_ascii=False)
    return {"_node_content": content, "_node_type": node_type, "doc_id": record.source or "None"}


def _kind(record: Record) -> _Kind | None:
    """What the node holds beside text; nothing where no place is known, since bytes do not survive a store."""
    found = (record.mime_type or "").partition("/")[0] if record.modality == "mixed" else record.modality
    for kind in ("image", "audio", "video"):
        if found == kind and record.uri is not None:
            return kind
    return None


def _common(record: Record) -> dict[str, Any]:
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
        "text_template": "{metadata_str}\n\n{content}",
    }


def _text_node(record: Record, with_text: bool) -> dict[str, Any]:
    text = record.page_content if with_text else ""
    return _common(record) | {"text": text, "mimetype": "text/plain", "start_char_idx": None, "end_char_idx": None}


def _image_fields(record: Record) -> dict[str, Any]:
    """Where the image is; its bytes stay there."""
    path, url = _place(record)
    return {
        "image": None,
        "image_path": path,
        "image_url": url,
        "image_mimetype": record.mime_type,
        "text_embedding": None,
    }


def _media_node(record: Record, kind: _Kind, with_text: bool) -> dict[str, Any]:
    path, url = _place(record)
    resources: dict[str, Any] = dict.fromkeys(("image_resource", "audio_resource", "video_resource"))
    resources[f"{kind}_resource"] = _resource(path=path, url=url, mimetype=record.mime_type)
    if with_text:
        resources["text_resource"] = _resource(text=record.page_content)
    return _common(record) | resources


def _resource(**fields: str | None) -> dict[str, str | None]:
    return {"embeddings": None, "text": None, "path": None, "url": None, "mimetype": None} | fields


def _place(record: Record) -> tuple[str | None, str | None]:
    """(path, URL), one of them."""
    uri = record.uri or ""
    return (None, uri) if uri.startswith(("http://", "https://", "gs://")) else (uri, None)
