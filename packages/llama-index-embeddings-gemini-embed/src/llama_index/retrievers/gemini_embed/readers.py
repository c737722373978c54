"""LlamaIndex's readers as readers of files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import MetadataMode

from gemini_embed.readers import FunctionReader, Passage, own_passage


def from_reader(reader: BaseReader, *, name: str | None = None, version: str = "1") -> FunctionReader:
    """A reader of LlamaIndex's: `index.sync("docs", readers={".rst": from_reader(RSTReader())})`.

    It is called as `SimpleDirectoryReader` calls it, with the file's path. Each of a file's documents becomes a
    passage, cut where it is long, with the reader's metadata.

    Args:
        reader: an object, as for `file_extractor=`.
        name: what the reader is called; by default the module and name of its class.
        version: another one has `sync` read its files anew, as when the reader's options changed.
    """

    def read(path: Path) -> Iterator[Passage]:
        for document in reader.load_data(path):
            yield own_passage(document.get_content(metadata_mode=MetadataMode.NONE), document.metadata)

    called = f"{type(reader).__module__}.{type(reader).__qualname__}"
    return FunctionReader(read, name or called, version)
