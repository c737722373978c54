"""What stands in a collection, whoever made it: a record with its own id, and what is known of its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from gemini_embed.records import Record

Layout: TypeAlias = Literal["gemini-embed", "langchain", "llama-index", "named fields"]
"""Who made a collection: this library, langchain-qdrant or langchain-milvus, LlamaIndex's stores; else fields that are
told by name."""

_CUT = re.compile(r" … \[cut here: [\d,]+ characters in all\]\Z")
"""How `MilvusStore` ends a text that it had to cut."""


@dataclass(frozen=True)
class Names:
    """Fields that the caller names: of the text in what is stored, of title and source in a record's metadata."""

    text: str | None = None
    title: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Standing:
    """A record as it stands in a collection."""

    record: Record
    title: str | None = None
    """What is to be embedded with its text."""

    @property
    def is_cut(self) -> bool:
        """Whether its store holds only the beginning of its text."""
        return _CUT.search(self.record.page_content) is not None


def carried(metadata: Mapping[str, Any], beside: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Metadata, with the fields beside it that nobody here knows: by their own names, or `payload.<name>` where the
    metadata have another value of that name."""
    extra = {name: value for name, value in beside.items() if name not in set(known)}
    named = {name if metadata.get(name, value) == value else f"payload.{name}": value for name, value in extra.items()}
    return {**metadata, **named}


def named(standing: Standing, names: Names, *, ours: bool) -> Standing:
    """With title and source as the caller says; records of ours tell both themselves, and their modality. A collection
    of `ours` may hold others' records too: it was taken over, or others have added to it."""
    record = standing.record
    metadata = dict(record.metadata)
    if names.source is not None and isinstance(told := metadata.get(names.source), str):
        metadata["source"] = told
    title = metadata.get(names.title or ("title" if ours and "modality" in metadata else ""))
    metadata.setdefault("modality", "text")
    return Standing(Record(record.id, record.page_content, metadata), title if isinstance(title, str) else None)
