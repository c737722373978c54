"""The MCP server without a key, without an index, with several folders, and with leave to write."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_mcp import Connect, opened_folder
from gemini_embed import InputError
from gemini_embed_cli.folder import OpenFolder, settings
from gemini_embed_cli.serving.mcp import searching
from gemini_embed_cli.serving.mcp.folders import Folders

TOOLS = [("search", {"query": "pump"}), ("fetch", {"id": "notes.md"}), ("list_sources", {})]


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[OpenFolder]:
    """A synced folder of one note, to be changed."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "pump.md").write_text("The pump is bled in May.\n", "utf-8")
    with opened_folder(folder) as opened:
        yield opened


async def test_without_a_key(connect: Connect, tmp_path: Path) -> None:
    """It starts, tells its tools, and answers each call with a sentence that says what to do."""
    with OpenFolder(settings({"folder": tmp_path}), confined=True) as folder:
        folder.home.make()
        folder.home.index.mkdir()
        async with connect(folder, max_cost_usd=1.0) as ask:
            assert len((await ask.client.list_tools()).tools) == 5
            for tool, arguments in [*TOOLS, ("sync", {}), ("add", {"text": "a note"})]:
                told = await ask(tool, **arguments)
                assert told.is_error
                assert "there is no key: set GEMINI_API_KEY" in told.words


async def test_without_an_index(connect: Connect, tmp_path: Path) -> None:
    with opened_folder(tmp_path, sync=False) as folder:
        async with connect(folder) as ask:
            for tool, arguments in TOOLS:
                told = await ask(tool, **arguments)
                assert told.is_error
                assert f"nothing is indexed in {tmp_path} yet: gemini-embed sync {tmp_path} --emulator" in told.words


async def test_an_index_that_comes_later(connect: Connect, tmp_path: Path) -> None:
    """As when `gemini-embed sync` is typed while the server runs."""
    (tmp_path / "pump.md").write_text("The pump is bled in May.\n", "utf-8")
    with opened_folder(tmp_path, sync=False) as folder, opened_folder(tmp_path, sync=False) as another:
        async with connect(folder) as ask:
            assert (await ask("search", query="pump")).is_error
            with another.index(new=True) as index:
                await index.async_sync(tmp_path)
            assert (await ask("search", query="pump")).words.startswith("[1] text pump.md")


async def test_several_folders(connect: Connect, mcp_house: OpenFolder, mcp_garden: OpenFolder) -> None:
    """Links begin with the folder's name, and lead there."""
    async with connect(mcp_house, mcp_garden) as ask:
        found = (await ask("search", query="the pump", modality="text")).json["results"]
        assert [(one["folder"], one["link"]) for one in found[:2]] == [
            ("house", "house/notes.md"),
            ("garden", "garden/notes.md"),
        ]
        one = await ask("search", query="the pump", folder="garden", modality="text")
        assert [result["link"] for result in one.json["results"]] == ["garden/notes.md"]
        for id_ in ("garden/notes.md", "2", found[1]["id"]):
            assert "The roses are watered" in (await ask("fetch", id=id_)).words
        by_file = await ask("search", file="garden/lawn of June.png", k=1, modality="image", folder="garden")
        assert by_file.json["results"][0]["link"] == "garden/lawn%20of%20June.png"
        assert (await ask("fetch", id="garden/lawn of June.png")).of_type("image")
        links = [one["link"] for one in (await ask("list_sources")).json["sources"]]
        assert (len(links), links[-1]) == (7, "garden/notes.md")


