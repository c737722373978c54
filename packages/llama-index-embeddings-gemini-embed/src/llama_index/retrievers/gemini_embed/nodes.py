"""LlamaIndex's nodes as items of an index, and hits as its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from llama_index.core.schema import BaseNode, ImageNode, MediaResource, MetadataMode, Node, NodeWithScore
from llama_index.core.vector_stores.utils import metadata_dict_to_node
from llama_index.embeddings.gemini_embed.blocks import medium

from gemini_embed import Audio, Hit, Image, InputError, Item, Record, Video
from gemini_embed.adapters import Unreadable, node_payload
from gemini_embed.content import Media

FOUND_BY = "found_by"


def items_of(nodes: Iterable[BaseNode]) -> Iterator[Item]:
    """Nodes as items, one by one: a node's image, recording or video if it has one, else its text with the metadata
    meant for embedding.

    The source is `metadata["source"]`, else `metadata["file_path"]` (which readers set, while they make up new ids each
    time), else the id of the node's document, else its own.

    A node whose medium is damaged is an item that `add` raises or skips.

    Raises:
        InputError: something that is no node; `.position` is its place.
    """
    for position, node in enumerate(nodes):
        if not isinstance(node, BaseNode):
            raise InputError(f"a {type(node).__name__} is no node; index.add takes it", position=position)
        try:
            yield _item(node)
        except InputError as e:
            yield Item(Unreadable(e), source=_source(node))


def _item(node: BaseNode) -> Item:
    text = node.get_content(MetadataMode.NONE)
    held = _medium(node)
    return Item(
        # A node without text is refused, where metadata alone would pass for one.
        content=held or (node.get_content(MetadataMode.EMBED) if text.strip() else text),
        source=_source(node),
        metadata=_metadata(node),
        page_content=text or None if held else text,
    )


def _source(node: BaseNode) -> Any:
    metadata = _metadata(node)
    return metadata.get("source") or metadata.get("file_path") or node.ref_doc_id or node.node_id


def _metadata(node: BaseNode) -> dict[str, Any]:
    """What the node tells; PyMuPDFReader calls a page's number its source, LlamaIndex's other readers page_label."""
    told = dict(node.metadata)
    if told.get("file_path") and str(told.get("source")).isdigit():
        told.setdefault("page_label", told.pop("source"))
    return told


def _medium(node: BaseNode) -> Media | None:
    if isinstance(node, ImageNode):
        if not (node.image or node.image_path or node.image_url):
            return None
        return medium(Image, node.image, node.image_path, node.image_url, node.image_mimetype)
    if not isinstance(node, Node):
        return None
    kinds = ((Image, node.image_resource), (Audio, node.audio_resource), (Video, node.video_resource))
    return next((_resource(kind, resource) for kind, resource in kinds if resource is not None), None)


def _resource(kind: type[Media], resource: MediaResource) -> Media | None:
    if not (resource.data or resource.path or resource.url):
        return None
    return medium(kind, resource.data, resource.path, resource.url, resource.mimetype)


def node_of(hit: Hit) -> NodeWithScore:
    """The node that LlamaIndex's own Qdrant store would make of the same point, with the window of this hit.

    `metadata["found_by"]` says so where words have found it; models are not told.
    """
    node = node_of_record(shown_record(hit))
    if "words" in hit.found_by:
        node.metadata[FOUND_BY] = list(hit.found_by)
        node.excluded_llm_metadata_keys = [*node.excluded_llm_metadata_keys, FOUND_BY]
        node.excluded_embed_metadata_keys = [*node.excluded_embed_metadata_keys, FOUND_BY]
    return NodeWithScore(node=node, score=hit.score)


def shown_record(hit: Hit) -> Record:
    """The hit's record with its window and text, which merging and padding may have widened."""
    return replace(hit.record, page_content=hit.page_content, metadata=hit.metadata)


def node_of_record(record: Record) -> BaseNode:
    """The node of a record."""
    return metadata_dict_to_node(node_payload(record))
