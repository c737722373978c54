"""How a call goes: cut into windows, reported batch by batch, looked up in the cache, paced, embedded.

Written once for both colours, as `steps`. This stands in for the framework's own doors, which run a sync call's batches
one after another, key the cache by the bare text, and leave images without events and limiter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding, dispatcher
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, EmbeddingStartEvent
from llama_index.embeddings.gemini_embed.steps import Call, Steps, all_of, arun, run

from gemini_embed import GeminiEmbedError, Usage, track_usage

COLLECTION = "embeddings"
"""Of `embeddings_cache`; the framework's own."""
USAGE_TAG = "gemini_embed_usage"
"""Of the last `EmbeddingEndEvent` of a call: `gemini_embed.Usage` as a dict."""
BATCHES_A_TICK = 32
"""Batches between two steps of a progress bar: enough to keep several requests in flight."""


@dataclass(frozen=True)
class Work:
    """What one kind of input needs. `embed` and `aembed` take any number and return as many vectors."""

    embed: Callable[[list[Any]], list[Embedding]]
    aembed: Callable[[list[Any]], Awaitable[list[Embedding]]]
    label: Callable[[Any], str]
    """How an input is called in events."""
    tokens: Callable[[Any], int]
    """A likely count, for the rate limiter."""
    cache_key: Callable[[Any], str] | None = None
    """None: not cached."""
    in_batches: bool = False
    """Whether `embed` is to be given `embed_batch_size` at a time, as a subclass that overrides a hook expects; else it
    is given all, and makes batches of its own."""


def embed(model: BaseEmbedding, work: Work, inputs: Sequence[Any], show_progress: bool = False) -> list[Embedding]:
    """One vector per input, in order; blocking."""
    rows: list[Embedding] = []
    with _bar(len(inputs), show_progress) as tick:
        for window in _windows(model, work, len(inputs), show_progress):
            rows += run(_steps(model, work, inputs, window))
            tick(len(window))
    return rows


async def aembed(
    model: BaseEmbedding, work: Work, inputs: Sequence[Any], show_progress: bool = False
) -> list[Embedding]:
    """`embed`, awaited. Batches run together, as fast as a rate limiter lets them; a hook's at most `num_workers`."""
    with _bar(len(inputs), show_progress) as tick:

        async def one(window: range) -> list[Embedding]:
            rows = await arun(_steps(model, work, inputs, window))
            tick(len(window))
            return rows

        windows = _windows(model, work, len(inputs), show_progress)
        if work.in_batches or model.rate_limiter is not None:
            parts = await all_of(one, windows, model.num_workers if work.in_batches else None)
        else:
            parts = [await one(window) for window in windows]
    return [row for part in parts for row in part]


def _windows(model: BaseEmbedding, work: Work, n: int, show_progress: bool) -> list[range]:
    """What goes to the core in one call: all of it, but for a hook that expects batches, a limiter, which is asked
    before each, and a bar."""
    size = max(n, 1)
    if work.in_batches or model.rate_limiter is not None:
        size = model.embed_batch_size
    elif show_progress:
        size = model.embed_batch_size * BATCHES_A_TICK
    return _cut(range(n), size)


def _cut(window: range, size: int) -> list[range]:
    return [window[start : start + size] for start in range(0, len(window), size)]


def _steps(model: BaseEmbedding, work: Work, inputs: Sequence[Any], window: range) -> Steps[list[Embedding]]:
    """One window: its events around its vectors, those in the cache and those to be made."""
    with _reported(model, work, inputs, window) as report, track_usage() as spent:
        rows = yield from _cached_rows(model, work, inputs, window)
        missing = [position for position in window if position not in rows]
        if missing:
            try:
                rows |= yield from _fresh_rows(model, work, inputs, missing)
            except GeminiEmbedError as error:
                if error.completed is not None:  # made and paid for: the next try finds it in the cache
                    made = zip(error.completed.positions, error.completed.values.tolist(), strict=True)
                    yield from _keep(model, work, inputs, dict(made))
                raise
            yield from _keep(model, work, inputs, {position: rows[position] for position in missing})
        in_order = [rows[position] for position in window]
        report(in_order, spent.usage)
    return in_order


