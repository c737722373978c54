"""Words of a query, for an index that keeps the words of its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemini_embed import MultimodalIndex, Words


def words_kept(index: MultimodalIndex, text: str) -> Words | None:
    """What `lexical=` of a search is: `text` where the index keeps words, else None: vectors alone find."""
    store = index.store
    if not text.strip() or not store.takes_words:
        return None
    store.open(index.embedder.fingerprint)
    if store.kept_words() is None:
        return None
    from gemini_embed import Words

    return Words(text)
