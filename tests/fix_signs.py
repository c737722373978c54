"""The evaluation's facts in five modalities, made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluate import is_right
from gemini_embed import Content, EdgeStore, Embedder, Hits, MultimodalIndex, Store
from gemini_embed_emulator import Emulator
from numpy.typing import NDArray
from signs import MODALITIES, SIGNS, Target, queries, write_targets


@dataclass(frozen=True)
class Signs:
    """A folder of real files, where each fact stands in it, and the questions about each."""

    folder: Path
    targets: dict[tuple[str, str], Target]
    asked: dict[tuple[str, str], Any]

    def is_right(self, hits: Hits, sign: str, modality: str) -> bool:
        return is_right(hits, self.targets[sign, modality], self.folder)

    def asked_of(self, embedder: Embedder) -> dict[tuple[str, str], NDArray[np.float32]]:
        """The vector of each question."""
        queries = [Content.of(query) for query in self.asked.values()]
        return dict(zip(self.asked, embedder.embed(queries, side="query"), strict=True))


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Signs:
    """PDF, MP4, WAV, MP3, PNG, JPEG, WebP and Markdown; not to be changed."""
    folder = tmp_path_factory.mktemp("signs") / "signs"
    asked = {(sign.name, modality): query for sign in SIGNS for modality, query in queries(sign).items()}
    return Signs(folder, write_targets(folder), asked)


def check_that_all_find_all(store: Store, embedder: Embedder, signs: Signs) -> None:
    with MultimodalIndex(embedder, store) as index:
        report = index.add(signs.folder)
        assert (report.added, report.reused, report.skipped) == (5 * len(SIGNS), 0, ())
        assert {m: index.count({"modality": m}) for m in MODALITIES} == dict.fromkeys(MODALITIES, len(SIGNS))
        for (sign, asked_by), vector in signs.asked_of(embedder).items():
            for modality in MODALITIES:
                hits = index.search_vector(vector, 1, filter={"modality": modality})
                assert signs.is_right(hits, sign, modality), f"{sign} asked by {asked_by}: {hits}"
        again = index.add(str(signs.folder))
        assert (again.added, again.reused, again.usage.requests) == (0, 5 * len(SIGNS), 0)


@pytest.fixture(scope="session")
def signs_index(signs: Signs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultimodalIndex]:
    """An index of the folder; not to be changed, nor closed."""
    with (
        Emulator() as server,
        Embedder(dimensions=256, base_url=server.base_url, api_key="k", root=signs.folder) as embedder,
        MultimodalIndex(embedder, EdgeStore(tmp_path_factory.mktemp("index") / "store")) as index,
    ):
        index.add(signs.folder)
        yield index