async def test_a_page_of_the_list(
    connect: Connect, mcp_house: OpenFolder, mcp_garden: OpenFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end says after what it goes on, through all folders."""
    monkeypatch.setattr("gemini_embed_cli.serving.mcp.listing.MOST", 3)
    async with connect(mcp_house, mcp_garden) as ask:
        links, after = [], None
        for _ in range(5):
            page = (await ask("list_sources", after=after)).json
            links += [one["link"] for one in page["sources"]]
            after = page.get("after")
            if after is None:
                break
    assert links == [
        *(f"house/{name}" for name in ("call.wav", "manual.pdf", "notes.md", "pump.png", "walk.mp4")),
        "garden/lawn%20of%20June.png",
        "garden/notes.md",
    ]


async def test_one_folder_of_several_has_no_index(connect: Connect, mcp_house: OpenFolder, tmp_path: Path) -> None:
    """The others answer, and it is told."""
    with opened_folder(tmp_path, sync=False) as empty:
        async with connect(mcp_house, empty) as ask:
            told = await ask("search", query="pump", k=1)
            listed = await ask("list_sources")
    assert told.json["notes"] == [f"nothing is indexed in {tmp_path} yet: gemini-embed sync {tmp_path} --emulator"]
    assert told.words.endswith(f"({told.json['notes'][0]})")
    assert listed.words.endswith(f"({told.json['notes'][0]})")


def test_names_of_folders(tmp_path: Path) -> None:
    """Two of one name are told apart."""
    roots = [tmp_path / "a" / "notes", tmp_path / "b" / "notes"]
    for root in roots:
        root.mkdir(parents=True)
    folders = Folders([OpenFolder(settings({"folder": root})) for root in roots])
    assert folders.listed() == "notes, notes-2"
    with pytest.raises(InputError, match="say which, folder= one of notes, notes-2"):
        folders.one(None)


async def test_writing(connect: Connect, notes: OpenFolder) -> None:
    """What is added and synced is found; what is gone is not."""
    root = notes.settings.folder
    async with connect(notes, max_cost_usd=0.01) as ask:
        told = await ask("add", text="The spare key hangs in the shed.", title="Keys")
        assert (told.json["added"], told.json["folder"]) == (1, "notes")
        assert told.json["left_usd"] < 0.01
        assert (await ask("search", query="spare key", k=1)).json["results"][0]["link"] == "note:Keys"
        assert "hangs in the shed" in (await ask("fetch", id="note:Keys")).words
        await ask("add", text="The spare key is lost.", title="Keys")
        assert (await ask("search", query="spare key", k=1)).json["results"][0]["text"] == "The spare key is lost."
        (root / "tap.md").write_text("The tap drips.\n", "utf-8")
        assert (await ask("add", file="tap.md")).json["added"] == 1
        (root / "pump.md").unlink()
        (root / "roof.md").write_text("The roof leaks.\n", "utf-8")
        synced = await ask("sync")
        assert [synced.json[name] for name in ("added", "reused", "removed", "skipped")] == [1, 1, 1, []]
        assert (await ask("list_sources")).words.splitlines() == [
            "text roof.md",
            "text tap.md",
            'text note:Keys "Keys"',
        ]


async def test_a_note_takes_the_place_of_no_file(connect: Connect, notes: OpenFolder) -> None:
    """Whatever it is called."""
    path = str(notes.settings.folder / "pump.md")
    async with connect(notes, max_cost_usd=0.01) as ask:
        await ask("add", text="Another text.", title=path)
        assert "bled in May" in (await ask("fetch", id="pump.md")).words
        assert [one["link"] for one in (await ask("list_sources")).json["sources"]] == ["pump.md", f"note:{path}"]


async def test_progress(connect: Connect, notes: OpenFolder) -> None:
    """A client that asks for it is told of the price, and of the work."""
    told: list[tuple[float, float | None, str | None]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    (notes.settings.folder / "tap.md").write_text("The tap drips.\n", "utf-8")
    async with connect(notes, max_cost_usd=0.01, mode="legacy") as ask:
        await ask.client.call_tool("sync", {}, progress_callback=heard)
    assert told[:2] == [(0.0, None, "estimating the price"), (0.0, 1.0, "embedding 1 items")]


async def test_too_dear(connect: Connect, notes: OpenFolder) -> None:
    """The price is compared with what is left of the limit, and nothing is sent."""
    async with connect(notes, max_cost_usd=1e-5) as ask:
        assert (await ask("add", text="short", title="a")).json["added"] == 1
        dear = await ask("add", text="words " * 1_000, title="b")
        assert dear.is_error
        assert "nothing was sent: it would cost about $0.000" in dear.words
        assert "are left of the $1e-05 that this server may spend (--max-cost)" in dear.words
        (notes.settings.folder / "long.md").write_text("words " * 2_000, "utf-8")
        assert (await ask("sync")).is_error
        with notes.index() as index:
            assert index.count({"source": ["b", "long.md"]}) == 0
            spent = index.embedder.budget.spent_usd
        assert spent < 1e-5


async def test_what_the_service_refuses(connect: Connect, notes: OpenFolder) -> None:
    """Is a sentence too, whenever it comes; what had been added before stays."""
    with notes.index() as index:
        index.embedder.budget.max_usd = 1e-9  # as if others had spent it meanwhile
        async with connect(notes, max_cost_usd=0.01) as ask:
            told = await ask("add", text="The spare key hangs in the shed.", title="Keys")
            index.embedder.budget.max_usd = None
            assert (told.is_error, "max_cost_usd" in told.words) == (True, True)
            assert [one["link"] for one in (await ask("list_sources")).json["sources"]] == ["pump.md"]
            assert (await ask("add", text="The spare key hangs in the shed.", title="Keys")).json["added"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param({}, "give either file or text", id="nothing"),
        pytest.param({"file": "pump.png", "text": "x"}, "give either file or text", id="both"),
        pytest.param({"text": " "}, "the text has 1 characters: from 1 to 200,000 are added", id="blank"),
        pytest.param({"text": "x" * 200_001}, "the text has 200,001 characters", id="long"),
        pytest.param({"text": "x", "title": "t" * 201}, "the title has 201 characters: at most 200", id="long-title"),
        pytest.param({"file": "."}, ". is a folder: sync takes what is new in it", id="a-folder"),
        pytest.param({"file": "../secret.md"}, "lies outside of the folders", id="outside"),
        pytest.param({"file": "http://127.0.0.1:9/x.png"}, "which is not a public address", id="private-url"),
    ],
)
async def test_what_is_not_added(connect: Connect, arguments: dict[str, str], said: str) -> None:
    async with connect(max_cost_usd=0.01) as ask:
        told = await ask("add", **arguments)
    assert told.is_error
    assert said in told.words


async def test_a_search_while_another_process_syncs(connect: Connect, notes: OpenFolder) -> None:
    """The store is handed over between calls; here by another opening in this process."""
    root = notes.settings.folder
    for number in range(20):
        (root / f"{number}.md").write_text(f"Note {number} is of the pump.\n", "utf-8")
    reports = []

    def sync() -> None:
        with opened_folder(root, sync=False) as another, another.index() as index:
            reports.append(index.sync(root, batch_size=2))

    async with connect(notes) as ask:
        assert len((await ask("search", query="pump")).json["results"]) == 1
        syncing = threading.Thread(target=sync)
        syncing.start()
        while syncing.is_alive():
            assert not (await ask("search", query="pump", k=50)).is_error
        assert len((await ask("search", query="pump", k=50)).json["results"]) == 21
    assert reports[0].added == 20


async def test_a_call_that_is_given_up(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are served meanwhile and after."""
    begun, go_on = threading.Event(), threading.Event()
    found = searching.search

    def slow(*given: object) -> object:
        begun.set()
        assert go_on.wait(30)
        return found(*given)  # type: ignore[arg-type]  # handed on as it came

    async with connect(mode="legacy") as ask:
        monkeypatch.setattr(searching, "search", slow)
        given_up = asyncio.create_task(ask("search", query="pump"))
        await asyncio.to_thread(begun.wait, 30)
        given_up.cancel()
        assert "notes.md" in (await ask("list_sources")).words
        go_on.set()
        monkeypatch.setattr(searching, "search", found)
        assert not (await ask("search", query="pump")).is_error


async def test_a_hundred_calls_at_once(connect: Connect) -> None:
    async with connect(mode="legacy") as ask:
        told = await asyncio.gather(
            *(ask("fetch", id=f"notes.md#L{number % 40 + 1}", media=False) for number in range(80)),
            *(ask("search", query=f"door {number}", modality="text", k=1, pictures=0) for number in range(20)),
        )
    assert not any(one.is_error for one in told)
    assert [one.words.splitlines()[1] for one in told[:80]] == [
        f"Line {number % 40 + 1}: the pump room is behind door {number % 40 + 1}." for number in range(80)
    ]
