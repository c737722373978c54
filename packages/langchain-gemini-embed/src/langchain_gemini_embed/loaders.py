"""LangChain's document loaders as readers of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from gemini_embed.readers import FunctionReader, Passage, own_passage
from langchain_core.document_loaders import BaseLoader


def from_loader(loader: Callable[[str], BaseLoader], *, name: str | None = None, version: str = "1") -> FunctionReader:
    """A loader as a reader: `index.sync("docs", readers={".rst": from_loader(UnstructuredRSTLoader)})`.

    Each of a file's documents becomes a passage, cut where it is long, with the loader's metadata.

    Args:
        loader: the class, or a function that makes one of a path: `lambda path: CSVLoader(path, encoding="cp1252")`.
        name: what the reader is called; by default the loader's module and name.
        version: another one has `sync` read its files anew, as when the loader's options changed.
    """

    def read(path: Path) -> Iterator[Passage]:
        for document in loader(str(path)).lazy_load():
            yield own_passage(document.page_content, document.metadata)

    called = f"{loader.__module__}.{getattr(loader, '__qualname__', type(loader).__qualname__)}"
    return FunctionReader(read, name or called, version)
