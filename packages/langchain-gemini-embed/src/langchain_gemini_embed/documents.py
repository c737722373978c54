"""LangChain's documents as items of an index, and hits as documents; a document of ours is a hit again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gemini_embed import InputError
from langchain_core.documents import Document

if TYPE_CHECKING:
    from gemini_embed import Hit, Item

SCORE = "score"
"""The key of a hit's score among a document's metadata."""
FOUND_BY = "found_by"
"""Which lists it stood in, where words have found it: ["words"] or ["vector", "words"]."""


def items_of(documents: Iterable[Document]) -> Iterator[Item]:
    """Documents as items of an index, one by one.

    The source is `metadata["source"]`, else the document's id; an id beside a source is kept as
    `metadata["document_id"]`. `metadata["title"]` is embedded as the title.

    Raises:
        InputError: something that is no document; `.position` is its place.
    """
    from gemini_embed import Item

    for position, document in enumerate(documents):
        if not isinstance(document, Document):
            raise InputError(f"a {type(document).__name__} is no Document; index.add takes it", position=position)
        metadata, title = dict(document.metadata), document.metadata.get("title")
        if document.id is not None and metadata.setdefault("source", document.id) != document.id:
            metadata.setdefault("document_id", document.id)
        yield Item(document.page_content, metadata=metadata, title=title if isinstance(title, str) else None)


def document_of(hit: Hit) -> Document:
    """A hit as a document: its text, its metadata, its cosine similarity as `metadata["score"]`, and its id.

    `metadata["found_by"]` says so where words have found it.
    """
    found_by = {FOUND_BY: list(hit.found_by)} if "words" in hit.found_by else {}
    metadata = {**hit.metadata, SCORE: hit.score, **found_by}
    return Document(id=hit.record.id, page_content=hit.page_content, metadata=metadata)


def hit_of(document: Document) -> Hit:
    """The hit that `document_of` made a document of; its medium is where the metadata say."""
    from gemini_embed import Hit

    metadata = dict(document.metadata)
    score = metadata.pop(SCORE, 0.0)
    metadata.pop(FOUND_BY, None)
    return Hit.of(metadata, document.page_content, score, document.id or "")
