"""How well each modality finds each other, and what fusion is for: recall of the same facts in five modalities.

    python examples/evaluate.py

For every query modality and every target modality, the share of questions whose answer in the target modality is among
the first five hits, all modalities in one index. With GEMINI_API_KEY (or GOOGLE_API_KEY) set Gemini makes the vectors,
for some cents; without a key the emulator does, with a gap between its modalities like that of real models, and the
figures tell about fusion, not about the model.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from gemini_embed import Content, EdgeStore, Embedder, Hit, MultimodalIndex
from gemini_embed.searching.options import Fusion
from signs import MODALITIES, SIGNS, Target, queries, write_targets

K = len(MODALITIES)
GAP = 1.0
"""Of the emulator: what all contents of a modality share, beside the 1 of what they are about."""
Recall = dict[tuple[str, str], float]
"""By (query modality, target modality)."""


def main() -> None:
    with tempfile.TemporaryDirectory() as place, connect() as embedder:
        folder = Path(place) / "signs"
        targets = write_targets(folder)
        with MultimodalIndex(embedder, EdgeStore(Path(place) / "index")) as index:
            print(repr(index.add(folder)))
            asked = embedded_queries(embedder)
            print(f"\nRecall@1 among the target modality's own records ({embedder.model}):")
            print_table(recall_within(index, asked, targets, folder))
            for fusion in get_args(Fusion):
                print(f'\nRecall@{K} of the merged list, fusion="{fusion}":')
                print_table(recall_merged(index, asked, targets, folder, fusion))


@contextmanager
def connect() -> Iterator[Embedder]:
    """An embedder on the Gemini API, or on an emulator."""
    if any(os.environ.get(name) for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY")):
        with Embedder(dimensions=768) as embedder:
            yield embedder
        return
    from gemini_embed_emulator import Emulator

    with (
        Emulator(modality_gap=GAP) as server,
        Embedder(dimensions=768, base_url=server.base_url, api_key="emulator", vertexai=False) as embedder,
    ):
        yield embedder


def embedded_queries(embedder: Embedder) -> dict[tuple[str, str], Any]:
    """The vector of each question, by (sign, query modality)."""
    asked = {(sign.name, modality): query for sign in SIGNS for modality, query in queries(sign).items()}
    queries = [Content.of(query) for query in asked.values()]
    return dict(zip(asked, embedder.embed(queries, side="query"), strict=True))


def recall_within(
    index: MultimodalIndex,
    asked: Mapping[tuple[str, str], Any],
    targets: Mapping[tuple[str, str], Target],
    folder: Path,
) -> Recall:
    """Whether the first hit of the target modality is the right one."""

    def finds(sign: str, query: str, target: str) -> bool:
        hits = index.search_vector(asked[sign, query], 1, filter={"modality": target})
        return is_right(hits, targets[sign, target], folder)

    return {
        (query, target): share(finds(sign.name, query, target) for sign in SIGNS)
        for query in MODALITIES
        for target in MODALITIES
    }


def recall_merged(
    index: MultimodalIndex,
    asked: Mapping[tuple[str, str], Any],
    targets: Mapping[tuple[str, str], Target],
    folder: Path,
    fusion: Fusion,
) -> Recall:
    """Whether the right hit of the target modality is among the first of all."""
    found = {key: index.search_vector(vector, K, fusion=fusion) for key, vector in asked.items()}
    return {
        (query, target): share(is_right(found[sign.name, query], targets[sign.name, target], folder) for sign in SIGNS)
        for query in MODALITIES
        for target in MODALITIES
    }


def is_right(hits: list[Hit], target: Target, folder: Path) -> bool:
    """Whether the target is among the hits: its file, and its page or seconds."""
    return any(
        hit.source == str(folder / target.file)
        and all(abs(hit.metadata[name] - value) < 0.5 for name, value in target.place.items())
        for hit in hits
    )


def share(right: Iterator[bool]) -> float:
    outcomes = list(right)
    return sum(outcomes) / len(outcomes)


def print_table(recall: Recall) -> None:
    print("  query \\ target" + "".join(f"{target:>8}" for target in MODALITIES))
    for query in MODALITIES:
        print(f"  {query:14}" + "".join(f"{recall[query, target]:8.2f}" for target in MODALITIES))


if __name__ == "__main__":
    main()
