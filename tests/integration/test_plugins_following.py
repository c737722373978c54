"""Both frameworks' retrievers over an index that follows an alias: before a switch, and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fix_emulator import KEY, QUICK
from gemini_embed import Embedder, Migration, MultimodalIndex, QdrantStore
from gemini_embed.indexing import following
from gemini_embed_emulator import Emulator
from langchain_gemini_embed import GeminiMultimodalRetriever as LangChainRetriever
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever as LlamaIndexRetriever
from qdrant_client import QdrantClient

TEXTS = ["bread rises because of yeast", "glaciers grind the valley", "tides follow the moon"]


@pytest.fixture
def migration(make_embedder: Callable[..., Embedder]) -> Iterator[Migration]:
    """From `docs_v1`, which the alias `docs` leads to."""
    client = QdrantClient(":memory:")
    old = MultimodalIndex(
        make_embedder("gemini-embedding-001", dimensions=64), QdrantStore(client=client, collection="docs_v1")
    )
    old.add(TEXTS)
    new = MultimodalIndex(make_embedder(dimensions=64), QdrantStore(client=client, collection="docs_v2"))
    made = Migration(old.store, new)
    made.run()
    made.switch("docs", force=True)
    made.back("docs")
    yield made
    client.close()


def test_retrievers_go_along(migration: Migration, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.0)
    connection = {"base_url": emulator.base_url, "api_key": KEY, "retry": QUICK, "verify": False}
    store = QdrantStore(client=migration.source.store._client, collection="docs")  # type: ignore[attr-defined]  # a QdrantStore
    with MultimodalIndex.following(store, **connection) as index:
        langchain = LangChainRetriever(index=index, k=1)
        llama_index = LlamaIndexRetriever(index=index, similarity_top_k=1)
        for model, move in (("gemini-embedding-001", migration.back), ("gemini-embedding-2", migration.switch)):
            assert migration.verify()
            move("docs")
            for text in TEXTS:
                assert langchain.invoke(text)[0].page_content == text
                assert llama_index.retrieve(text)[0].text == text
                assert emulator.requests[-1].path.split("/")[-1].startswith(f"{model}:")
