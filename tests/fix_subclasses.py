"""Subclasses of a LlamaIndex embedding as public programs write them: they throttle, truncate, prefix and count.

Each shape is a class made over any base, what is done with it, and what its hooks are to see. The same table holds for
the official class (tests/compat) and for ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field

TEXTS = [f"text {i}" for i in range(25)]
IN_TENS = [10, 10, 5]

Log = list[Any]
"""What the hooks of a subclass were given: how many texts, or the text."""


def counting_batches(base: Any) -> Any:
    class CountingBatches(base):  # type: ignore[misc]  # any base
        log: Log = Field(default_factory=list)

        def _get_text_embeddings(self, texts: list[str]) -> Any:
            self.log.append(len(texts))
            return super()._get_text_embeddings(texts)

        async def _aget_text_embeddings(self, texts: list[str]) -> Any:
            self.log.append(len(texts))
            return await super()._aget_text_embeddings(texts)

    return CountingBatches


def one_by_one(base: Any) -> Any:
    class OneByOne(base):  # type: ignore[misc]  # any base
        log: Log = Field(default_factory=list)

        def _get_text_embedding(self, text: str) -> Any:
            self.log.append(text)
            return super()._get_text_embedding(text)

        def _get_text_embeddings(self, texts: list[str]) -> Any:
            return [self._get_text_embedding(text) for text in texts]

        async def _aget_text_embedding(self, text: str) -> Any:
            self.log.append(text)
            return await super()._aget_text_embedding(text)

        async def _aget_text_embeddings(self, texts: list[str]) -> Any:
            return [await self._aget_text_embedding(text) for text in texts]

    return OneByOne


def through_a_batch(base: Any) -> Any:
    class ThroughABatch(base):  # type: ignore[misc]  # any base
        log: Log = Field(default_factory=list)

        def _get_text_embedding(self, text: str) -> Any:
            self.log.append(text)
            return self._get_text_embeddings([text])[0]

        async def _aget_text_embedding(self, text: str) -> Any:
            self.log.append(text)
            return (await self._aget_text_embeddings([text]))[0]

    return ThroughABatch


def prefixing(base: Any) -> Any:
    class Prefixing(base):  # type: ignore[misc]  # any base
        log: Log = Field(default_factory=list)
        prefix: str = "passage: "

        def _said(self, text: str) -> str:
            self.log.append(self.prefix + text)
            return self.prefix + text

        def _get_query_embedding(self, query: str) -> Any:
            return super()._get_query_embedding(self._said(query))

        async def _aget_query_embedding(self, query: str) -> Any:
            return await super()._aget_query_embedding(self._said(query))

        def _get_text_embedding(self, text: str) -> Any:
            return super()._get_text_embedding(self._said(text))

        async def _aget_text_embedding(self, text: str) -> Any:
            return await super()._aget_text_embedding(self._said(text))

    return Prefixing


def at_the_root(base: Any) -> Any:
    class AtTheRoot(base):  # type: ignore[misc]  # any base
        """Overrides the official class's own hook."""

        log: Log = Field(default_factory=list)

        def _embed_texts(self, texts: list[str], task_type: str | None = None) -> Any:
            self.log.append((len(texts), task_type))
            return super()._embed_texts(texts, task_type)

        async def _aembed_texts(self, texts: list[str], task_type: str | None = None) -> Any:
            self.log.append((len(texts), task_type))
            return await super()._aembed_texts(texts, task_type)

    return AtTheRoot


def counting_calls(base: Any) -> Any:
    class CountingCalls(base):  # type: ignore[misc]  # any base
        calls: int = 0

        @property
        def log(self) -> Log:
            return [self.calls]

        def _get_text_embeddings(self, texts: list[str]) -> Any:
            self.calls += 1
            return super()._get_text_embeddings(texts)

        def get_query_embedding(self, query: str) -> Any:
            self.calls += 1
            return super().get_query_embedding(query)

    return CountingCalls


def with_init(base: Any) -> Any:
    class WithInit(base):  # type: ignore[misc]  # any base
        log: Log = Field(default_factory=list)
        delay: float = 1.0

        def __init__(self, delay: float = 3.0, **options: Any) -> None:
            super().__init__(delay=delay, **options)

        def _get_text_embeddings(self, texts: list[str]) -> Any:
            self.log.append(self.delay)
            return super()._get_text_embeddings(texts)

    return WithInit


def texts(model: Any) -> Any:
    return model.get_text_embedding_batch(TEXTS)


def atexts(model: Any) -> Any:
    return asyncio.run(model.aget_text_embedding_batch(TEXTS))


def text(model: Any) -> Any:
    return [model.get_text_embedding("a")]


def atext(model: Any) -> Any:
    return [asyncio.run(model.aget_text_embedding("a"))]


def query(model: Any) -> Any:
    return [model.get_query_embedding("q")]


def aquery(model: Any) -> Any:
    return [asyncio.run(model.aget_query_embedding("q"))]


def queries(model: Any) -> Any:
    return [model.get_agg_embedding_from_queries(["q", "r"])]


Use = Callable[[Any], Any]


def shape(make: Use, use: Use, log: Log, **options: Any) -> Any:
    return pytest.param(make, use, log, options, id=f"{make.__name__}-{use.__name__}{'-given' * bool(options)}")


QUERY, DOCUMENT = "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"
SHAPES = [
    shape(counting_batches, texts, IN_TENS),
    shape(counting_batches, atexts, IN_TENS),
    shape(counting_batches, texts, IN_TENS, num_workers=2),
    shape(counting_batches, atexts, IN_TENS, num_workers=2),
    shape(counting_batches, text, []),
    shape(one_by_one, texts, TEXTS),
    shape(one_by_one, atexts, TEXTS),
    shape(one_by_one, text, ["a"]),
    shape(through_a_batch, text, ["a"]),
    shape(through_a_batch, atext, ["a"]),
    shape(prefixing, text, ["passage: a"]),
    shape(prefixing, atext, ["passage: a"]),
    shape(prefixing, query, ["passage: q"]),
    shape(prefixing, aquery, ["passage: q"]),
    shape(prefixing, queries, ["passage: q", "passage: r"]),
    shape(prefixing, text, ["given: a"], prefix="given: "),
    shape(at_the_root, texts, [(10, DOCUMENT), (10, DOCUMENT), (5, DOCUMENT)]),
    shape(at_the_root, atexts, [(10, DOCUMENT), (10, DOCUMENT), (5, DOCUMENT)]),
    shape(at_the_root, query, [(1, QUERY)]),
    shape(at_the_root, aquery, [(1, QUERY)]),
    shape(at_the_root, text, [(1, DOCUMENT)]),
    shape(counting_calls, texts, [3]),
    shape(counting_calls, queries, [2]),
    shape(counting_calls, texts, [8], calls=5),
    shape(with_init, texts, [3.0, 3.0, 3.0]),
    shape(with_init, texts, [0.5, 0.5, 0.5], delay=0.5),
]
