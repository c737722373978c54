"""All that runs on a real Milvus server, in one file: one process of the tests starts one server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fix_aliases import check_aliases_are_pinned
from fix_emulator import KEY
from fix_kills import check_kills
from fix_migrating import check_load_through_a_switch, check_migrates_and_renames
from fix_milvus import milvus_place, milvus_standalone
from fix_scale import check_workers_are_killed
from fix_signs import Signs, check_that_all_find_all
from gemini_embed import Embedder, MilvusStore
from gemini_embed.testing import StoreTests
from gemini_embed_emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("milvus_server")]


class TestMilvusStandalone(StoreTests):
    factory = milvus_standalone
    one_process = False
    max_text_bytes = 65_535


def test_every_modality_finds_every_other(make_embedder: Callable[..., Embedder], signs: Signs, tmp_path: Path) -> None:
    check_that_all_find_all(milvus_standalone(tmp_path), make_embedder(dimensions=768), signs)


def test_what_was_acknowledged_stays_and_the_rest_is_added_once(signs: Signs, tmp_path: Path) -> None:
    check_kills("standalone", signs, tmp_path)


def test_an_alias_is_pinned(make_embedder: Callable[..., Embedder], milvus_server: str) -> None:
    with milvus_place(milvus_server) as place:
        check_aliases_are_pinned(place, make_embedder)


def test_a_switch_under_load(
    make_embedder: Callable[..., Embedder], milvus_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(name: str) -> MilvusStore:
        return MilvusStore(milvus_server, collection=name)

    check_load_through_a_switch(place, make_embedder, monkeypatch, readers=2, searches=18, prefix="load_")


def test_a_migration_that_keeps_the_name(make_embedder: Callable[..., Embedder], milvus_server: str) -> None:
    check_migrates_and_renames(lambda name: MilvusStore(milvus_server, collection=name), make_embedder)


def test_workers_that_are_killed(
    make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)  # workers find it in their environment
    check_workers_are_killed(milvus_standalone(tmp_path), make_embedder, emulator)
