"""LangChain's contents and documents in, LangChain's documents out.

In: documents, as items of an index; and contents: str, content blocks of every dialect that langchain-core translates
(its own v1 and v0, OpenAI's `image_url`, Anthropic's `source`), Gemini's `media`, messages, and the core's parts and
images. Out: a `Document` per hit.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union

from gemini_embed import Content, InputError
from gemini_embed.content import Image, Part, Text, part_of
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, HumanMessage

if TYPE_CHECKING:
    import PIL.Image
    from gemini_embed import Hit, Item

T = TypeVar("T")

PartInput: TypeAlias = Union[str, Mapping[str, Any], Part, "os.PathLike[str]", bytes, "PIL.Image.Image"]
"""A text, a content block, or an image: a part of the core, a path, its bytes, or a PIL image."""

ContentInput: TypeAlias = PartInput | Content | BaseMessage | Sequence[PartInput]
"""What becomes one vector: a part, several of them (one interleaved content), a message, or the core's `Content`."""


def content_of(given: ContentInput) -> Content:
    """One content of everything in `given`.

    Raises:
        InputError: a block that cannot be embedded; in a list, `.position` is its place.
    """
    if isinstance(given, Content):
        return given
    if isinstance(given, BaseMessage):
        return content_of(given.content if isinstance(given.content, str) else list(given.content))
    if isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray):
        return Content(*_each(given, _part))
    return Content(_part(given))


def contents_of(given: Iterable[ContentInput]) -> list[Content]:
    """Every element of `given` as a content of its own."""
    if isinstance(given, str | bytes | Mapping | Content | Part | BaseMessage):
        raise InputError(f"pass a list of contents, not one {type(given).__name__}: [x] for a single one")
    return _each(given, content_of)


def items_of(documents: Iterable[Document]) -> Iterator[Item]:
    """Documents as items of an index, one by one.

    The source is `metadata["source"]`, else the document's id; an id beside a source is kept as
    `metadata["document_id"]`. `metadata["title"]` is embedded as the title.

    Raises:
        InputError: something that is no document; `.position` is its place.
    """
    from gemini_embed import Item

    for position, document in enumerate(documents):
        if not isinstance(document, Document):
            raise InputError(f"a {type(document).__name__} is no Document; index.add takes it", position=position)
        metadata, title = dict(document.metadata), document.metadata.get("title")
        if document.id is not None and metadata.setdefault("source", document.id) != document.id:
            metadata.setdefault("document_id", document.id)
        yield Item(document.page_content, metadata=metadata, title=title if isinstance(title, str) else None)


def document_of(hit: Hit) -> Document:
    """A hit as a document: its text, its metadata, its cosine similarity as `metadata["score"]`, and its id."""
    return Document(id=hit.record.id, page_content=hit.page_content, metadata={**hit.metadata, "score": hit.score})


def _each(given: Iterable[Any], convert: Callable[[Any], T]) -> list[T]:
    """`convert` of every element; an element that fails is named by its position."""
    made: list[T] = []
    for position, one in enumerate(given):
        try:
            made.append(convert(one))
        except InputError as e:
            raise e.at(position) from e.__cause__
    return made


def _part(given: PartInput) -> Part:
    """A content block as a part; all else is the core's to understand."""
    return _from_block(given) if isinstance(given, Mapping) else part_of(given)


def _from_block(given: Mapping[str, Any]) -> Part:
    kind = given.get("type")
    block = _translated(given)
    if kind in ("text", "text-plain") and isinstance(block.get("text"), str):
        return Text(block["text"])
    if block["type"] == "image" or str(block.get("mime_type")).startswith("image/"):
        return _image(block)
    if block["type"] in ("audio", "video", "file"):
        raise InputError(f"a block of type {kind!r} ({block.get('mime_type', 'no mime_type')}) cannot be embedded yet")
    raise InputError(f"a block of type {kind!r} holds nothing to embed: pass text or image blocks")


def _translated(block: Mapping[str, Any]) -> dict[str, Any]:
    """The block in langchain-core's v1 form."""
    if block.get("type") == "media":  # Gemini's own dialect, which langchain-core leaves alone
        return {**block, "base64": block.get("data"), "url": block.get("file_uri")}
    if block.get("type") == "image_url" and isinstance(block.get("image_url"), str):
        return {"type": "image", "url": block["image_url"]}
    try:
        (translated,) = HumanMessage(content=[dict(block)]).content_blocks
    except (KeyError, TypeError, ValueError) as e:
        raise InputError(f"a block of type {block.get('type')!r} that langchain-core cannot read: {e!r}") from e
    return dict(translated)


def _image(block: Mapping[str, Any]) -> Image:
    mime_type, data, url = block.get("mime_type"), block.get("base64"), block.get("url")
    if data:
        try:
            return Image(data if isinstance(data, bytes) else base64.b64decode(data, validate=True), mime_type)
        except (binascii.Error, ValueError, TypeError) as e:
            raise InputError(f"the image block's base64 is damaged: {e}") from e
    if not url:
        raise InputError("an image block needs base64 or url; a file_id names a file that only its provider has")
    # Blocks come from messages, and messages from anyone: only a program may name a file of this machine.
    if not str(url).lower().startswith(("http://", "https://", "data:")):
        raise InputError(
            f"an image block's url must be http(s) or a data URI, not {str(url)[:60]!r}: for a file "
            "pass gemini_embed.Image(path)"
        )
    return Image(url, mime_type)
