"""The public names, pinned: programs that use them go on working, whatever moves inside."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import gemini_embed
import pytest

PINNED = {
    "gemini_embed.adapters": "DEFAULT_MODEL EmbedderOptions GeminiEmbeddingFunction IMAGE_TOKENS Indexed KEY_VARIABLES "
    "Opener SPARSE_NAME SparseWords Unreadable anew combined from_client_args from_config from_http_options "
    "hides_arguments likely_media_tokens likely_tokens matches node_payload suggestion to_config warn "
    "without_secret_headers",
    "gemini_embed.agents": "Cited Conversations KINDS Listed Listing MAX_BYTES MediaKind Medium Offered Reading "
    "Sources alist_sources aread_source check_kinds chosen cited list_sources medium_of picture_of read_source",
    "gemini_embed.agents.words": "AROUND KIND LINK LIST LIST_AFTER LIST_NAME QUERY READ SEARCH",
    "gemini_embed.analysis": "Clusters Labels Outliers clusters nearest_label outliers",
    "gemini_embed.content": "Audio Content ContentLike Image Media Part Pdf Text Video contents_of from_base64 "
    "media_of_type part_of parts_of video_excerpt",
    "gemini_embed.engine": "Closing Engine Pending Steps arun run",
    "gemini_embed.errors": "ApiError GeminiEmbedError InputError MediaError RequestError StoreError missing_extra",
    "gemini_embed.hits": "Hit Hits Opener Origin",
    "gemini_embed.indexing": "AddOptions AddReport Describe Item ItemLike Place SkippedItem Unreadable",
    "gemini_embed.indexing.options": "AddOptions",
    "gemini_embed.migrating": "FromMilvus FromQdrant Migration MigrationEstimate MigrationReport Verification",
    "gemini_embed.models": "ALL_MODALITIES Backend Endpoint MODELS Modality ModelFacts bare_name facts_for",
    "gemini_embed.searching": "Fusion Hypothetical SearchOptions Wanted",
    "gemini_embed.searching.lexical": "Words words_with_text",
    "gemini_embed.searching.options": "Fusion SearchOptions Wanted",
    "gemini_embed.searching.reranking": "RerankFusion Reranked arerank rerank",
    "gemini_embed.stores": "Batch FilterLike FloatArray Store",
    "gemini_embed.readers": "FileReader FunctionReader Passage Picture label_of own_passage reader_of",
    "gemini_embed.stores.base": "Batch FilterLike FloatArray Store check_one_of check_query check_rows engine_errors "
    "opened",
    "gemini_embed.stores.edge": "EdgeStore",
    "gemini_embed.stores.borrowed": "BorrowedStore Row by_modality",
    "gemini_embed.stores.filters": "All AnyOf Node Path Range Scalar Vocabulary parse restricted translate",
    "gemini_embed.stores.milvus": "Consistency MilvusStore",
    "gemini_embed.stores.qdrant": "QdrantStore",
    "gemini_embed.stores.telling": "Asked Telling Told asked",
    "gemini_embed.tasks": "ConditionMedia Side Task parse_task",
    "gemini_embed.testing": "SearchingTests StoreTests",
    "gemini_embed.windows": "Cutting MediaInfo Slices Source Window probe slices text_windows windows",
}
"""Modules that others may import, and the names there."""

PACKAGES = Path(__file__).parents[2] / "packages"


def test_every_public_name_exists_and_is_listed_in_order() -> None:
    assert all(getattr(gemini_embed, name) is not None for name in gemini_embed.__all__)
    assert gemini_embed.__all__ == sorted(gemini_embed.__all__)


@pytest.mark.parametrize(("module", "names"), [pytest.param(*pair, id=pair[0]) for pair in PINNED.items()])
def test_public_modules_keep_their_names(module: str, names: str) -> None:
    found = import_module(module)
    assert [name for name in names.split() if not hasattr(found, name)] == []


def taken(file: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of everything that a file takes of the core; under TYPE_CHECKING and in functions too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gemini_embed":
            yield from ((node.module or "", alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "gemini_embed")


@pytest.mark.parametrize("plugin", ["langchain-gemini-embed", "llama-index-embeddings-gemini-embed"])
def test_plugins_come_in_by_public_doors(plugin: str) -> None:
    """By pinned names of pinned modules."""
    found = {one for file in (PACKAGES / plugin / "src").rglob("*.py") for one in taken(file)}
    public = {(module, name) for module, names in PINNED.items() for name in names.split()}
    assert ("gemini_embed", "Embedder") in found
    assert found - public - {("gemini_embed", name) for name in gemini_embed.__all__} == set()


def test_a_store_brings_no_media() -> None:
    """Nor does a class that embeds texts bring a store."""
    script = (
        "import sys; from gemini_embed import {}; print([m for m in sys.modules if m.startswith('gemini_embed.{}')])"
    )
    for name, room in (("EdgeStore", "windows"), ("Embedder", "stores"), ("Embedder", "indexing")):
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", script.format(name, room)], capture_output=True, text=True, check=True
        )
        assert done.stdout == "[]\n", (name, room)
