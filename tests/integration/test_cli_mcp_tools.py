"""The tools of the MCP server on a folder with a source of each kind, asked by the official SDK's client."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import pytest
from fix_agents import LINES
from fix_mcp import Connect
from gemini_embed.windows import probe
from gemini_embed_cli.folder import OpenFolder
from gemini_embed_cli.serving.mcp.pictures import LARGE, SMALL
from mcp_types import TextResourceContents
from PIL import Image


def opened(block: Any) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(block.data)))


async def test_what_there_is(connect: Connect) -> None:
    """Three tools that read, and say so; what writes is there when that is allowed."""
    async with connect() as ask:
        tools = (await ask.client.list_tools()).tools
        assert [tool.name for tool in tools] == ["search", "fetch", "list_sources"]
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        assert all("description" in what for tool in tools for what in tool.input_schema["properties"].values())
    async with connect(max_cost_usd=0.1) as ask:
        writing = (await ask.client.list_tools()).tools[3:]
        assert [(tool.name, tool.annotations and tool.annotations.read_only_hint) for tool in writing] == [
            ("add", False),
            ("sync", False),
        ]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_search(connect: Connect, mcp_house: OpenFolder, mode: str) -> None:
    """Words that suffice alone, the same as JSON, small pictures, links to the sources."""
    async with connect(mode=mode) as ask:
        told = await ask("search", query="Where is the pump?", k=9)
    results = told.json["results"]
    assert {one["modality"] for one in results} == {"text", "image", "audio", "video", "pdf"}
    assert [one["rank"] for one in results] == list(range(1, len(results) + 1))
    for one, words in zip(results, told.words.split("\n\n"), strict=True):
        assert words.startswith(f"[{one['number']}] {one['modality']} {one['link']}")
        assert one["text"][:20] in words
        assert one["url"] == f"file://{mcp_house.settings.folder}/{one['link']}"
    page = next(one for one in results if one["modality"] == "pdf")
    assert page["link"] == f"manual.pdf#page={page['page']}"
    pictures = told.of_type("image")
    assert len(pictures) == sum("picture" in one for one in results) == 4
    assert {(one.mime_type, max(opened(one).size) <= SMALL.side) for one in pictures} == {("image/jpeg", True)}
    links = told.of_type("resource_link")
    assert {link.name for link in links} == {one["source"] for one in results}


@pytest.mark.parametrize(
    ("arguments", "best"),
    [
        pytest.param({"query": "The pump is in the cellar."}, "manual.pdf#page=2", id="words"),
        pytest.param({"file": "pump.png"}, "pump.png", id="a-picture"),
        pytest.param({"file": "call.wav", "modality": "audio"}, "call.wav#t=0,6", id="a-recording"),
        pytest.param({"file": "walk.mp4"}, "walk.mp4#t=0,8", id="a-video"),
        pytest.param({"file": "manual.pdf", "modality": "pdf"}, "manual.pdf#page=", id="pages"),
        pytest.param({"file": "notes.md"}, "notes.md", id="a-text"),
        pytest.param({"query": "a blue pump", "file": "pump.png"}, "pump.png", id="words-and-a-picture"),
        pytest.param({"query": "pump", "modality": "text"}, "notes.md", id="one-kind"),
        pytest.param({"query": "pump", "filter": {"page_start": 3}}, "manual.pdf#page=3", id="filter"),
        pytest.param(
            {"query": "pump", "filter": '{"page_start": {"gte": 3}}'}, "manual.pdf#page=3", id="filter-as-text"
        ),
    ],
)
async def test_found(connect: Connect, arguments: dict[str, Any], best: str) -> None:
    async with connect() as ask:
        told = await ask("search", **arguments, k=1)
    assert [one["link"][: len(best)] for one in told.json["results"]] == [best]


async def test_a_picture_in_the_request(connect: Connect, mcp_house: OpenFolder) -> None:
    data = base64.b64encode((mcp_house.settings.folder / "pump.png").read_bytes()).decode()
    async with connect() as ask:
        told = await ask("search", file=f"data:image/png;base64,{data}", k=1, pictures=0)
    assert told.json["results"][0]["link"] == "pump.png"
    assert told.of_type("image") == []


@pytest.mark.parametrize(
    ("id_", "head", "text", "kinds"),
    [
        pytest.param("notes.md#L3-L4", "text notes.md#L3-L4 (lines 3-4 of 40)", "\n".join(LINES[2:4]), [], id="lines"),
        pytest.param("manual.pdf#page=2", "pdf manual.pdf#page=2 (page 2 of 3)", "cellar", ["image"], id="page"),
        pytest.param("call.wav#t=2,3", "audio call.wav#t=2,3 (2 to 3 s of 6.0 s)", "", ["audio"], id="sound"),
        pytest.param("walk.mp4#t=4,6", "video walk.mp4#t=4,6 (4 to 6 s", "", ["image", "resource"], id="clip"),
        pytest.param("pump.png", "image pump.png", "", ["image"], id="picture"),
    ],
)
async def test_fetch_by_link(connect: Connect, id_: str, head: str, text: str, kinds: list[str]) -> None:
    async with connect() as ask:
        told = await ask("fetch", id=id_)
        alone = await ask("fetch", id=id_, media=False)
    assert told.words.startswith(f"[1] {head}")
    assert text in told.words
    assert [block.type for block in told.blocks] == [*kinds, "resource_link"]
    assert [block.type for block in alone.blocks] == ["resource_link"]
    assert told.json is None  # some clients show a model the JSON and nothing else


async def test_media_are_what_was_asked_for(connect: Connect) -> None:
    async with connect() as ask:
        (sound,) = (await ask("fetch", id="call.wav#t=2,3")).of_type("audio")
        (clip,) = (await ask("fetch", id="walk.mp4#t=4,6")).of_type("resource")
        (page,) = (await ask("fetch", id="manual.pdf#page=2")).of_type("image")
    heard = probe(base64.b64decode(sound.data))
    assert (heard.mime_type, round(heard.duration_s or 0)) == (sound.mime_type, 1)
    seen = probe(base64.b64decode(clip.resource.blob))
    assert (seen.mime_type, clip.resource.uri.endswith("/walk.mp4#t=4,6")) == ("video/mp4", True)
    assert 1000 < max(opened(page).size) <= LARGE.side


async def test_fetch_what_was_found(connect: Connect) -> None:
    """By its number, in any form, or by its id, which another server knows too."""
    async with connect() as ask:
        (found,) = (await ask("search", query="The pump is in the cellar.", k=1)).json["results"]
        told = [await ask("fetch", id=str(id_)) for id_ in (found["number"], f"[{found['number']}]", found["id"])]
        assert all(one.words.startswith("[1] pdf manual.pdf#page=2") for one in told[:2])
        around = await ask("fetch", id="1", around=1)
        assert all(words in around.words for words in ("in May", "cellar", "Ann"))
        assert (await ask("fetch", id="99")).words == "there is no source [99]: give a link as a search shows it"
    async with connect() as another:
        assert "The pump is in the cellar." in (await another("fetch", id=found["id"])).words


async def test_what_follows(connect: Connect) -> None:
    """The end says what to fetch next, until the source ends."""
    read, id_ = [], "notes.md#L1-L15"
    async with connect() as ask:
        for _ in range(9):
            told = await ask("fetch", id=id_)
            read += told.words.splitlines()[1:]
            if not read[-1].startswith("(goes on: fetch "):
                break
            id_ = read.pop()[len("(goes on: fetch ") : -1]
    assert read == LINES


async def test_what_links_lead_to(connect: Connect, mcp_house: OpenFolder) -> None:
    """The client reads it from the server."""
    async with connect() as ask:
        links = (await ask("search", query="pump", k=9)).of_type("resource_link")
        contents = [(await ask.client.read_resource(link.uri)).contents[0] for link in links]
        assert (await ask.client.list_resource_templates()).resource_templates[0].uri_template == "file:///{+path}"
    for link, content in zip(links, contents, strict=True):
        data: bytes = (mcp_house.settings.folder / link.name).read_bytes()
        read = content.text.encode() if isinstance(content, TextResourceContents) else base64.b64decode(content.blob)
        assert read == data
        assert content.mime_type == link.mime_type


async def test_list_sources(connect: Connect) -> None:
    async with connect() as ask:
        told = await ask("list_sources")
        pages = await ask("list_sources", modality="pdf")
        named = await ask("list_sources", name="PUMP")
    assert told.words.splitlines() == [
        "audio call.wav (6 s)",
        "pdf manual.pdf (3 pages)",
        "text notes.md",
        "image pump.png",
        "video walk.mp4 (8 s)",
    ]
    assert [one["link"] for one in told.json["sources"]] == [
        *("call.wav", "manual.pdf", "notes.md", "pump.png"),
        "walk.mp4",
    ]
    assert (pages.words, named.words) == ("pdf manual.pdf (3 pages)", "image pump.png")


async def test_as_json(connect: Connect) -> None:
    """As ChatGPT's connectors read it: JSON in the words' place, with ids, titles and URLs."""
    async with connect(as_json=True) as ask:
        found = await ask("search", query="The pump is in the cellar.")
        fetched = await ask("fetch", id=found.json["results"][0]["id"])
    assert json.loads(found.words) == found.json
    assert all(isinstance(one[name], str) for one in found.json["results"] for name in ("id", "title", "url"))
    document = json.loads(fetched.words)
    assert {*document} == {"id", "title", "text", "url", "metadata"}
    assert "The pump is in the cellar." in document["text"]
    assert document["url"].endswith("manual.pdf#page=2")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        pytest.param("search", {}, "there is nothing to look for: give a query in words, or a file", id="nothing"),
        pytest.param("search", {"query": "x", "k": 51}, "k=51: how many results, from 1 to 50", id="too-many"),
        pytest.param("search", {"query": "x", "pictures": 5}, "pictures=5: from 0 to 4", id="too-many-pictures"),
        pytest.param("search", {"query": "x" * 9_000}, "the query has 9,000 characters: ask in fewer", id="long-query"),
        pytest.param("search", {"query": "x", "filter": {"a": "b" * 10_000}}, "the filter has more than", id="filter"),
        pytest.param("search", {"query": "x", "filter": {"page": {"near": 3}}}, "near", id="unknown-filter"),
        pytest.param(
            "search", {"query": "x", "folder": "attic"}, "there is no folder 'attic': there is house", id="folder"
        ),
        pytest.param("fetch", {"id": "manual.pdf#page=9"}, "there is no page 9", id="page"),
        pytest.param("fetch", {"id": "manul.pdf"}, "there is no source 'manul.pdf': list_sources shows", id="misspelt"),
        pytest.param("fetch", {"id": " "}, "the id is empty", id="no-id"),
        pytest.param("fetch", {"id": "notes.md", "around": -1}, "around=-1", id="around"),
        pytest.param("fetch", {"id": "00000000-0000-4000-8000-000000000000"}, "nothing has the id", id="unknown-id"),
    ],
)
async def test_mistakes_are_sentences(connect: Connect, tool: str, arguments: dict[str, Any], said: str) -> None:
    async with connect() as ask:
        told = await ask(tool, **arguments)
    assert told.is_error
    assert said in told.words
    assert "\n" not in told.words
