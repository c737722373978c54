"""The methods LlamaIndex and its users call, over hooks that a subclass fills in: each is one line to `flow`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

from llama_index.core.base.embeddings.base import Embedding, dispatcher, mean_agg
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.schema import ImageType
from llama_index.embeddings.gemini_embed.blocks import ContentInput, content_of
from llama_index.embeddings.gemini_embed.flow import Work, aembed, embed

from gemini_embed import Audio, Image, Pdf, Text, Video
from gemini_embed.adapters import IMAGE_TOKENS, likely_tokens
from gemini_embed.content import ContentLike, contents_of
from gemini_embed.tasks import Side

QUERY, DOCUMENT = "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"

MediaInput: TypeAlias = str | Path | bytes | BytesIO
"""A path, an http(s) URL, a data URI, bytes or a binary file object."""


class Doors(MultiModalEmbedding):
    """Every door fires start and end events and asks the rate limiter; texts and queries go through the cache.

    The hooks are the framework's, and so is what calls them: a single text or query its own hook, many texts their hook
    in batches of `embed_batch_size`. Where no subclass overrides those for many, all texts go to the core at once.
    """

    @abstractmethod
    def _get_content_embeddings(self, contents: list[ContentLike], side: Side) -> list[Embedding]:
        """One vector per content."""

    @abstractmethod
    async def _aget_content_embeddings(self, contents: list[ContentLike], side: Side) -> list[Embedding]:
        """`_get_content_embeddings`, awaited."""

    @abstractmethod
    def _embed_texts(self, texts: list[str], task_type: str | None = None) -> list[Embedding]:
        """The official class's own hook behind all others for texts; its `task_type` says the side."""

    @abstractmethod
    async def _aembed_texts(self, texts: list[str], task_type: str | None = None) -> list[Embedding]:
        """`_embed_texts`, awaited."""

    @abstractmethod
    def _media_tokens(self, part: Any) -> int:
        """A likely count of a medium's tokens."""

    @abstractmethod
    def _cache_key(self, text: str, side: Side) -> str:
        """A key that only an equal vector can have."""

    def get_query_embedding(self, query: str) -> Embedding:
        """The vector of a query."""
        return embed(self, self._query, [query])[0]

    async def aget_query_embedding(self, query: str) -> Embedding:
        """`get_query_embedding`, awaited."""
        return (await aembed(self, self._query, [query]))[0]

    def get_agg_embedding_from_queries(
        self, queries: list[str], agg_fn: Callable[..., Embedding] | None = None
    ) -> Embedding:
        """Several queries as one vector, their mean unless `agg_fn` says otherwise."""
        if self._overrides("get_query_embedding", "_get_query_embedding", "_embed_texts"):
            return (agg_fn or mean_agg)([self.get_query_embedding(query) for query in queries])
        return (agg_fn or mean_agg)(embed(self, self._queries, queries))

    async def aget_agg_embedding_from_queries(
        self, queries: list[str], agg_fn: Callable[..., Embedding] | None = None
    ) -> Embedding:
        """`get_agg_embedding_from_queries`, awaited."""
        if self._overrides("aget_query_embedding", "_aget_query_embedding", "_aembed_texts"):
            return (agg_fn or mean_agg)([await self.aget_query_embedding(query) for query in queries])
        return (agg_fn or mean_agg)(await aembed(self, self._queries, queries))

    def get_text_embedding(self, text: str) -> Embedding:
        """The vector of a document."""
        return embed(self, self._text, [text])[0]

    async def aget_text_embedding(self, text: str) -> Embedding:
        """`get_text_embedding`, awaited."""
        return (await aembed(self, self._text, [text]))[0]

    def get_text_embedding_batch(self, texts: list[str], show_progress: bool = False, **kwargs: Any) -> list[Embedding]:
        """The vectors of documents; several requests are in flight."""
        return embed(self, self._texts, texts, show_progress)

    async def aget_text_embedding_batch(
        self, texts: list[str], show_progress: bool = False, **kwargs: Any
    ) -> list[Embedding]:
        """`get_text_embedding_batch`, awaited."""
        return await aembed(self, self._texts, texts, show_progress)

    @dispatcher.span
    def get_image_embedding(self, img_file_path: ImageType) -> Embedding:
        """The vector of an image: a path, an http(s) URL, a data URI or a binary file object."""
        return embed(self, self._image, [img_file_path])[0]

    @dispatcher.span
    async def aget_image_embedding(self, img_file_path: ImageType) -> Embedding:
        """`get_image_embedding`, awaited."""
        return (await aembed(self, self._image, [img_file_path]))[0]

    @dispatcher.span
    def get_image_embedding_batch(
        self, img_file_paths: list[ImageType], show_progress: bool = False
    ) -> list[Embedding]:
        """The vectors of images, one each."""
        return embed(self, self._images, img_file_paths, show_progress)

    @dispatcher.span
    async def aget_image_embedding_batch(
        self, img_file_paths: list[ImageType], show_progress: bool = False
    ) -> list[Embedding]:
        """`get_image_embedding_batch`, awaited."""
        return await aembed(self, self._images, img_file_paths, show_progress)

    @dispatcher.span
    def get_audio_embedding(self, audio: MediaInput) -> Embedding:
        """The vector of a recording: a path, an http(s) URL, a data URI, bytes or a binary file object."""
        return embed(self, self._contents("document"), [Audio(_held(audio))])[0]

    @dispatcher.span
    async def aget_audio_embedding(self, audio: MediaInput) -> Embedding:
        """`get_audio_embedding`, awaited."""
        return (await aembed(self, self._contents("document"), [Audio(_held(audio))]))[0]

    @dispatcher.span
    def get_video_embedding(self, video: MediaInput) -> Embedding:
        """The vector of a video, from wherever `get_audio_embedding` takes a recording."""
        return embed(self, self._contents("document"), [Video(_held(video))])[0]

    @dispatcher.span
    async def aget_video_embedding(self, video: MediaInput) -> Embedding:
        """`get_video_embedding`, awaited."""
        return (await aembed(self, self._contents("document"), [Video(_held(video))]))[0]

    @dispatcher.span
    def get_pdf_embedding(self, pdf: MediaInput) -> Embedding:
        """The vector of a PDF, from wherever `get_audio_embedding` takes a recording."""
        return embed(self, self._contents("document"), [Pdf(_held(pdf))])[0]

    @dispatcher.span
    async def aget_pdf_embedding(self, pdf: MediaInput) -> Embedding:
        """`get_pdf_embedding`, awaited."""
        return (await aembed(self, self._contents("document"), [Pdf(_held(pdf))]))[0]

    @dispatcher.span
    def get_content_embedding(self, content: ContentInput, side: Side = "document") -> Embedding:
        """One vector of text and media together: a `gemini_embed.Content`, a message, a block, or a list of parts."""
        return embed(self, self._contents(side), [content])[0]

    @dispatcher.span
    async def aget_content_embedding(self, content: ContentInput, side: Side = "document") -> Embedding:
        """`get_content_embedding`, awaited."""
        return (await aembed(self, self._contents(side), [content]))[0]

    @dispatcher.span
    def get_content_embedding_batch(
        self, contents: list[ContentInput], side: Side = "document", show_progress: bool = False
    ) -> list[Embedding]:
        """The vectors of contents of any modality, one each."""
        return embed(self, self._contents(side), contents, show_progress)

    @dispatcher.span
    async def aget_content_embedding_batch(
        self, contents: list[ContentInput], side: Side = "document", show_progress: bool = False
    ) -> list[Embedding]:
        """`get_content_embedding_batch`, awaited."""
        return await aembed(self, self._contents(side), contents, show_progress)

    def _overrides(self, *hooks: str) -> bool:
        """Whether a subclass, or a patch, has put something else in the place of one of these methods."""
        return any(not getattr(self, hook).__module__.startswith(__package__ or "") for hook in hooks)

    @property
    def _text(self) -> Work:
        return replace(self._texts, **_singly(self._get_text_embedding, self._aget_text_embedding))

    @property
    def _texts(self) -> Work:
        hooks = ("_get_text_embeddings", "_aget_text_embeddings", "_embed_texts", "_aembed_texts")
        key = partial(self._cache_key, side="document")
        work = Work(self._get_text_embeddings, self._aget_text_embeddings, str, likely_tokens, key)
        return replace(work, in_batches=self._overrides(*hooks))

    @property
    def _query(self) -> Work:
        return replace(self._queries, **_singly(self._get_query_embedding, self._aget_query_embedding))

    @property
    def _queries(self) -> Work:
        key = partial(self._cache_key, side="query")
        return Work(self._get_query_embeddings, self._aget_query_embeddings, str, likely_tokens, key)

    @property
    def _image(self) -> Work:
        return replace(self._images, **_singly(self._get_image_embedding, self._aget_image_embedding))

    @property
    def _images(self) -> Work:
        return Work(
            self._get_image_embeddings,
            self._aget_image_embeddings,
            label=lambda source: _label(image(source)),
            tokens=lambda _: IMAGE_TOKENS,
            in_batches=self._overrides("_get_image_embeddings", "_aget_image_embeddings"),
        )

    def _contents(self, side: Side) -> Work:
        def embedded(contents: list[ContentInput]) -> list[Embedding]:
            return self._get_content_embeddings(contents_of(contents, content_of), side)

        async def aembedded(contents: list[ContentInput]) -> list[Embedding]:
            return await self._aget_content_embeddings(contents_of(contents, content_of), side)

        return Work(embedded, aembedded, _content_label, self._content_tokens)

    def _content_tokens(self, content: ContentInput) -> int:
        """A likely count, of media the most they can have: they are looked into later."""
        return sum(
            likely_tokens(part.text) if isinstance(part, Text) else self._media_tokens(part)
            for part in content_of(content).parts
        )

    # No hook calls another that the framework's subclasses override, or one that does so the other way round would
    # never end.

    def _get_query_embeddings(self, queries: list[str]) -> list[Embedding]:
        return self._embed_texts(queries, QUERY)

    async def _aget_query_embeddings(self, queries: list[str]) -> list[Embedding]:
        return await self._aembed_texts(queries, QUERY)

    def _get_query_embedding(self, query: str) -> Embedding:
        return self._embed_texts([query], QUERY)[0]

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return (await self._aembed_texts([query], QUERY))[0]

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._embed_texts([text], DOCUMENT)[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return (await self._aembed_texts([text], DOCUMENT))[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return self._embed_texts(texts, DOCUMENT)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await self._aembed_texts(texts, DOCUMENT)

    def _get_image_embedding(self, img_file_path: ImageType) -> Embedding:
        return self._get_content_embeddings([image(img_file_path)], "document")[0]

    async def _aget_image_embedding(self, img_file_path: ImageType) -> Embedding:
        return (await self._aget_content_embeddings([image(img_file_path)], "document"))[0]

    def _get_image_embeddings(self, img_file_paths: list[ImageType]) -> list[Embedding]:
        return self._get_content_embeddings([image(one) for one in img_file_paths], "document")

    async def _aget_image_embeddings(self, img_file_paths: list[ImageType]) -> list[Embedding]:
        return await self._aget_content_embeddings([image(one) for one in img_file_paths], "document")


def _singly(one: Callable[[Any], Embedding], aone: Callable[[Any], Awaitable[Embedding]]) -> dict[str, Any]:
    """The hook for a single input, said as one for a list of one."""

    async def aembed_one(inputs: list[Any]) -> list[Embedding]:
        return [await aone(given) for given in inputs]

    return {"embed": lambda inputs: [one(given) for given in inputs], "aembed": aembed_one, "in_batches": False}


def image(source: ImageType) -> Image:
    """The core's part. A BytesIO is read from its beginning, wherever an earlier reader has left it."""
    return Image(_held(source))


def _label(part: Any) -> str:
    """How a part is called in an event: a text by itself, a medium by its path or URL, never by its bytes."""
    return str(part.text) if isinstance(part, Text) else part.location or repr(part)


def _held(source: MediaInput) -> Any:
    return source.getvalue() if isinstance(source, BytesIO) else source


def _content_label(content: ContentInput) -> str:
    return " ".join(map(_label, content_of(content).parts))
