"""Limits of the engines behind LlamaIndex's stores, as far as they can be told without one."""

from __future__ import annotations

from typing import Any, cast

import pytest
from gemini_embed import ConfigurationError, Fingerprint, InputError, Record
from llama_index.core.vector_stores.types import BasePydanticVectorStore
from llama_index.retrievers.gemini_embed.limits import check_limits, check_text

LARGE = Fingerprint("gemini-embedding-2", 3072, "prefix:retrieval", "unit")


def store(kind: str, **fields: Any) -> BasePydanticVectorStore:
    """A subclass of a store that is called so."""
    return cast("BasePydanticVectorStore", type("Mine", (type(kind, (), fields),), {})())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"embed_dim": 1536}, "of 1536 dimensions, and the embedder makes 3072", id="size"),
        pytest.param({"embed_dim": 3072, "hnsw_kwargs": {"hnsw_m": 16}}, "take 2,000 dimensions", id="graph"),
        pytest.param({"embed_dim": 3072, "hnsw_kwargs": {"hnsw_m": 16}, "use_halfvec": True}, None, id="half"),
        pytest.param({"embed_dim": 3072, "hnsw_kwargs": None}, None, id="read-all"),
    ],
)
def test_postgres(fields: dict[str, Any], said: str | None) -> None:
    if said is None:
        check_limits(store("PGVectorStore", **fields), LARGE)
    else:
        with pytest.raises(ConfigurationError, match=said):
            check_limits(store("PGVectorStore", **fields), LARGE)


def test_milvus_holds_texts_of_so_many_bytes() -> None:
    milvus = store("MilvusVectorStore", dim=3072)
    check_limits(milvus, LARGE)
    check_text(milvus, Record("1", "x" * 65_535))
    with pytest.raises(InputError, match="Milvus holds texts of 65,535 bytes, and this has 65,536"):
        check_text(milvus, Record("1", "ö" * 32_768))
