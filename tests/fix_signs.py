"""The evaluation's facts in five modalities, made once a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from evaluate import is_right
from gemini_embed import Hits
from signs import SIGNS, Target, queries, write_targets


@dataclass(frozen=True)
class Signs:
    """A folder of real files, where each fact stands in it, and the questions about each."""

    folder: Path
    targets: dict[tuple[str, str], Target]
    asked: dict[tuple[str, str], Any]

    def is_right(self, hits: Hits, sign: str, modality: str) -> bool:
        return is_right(hits, self.targets[sign, modality], self.folder)


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Signs:
    """PDF, MP4, WAV, MP3, PNG, JPEG, WebP and Markdown; not to be changed."""
    folder = tmp_path_factory.mktemp("signs") / "signs"
    asked = {(sign.name, modality): query for sign in SIGNS for modality, query in queries(sign).items()}
    return Signs(folder, write_targets(folder), asked)
