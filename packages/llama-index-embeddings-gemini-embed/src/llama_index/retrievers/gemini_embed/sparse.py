"""The words of an index for the hybrid mode of LlamaIndex's own Qdrant store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gemini_embed.adapters import SparseWords

Encoded: TypeAlias = tuple[list[list[int]], list[list[float]]]
"""The indices of each text, and their values, as LlamaIndex takes sparse vectors."""


class GeminiBm25(SparseWords):
    """Sparse vectors of words, made on this machine: no download, no request.

        words = GeminiBm25.of(index)  # over QdrantStore(..., lexical=True)
        QdrantVectorStore(
            "gemini_embed", client=client, enable_hybrid=True, text_key="page_content",
            sparse_vector_name="langchain-sparse",
            sparse_doc_fn=words.sparse_doc_fn, sparse_query_fn=words.sparse_query_fn,
        )

    With the settings of an index (`of`) both find what the other writes.

    Args:
        lexical: how texts are cut, `gemini_embed.Lexical`.
        mean_length: words of a text, on average; None: 256.
    """

    def sparse_doc_fn(self, texts: Sequence[str]) -> Encoded:
        """Of texts to be found."""
        found = self.documents(texts)
        return [one.indices for one in found], [one.values for one in found]

    def sparse_query_fn(self, texts: Sequence[str]) -> Encoded:
        """Of words that are looked for."""
        found = [self.query(text) for text in texts]
        return [one.indices for one in found], [one.values for one in found]


_usual = GeminiBm25()


def sparse_doc_fn(texts: Sequence[str]) -> Encoded:
    """Of texts to be found, by the defaults; for the collection of an index take those of `GeminiBm25.of`."""
    return _usual.sparse_doc_fn(texts)


def sparse_query_fn(texts: Sequence[str]) -> Encoded:
    """Of words that are looked for, by the defaults; they fit every index of `lexical=True`."""
    return _usual.sparse_query_fn(texts)
