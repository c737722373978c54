"""Sources of an index read at a link, and listed: what a model may open, how much, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fix_agents import KINDS, LINES, AgentSources
from gemini_embed import EdgeStore, Embedder, InputError, Item, MultimodalIndex, Record
from gemini_embed.agents import Sources, alist_sources, aread_source, list_sources, medium_of, read_source
from gemini_embed.windows import Cutting, probe


@pytest.mark.parametrize(
    ("kind", "anchor", "around", "part", "text", "more"),
    [
        pytest.param("text", "#L3-L4", None, "lines 3-4 of 40", LINES[2:4], "#L5-L40", id="lines"),
        pytest.param("text", "#L3", 2, "lines 1-5 of 40", LINES[:5], "#L6-L40", id="around-a-line"),
        pytest.param("text", "#char=0,5", None, "line 1 of 40", LINES[:1], "#L2-L40", id="characters"),
        pytest.param("text", "", None, "lines 1-40 of 40", LINES, None, id="a-text"),
        pytest.param("pdf", "#page=2", None, "page 2 of 3", ["(page 2)", "cellar"], "#page=3", id="page"),
        pytest.param("pdf", "#page=2", 1, "pages 1-3 of 3", ["May", "cellar", "Ann"], None, id="around-a-page"),
        pytest.param("pdf", "#page=2-9", None, "pages 2-3 of 3", ["cellar", "Ann"], None, id="pages"),
        pytest.param("audio", "#t=2,3", 1, "1 to 4 s of 6.0 s", [], "#t=4,6", id="seconds"),
        pytest.param("audio", "#t=2", None, "2 to 6 s of 6.0 s", [], None, id="a-moment"),
        pytest.param("video", "", None, "0 to 8 s of 8.0 s", [], None, id="a-video"),
        pytest.param("image", "", 9, "", [], None, id="image"),
    ],
)
def test_what_is_read(
    agent_sources: AgentSources,
    kind: str,
    anchor: str,
    around: float | None,
    part: str,
    text: list[str],
    more: str | None,
) -> None:
    path = agent_sources.path(kind)
    reading = read_source(agent_sources.index, path + anchor, around)
    assert (reading.part, reading.more) == (part, more and path + more)
    assert all(line in reading.text for line in text)
    assert reading.hit.modality == kind
    medium, why = medium_of(reading.hit)
    if kind == "text":
        assert (reading.text.splitlines(), medium, why) == (text, None, "")
    else:
        assert medium is not None
        assert medium.kind == kind


def test_a_page_is_named_with_more_around_it(agent_sources: AgentSources) -> None:
    reading = read_source(agent_sources.index, f"{agent_sources.path('pdf')}#page=2", 1)
    assert reading.link.endswith("manual.pdf#page=2")
    assert probe(reading.hit.clip().data or b"").pages == 3
    words = reading.cited(4)
    assert words.startswith(f"[4] pdf {reading.link} (pages 1-3 of 3)\n(page 1)\nBleed the pump in May.")


def test_no_more_than_may_be_shown(agent_sources: AgentSources) -> None:
    """The rest is a link away."""
    read, link = "", agent_sources.path("text")
    for _ in range(20):
        reading = read_source(agent_sources.index, link, max_chars=200)
        assert 0 < len(reading.text) <= 200
        read += reading.text
        if reading.more is None:
            break
        link = reading.more
    assert read.splitlines() == LINES


async def test_awaited(agent_sources: AgentSources) -> None:
    link = f"{agent_sources.path('text')}#L7"
    assert (await aread_source(agent_sources.index, link)).text == LINES[6] + "\n"
    assert await alist_sources(agent_sources.index) == list_sources(agent_sources.index)


def test_a_number_is_a_link(agent_sources: AgentSources) -> None:
    numbers = Sources()
    numbers.number(agent_sources.index.search("pump", 1, filter={"modality": "video"})[0])
    assert read_source(agent_sources.index, "[1]", sources=numbers).link.endswith("walk.mp4#t=0,8")


@pytest.mark.parametrize(
    ("link", "said"),
    [
        pytest.param("manuel.pdf", r"there is no source 'manuel\.pdf': did you mean .*manual\.pdf", id="misspelt"),
        pytest.param("zzzz", r"there is no source 'zzzz': list_sources shows which there are", id="unlike-any"),
        pytest.param("/etc/passwd", "there is no source '/etc/passwd'", id="not-of-the-index"),
        pytest.param("{pdf}#page=4", r"there is no page 4: .* has 3", id="page"),
        pytest.param("{text}#L41", r"there is no line 41: .* has 40 lines", id="line"),
        pytest.param("{audio}#t=7,9", r"there is no second 7: .* lasts 6 s", id="second"),
        pytest.param("{image}#page=1", "is image, which has no such part: leave out what follows its #", id="part"),
        pytest.param("{text}#t=1,2", "is text, which has no such part", id="seconds-of-a-text"),
        pytest.param("{pdf}#L3", "is pdf, which has no such part", id="lines-of-a-pdf"),
        pytest.param("", "the link is empty", id="empty"),
    ],
)
def test_what_cannot_be_read_is_told(agent_sources: AgentSources, link: str, said: str) -> None:
    paths = {kind: agent_sources.path(kind) for kind in KINDS}
    with pytest.raises(InputError, match=said):
        read_source(agent_sources.index, link.format(**paths))
    for around in (-1, float("inf"), float("nan")):
        with pytest.raises(InputError, match=f"around={around}"):
            read_source(agent_sources.index, paths["text"], around)


def test_a_filter_holds(agent_sources: AgentSources) -> None:
    """What a search may not find cannot be read, nor is it listed."""
    only = {"modality": "pdf"}
    assert [one.kind for one in list_sources(agent_sources.index, filter=only).sources] == ["pdf"]
    assert read_source(agent_sources.index, agent_sources.path("pdf"), filter=only).part == "pages 1-3 of 3"
    with pytest.raises(InputError, match="there is no source"):
        read_source(agent_sources.index, agent_sources.path("text"), filter=only)


def test_an_engines_own_filter_holds(agent_sources: AgentSources) -> None:
    from qdrant_edge import FieldCondition, Filter, MatchValue

    only = Filter(must=[FieldCondition("metadata.modality", match=MatchValue("pdf"))])
    assert [one.kind for one in list_sources(agent_sources.index, filter=only).sources] == ["pdf"]
    assert list_sources(agent_sources.index, kind="text", filter=only).sources == ()
    assert read_source(agent_sources.index, agent_sources.path("pdf"), filter=only).part == "pages 1-3 of 3"
    with pytest.raises(InputError, match="there is no source"):
        read_source(agent_sources.index, agent_sources.path("text"), filter=only)


def test_a_listing(agent_sources: AgentSources) -> None:
    lines = str(list_sources(agent_sources.index)).splitlines()
    said = [line.replace(f"{agent_sources.folder}/", "") for line in lines]
    assert said == [
        "audio call.wav (6 s)",
        "pdf manual.pdf (3 pages)",
        "text notes.md",
        "image pump.png",
        "video walk.mp4 (8 s)",
    ]
    (found,) = list_sources(agent_sources.index, name="MANUAL").sources
    assert (found.records, found.end) == (3, 3)
    assert str(list_sources(agent_sources.index, name="nothing")) == "No such sources."


def test_a_listing_goes_on(agent_sources: AgentSources) -> None:
    first = list_sources(agent_sources.index, most=3)
    assert str(first).endswith(f"(2 more follow: after={agent_sources.path('image')[:-8]}notes.md)")
    rest = list_sources(agent_sources.index, most=3, after=first.sources[-1].link)
    assert (first.sources + rest.sources, rest.left) == (list_sources(agent_sources.index).sources, 0)


@pytest.fixture
def memories(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "store")) as index:
        yield index


def test_sources_from_memory(memories: MultimodalIndex) -> None:
    """They are read from the index."""
    memories.add([Item("Bread rises.\nIt rests.", source="recipes no 1", title="Bread")])
    reading = read_source(memories, "recipes%20no%201#L2")
    assert (reading.text, reading.part, reading.link) == ("It rests.", "line 2 of 2", "recipes%20no%201#L2")
    assert str(list_sources(memories)) == 'text recipes%20no%201 "Bread"'


def test_titles_of_parts_are_none_of_the_whole(memories: MultimodalIndex) -> None:
    items = [Item(text, source="a.py", title=title) for text, title in (("def f", "f"), ("def g", "g"))]
    memories.add([*items, Item("one", source="b.md", title="B"), Item("two", source="b.md", title="B")])
    assert str(list_sources(memories)).splitlines() == ["text a.py", 'text b.md "B"']


def test_files_below_a_root(memories: MultimodalIndex, agent_sources: AgentSources, tmp_path: Path) -> None:
    """With `root=` what lies inside can be read though no index holds it, and nothing else."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def a():\n    return 1\n", "utf-8")
    (tmp_path / "secret.txt").write_text("a secret", "utf-8")
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    reading = read_source(memories, "a.py#L2", root=root)
    assert (reading.text, reading.link) == ("    return 1\n", f"{root}/a.py#L2")
    assert read_source(memories, f"{root}/a.py", root=root).part == "lines 1-2 of 2"
    (root / "b.png").write_bytes(Path(agent_sources.path("image")).read_bytes())
    picture = read_source(memories, "b.png", root=root)
    assert picture.cited(1) == f"[1] image {root}/b.png"
    assert medium_of(picture.hit)[0] is not None
    for outside in ("../secret.txt", str(tmp_path / "secret.txt"), "out.txt", "/etc/passwd"):
        with pytest.raises(InputError, match="lies outside of root="):
            read_source(memories, outside, root=root)
    (root / "a.zip").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(InputError, match=r"a\.zip is no image, recording, video or PDF, nor text"):
        read_source(memories, "a.zip", root=root)
    for unreadable in ("b.py", ".", "https://example.org/a.py"):
        with pytest.raises(InputError, match="list_sources shows which there are"):
            read_source(memories, unreadable, root=root)


