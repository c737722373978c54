"""Which garment of the catalogue is on the photo? Forty-two are looked for, and match@k is printed.

    cd examples; python -m agents.visual_search

The case is Nuuly's in Google's article "Building with Gemini Embedding 2": photos from the warehouse's floor find the
catalogue's picture of a garment without a tag. Then somebody says of what kind it is, which leaves less to confuse.

With GEMINI_API_KEY (or GOOGLE_API_KEY) set, Gemini makes the vectors. Without a key an emulator does, which looks at
colours and simple shapes only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from gemini_embed import EdgeStore, Embedder, Image, Item, MultimodalIndex
from langchain_gemini_embed import GeminiMultimodalRetriever as LangChainRetriever
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever as LlamaIndexRetriever
from llama_index.retrievers.gemini_embed import MultimodalQuery
from quickstart import KEYS, connect

from agents.garments import Garment, draw_catalogue

CUTOFFS = (1, 5, 20)
Search = Callable[[Path, dict[str, str] | None], list[str]]
"""The names of garments on a photo, the most likely first, of those that pass a filter."""


def main() -> None:
    emulated = not any(os.environ.get(name) for name in KEYS)
    with tempfile.TemporaryDirectory() as folder, connect(emulated) as embedder:
        catalogue = draw_catalogue(Path(folder))
        with indexed(embedder, catalogue, Path(folder) / "index") as index:
            langchain, llama_index = through_langchain(index), through_llama_index(index)
            print(f"{len(catalogue)} photos        " + "".join(f"match@{k:<5}" for k in CUTOFFS))
            for row, is_told in (("photo", False), ("photo and kind", True)):
                shares = match(catalogue, langchain, is_told)
                print(f"{row:<17}" + "".join(f"{share:<11.0%}" for share in shares))
                if shares != match(catalogue, llama_index, is_told):
                    print("LlamaIndex found others.")


def indexed(embedder: Embedder, catalogue: Sequence[Garment], folder: Path) -> MultimodalIndex:
    """The catalogue's pictures; each knows its kind."""
    index = MultimodalIndex(embedder, EdgeStore(folder))
    index.add(Item(Image(one.picture), source=one.name, metadata={"kind": one.kind}) for one in catalogue)
    return index


def through_langchain(index: MultimodalIndex) -> Search:
    retriever = LangChainRetriever(index=index, k=max(CUTOFFS))
    return lambda photo, only: [one.metadata["source"] for one in retriever.invoke(Image(photo), filter=only)]


def through_llama_index(index: MultimodalIndex) -> Search:
    def search(photo: Path, only: dict[str, str] | None) -> list[str]:
        retriever = LlamaIndexRetriever(index, max(CUTOFFS), filters=only)
        return [one.node.metadata["source"] for one in retriever.retrieve(MultimodalQuery(parts=[Image(photo)]))]

    return search


def match(catalogue: Sequence[Garment], search: Search, is_told: bool) -> list[float]:
    """For each cutoff the share of photos whose garment is among so many that are found."""
    found = [search(one.photo, {"kind": one.kind} if is_told else None) for one in catalogue]
    hits = [[one.name in names[:k] for one, names in zip(catalogue, found, strict=True)] for k in CUTOFFS]
    return [sum(row) / len(row) for row in hits]


if __name__ == "__main__":
    main()
