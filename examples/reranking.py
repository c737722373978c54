"""Google's notebook "Search re-ranking using embeddings", without a network: searches, summaries, all of them ranked.

    python examples/reranking.py

The steps are the notebook's: a model names searches for a question, an encyclopedia is searched, what it has is
summarised, and the summaries are ranked by their nearness to the question, then to a hypothetical answer too. What the
model and the encyclopedia say is written down in `scripted.py`. (The notebook takes the first vector of each list only,
so that its best is always what was found first; here all are ranked.)

With GEMINI_API_KEY (or GOOGLE_API_KEY) set, Gemini makes the vectors; without a key an emulator does.
"""

from __future__ import annotations

import os
import sys

from gemini_embed import Embedder, GeminiEmbedError, Reranked, rerank
from quickstart import KEYS, connect
from scripted import QUESTION, answer_to, articles_on, searches_for

SHOWN = 5


def main() -> None:
    summaries = {topic: text for search in searches_for(QUESTION) for topic, text in articles_on(search).items()}
    print(f"{QUESTION}\n{len(summaries)} articles for {len(searches_for(QUESTION))} searches")
    topics, texts = list(summaries), list(summaries.values())
    emulated = not any(os.environ.get(name) for name in KEYS)
    with connect(emulated, task="semantic_similarity") as embedder:
        show("by the question", topics, ranked(embedder, texts))
        show("by the question and a hypothetical answer", topics, ranked(embedder, texts, answer_to(QUESTION)))


def ranked(embedder: Embedder, texts: list[str], hypothetical: str | None = None) -> list[Reranked[str]]:
    """All summaries, the nearest first."""
    return rerank(embedder, QUESTION, texts, top_k=len(texts), hypothetical=hypothetical)


def show(how: str, topics: list[str], best: list[Reranked[str]]) -> None:
    print(f"\n{how}:")
    for rank, one in enumerate(best[:SHOWN], 1):
        print(f"  {rank}  {one.score:5.2f}  {topics[one.position]:24} (found as number {one.position + 1})")
    print(f"     ...\n  {len(best)}  {best[-1].score:5.2f}  {topics[best[-1].position]}")


if __name__ == "__main__":
    try:
        main()
    except GeminiEmbedError as error:
        sys.exit(f"{type(error).__name__}: {error}")
