"""Documents of LangChain's stores as records."""

from __future__ import annotations

from gemini_embed import Record
from langchain_core.documents import Document


def record_of(document: Document, id_: str | None = None) -> Record:
    """The record that a store keeps as this document; `id_` where the document does not know its own."""
    return Record(id_ or document.id or "", document.page_content, dict(document.metadata))
