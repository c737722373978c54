"""`index.add` of a folder of media, killed in every store: what was acknowledged stays, the rest is caught up."""

from __future__ import annotations

from pathlib import Path

import pytest
from fix_kills import check_kills
from fix_signs import Signs


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore:.*index.add_lexical:gemini_embed.GeminiEmbedWarning")  # measured before the kill
@pytest.mark.parametrize("kind", ["edge", "edge-words", "qdrant", "lite"])
def test_what_was_acknowledged_stays_and_the_rest_is_added_once(kind: str, signs: Signs, tmp_path: Path) -> None:
    check_kills(kind, signs, tmp_path)
