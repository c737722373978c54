"""Reports that can be kept: what went in, what was left out and why, by folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fix_media import png
from gemini_embed import AddReport, EdgeStore, Embedder, MultimodalIndex

MakeEmbedder = Callable[..., Embedder]
ODD = "<script>alert(1)</script>.bin"


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        yield index


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory holds `docs`; a file in it cannot be read, and four are not wanted."""
    monkeypatch.chdir(tmp_path)
    docs = Path("docs")
    for name in ("a.md", "deep/b.md", "deep/c.md", "deep/d.log", ".hidden", "drafts/e.md", "drafts/f.md"):
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(f"what stands in {name}")
    (docs / "p.png").write_bytes(png())
    (docs / "deep" / "broken.png").write_bytes(png()[:60])
    (docs / "deep" / ODD.replace("/", "_")).write_bytes(bytes(range(256)))
    return docs


def synced(index: MultimodalIndex) -> AddReport:
    return index.sync("docs", exclude=["drafts/", "*.log"])


def test_a_report_by_folder(index: MultimodalIndex, folder: Path) -> None:
    top, deep = synced(index).folders
    assert (top.folder, top.added, top.skipped) == ("docs", {"image": 1, "text": 1}, ())
    assert top.left_out == {"exclude=": 1, "hidden": 1}
    assert (deep.folder, deep.added, deep.left_out) == ("docs/deep", {"text": 2}, {"exclude=": 1})
    assert [Path(one.source or "").suffix for one in deep.skipped] == [".bin", ".png"]
    (folder / "a.md").write_text("edited")
    top, deep = synced(index).folders
    assert (top.added, top.reused, deep.added, deep.reused) == ({"text": 1}, 1, {}, 2)


def test_what_came_from_no_file(index: MultimodalIndex) -> None:
    (only,) = index.add(["a text", "another"]).folders
    assert (only.folder, only.added) == ("", {"text": 2})


@pytest.mark.usefixtures("folder")
def test_a_report_as_json(index: MultimodalIndex) -> None:
    report = synced(index)
    kept = json.loads(report.to_json())
    assert (kept["added"], kept["tokens"], len(kept["skipped"])) == (report.added, report.tokens, 2)
    assert [(one["folder"], one["added"]) for one in kept["folders"]] == [
        ("docs", {"image": 1, "text": 1}),
        ("docs/deep", {"text": 2}),
    ]
    assert "damaged" in str([one["reason"] for one in kept["folders"][1]["skipped"]])


@pytest.mark.usefixtures("folder")
def test_a_report_as_a_page(index: MultimodalIndex) -> None:
    """Names of files are anybody's; the page runs nothing and fetches nothing."""
    page = synced(index).html()
    seen = _Tags()
    seen.feed(page)
    assert seen.tags.isdisjoint({"script", "img", "link", "iframe"})
    assert not re.search(r"\b(src|href)=|@import|url\(", page)
    assert "&lt;script&gt;" in page
    assert "<code>docs/deep</code>" in page
    assert "1 name<td>exclude=" in page


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
