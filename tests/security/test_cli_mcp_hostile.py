"""What outsiders could have the MCP server read or do: paths out of the folders, files that are none, bombs."""

from __future__ import annotations

import base64
import os
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from fix_agents import write_house
from fix_mcp import Connect, opened_folder
from gemini_embed_cli.folder import OpenFolder

SECRET = "The safe opens at 4711."


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenFolder]:
    """A synced folder beside a secret, with links to it, a pipe, names of all kinds; the secret is in no index."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.md").write_text(SECRET, "utf-8")
    folder = write_house(outside / "house")
    (folder / "Grüße, 'Haus' #1 50%.md").write_text("The gate squeaks.\n", "utf-8")
    with opened_folder(folder) as opened:
        with open(os.fsencode(folder / "b") + b"\xff.md", "w", encoding="utf-8") as file:
            file.write("The bell is broken.\n")
        with opened.index() as index:
            index.sync(folder)
        (folder / "link.md").symlink_to(outside / "secret.md")
        (folder / "up").symlink_to(outside)
        (folder / ".env").write_text(SECRET, "utf-8")
        os.mkfifo(folder / "pipe")
        (folder / "null").symlink_to("/dev/zero")
        with (folder / "huge.bin").open("wb") as file:
            file.truncate(2**31)
        yield opened


OUTSIDE = [
    pytest.param("../secret.md", id="above"),
    pytest.param("photos/../../secret.md", id="above-from-below"),
    pytest.param("OUTSIDE/secret.md", id="absolute"),
    pytest.param("OUTSIDE/house/../secret.md", id="absolute-above"),
    pytest.param("link.md", id="link-to-a-file"),
    pytest.param("up/secret.md", id="link-to-a-folder"),
    pytest.param("file://OUTSIDE/secret.md", id="uri"),
    pytest.param("file://localhost/OUTSIDE/house/%2e%2e/secret.md", id="uri-in-escapes"),
    pytest.param("file://elsewhere/OUTSIDE/secret.md", id="uri-of-another-machine"),
    pytest.param("FILE:///etc/passwd", id="uri-in-capitals"),
    pytest.param("/etc/passwd", id="of-the-system"),
    pytest.param("/proc/self/environ", id="of-the-process"),
    pytest.param("null", id="a-device"),
    pytest.param("pipe", id="a-pipe"),
    pytest.param("huge.bin", id="2-GiB"),
    pytest.param("notes.md\0.png", id="null-byte"),
    pytest.param("x" * 5_000, id="long"),
    pytest.param("\ud800.png", id="half-a-character"),
    pytest.param("gs://bucket/secret.md", id="cloud-storage"),
    pytest.param("ftp://127.0.0.1/secret.md", id="ftp"),
    pytest.param("", id="empty"),
    pytest.param("~/.ssh/id_rsa", id="home"),
]


@pytest.mark.parametrize("path", OUTSIDE)
async def test_nothing_outside_is_read(connect: Connect, house: OpenFolder, path: str) -> None:
    """Neither looked for, nor fetched, nor added, nor read as a resource; and nothing is waited for."""
    from mcp import MCPError

    given = path.replace("OUTSIDE", str(house.settings.folder.parent))
    calls = {"search": {"file": given}, "fetch": {"id": given}, "add": {"file": given}}
    async with connect(house, max_cost_usd=1.0) as ask:
        for tool, arguments in calls.items():
            told = await ask(tool, **arguments)
            assert told.is_error, (tool, told.words)
            assert SECRET not in told.words
            assert len(told.words) < 500
        uri = given if "://" in given else f"file://{house.settings.folder}/{given}"
        uri = uri.encode(errors="replace").decode()  # the client sends no other
        with pytest.raises(MCPError) as refused:
            await ask.client.read_resource(uri)
        assert SECRET not in str(refused.value)
        assert SECRET not in (await ask("search", query=SECRET, k=50, pictures=0)).words


async def test_what_lies_in_the_folder_and_in_no_index_is_not_fetched(connect: Connect, house: OpenFolder) -> None:
    """Files that a sync leaves out, and the index itself."""
    from mcp import MCPError

    async with connect(house) as ask:
        for path in (".env", ".gemini-embed/.gitignore", "huge.bin"):
            told = await ask("fetch", id=path)
            assert told.words == f"there is no source '{path}': list_sources shows which there are"
            with pytest.raises(MCPError, match="there is no source"):
                await ask.client.read_resource((house.settings.folder / path).as_uri())


async def test_a_name_of_all_kinds_of_letters(connect: Connect, house: OpenFolder) -> None:
    """Comes back as what it was found by."""
    async with connect(house) as ask:
        (found,) = (await ask("search", query="The gate squeaks.", k=1)).json["results"]
        assert found["link"] == "Gr%C3%BC%C3%9Fe,%20'Haus'%20%231%2050%25.md"
        for id_ in (found["link"], found["id"], "Grüße, 'Haus' %231 50%25.md", found["url"].removeprefix("file://")):
            assert "The gate squeaks." in (await ask("fetch", id=id_)).words
        assert (await ask("search", file="Grüße, 'Haus' #1 50%.md", k=1)).json["results"][0]["link"] == found["link"]
        assert (await ask.client.read_resource(found["url"])).contents[0].uri == found["url"]


async def test_a_name_that_is_no_text(connect: Connect, house: OpenFolder) -> None:
    """Is left out of the index; everything else is served."""
    async with connect(house) as ask:
        found = await ask("search", query="The bell is broken.", k=50, pictures=0)
        listed = await ask("list_sources")
    assert (found.is_error, listed.is_error) == (False, False)
    assert "bell" not in found.words
    assert len(listed.json["sources"]) == 6


async def test_a_link_that_turns_while_it_is_read(connect: Connect, house: OpenFolder) -> None:
    """A file that becomes a link to the secret is refused, or read as it was; the secret is not."""
    root = house.settings.folder
    turning, stop = root / "turning.md", threading.Event()

    def turn() -> None:
        while not stop.is_set():
            turning.unlink(missing_ok=True)
            turning.symlink_to(root.parent / "secret.md")
            turning.unlink()
            turning.write_text("harmless", "utf-8")

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        async with connect(house, max_cost_usd=1.0) as ask:
            for _ in range(30):
                await ask("add", file="turning.md")
            found = await ask("search", query=SECRET, k=50, pictures=0)
    finally:
        stop.set()
        thread.join()
    assert SECRET not in found.words


def _png_bomb() -> bytes:
    """A PNG of 60,000 x 60,000 in some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = (60_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    )


