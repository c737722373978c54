"""A folder at half the price: jobs of the Batch API embed it; an index, LangChain and LlamaIndex find the vectors.

    python examples/batch.py [place]

With GEMINI_API_KEY (or GOOGLE_API_KEY) set, Gemini embeds, and the wait may take hours: after Ctrl-C or a kill the same
command goes on with the same jobs. Without a key an emulator does, whose jobs are done at once. Cache and index stay in
`place` (build/batch), so a second run embeds nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gemini_embed import EdgeStore, Embedder, GeminiEmbedError, MultimodalIndex, track_usage
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_gemini_embed import GeminiEmbeddings
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from quickstart import DIMENSIONS, KEYS

HOME = Path(__file__).resolve().parent / "data" / "home"


def main(place: Path) -> None:
    with service() as options:
        options |= {"dimensions": DIMENSIONS, "cache": place / "vectors.db"}
        with Embedder(**options) as embedder, MultimodalIndex(embedder, EdgeStore(place / "index")) as index:
            print(index.estimate(HOME, price="batch"), end="\n\n")
            run = index.submit(HOME)
            print(f"{run}: {run.refresh()}\n")
            print(index.collect(run, HOME), end="\n\n")
            batches = index.store.iterate(filter={"modality": "text"}, with_vectors=False)
            texts = [record.page_content for batch in batches for record in batch.records]
        with track_usage() as spent:
            store = InMemoryVectorStore(GeminiEmbeddings(**options))
            store.add_documents([Document(text) for text in texts])
            nodes = [TextNode(text=text) for text in texts]
            IngestionPipeline(transformations=[GeminiEmbedding(**options)]).run(nodes=nodes)
        print(f"LangChain and LlamaIndex embedded {len(texts)} texts each: {spent.usage}.")


@contextmanager
def service() -> Iterator[dict[str, Any]]:
    """What embedders need to reach the Gemini API, or an emulator that runs meanwhile."""
    if any(os.environ.get(name) for name in KEYS):
        yield {}
        return
    from gemini_embed_emulator import Emulator

    print(f"{' and '.join(KEYS)} are not set: using the emulator. Its vectors are not the model's.\n")
    with Emulator() as server:
        yield {"base_url": server.base_url, "api_key": "emulator", "vertexai": False}


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/batch"))
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
