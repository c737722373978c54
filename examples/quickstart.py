"""The main job from end to end: a folder of texts, pictures, recordings, videos and PDFs, indexed once, then asked
through LangChain and LlamaIndex.

    python examples/quickstart.py      # what surprises most, on one screen
    python examples/quickstart.py -v   # every question with all that was found

With GEMINI_API_KEY (or GOOGLE_API_KEY) set, Gemini makes the vectors. Without a key an emulator is started in this
process: nothing leaves the machine, and the vectors only look at words, colours and simple shapes (and hear tones).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gemini_embed import EdgeStore, Embedder, GeminiEmbedError, Hit, MultimodalIndex
from gemini_embed.windows import Cutting
from page import Answer, place, place_in_words, write_page
from questions import QUESTIONS, Question

HERE = Path(__file__).resolve().parent
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
HITS = 3
SHOWN = 13
"""Answers that are printed without -v."""
DIMENSIONS = 768
CUTTING = Cutting(text_tokens=80, audio_s=20)  # a passage is a paragraph or two, a message takes 20 seconds


def main() -> None:
    options = parse_arguments()
    emulated = not any(os.environ.get(name) for name in KEYS)
    store = EdgeStore(options.store / ("emulator" if emulated else "gemini-api"))  # their vectors never meet
    with connect(emulated) as embedder, MultimodalIndex(embedder, store) as index:
        update(index, options.data, verbose=options.verbose)
        answers = [ask(index, question) for question in QUESTIONS]
        records = index.count()
    write_page(
        options.out,
        answers,
        data=options.data,
        records=records,
        model=embedder.model,
        emulated=emulated,
        next_step=next_step(emulated),
    )
    if options.verbose:
        for answer in answers:
            print_answer(answer, options.data)
    else:
        print_best(answers[:SHOWN], options.data)
    agreed = sum(answer.agreed for answer in answers)
    print(f"\nLangChain and LlamaIndex found the same for {agreed} of {len(answers)} questions.")
    print(f"The page with all of it, to look at and listen to: {shown(options.out)}")
    if not options.verbose:
        print("All that was found, with scores: make quickstart V=1")
    print(next_step(emulated))


@contextmanager
def connect(emulated: bool, task: str = "search") -> Iterator[Embedder]:
    """An embedder on the Gemini API, or on an emulator that runs as long as the embedder does."""
    if not emulated:
        with Embedder(dimensions=DIMENSIONS, task=task) as embedder:
            print(f"Using {embedder.model} with the key in {' or '.join(KEYS)}.")
            yield embedder
        return
    from gemini_embed_emulator import Emulator

    print(f"{' and '.join(KEYS)} are not set: using the emulator. Its vectors are not the model's.", flush=True)
    with (
        Emulator() as server,
        Embedder(
            dimensions=DIMENSIONS, task=task, base_url=server.base_url, api_key="emulator", vertexai=False
        ) as embedder,
    ):
        yield embedder


def update(index: MultimodalIndex, folder: Path, *, verbose: bool) -> None:
    """Make the index hold exactly what the folder holds. What it holds already is not embedded again."""
    report = index.sync(folder, cutting=CUTTING)
    removed = report.replaced + report.removed
    print(f"{shown(folder)}: {report.added} vectors embedded, {report.reused} re-used, {removed} old ones removed.")
    for skipped in report.skipped if verbose else []:
        print(f"  left out: {skipped}")
    if report.skipped and not verbose:
        print(f"  left out: {len(report.skipped)} files, which -v names")


def ask(index: MultimodalIndex, question: Question) -> Answer:
    """The same question through both frameworks, over the same index."""
    k = HITS if question.modality else 5  # without a modality, the best of each come first
    found = {"LangChain": ask_langchain(index, question, k), "LlamaIndex": ask_llama_index(index, question, k)}
    return Answer(question, found)


def ask_langchain(index: MultimodalIndex, question: Question, k: int) -> list[Hit]:
    from langchain_gemini_embed import GeminiMultimodalRetriever

    retriever = GeminiMultimodalRetriever(index=index, k=k, filter=question.filter)
    documents = retriever.invoke(question.parts)  # one query, however many parts
    return [Hit.of(found.metadata, found.page_content, found.metadata["score"]) for found in documents]


def ask_llama_index(index: MultimodalIndex, question: Question, k: int) -> list[Hit]:
    from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever, MultimodalQuery

    retriever = GeminiMultimodalRetriever(index=index, similarity_top_k=k, filters=question.filter)
    nodes = retriever.retrieve(MultimodalQuery(parts=question.parts))
    return [Hit.of(found.metadata, found.node.get_content(), found.get_score()) for found in nodes]


def print_best(answers: Sequence[Answer], data: Path) -> None:
    """What was asked, and the first that was found, a line each."""
    asked = [answer.question.asked_in_words for answer in answers]
    width = max(map(len, asked))
    print(f"\n  {'asked':{width}}  found")
    for words, answer in zip(asked, answers, strict=True):
        first = next((hit for _, hit, _ in answer.rows()), None)
        print(f"  {words:{width}}  {place_in_words(first, data) if first else 'nothing'}")


def next_step(emulated: bool) -> str:
    """What to type now."""
    command = shown(Path(sys.executable).parent / "gemini-embed")
    return f"A folder of yours: {command} sync FOLDER{' --emulator' if emulated else ''}, then the same with serve"


def shown(path: Path) -> str:
    """A path from where the reader is, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def print_answer(answer: Answer, data: Path) -> None:
    print(f"\n{answer.question}")
    print(f"  rank  score  modality  {'where':44}  found by")
    for rank, hit, frameworks in answer.rows():
        print(f"  {rank:4}  {hit.score:5.2f}  {hit.modality:8}  {place(hit, data):44}  {', '.join(frameworks)}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Index a folder of texts and media, and ask questions.")
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder to index (default: examples/data)")
    parser.add_argument(
        "--store", type=Path, default=HERE.parent / ".quickstart", help="folder of the index (default: .quickstart)"
    )
    parser.add_argument(
        "--out", type=Path, default=HERE.parent / "quickstart.html", help="page to write (default: quickstart.html)"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="print every question with all that was found")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