def test_a_root_comes_before_the_working_directory(
    memories: MultimodalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    for folder in (tmp_path, tmp_path / "docs"):
        (folder / "new.md").write_text(folder.name, "utf-8")
    monkeypatch.chdir(tmp_path)
    for link in ("new.md", "docs/new.md"):
        assert read_source(memories, link, root="docs").text == "docs"


def test_a_name_that_ends_like_an_anchor(memories: MultimodalIndex) -> None:
    name = "https://example.org/x.py#L10"
    memories.add([Item("def x", source=name), Item("one\ntwo", source="https://example.org/y.py")])
    assert read_source(memories, list_sources(memories).sources[0].link).text == "def x"
    assert read_source(memories, f"{name}#L1").text == "def x"
    assert read_source(memories, "https://example.org/y.py#L2").text == "two"


def test_sources_outside_of_a_root(agent_sources: AgentSources, tmp_path: Path) -> None:
    """`root=` confines what an index holds too: its media, and the files of its texts."""
    with pytest.raises(InputError, match="lies outside of root="):
        read_source(agent_sources.index, agent_sources.path("pdf"), root=tmp_path)
    with pytest.raises(InputError, match="lies outside of root="):
        read_source(agent_sources.index, agent_sources.path("text"), root=tmp_path)


def test_a_text_is_shown_as_it_is_now(memories: MultimodalIndex, tmp_path: Path) -> None:
    """Inside of a root; else a record, which anybody may have written, could name any file."""
    file = tmp_path / "a.md"
    file.write_text("before\n", "utf-8")
    memories.add([file])
    file.write_text("after\n", "utf-8")
    assert read_source(memories, str(file)).text == "before\n"
    assert read_source(memories, str(file), root=tmp_path).text == "after\n"
    file.write_text("", "utf-8")
    assert read_source(memories, str(file), root=tmp_path).text == ""
    file.unlink()
    assert read_source(memories, str(file), root=tmp_path).text == "before\n"


def test_passages_of_the_index_are_one_text(memories: MultimodalIndex, tmp_path: Path) -> None:
    """Links of hits lead to the same characters, though no file is read."""
    file = tmp_path / "long.md"
    file.write_text("".join(f"Sentence {number} says a little.\n\n" for number in range(200)), "utf-8")
    memories.add([file], cutting=Cutting(text_tokens=60, overlap_tokens=15))
    hit = memories.search("Sentence 150 says a little.", 1)[0]
    shown = [one for one in read_source(memories, hit.link).text.splitlines() if one]
    assert shown == [one for one in hit.page_content.splitlines() if one]
    assert len(read_source(memories, str(file), max_chars=10**6).text.split("little.")) == 201


def test_a_record_that_names_another_file(memories: MultimodalIndex, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret", "utf-8")
    memories.add([Item("harmless", source="x", metadata={"uri": str(secret)})])
    assert read_source(memories, "x").text == "harmless"


def test_what_is_written_of_a_recording_is_told(memories: MultimodalIndex, agent_sources: AgentSources) -> None:
    memories.add(agent_sources.path("audio"), describe=lambda window: "The pump leaks.")
    reading = read_source(memories, f"{agent_sources.path('audio')}#t=1,2")
    assert (reading.text, reading.part) == ("The pump leaks.", "1 to 2 s of 6.0 s")


@pytest.fixture
def large(memories: MultimodalIndex) -> MultimodalIndex:
    """A text of 3,000 passages, and one of as many that tell of lines."""
    memories.add(["something"])
    vector = np.eye(1, 64, dtype=np.float32)
    for source, is_told in (("big.txt", False), ("big.py", True)):
        records = [
            Record(
                f"{int(is_told)}0000000-0000-4000-8000-{(number * 7919) % 3001:012}",
                f"passage {number:04}",
                {"source": source, "modality": "text", "char_start": number * 13, "char_end": number * 13 + 12}
                | ({"line_start": number + 1, "line_end": number + 1} if is_told else {}),
            )
            for number in range(3_000)
        ]
        memories.store.upsert(records, np.repeat(vector, len(records), axis=0))
    return memories


@pytest.mark.parametrize(
    ("link", "text", "more"),
    [
        pytest.param("big.txt#char=26000,26012", "passage 2000", "#char=26012,26050", id="characters"),
        pytest.param("big.txt#char=38987,38999", "passage 2999", None, id="the-last"),
        pytest.param("big.txt", "passage 0000 passage 0001 passage 0002", "#char=38,76", id="the-beginning"),
        pytest.param("big.py#L2001", "passage 2000", "#char=26013,26051", id="lines"),
    ],
)
def test_a_text_of_very_many_passages(large: MultimodalIndex, link: str, text: str, more: str | None) -> None:
    """Is read where the link leads, and no more of it."""
    reading = read_source(large, link, max_chars=38)
    assert (reading.text.strip(), reading.more) == (text, more and link.partition("#")[0] + more)
    assert reading.link in reading.cited(1)


@pytest.mark.parametrize("anchor", ["#char=39000,39010", "#L7"])
def test_where_a_large_text_has_nothing(large: MultimodalIndex, anchor: str) -> None:
    with pytest.raises(InputError, match=r"no passage at character 39000|none that tells of line 7"):
        read_source(large, f"big.txt{anchor}")
