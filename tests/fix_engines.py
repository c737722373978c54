"""Vector stores of others over their real engines, in the third environment (`make .venv-stores/.tests`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from langchain_core.embeddings import Embeddings


class NoEmbeddings(Embeddings):
    """For stores that get vectors only."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise AssertionError(f"{len(texts)} texts are embedded by the store")

    def embed_query(self, text: str) -> list[float]:
        raise AssertionError(f"{text!r} is embedded by the store")


def chroma(place: Path, embeddings: Embeddings | None = None, **options: Any) -> Any:
    from langchain_chroma import Chroma

    options = {"collection_configuration": {"hnsw": {"space": "cosine"}}, **options}
    return Chroma("records", embeddings or NoEmbeddings(), persist_directory=str(place), **options)


def faiss(embeddings: Embeddings | None = None, dimensions: int = 8) -> Any:
    import faiss
    from langchain_community.docstore.in_memory import InMemoryDocstore
    from langchain_community.vectorstores import FAISS

    return FAISS(embeddings or NoEmbeddings(), faiss.IndexFlatL2(dimensions), InMemoryDocstore(), {})


def lancedb(place: Path, embeddings: Embeddings | None = None) -> Any:
    from langchain_lancedb import LanceDB

    return LanceDB(embeddings or NoEmbeddings(), place)
