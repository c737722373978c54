"""The main job from end to end: a folder of texts and pictures, indexed once, asked through LangChain and LlamaIndex.

    python examples/quickstart.py

With GEMINI_API_KEY (or GOOGLE_API_KEY) set, Gemini makes the vectors. Without a key an emulator is started in this
process: nothing leaves the machine, and the vectors only look at words, colours and simple shapes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from folder import read_folder
from gemini_embed import EdgeStore, Embedder, GeminiEmbedError, Image, MultimodalIndex
from page import Answer, Found, write_page
from questions import QUESTIONS, Question

HERE = Path(__file__).resolve().parent
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
HITS = 3
DIMENSIONS = 768


def main() -> None:
    options = parse_arguments()
    emulated = not any(os.environ.get(name) for name in KEYS)
    store = EdgeStore(options.store / ("emulator" if emulated else "gemini-api"))  # their vectors never meet
    with connect(emulated) as embedder, MultimodalIndex(embedder, store) as index:
        update(index, options.data)
        answers = [ask(index, question) for question in QUESTIONS]
        records = index.count()
    for answer in answers:
        print_answer(answer)
    agreed = sum(answer.agreed for answer in answers)
    print(f"\nLangChain and LlamaIndex found the same for {agreed} of {len(answers)} questions.")
    write_page(options.out, answers, data=options.data, records=records, model=embedder.model, emulated=emulated)
    print(f"The answers with their pictures: {options.out}")


@contextmanager
def connect(emulated: bool) -> Iterator[Embedder]:
    """An embedder on the Gemini API, or on an emulator that runs as long as the embedder does."""
    if not emulated:
        with Embedder(dimensions=DIMENSIONS) as embedder:
            print(f"Using {embedder.model} with the key in {' or '.join(KEYS)}.")
            yield embedder
        return
    from gemini_embed_emulator import Emulator

    print(f"{' and '.join(KEYS)} are not set: using the emulator. Its vectors are not the model's.")
    with (
        Emulator() as server,
        Embedder(dimensions=DIMENSIONS, base_url=server.base_url, api_key="emulator", vertexai=False) as embedder,
    ):
        yield embedder


def update(index: MultimodalIndex, folder: Path) -> None:
    """Make the index hold exactly what the folder holds. What it holds already is not embedded again."""
    items = read_folder(folder)
    if not items:
        sys.exit(f"{folder} holds no Markdown, text or pictures")
    report = index.add(items)
    sources = {item.source for item in items}
    gone = {record.source for batch in index.store.iterate(with_vectors=False) for record in batch.records} - sources
    removed = report.replaced + (index.delete(filter={"source": sorted(filter(None, gone))}) if gone else 0)
    print(f"{folder}: {report.added} vectors embedded, {report.reused} re-used, {removed} old ones removed.")


def ask(index: MultimodalIndex, question: Question) -> Answer:
    """The same question through both frameworks, over the same index."""
    found = {"LangChain": ask_langchain(index, question), "LlamaIndex": ask_llama_index(index, question)}
    return Answer(question, found)


def ask_langchain(index: MultimodalIndex, question: Question) -> list[Found]:
    from langchain_gemini_embed import GeminiMultimodalRetriever

    retriever = GeminiMultimodalRetriever(index=index, k=HITS, filter=question.filter)
    query = [question.words] if question.words else []
    picture = [Image(question.picture)] if question.picture else []
    documents = retriever.invoke([*query, *picture])  # one query, however many parts
    return [found_in(document.metadata, document.metadata["score"], document.page_content) for document in documents]


def ask_llama_index(index: MultimodalIndex, question: Question) -> list[Found]:
    from llama_index.core import QueryBundle
    from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

    retriever = GeminiMultimodalRetriever(index=index, similarity_top_k=HITS, filters=question.filter)
    picture = str(question.picture) if question.picture else None
    nodes = retriever.retrieve(QueryBundle(query_str=question.words, image_path=picture))
    return [found_in(node.metadata, node.get_score(), node.get_content()) for node in nodes]


def found_in(metadata: dict[str, Any], score: float, text: str) -> Found:
    """A hit of either framework: both keep the record's metadata as the index has it."""
    return Found(score, metadata["modality"], metadata["source"], metadata.get("title", ""), text)


def print_answer(answer: Answer) -> None:
    print(f"\n{answer.question}")
    print(f"  rank  score  modality  {'source':44}  found by")
    for rank, found, frameworks in answer.rows():
        print(f"  {rank:4}  {found.score:5.2f}  {found.modality:8}  {found.source:44}  {', '.join(frameworks)}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Index a folder of texts and pictures, and ask questions.")
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder to index (default: examples/data)")
    parser.add_argument(
        "--store", type=Path, default=HERE.parent / ".quickstart", help="folder of the index (default: .quickstart)"
    )
    parser.add_argument(
        "--out", type=Path, default=HERE.parent / "quickstart.html", help="page to write (default: quickstart.html)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