def _cached_rows(model: BaseEmbedding, work: Work, inputs: Sequence[Any], window: range) -> Steps[dict[int, Embedding]]:
    cache, rows = model.embeddings_cache, {}
    if cache is not None and work.cache_key is not None:
        texts = [inputs[position] for position in window]
        # In a thread: the first key of an address may have to ask which service answers there.
        keys = yield Call(
            partial(_keys, work.cache_key, texts), partial(asyncio.to_thread, _keys, work.cache_key, texts)
        )
        for position, key in zip(window, keys, strict=True):
            place = {"key": key, "collection": COLLECTION}
            entry = yield Call(partial(cache.get, **place), partial(cache.aget, **place))
            if entry:
                rows[position] = next(iter(entry.values()))
    return rows


def _keys(key_of: Callable[[Any], str], inputs: Sequence[Any]) -> list[str]:
    return [key_of(one) for one in inputs]


def _keep(model: BaseEmbedding, work: Work, inputs: Sequence[Any], rows: dict[int, Embedding]) -> Steps[None]:
    cache = model.embeddings_cache
    if cache is not None and work.cache_key is not None:
        for position, row in rows.items():
            entry = {
                "key": work.cache_key(inputs[position]),
                "val": {"embedding": row},
                "collection": COLLECTION,
            }
            yield Call(partial(cache.put, **entry), partial(cache.aput, **entry))


def _fresh_rows(
    model: BaseEmbedding, work: Work, inputs: Sequence[Any], missing: list[int]
) -> Steps[dict[int, Embedding]]:
    wanted = [inputs[position] for position in missing]
    if (limiter := model.rate_limiter) is not None:
        tokens = sum(work.tokens(one) for one in wanted)
        yield Call(partial(limiter.acquire, tokens), partial(limiter.async_acquire, tokens))
    with _located(missing):
        rows = yield Call(partial(work.embed, wanted), partial(work.aembed, wanted))
    return dict(zip(missing, rows, strict=True))


@contextmanager
def _located(missing: list[int]) -> Iterator[None]:
    """Positions in the block's errors become positions in what the caller passed."""
    try:
        yield
    except GeminiEmbedError as error:
        raise error.relocated([[position] for position in missing]) from error.__cause__


@contextmanager
def _reported(
    model: BaseEmbedding, work: Work, inputs: Sequence[Any], window: range
) -> Iterator[Callable[[list[Embedding], Usage], None]]:
    """Events and callbacks of a window, a pair for each batch, as the framework's own doors send them.

    What the window used is with its last batch, so that adding up over events is right: a request need not be a batch.
    """
    payload = model.to_payload()
    batches = _cut(window, model.embed_batch_size)
    with ExitStack() as stack:
        open_events = []
        for _ in batches:
            dispatcher.event(EmbeddingStartEvent(model_dict=payload))
            event = model.callback_manager.event(CBEventType.EMBEDDING, payload={EventPayload.SERIALIZED: payload})
            open_events.append(stack.enter_context(event))

        def report(rows: list[Embedding], usage: Usage) -> None:
            for batch, event in zip(batches, open_events, strict=True):
                made = rows[batch.start - window.start : batch.stop - window.start]
                labels = [work.label(inputs[position]) for position in batch]
                told: dict[str, Any] = {EventPayload.CHUNKS: labels, EventPayload.EMBEDDINGS: made}
                tags = {}
                if batch is batches[-1]:
                    tags = {USAGE_TAG: asdict(usage)}
                    told[EventPayload.ADDITIONAL_KWARGS] = {"usage": asdict(usage)}
                event.on_end(payload=told)
                # Not validated: looking at every float again would cost as much as decoding the reply.
                end = EmbeddingEndEvent.model_construct(chunks=labels, embeddings=made, tags=tags)
                dispatcher.event(end)

        yield report


@contextmanager
def _bar(total: int, show: bool) -> Iterator[Callable[[int], object]]:
    """A progress bar that counts inputs."""
    if not show:
        yield lambda n: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, desc="Generating embeddings") as bar:
        yield bar.update
