"""`examples/reranking.py` as a newcomer runs it: without a key and without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gemini_embed import Embedder, rerank
from gemini_embed_emulator import Emulator
from scripted import ANSWER, FOUND, QUESTION

EXAMPLE = Path(__file__).parents[2] / "examples" / "reranking.py"
SUMMARIES = {topic: text for found in FOUND.values() for topic, text in found.items()}


def test_it_runs_without_a_key() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("API_KEY")}
    command = [sys.executable, str(EXAMPLE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert (done.returncode, done.stderr) == (0, "")
    by_question, by_answer = done.stdout.split("by the question and a hypothetical answer:")
    assert "15 articles for 6 searches" in by_question
    assert "15" in by_question.splitlines()[-2], "all are ranked"
    assert "1   0.63  Deep sea                 (found as number 3)" in by_answer


def test_all_summaries_are_ranked(emulator: Emulator) -> None:
    """The best is not the first that was found, which is what the notebook's argmax over one vector gives; what has to
    do with the question stands before what has not."""
    texts = list(SUMMARIES.values())
    with Embedder(dimensions=768, task="semantic_similarity", base_url=emulator.base_url, api_key="k") as embedder:
        best = rerank(embedder, QUESTION, texts, top_k=len(texts), hypothetical=ANSWER)
    assert sorted(one.position for one in best) == list(range(len(texts)))
    assert best[0].position != 0
    order = [list(SUMMARIES)[one.position] for one in best]
    assert {*order[:3]} == {"Deep sea", "Chemosynthesis", "Deep-sea fish"}
    for beside_the_point in ("Diving", "Snow", "Aquarium"):
        assert order.index(beside_the_point) > 5
