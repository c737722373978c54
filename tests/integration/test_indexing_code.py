"""Source files in an index: found by what they define, opened at their lines, and what was plain text before."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_media import png
from gemini_embed import (
    Cutting,
    EdgeStore,
    Embedder,
    Item,
    Lexical,
    MediaError,
    MissingExtraError,
    MultimodalIndex,
    Words,
)
from gemini_embed.agents import read_source
from gemini_embed.readers import grammars
from gemini_embed_emulator import Emulator

RETRY = '''\
"""When calls are tried again."""

import time


def delay_s(attempt: int) -> float:
    """How long to wait before the next attempt."""
    return 2.0**attempt


def wait(attempt: int) -> None:
    time.sleep(delay_s(attempt))
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "retry.py").write_text(RETRY)
    (folder / "cart.js").write_text("// What is in it costs so much.\nexport function total(cart) {\n  return 0;\n}\n")
    (folder / "notes.md").write_text("Bread rises overnight.\n")
    return folder


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    store = EdgeStore(tmp_path / "store", lexical=Lexical(tokenizer="code"))
    with MultimodalIndex(make_embedder(dimensions=768), store) as made:
        yield made


def told(index: MultimodalIndex) -> list[tuple[str, str | None, object]]:
    """Link, title and symbol of all records."""
    records = [record for batch in index.store.iterate() for record in batch.records]
    return sorted((record.link(), record.title, record.metadata.get("symbol")) for record in records)


def test_records_are_definitions(project: Path, index: MultimodalIndex) -> None:
    """Their links open in an editor; their titles, which are embedded, name the file and what is defined."""
    index.add(project)
    assert told(index) == [
        (f"{project}/cart.js#L1-L4", "cart.js total", "total"),
        (f"{project}/notes.md", None, None),
        (f"{project}/retry.py#L1-L3", "retry.py", None),
        (f"{project}/retry.py#L11-L12", "retry.py wait", "wait"),
        (f"{project}/retry.py#L6-L8", "retry.py delay_s", "delay_s"),
    ]
    (hit,) = index.search("delay_s", 1, lexical=True)
    assert hit.link == f"{project}/retry.py#L6-L8"
    assert hit.page_content == "\n".join(RETRY.splitlines()[5:8])
    assert hit.cited(1).startswith(f"[1] text {project}/retry.py#L6-L8\ndef delay_s")
    assert [one.source for one in index.search("total", filter={"language": "javascript"})] == [f"{project}/cart.js"]


def test_the_title_is_sent(project: Path, index: MultimodalIndex, emulator: Emulator) -> None:
    index.add([project / "retry.py"])
    assert any("title: retry.py delay_s | text: def delay_s" in str(one.json) for one in emulator.requests)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("as_it_is_now", [True, False])
def test_links_are_read(end: str, as_it_is_now: bool, project: Path, index: MultimodalIndex) -> None:
    """At the lines that search told, whatever breaks them: from the file, or from the records, as it is indented."""
    (project / "retry.py").write_bytes(RETRY.replace("\n", end).encode())
    index.add([project / "retry.py"])
    hits = index.search("delay_s", 3)
    assert len(hits) == 3
    for hit in hits:
        reading = read_source(index, hit.link, root=project if as_it_is_now else None)
        assert (reading.text.rstrip(), reading.link) == (hit.page_content, hit.link)


def test_neighbours_are_one_hit_with_all_lines(project: Path, index: MultimodalIndex) -> None:
    index.add([project / "retry.py"])
    (hit,) = index.search("attempt", merge=True)
    assert hit.link == f"{project}/retry.py#L1-L12"
    assert hit.page_content == RETRY.rstrip()
    (wide, *_) = index.search("delay_s", lexical=Words("delay_s", only=True), padding={"text": 10})
    assert wide.link == f"{project}/retry.py#L1-L12"


def test_what_was_plain_text_is_read_anew_once(
    project: Path, index: MultimodalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that an earlier version indexed: its source files become definitions at the next add or sync, the text
    of before goes, and nothing is embedded a second time. All else keeps its ids."""
    with monkeypatch.context() as earlier:
        earlier.setattr("gemini_embed.readers.chosen.reader_of", lambda _: None)
        assert index.sync(project).added == 3
        assert [link for link, *_ in told(index)] == [
            f"{project}/{name}" for name in ("cart.js", "notes.md", "retry.py")
        ]
        was = {record.id for batch in index.store.iterate() for record in batch.records}
    report = index.sync(project)
    assert (report.added, report.reused, report.replaced, report.removed) == (4, 1, 2, 0)
    assert len(was & {record.id for batch in index.store.iterate() for record in batch.records}) == 1
    report = index.sync(project)
    assert (report.added, report.reused, report.replaced, report.removed) == (0, 5, 0, 0)


