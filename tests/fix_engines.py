"""Vector stores of others over their real engines, in the third environment (`make .venv-stores/.tests`)."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

_POSTGRES = "GEMINI_EMBED_TEST_POSTGRES"
"""The environment variable with the server's address, as a URI without its scheme."""


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server with pgvector; skips where its wheel is not installed."""
    if importlib.util.find_spec("pgserver") is None:
        pytest.skip("no PostgreSQL here: its wheel (pgserver) is for Python before 3.13, in the third environment")
    with warnings.catch_warnings(action="ignore"):  # platformdirs on a machine without XDG_RUNTIME_DIR
        import pgserver

    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    os.environ[_POSTGRES] = server.get_uri().removeprefix("postgresql")
    yield os.environ[_POSTGRES]
    del os.environ[_POSTGRES]
    server.cleanup()


def no_embeddings() -> Embeddings:
    """For stores that get vectors only."""
    from langchain_core.embeddings import Embeddings

    class NoEmbeddings(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise AssertionError(f"{len(texts)} texts are embedded by the store")

        def embed_query(self, text: str) -> list[float]:
            raise AssertionError(f"{text!r} is embedded by the store")

    return NoEmbeddings()


def chroma(place: Path, embeddings: Embeddings | None = None, **options: Any) -> Any:
    from langchain_chroma import Chroma

    options = {"collection_configuration": {"hnsw": {"space": "cosine"}}, **options}
    return Chroma("records", embeddings or no_embeddings(), persist_directory=str(place), **options)


def faiss(embeddings: Embeddings | None = None, dimensions: int = 8) -> Any:
    import faiss
    from langchain_community.docstore.in_memory import InMemoryDocstore
    from langchain_community.vectorstores import FAISS

    return FAISS(embeddings or no_embeddings(), faiss.IndexFlatL2(dimensions), InMemoryDocstore(), {})


def lancedb(place: Path, embeddings: Embeddings | None = None) -> Any:
    from langchain_lancedb import LanceDB

    return LanceDB(embeddings or no_embeddings(), place)


def node_chroma(place: Path) -> Any:
    import chromadb
    from llama_index.vector_stores.chroma import ChromaVectorStore

    client = chromadb.PersistentClient(str(place))
    return ChromaVectorStore(client.get_or_create_collection("records", metadata={"hnsw:space": "cosine"}))


def node_lancedb(place: Path) -> Any:
    from llama_index.vector_stores.lancedb import LanceDBVectorStore

    return LanceDBVectorStore(uri=str(place))


def node_duckdb(place: Path) -> Any:
    """Without the download of an extension for full texts, which no query uses."""
    from llama_index.vector_stores.duckdb import DuckDBVectorStore

    class Here(DuckDBVectorStore):  # type: ignore[misc]  # only in the third environment
        @classmethod
        def _initialize_table(cls, conn: Any, table_name: str, embed_dim: int | None) -> None:
            class Connection:
                def __getattr__(self, name: str) -> Any:
                    extensions = ("install_extension", "load_extension")
                    return (lambda _: None) if name in extensions else getattr(conn, name)

            super()._initialize_table(Connection(), table_name, embed_dim)

    return Here(place.name, persist_dir=str(place.parent))


def pgvector(place: Path, embeddings: Embeddings | None = None, **options: Any) -> Any:
    """A collection of its own for every place, on the server under test."""
    from langchain_postgres import PGVector
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(f"postgresql+psycopg{os.environ[_POSTGRES]}", poolclass=NullPool)
    name = hashlib.sha256(str(place).encode()).hexdigest()[:16]
    return PGVector(embeddings or no_embeddings(), connection=engine, collection_name=name, **options)


def node_pgvector(place: Path, dimensions: int = 8, **options: Any) -> Any:
    """A table of its own for every place."""
    from llama_index.vector_stores.postgres import PGVectorStore

    address = os.environ[_POSTGRES]
    name = hashlib.sha256(str(place).encode()).hexdigest()[:16]
    return PGVectorStore(
        connection_string=f"postgresql+psycopg2{address}",
        async_connection_string=f"postgresql+asyncpg{address}",
        table_name=name,
        schema_name="public",
        embed_dim=dimensions,
        **options,
    )
