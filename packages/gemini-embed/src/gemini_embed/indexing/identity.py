"""What ids of records are made of. Nothing of this ever changes: ids made today must come out the same tomorrow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple
from uuid import UUID

from gemini_embed.content import Content, Media, Part, Text
from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt
from gemini_embed.indexing.recognising import digest_of, mime_type_of
from gemini_embed.records import Record

NAMESPACE = UUID("7f1c5a52-8a0e-5f0f-9b57-6c1f7a0f6e0d")
"""Of all record ids."""
_NAMESPACE_BYTES = NAMESPACE.bytes
_EQUAL_PASSAGES = 1000
"""More of one source are not looked for."""


def uuid_of(name: str) -> str:
    """`str(uuid5(NAMESPACE, name))` in a third of its time."""
    digest = hashlib.sha1(_NAMESPACE_BYTES + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


class Identity(NamedTuple):
    """What tells one record of an item from the others."""

    key: list[Any]
    """What its vector is made of: equal keys mean equal vectors."""
    window: Any
    """Which of the item's records it is, where there are several."""
    modality: str
    mime_type: str | None
    sha256: str | None
    """None where the bytes were not read."""
    excerpt: Excerpt

    @property
    def content_key(self) -> str:
        """The key as text."""
        return as_json(self.key)

    def record_id(self, source: str, fingerprint: str) -> str:
        """The id of the record of this source, with vectors of this fingerprint (its digest)."""
        return record_id(source, self.window, self.content_key, fingerprint)


def record_id(source: str, window: Any, content_key: str, fingerprint: str) -> str:
    """See `Identity`; `window` and `content_key` are its own."""
    return uuid_of(as_json([source, window, content_key, fingerprint]))


def as_json(values: Iterable[Any]) -> str:
    """`json.dumps` of a list, of texts and None in a third of its time."""
    return f"[{', '.join(map(_json_of, values))}]"


def _json_of(value: Any) -> str:
    if type(value) is str:
        return encode_basestring_ascii(value)
    return "null" if value is None else json.dumps(value)


def retitled(content_key: str, title: str | None) -> str:
    """The key of the same content under another title."""
    digest, _, *window = json.loads(content_key)
    return as_json([digest, title, *window])


def renewed(record: Record, was: str, becomes: str) -> Record:
    """The record with the id that it has with vectors of another fingerprint: from one digest to another.

    A record tells what its id is made of, but for which of several equal passages it is; what reproduces its id is
    right. The id of a record where nothing does (others made it, or of parts that were not read) stays as it is.
    """
    for source, window, content_key in _made_of(record):
        if record_id(source, window, content_key, was) == record.id:
            return Record(record_id(source, window, content_key, becomes), record.page_content, record.metadata)
    return record


def _made_of(record: Record) -> Iterator[tuple[str, Any, str]]:
    """The source, window and content key that a record may have been made of, likely ones first."""
    source, told = record.source, record.metadata.get("sha256")
    if source is None:
        return
    unread = None if record.uri is None else sha256_of(record.uri)
    may_be = (told, unread, source.removeprefix("sha256:"))
    digests = dict.fromkeys(one for one in may_be if isinstance(one, str))  # others may have written anything
    titles = dict.fromkeys((record.title, None))  # a title may be the user's own metadata
    for key in product(digests, titles):
        yield source, None, as_json(key)
    stretch, modality = record.window.metadata, record.modality or ""
    if modality == "text" and stretch:
        keys = [as_json(key) for key in product(digests, titles)]
        yield from ((source, number, key) for number, key in product(range(1, _EQUAL_PASSAGES), keys))
    elif stretch:
        window = [modality, *stretch.values()]
        for key in product(digests, titles):
            yield source, window, as_json([*key, window])
            yield source, None, as_json([*key, stretch])


@dataclass(frozen=True)
class HashedPart:
    """A part's hash, and what was seen when it was taken."""

    sha256: str
    mime_type: str | None = None
    size_bytes: int = 0
    unread: bool = False
    """Whether it is hashed by its address alone."""


def hashed(part: Part, root: str | None) -> HashedPart:
    """The hash of a part, over its text or bytes; a URL is hashed as its address, unread."""
    if isinstance(part, Text):
        return HashedPart(sha256_of(part.text))
    if not isinstance(part, Media):
        raise InputError(f"a {type(part).__name__} cannot be indexed")
    if part.is_url or part.is_reference:
        return HashedPart(sha256_of(part.location or ""), part.mime_type, unread=True)
    digest, size_bytes = digest_of(part, root)
    return HashedPart(digest, mime_type_of(part, root), size_bytes)


def modality_of(content: Content) -> str:
    """The modality of all parts, "mixed" where they differ."""
    kinds = {part.modality for part in content.parts}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def sha256_of(text: str) -> str:
    """In hex. Raises InputError for text that is not valid Unicode."""
    try:
        return hashlib.sha256(text.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise InputError(f"the text holds a lone surrogate at character {error.start}: it is not valid text") from error