async def test_bombs(connect: Connect, house: OpenFolder) -> None:
    """In a data URI, or in a file that is added."""
    bomb = _png_bomb()
    (house.settings.folder / "bomb.png").write_bytes(bomb)
    async with connect(house, max_cost_usd=1.0) as ask:
        told = await ask("search", file=f"data:image/png;base64,{base64.b64encode(bomb).decode()}")
        added = await ask("add", file="bomb.png")
        large = await ask("search", file=f"data:text/plain,{'x' * (21 * 2**20)}")
    assert "has more pixels than can be looked at" in told.words
    assert "has more pixels than can be looked at" in added.words
    assert large.words == "the data URI has 22,020,096 bytes, more than the 20,971,520 that are looked at"


async def test_private_addresses_are_not_asked(connect: Connect, house: OpenFolder) -> None:
    """Those of this machine and of its network; not even by a URL that stands in the query."""
    asked: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever).start()
        urls = [f"http://{host}:{server.server_port}/x.png" for host in ("127.0.0.1", "localhost", "[::1]", "0x7f.1")]
        async with connect(house, max_cost_usd=1.0) as ask:
            for url in [*urls, "http://169.254.169.254/latest/meta-data/"]:
                for tool, arguments in (
                    ("search", {"file": url}),
                    ("search", {"query": url}),
                    ("add", {"file": url}),
                    ("fetch", {"id": url}),
                ):
                    assert (await ask(tool, **arguments)).is_error
        server.shutdown()
    assert asked == []


async def test_arguments_of_another_kind(connect: Connect, house: OpenFolder) -> None:
    """Wrong types, names that no tool has, JSON nested beyond reason."""
    nested: dict[str, object] = {}
    for _ in range(60):
        nested = {"$not": nested}
    async with connect(house) as ask:
        for arguments in ({"query": ["x"]}, {"query": "x", "k": "many"}, {"query": "x", "filter": 3}, {"id": None}):
            assert (await ask("search", **arguments)).is_error
        assert (await ask("search", query="x", filter=nested)).is_error
        assert (await ask("fetch")).is_error
        assert (await ask("delete", id="1")).is_error
        assert "lone surrogate" in (await ask("search", query="\ud800 pump")).words
        assert not (await ask("search", query="pump")).is_error
