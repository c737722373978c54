"""Migrations under trial: killed at any moment, and switched under load."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_emulator import KEY, QUICK
from gemini_embed import EdgeStore, Embedder, Item, Migration, MilvusStore, MultimodalIndex
from gemini_embed.indexing import following
from gemini_embed.stores.aliases import HasAliases
from gemini_embed_emulator import Emulator

KILLS = int(os.environ.get("GEMINI_EMBED_KILLS", "2"))
RECORDS, BATCH = 40 + 10 * KILLS, 4
MIGRATING = """
import sys
from pathlib import Path
from gemini_embed import EdgeStore, Embedder, Migration, MultimodalIndex

base_url, old, new = sys.argv[1:]
store = EdgeStore(new)
write = store.upsert

def acknowledged(records, vectors):
    write(records, vectors)
    print(len(records), flush=True)

store.upsert = acknowledged
embedder = Embedder(api_key="k", base_url=base_url, dimensions=128, concurrency=2)
Migration(EdgeStore(old), MultimodalIndex(embedder, store)).run(batch_size=4)
"""
"""Migrates, and prints how many are written after each batch."""
IN_FLIGHT = 6 * BATCH
"""Four batches ahead, the one that is written and the one that is read."""


def check_kills_of_a_migration(tmp_path: Path) -> None:
    """Each run is killed after some batches; the bill is never more than what was in flight at each kill."""
    old, new = tmp_path / "old", tmp_path / "new"
    with Emulator(latency_s=0.01) as server:
        with (
            Embedder(api_key="k", base_url=server.base_url, dimensions=64) as embedder,
            MultimodalIndex(embedder, EdgeStore(old)) as index,
        ):
            index.add([Item(f"note {n} of many", source=f"{n}.md") for n in range(RECORDS)])
        billed = server.requests.items_billed
        command = [sys.executable, "-c", MIGRATING, server.base_url, str(old), str(new)]
        for kill in range(KILLS):
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own interpreter and code
                assert child.stdout is not None
                for _ in range(1 + kill % 3):
                    child.stdout.readline()
                child.kill()
        with (
            Embedder(api_key="k", base_url=server.base_url, dimensions=128) as embedder,
            MultimodalIndex(embedder, EdgeStore(new)) as index,
        ):
            migration = Migration(EdgeStore(old), index)
            held = index.count()
            report = migration.run()
            assert (report.reused, report.added) == (held, RECORDS - held)
            assert migration.verify(sample=20).passed
            migration.close()
        twice = server.requests.items_billed - billed - RECORDS - 20  # the sample's queries
        assert twice <= KILLS * IN_FLIGHT, f"{twice} paid for twice"


def check_load_through_a_switch(
    place: Callable[[str], HasAliases],
    make_embedder: Callable[..., Embedder],
    monkeypatch: pytest.MonkeyPatch,
    *,
    readers: int = 4,
    searches: int = 75,
    prefix: str = "",
) -> None:
    """None fails, and each is answered by the collection whose model asks: another one's query finds another text.

    On two busy cores these are 4,000 a minute.
    """
    texts = [f"{word} number {n}" for word in ("bread", "tide", "moss", "copper") for n in range(5)]
    connection = {"api_key": KEY, "retry": QUICK, "verify": False}
    older, newer = make_embedder("gemini-embedding-001", dimensions=64), make_embedder(dimensions=64)
    with (
        MultimodalIndex(older, place(f"{prefix}docs_v1")) as old,
        MultimodalIndex(newer, place(f"{prefix}docs_v2")) as new,
    ):
        old.add([Item(f"{text}, says docs_v1", source=text) for text in texts])
        new.add([Item(f"{text}, says docs_v2", source=text) for text in texts])
        owner = place("any")
        owner.point_alias(f"{prefix}live", f"{prefix}docs_v1")
        base_url = older._connection.base_url
        with MultimodalIndex.following(place(f"{prefix}live"), base_url=base_url, **connection) as index:
            found: list[list[str]] = [[] for _ in range(readers)]
            wrong: list[object] = []
            begun, is_over = threading.Barrier(readers + 1), threading.Event()

            def read(mine: list[str]) -> None:
                begun.wait()
                while len(mine) < searches or not is_over.is_set():
                    text = texts[len(mine) % len(texts)]
                    try:
                        hit = index.search(text, 1)[0]
                    except Exception as error:
                        wrong.append(error)
                        return
                    said, _, by = hit.page_content.rpartition(", says ")
                    if said != text:
                        wrong.append((text, hit.page_content))
                    mine.append(by)

            threads = [threading.Thread(target=read, args=(mine,)) for mine in found]
            monkeypatch.setattr(following, "LOOK_AHEAD_S", 0.05)
            monkeypatch.setattr(following, "LOOK_EVERY_S", 0.1)
            for thread in threads:
                thread.start()
            begun.wait()
            for n in range(11):  # there and back, and there
                while sum(map(len, found)) < (n + 1) * readers * searches // 13 and not wrong:
                    time.sleep(0.005)
                owner.point_alias(f"{prefix}live", f"{prefix}docs_v1" if n % 2 else f"{prefix}docs_v2")
            settled, until = time.monotonic() + 1, time.monotonic() + 30
            while not (wrong or time.monotonic() > until):  # the last but one switch may be noticed after the last
                if time.monotonic() > settled and all(mine[-1] == "docs_v2" for mine in found):
                    break
                time.sleep(0.005)
            is_over.set()
            for thread in threads:
                thread.join()
        owner.close()
        assert wrong == []
        answered = [by for mine in found for by in mine]
        assert {*answered} == {"docs_v1", "docs_v2"}
        assert {mine[-1] for mine in found} == {"docs_v2"}  # where the last switch has led
        assert len(answered) >= readers * searches


def check_migrates_and_renames(place: Callable[[str], MilvusStore], make_embedder: Callable[..., Embedder]) -> None:
    """A collection that readers know by its real name: renamed, an alias of that name, migrated, switched, dropped."""
    older, newer = make_embedder("gemini-embedding-001", dimensions=64), make_embedder(dimensions=128)
    with MultimodalIndex(older, place("kitchen")) as index:
        index.add([Item(f"note {n} of many", source=f"{n % 9}.md", metadata={"n": n}) for n in range(50)])
    home = place("kitchen")
    home.ask_client(lambda client: client.rename_collection("kitchen", "kitchen_v1"))
    home.point_alias("kitchen", "kitchen_v1")
    with MultimodalIndex(older, home) as index:
        assert index.count() == 50
        with MultimodalIndex(newer, place("kitchen_v2")) as target:
            migration = Migration(index.store, target)
            assert migration.run(progress=False).added == 50
            found = migration.verify(sample=30)
            assert found.passed, str(found)
            migration.switch("kitchen", expect="kitchen_v1")
            assert home.aliases()["kitchen"] == "kitchen_v2"
            migration.back("kitchen")
            migration.switch("kitchen")
            migration.finish()
    with MultimodalIndex(newer, place("kitchen")) as index:
        assert index.search("note 7 of many", 1)[0].metadata["n"] == 7
        assert place("kitchen_v1").leads_to() is None
