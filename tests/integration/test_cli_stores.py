"""`--store`: an index on a server or in another file, and what it is called there."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_cli import Command
from fix_qdrant_server import QdrantServer
from gemini_embed import QdrantStore
from gemini_embed_cli.folder import OpenFolder, settings
from gemini_embed_cli.folder.collections import collection_name

SECRET = "pa55-w0rd"


def collections(server: QdrantServer) -> list[str]:
    return sorted(one["name"] for one in server.answer("GET", "/collections", None)["collections"])


@pytest.fixture
def docs(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a folder of one text."""

    def made(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "note.md").write_text(f"The stopcock of {name} is under the sink.")
        return folder

    return made


def test_folders_of_one_name_have_collections_of_their_own(
    qdrant_server: QdrantServer, docs: Callable[[str], Path], command: Command
) -> None:
    """Each finds what is its own, also where letters of the name are none of ASCII."""
    folders = [docs("a/Bücher"), docs("b/Bücher")]
    store = ("--store", f"qdrant:{qdrant_server.url}", "--emulator")
    for folder in folders:
        synced = command("sync", folder, *store)
        assert synced.code == 0, synced.err
    for folder in folders:
        found = json.loads(command("search", "stopcock", "-C", folder, *store, "--json").out)
        assert [hit["link"] for hit in found["hits"]] == ["note.md"]
        assert found["hits"][0]["text"] == f"The stopcock of {folder.parent.name}/Bücher is under the sink."
        told = json.loads(command("status", "-C", folder, *store, "--json").out)
        assert told["records"] == 1

    names = collections(qdrant_server)
    assert len(names) == 2
    assert all(name.startswith("gemini_embed_Bucher_") and name.endswith("_emulator") for name in names)


def test_a_collection_may_be_named(qdrant_server: QdrantServer, docs: Callable[[str], Path], command: Command) -> None:
    folder = docs("docs")
    store = ("--store", f"qdrant:{qdrant_server.url}#team-docs", "--emulator", "-C", folder)

    assert command("sync", *store).code == 0
    assert collections(qdrant_server) == ["team-docs"]
    assert command("search", "stopcock", *store, "-k", 1).code == 0


def test_a_collection_of_the_earlier_name_goes_on(
    qdrant_server: QdrantServer, docs: Callable[[str], Path], command: Command
) -> None:
    """As the folder's that it is of: another folder of that last name takes none of it."""
    mine, anothers = docs("a/docs"), docs("b/docs")
    earlier, plain = f"qdrant:{qdrant_server.url}#gemini_embed_docs_emulator", f"qdrant:{qdrant_server.url}"
    assert command("sync", mine, "--store", earlier, "--emulator").code == 0

    found = command("search", "stopcock", "-C", mine, "--store", plain, "--emulator")
    assert (found.code, "a/docs" in found.out) == (0, True)
    assert command("sync", anothers, "--store", plain, "--emulator").code == 0

    named = collection_name(settings({"folder": anothers, "emulator": True}))
    assert collections(qdrant_server) == sorted(["gemini_embed_docs_emulator", named])


@pytest.mark.parametrize("verb", ["status", "search", "sync"])
@pytest.mark.parametrize(
    "store",
    [
        pytest.param("qdrant:http://me:{}@{}", id="qdrant"),
        pytest.param("http://me:{}@{}", id="kind-forgotten"),
        pytest.param("qdrant:http://me:{}#@{}", id="hash-in-it"),
    ],
)
def test_a_password_is_not_shown(
    store: str,
    verb: str,
    qdrant_server: QdrantServer,
    docs: Callable[[str], Path],
    command: Command,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor in errors, as JSON, in logs."""
    folder = docs("docs")
    address = store.format(SECRET, qdrant_server.url.removeprefix("http://"))
    words = ("stopcock",) if verb == "search" else ()
    with caplog.at_level(logging.DEBUG):
        for more in ((), ("--json",)) if verb == "status" else ((),):
            ran = command(verb, *words, "-C", folder, "--store", address, "--emulator", *more)
            assert SECRET not in ran.out + ran.err
            assert ran.out + ran.err
    assert SECRET not in caplog.text


def test_a_server_s_key_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", SECRET)
    with OpenFolder(settings({"folder": tmp_path, "store": "qdrant:https://me:x@example.org#docs"})) as opened:
        store = opened.store()  # not connected to
    assert isinstance(store, QdrantStore)
    assert store._api_key == SECRET
    assert repr(store) == "QdrantStore('https://example.org', collection='docs')"
    assert "me:x" not in repr(opened.settings)
