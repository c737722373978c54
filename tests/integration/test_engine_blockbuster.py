"""Nothing blocks an event loop, the caller's or ours: BlockBuster, which `langgraph dev` runs under, lets it all pass.

In fresh processes, since what is imported or looked up once is done on first use. What the core does comes one after
another in one: whatever is used first is used first there too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from fix_media import png, wav
from gemini_embed_emulator import Emulator

OPENTELEMETRY = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
"""
LANGCHAIN = """
from langchain_core.documents import Document
from langchain_gemini_embed import GeminiEmbeddings, GeminiMultimodalRetriever
"""
LLAMA_INDEX = """
from llama_index.core.schema import TextNode
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever
"""
# Modules are imported before the loop runs, as everywhere; everything else happens on it.
PROGRAM = """
import asyncio
from pathlib import Path
from blockbuster import blockbuster_ctx
from gemini_embed import Audio, EdgeStore, Embedder, Image, MultimodalIndex
{imports}
HERE = Path({folder!r})

async def main():
    with blockbuster_ctx():
{body}

asyncio.run(main())
print("nothing blocked")
"""
CASES = [
    pytest.param(
        "",
        """
        async with Embedder() as embedder:
            await embedder.aembed_query("x")
            await embedder.aembed_documents(["a", "b"], ["A", None])
            await embedder.aembed(["a"])
        async with Embedder(root=HERE) as embedder:
            await embedder.aembed([Image(HERE / "red.png"), Audio(HERE / "tone.wav"), ["a", Image(HERE / "red.png")]])
        async with Embedder(cache=HERE / ".vectors.db") as embedder:
            await embedder.aembed_query("x")
            assert (await embedder.aembed_query("x")).usage.cached == 1
        async with Embedder(dimensions=64) as embedder, MultimodalIndex(embedder, EdgeStore(HERE / ".store")) as index:
            await index.aadd(["a", Image(HERE / "red.png")])
            await index.aadd(HERE / "tone.wav")
            await index.async_sync(HERE)
            await index.aestimate(["b"])
            for query in ("x", Image(HERE / "red.png"), ["x", Image(HERE / "red.png")]):
                assert await index.asearch(query, 2)
            assert await index.asearch_mean(["x", "y"])
            assert await index.acount()
        """,
        id="text-media-cache-search",
    ),
    pytest.param(
        LANGCHAIN,
        """
        embeddings = GeminiEmbeddings(dimensions=64)
        await embeddings.aembed_query("x")
        await embeddings.aembed_documents(["a"])
        await embeddings.aembed_image([str(HERE / "red.png")])
        async with MultimodalIndex(embeddings.embedder, EdgeStore(HERE / ".store")) as index:
            retriever = GeminiMultimodalRetriever(index=index)
            await retriever.aadd_documents([Document("a")])
            assert await retriever.ainvoke("a")
            assert await retriever.ainvoke(Image(HERE / "red.png"))
        await embeddings.embedder.aclose()
        """,
        id="langchain",
    ),
    pytest.param(
        LLAMA_INDEX,
        """
        model = GeminiEmbedding(dimensions=64)
        await model.aget_query_embedding("x")
        await model.aget_text_embedding_batch(["a"])
        await model.aget_image_embedding(str(HERE / "red.png"))
        async with MultimodalIndex(model.embedder, EdgeStore(HERE / ".store")) as index:
            retriever = GeminiMultimodalRetriever(index)
            await retriever.ainsert_nodes([TextNode(text="a")])
            assert await retriever.aretrieve("a")
        await model.embedder.aclose()
        """,
        id="llama-index",
    ),
]
WITH_OPENTELEMETRY = [
    pytest.param(f"{OPENTELEMETRY}{case.values[0]}", case.values[1], id=f"{case.id}-opentelemetry", marks=marks)
    for case in CASES
    for marks in [pytest.mark.slow if case.id in ("langchain", "llama-index") else ()]
]


@pytest.mark.parametrize(("imports", "body"), [*CASES, *WITH_OPENTELEMETRY])
def test_nothing_blocks(imports: str, body: str, emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(png())
    (tmp_path / "tone.wav").write_bytes(wav((440, 1.0)))
    body = textwrap.indent(textwrap.dedent(body), " " * 8)
    process = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM.format(imports=imports, folder=str(tmp_path), body=body)],
        env={**os.environ, "GEMINI_API_KEY": "k", "GOOGLE_GEMINI_BASE_URL": emulator.base_url},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (process.stdout, process.stderr) == ("nothing blocked\n", "")
