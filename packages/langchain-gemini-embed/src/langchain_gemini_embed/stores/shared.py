"""Collections of langchain-qdrant and langchain-milvus, which the core's own stores open too."""

from __future__ import annotations

from typing import Any

from gemini_embed import ConfigurationError, Lexical, MilvusStore, QdrantStore, Store
from gemini_embed.adapters import SPARSE_NAME, SparseWords

_QDRANT_LAYOUT = {"content_payload_key": "page_content", "metadata_payload_key": "metadata", "vector_name": ""}
_MILVUS_LAYOUT = {
    "_primary_field": "pk",
    "_text_field": "text",
    "_vector_field": "vector",
    "enable_dynamic_field": True,
}


def qdrant_of(vectorstore: Any) -> Store:
    """The collection of a `QdrantVectorStore`."""
    _check_layout(vectorstore, _QDRANT_LAYOUT)
    return QdrantStore(
        client=vectorstore.client,
        collection=vectorstore.collection_name,
        adopt=True,
        lexical=_words_of(vectorstore),
    )


def milvus_of(vectorstore: Any) -> Store:
    """The collection of a `Milvus` store."""
    _check_layout(vectorstore, _MILVUS_LAYOUT)
    connection = dict(vectorstore._connection_args)  # it tells no other way where it is connected to
    uri, token = connection.pop("uri", None), connection.pop("token", None) or None
    if uri is None or any(connection.values()):
        unknown = ", ".join(sorted(name for name, value in connection.items() if value)) or "no uri"
        raise ConfigurationError(
            f"connection_args has {unknown}: the store must be connected by uri and token alone (user and password "
            'are the token "user:password")'
        )
    return MilvusStore(uri, token=token, collection=vectorstore.collection_name, adopt=True)


def _words_of(vectorstore: Any) -> Lexical | None:
    """How its hybrid mode cuts texts, where it makes sparse vectors as ours are made."""
    has_ours = getattr(vectorstore, "sparse_vector_name", None) == SPARSE_NAME
    sparse = getattr(vectorstore, "_sparse_embeddings", None)  # its public name raises where there are none
    return sparse.lexical if has_ours and isinstance(sparse, SparseWords) else None


def _check_layout(vectorstore: Any, layout: dict[str, Any]) -> None:
    differs = {name: found for name, usual in layout.items() if (found := getattr(vectorstore, name, usual)) != usual}
    if differs:
        told = ", ".join(f"{name.lstrip('_')}={value!r}" for name, value in differs.items())
        usual = ", ".join(f"{name.lstrip('_')}={layout[name]!r}" for name in differs)
        raise ConfigurationError(f"the collection is laid out with {told}; to be shared it needs {usual}")