def test_what_is_edited_alone_is_embedded(project: Path, index: MultimodalIndex) -> None:
    """Lines that moved keep their vectors, and get their new places."""
    index.sync(project)
    (project / "retry.py").write_text(RETRY.replace("import time", "import sys\nimport time"))
    report = index.sync(project)
    assert (report.added, report.replaced) == (1, 1)
    assert (f"{project}/retry.py#L7-L9", "retry.py delay_s", "delay_s") in told(index)


def test_equal_definitions_of_a_file(tmp_path: Path, index: MultimodalIndex) -> None:
    """Are records of their own, and one vector."""
    (tmp_path / "a.py").write_text("def f():\n    pass\n\n\ndef f():\n    pass\n")
    assert index.add([tmp_path / "a.py"]).added == 2
    assert [link.partition("#")[2] for link, *_ in told(index)] == ["L1-L2", "L5-L6"]
    assert index.add([tmp_path / "a.py"]).reused == 2


def test_a_user_s_words_count(project: Path, index: MultimodalIndex) -> None:
    """Metadata and a title of the user's own stay as they are."""
    item = Item(project / "cart.js", title="The cart", metadata={"language": "en", "symbol": "x"})
    index.add([item])
    (record,) = [record for batch in index.store.iterate() for record in batch.records]
    assert (record.title, record.metadata["language"], record.metadata["symbol"]) == ("The cart total", "en", "x")


def test_passages_fit_the_cutting(tmp_path: Path, index: MultimodalIndex) -> None:
    (tmp_path / "a.py").write_text("def f():\n" + "".join(f"    x{number} = {number}\n" for number in range(500)))
    index.add([tmp_path / "a.py"], cutting=Cutting(text_tokens=100))
    links = [link for link, *_ in told(index)]
    assert len(links) >= 20
    assert index.estimate([tmp_path / "a.py"], cutting=Cutting(text_tokens=100)).known == len(links)


def test_what_cannot_be_read_is_told(tmp_path: Path, index: MultimodalIndex) -> None:
    (tmp_path / "blank.py").write_text(" \n\n")
    (tmp_path / "none.py").write_bytes(b"")
    (tmp_path / "compiled.py").write_bytes(b"\x01\x02")
    report = index.add(str(tmp_path / "*.py"))
    assert [item.reason.partition("none.py")[2] or item.reason for item in report.skipped] == [
        f"{tmp_path}/blank.py is empty (only white space)",
        f"{tmp_path}/compiled.py is no text, though its name says python: it begins '\\x01\\x02'",
        " is empty (0 bytes)",
    ]
    with pytest.raises(MediaError, match="empty"):
        index.add([tmp_path / "blank.py"])


def test_media_with_the_name_of_code(tmp_path: Path, index: MultimodalIndex) -> None:
    """What a file holds counts before its name."""
    (tmp_path / "picture.py").write_bytes(png(8, 8))
    index.add([tmp_path / "picture.py"])
    assert index.count({"modality": "image"}) == 1


def test_shortened_copies_keep_their_ids(
    project: Path, index: MultimodalIndex, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    """What is copied at a smaller size is found there by the next sync."""
    index.sync(project)
    small = EdgeStore(tmp_path / "small")
    index.copy_to(small, dimensions=128)
    with MultimodalIndex(make_embedder(dimensions=128), small) as copied:
        assert copied.sync(project).added == 0


def test_what_is_no_text_is_not_read_to_its_end(tmp_path: Path, index: MultimodalIndex) -> None:
    """A stream of television has the name of TypeScript, and may be long."""
    with (tmp_path / "channel.ts").open("wb") as file:
        file.truncate(2**40)
    (skipped,) = index.add(str(tmp_path / "*.ts")).skipped
    assert "is no image, audio, video or PDF that is known here, nor text" in skipped.reason


def test_without_the_extra(project: Path, index: MultimodalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python is read by definitions, all else by lines; what git leaves out cannot be told."""
    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    monkeypatch.setitem(sys.modules, "pathspec", None)
    grammars._parsers.cache_clear()
    try:
        index.add(project)
        with pytest.raises(MissingExtraError, match=r"gemini-embed\[code\]"):
            index.sync(project, respect_gitignore=True)
    finally:
        grammars._parsers.cache_clear()
    assert [(link.rpartition("/")[2], symbol) for link, _, symbol in told(index)] == [
        ("cart.js#L1-L4", None),
        ("notes.md", None),
        ("retry.py#L1-L3", None),
        ("retry.py#L11-L12", "wait"),
        ("retry.py#L6-L8", "delay_s"),
    ]
