"""Readers of the caller's own: functions, LangChain's loaders, LlamaIndex's readers; `sync` keeps its books of them."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_documents import picture
from gemini_embed import ConfigurationError, EdgeStore, Embedder, MultimodalIndex, Record
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers import FunctionReader, Passage, Picture
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_gemini_embed import GeminiMultimodalRetriever, from_loader
from llama_index.core import Document as Node
from llama_index.core.readers.base import BaseReader
from llama_index.retrievers.gemini_embed import from_reader


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    (made / "a.rst").write_text("Title\n=====\n\nThe bridge is closed.")
    (made / "b.md").write_text("Bread rises overnight.")
    return made


def records(index: MultimodalIndex) -> list[Record]:
    found = [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]
    return sorted(found, key=lambda record: (record.link(), record.page_content))


def read_rst(path: Path) -> str:
    return path.read_text().replace("=", "")


def test_a_function_reads_files_of_its_kind(index: MultimodalIndex, folder: Path) -> None:
    index.sync(folder, readers={".RST": read_rst})
    assert [record.page_content for record in records(index)] == [
        "Title\n\nThe bridge is closed.",
        "Bread rises overnight.",
    ]
    assert index.sync(folder, readers={".rst": read_rst}).added == 0


def test_what_it_gives(index: MultimodalIndex, folder: Path) -> None:
    """Texts in parts, passages with places of their own, pictures; what is long is cut."""

    def read(path: Path) -> Iterator[str | Passage | Picture]:
        yield "first part"
        yield Passage("second part", Excerpt(page_start=2, page_end=2), heading="Two", metadata={"by": "me"})
        yield Picture(picture(), Excerpt(page_start=2, page_end=2), "a drawing")
        yield "long. " * 3000

    index.add([folder / "a.rst"], readers={".rst": read})
    first, *rest = records(index)
    assert (first.page_content, first.link()) == ("first part", f"{folder}/a.rst#char=0,10")
    second = next(one for one in rest if one.page_content == "second part")
    assert second.link() == f"{folder}/a.rst#page=2"
    assert (second.title, second.metadata["by"], second.metadata["heading"]) == ("a.rst Two", "me", "Two")
    drawing = next(one for one in rest if one.modality == "image")
    assert (drawing.page_content, drawing.link()) == ("a drawing", f"{folder}/a.rst#page=2")
    assert sum(one.page_content.startswith("long.") for one in rest) > 2


def test_sync_reads_anew_when_the_version_changes(index: MultimodalIndex, folder: Path) -> None:
    assert index.sync(folder).added == 2
    report = index.sync(folder, readers={".rst": FunctionReader(read_rst, "rst")})
    assert (report.added, report.replaced) == (1, 1), "what was read as plain text is read anew, once"
    assert index.sync(folder, readers={".rst": FunctionReader(read_rst, "rst")}).added == 0
    louder = FunctionReader(lambda path: read_rst(path).upper(), "rst", version="2")
    assert index.sync(folder, readers={".rst": louder}).added == 1
    assert "THE BRIDGE" in records(index)[0].page_content


def test_mime_types_and_media(index: MultimodalIndex, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A type is told by a file's name; own readers come before what a file holds."""
    types = mimetypes.MimeTypes()
    types.add_type("application/x-foo", ".foo")
    monkeypatch.setattr(mimetypes, "guess_type", types.guess_type)
    (folder / "c.foo").write_bytes(b"\0\1")
    (folder / "d.png").write_bytes(picture())
    readers: Any = {"application/x-foo": lambda path: "what foo says", ".png": lambda path: "a red square, by hand"}
    assert index.add(folder, readers=readers).skipped == ()
    assert {"what foo says", "a red square, by hand"} < {record.page_content for record in records(index)}
    assert index.count({"modality": "image"}) == 0


def test_what_it_raises_is_the_file_s_line(index: MultimodalIndex, folder: Path) -> None:
    def fails(path: Path) -> str:
        raise RuntimeError("no such dialect")

    report = index.add(folder, readers={".rst": fails})
    (skipped,) = report.skipped
    assert "a.rst is damaged" in skipped.reason
    assert "no such dialect" in skipped.reason
    assert report.added == 1
    (skipped,) = index.add(folder, readers={".rst": lambda path: [1]}).skipped  # type: ignore[list-item]  # what is wrong
    assert "gave a int" in skipped.reason


@pytest.mark.parametrize("wrong", [{"rst": read_rst}, {3: read_rst}, {".rst": "text"}, {".rst": str}, [".rst"]])
def test_wrong_readers_are_told_before_anything_is_read(index: MultimodalIndex, folder: Path, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="readers="):
        index.add(folder, readers=wrong)


class Loader(BaseLoader):
    """As community loaders are: of a path, with metadata that no store can keep."""

    def __init__(self, path: str, mark: str = "") -> None:
        self.path, self.mark = path, mark

    def lazy_load(self) -> Iterator[Document]:
        for line in Path(self.path).read_text().split("\n\n"):
            yield Document(line + self.mark, metadata={"source": "elsewhere", "part_of": "rst", "object": object()})


class Reader(BaseReader):
    """As LlamaIndex's readers are."""

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Node]:
        return [
            Node(text=line, metadata={"part_of": "rst", "file_path": "x"}) for line in file.read_text().split("\n\n")
        ]


@pytest.mark.parametrize("reader", [from_loader(Loader), from_reader(Reader())], ids=["langchain", "llama_index"])
def test_readers_of_frameworks(index: MultimodalIndex, folder: Path, reader: FunctionReader) -> None:
    """With their metadata, as far as they can be kept; the source is the file, so that `sync` knows it."""
    retriever = GeminiMultimodalRetriever(index=index)
    assert retriever.index.sync(folder, readers={".rst": reader}).added == 3
    first, second, _ = records(index)
    assert {first.page_content, second.page_content} == {"Title\n=====", "The bridge is closed."}
    assert (first.source, first.metadata["part_of"]) == (f"{folder}/a.rst", "rst")
    assert "object" not in first.metadata
    assert index.sync(folder, readers={".rst": reader}).added == 0
    (folder / "a.rst").unlink()
    assert index.sync(folder, readers={".rst": reader}).removed == 2


def test_names_of_readers() -> None:
    """What `sync` compares tells one loader from another."""
    assert from_loader(Loader).name.endswith("Loader")
    assert from_loader(lambda path: Loader(path, "!"), name="loud").name == "loud"
    assert from_reader(Reader()).name.endswith("Reader")
    assert FunctionReader(read_rst).name.endswith("read_rst")
