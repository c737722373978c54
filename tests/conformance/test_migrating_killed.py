"""A migration whose process is killed again and again: nothing is missing at its end, and little is paid for twice.

And readers that follow an alias through a switch under load. On a real Milvus server: `test_stores_standalone.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fix_migrating import check_kills_of_a_migration, check_load_through_a_switch
from fix_qdrant_server import QdrantServer
from gemini_embed import Embedder, QdrantStore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_killed_again_and_again(tmp_path: Path) -> None:
    check_kills_of_a_migration(tmp_path)


def test_a_thousand_searches_a_minute_through_a_switch(
    qdrant_server: QdrantServer, make_embedder: Callable[..., Embedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(name: str) -> QdrantStore:
        return QdrantStore(url=qdrant_server.url, collection=name)

    check_load_through_a_switch(place, make_embedder, monkeypatch)
