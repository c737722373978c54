"""`GeminiBm25`: the words of an index for langchain-qdrant's hybrid mode."""

from __future__ import annotations

from gemini_embed import MissingExtraError
from gemini_embed.adapters import SparseWords

try:
    from langchain_qdrant.sparse_embeddings import SparseEmbeddings, SparseVector
except ImportError as error:
    raise MissingExtraError(
        'langchain-qdrant is not installed: run  pip install langchain-qdrant "langchain-gemini-embed[edge]"',
        name="langchain-qdrant",
    ) from error


class GeminiBm25(SparseWords, SparseEmbeddings):
    """Sparse vectors of words, made on this machine: no download, no request.

        sparse = GeminiBm25.of(index)  # over QdrantStore(..., lexical=True)
        QdrantVectorStore(
            client=client, collection_name="gemini_embed", embedding=embeddings,
            sparse_embedding=sparse, retrieval_mode=RetrievalMode.HYBRID,
        )

    With the settings of an index (`of`) both find what the other writes. Alone it serves any collection of
    langchain-qdrant: `GeminiBm25(Lexical("english"), mean_length=40)`, of which the collection's sparse vectors need
    the modifier IDF (`sparse_vector_params=models.SparseVectorParams(modifier=models.Modifier.IDF)`).

    Args:
        lexical: how texts are cut, `gemini_embed.Lexical`.
        mean_length: words of a text, on average; None: 256.
    """

    def embed_documents(self, texts: list[str]) -> list[SparseVector]:
        """Of texts to be found."""
        return [SparseVector(indices=one.indices, values=one.values) for one in self.documents(texts)]

    def embed_query(self, text: str) -> SparseVector:
        """Of words that are looked for."""
        found = self.query(text)
        return SparseVector(indices=found.indices, values=found.values)
