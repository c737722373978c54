"""LlamaIndex's nodes and documents as items of an index."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from pathlib import Path

from llama_index.core.schema import BaseNode, ImageNode, MetadataMode, Node

from gemini_embed import Image, InputError, Item


def items_of(nodes: Iterable[BaseNode]) -> Iterator[Item]:
    """Nodes as items, one by one: a node's image if it has one, else its text with the metadata meant for embedding.

    The source is `metadata["source"]`, else `metadata["file_path"]` (which readers set, while they make up new ids each
    time), else the id of the node's document, else its own.

    Raises:
        InputError: something that is no node, or a damaged image; `.position` is its place.
    """
    for position, node in enumerate(nodes):
        if not isinstance(node, BaseNode):
            raise InputError(f"a {type(node).__name__} is no node; index.add takes it", position=position)
        try:
            yield _item(node)
        except binascii.Error as e:
            raise InputError(f"the image's base64 is damaged: {e}", position=position) from e


def _item(node: BaseNode) -> Item:
    text = node.get_content(MetadataMode.NONE)
    image = _image(node)
    source = node.metadata.get("source") or node.metadata.get("file_path") or node.ref_doc_id or node.node_id
    return Item(
        # A node without text is refused, where metadata alone would pass for one.
        content=image or (node.get_content(MetadataMode.EMBED) if text.strip() else text),
        source=source,
        metadata=node.metadata,
        page_content=text,
    )


def _image(node: BaseNode) -> Image | None:
    data: str | bytes | None = None
    place: str | Path | None = None
    mime_type: str | None = None
    if isinstance(node, ImageNode):
        data, place, mime_type = node.image, node.image_path or node.image_url, node.image_mimetype
    elif isinstance(node, Node) and (resource := node.image_resource) is not None:
        data, mime_type = resource.data, resource.mimetype
        place = resource.path or (str(resource.url) if resource.url else None)
    if data:
        return Image(base64.b64decode(data, validate=True), mime_type)
    return Image(place, mime_type) if place else None
