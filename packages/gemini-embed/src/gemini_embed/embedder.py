"""`Embedder`, the facade: texts and contents in, vectors out, through either door."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

from gemini_embed.arguments import (
    checked_dimensions,
    document_contents,
    one_of,
    positive_number,
    query_content,
    switch,
    whole,
)
from gemini_embed.attempts import Request
from gemini_embed.calls import Job
from gemini_embed.connection import Connection, connect
from gemini_embed.content import Content, ContentLike, contents_of
from gemini_embed.engine import Engine
from gemini_embed.errors import ConfigurationError
from gemini_embed.fetch import FetchPolicy
from gemini_embed.fingerprint import Fingerprint
from gemini_embed.models import Backend, ModelFacts, facts_for
from gemini_embed.notices import warn
from gemini_embed.overflow import Overflow, refuse_long_texts, warn_of_long_texts
from gemini_embed.pacing import RetryPolicy
from gemini_embed.plan import Entry
from gemini_embed.prepare import Conditioning, ConditionMedia, prepare
from gemini_embed.quota import RateLimits, shared_pace
from gemini_embed.result import EmbeddingResult
from gemini_embed.tasks import Side, Task, is_symmetric, parse_task, uses_titles
from gemini_embed.transport import HttpOptions, HttpSession
from gemini_embed.wire import Options

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "gemini-embedding-2"


@dataclass(frozen=True)
class _Plan:
    """One call, decided."""

    items: list[Entry]
    request: Request


class Embedder:
    """Gemini embeddings of texts and images: one vector per input, conditioned for the task, in the order given.

    Args:
        model: with or without `models/` or `publishers/google/models/`.
        dimensions: length of the vectors; None is the model's own (3072 for gemini-embedding-2).
        task: what the vectors are for, see `Task`; the API's enum names are understood too.
        normalize: None makes vectors unit length where the service should but does not (gemini-embedding-001 below
            3072); True always, False never.
        overflow: what to do about text that is too long: "warn", "error" or "truncate", see `Overflow`.
        condition_media: where text beside media gets the task's prefix: "query", "both" or "none".
        api_key: else `GEMINI_API_KEY` or `GOOGLE_API_KEY`.
        vertexai: None decides by `GOOGLE_GENAI_USE_VERTEXAI`, else by whether `project` or `credentials` is given.
        project, location, credentials: for Vertex AI; location is "global" unless told otherwise, and without
            credentials Application Default Credentials are used.
        base_url, api_version: for proxies; versions are pinned to v1beta (Developer API) and v1beta1 (Vertex AI).
        timeout_s: seconds for one attempt of one request, and for fetching one medium.
        headers: sent with every request. proxy: URL; else the environment's. verify: False, or a CA file, or a context.
        retry: see `RetryPolicy`. concurrency: requests in flight. batch_size: contents a call, at most the model's.
        rate_limits: the project's quotas for the model, as `RateLimits` or a tier's name ("free", "tier1"); what is not
            told is learned from the service. One pace serves all objects of a process with the same project and model.
        facts: overrides for what is known of the model, see `ModelFacts`.
        allow_private_urls: whether media may be fetched from private and loopback addresses.
        max_media_bytes: the largest medium that is read or fetched.

    Nothing is sent, started or looked up on the network before the first call. Thread-safe, usable from several
    event loops, safe across a fork; a pickle leaves the key and credentials behind.

    Raises:
        ConfigurationError: arguments that cannot be honoured.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        dimensions: int | None = None,
        task: str = "search",
        normalize: bool | None = None,
        overflow: Overflow = "warn",
        condition_media: ConditionMedia = "query",
        api_key: Any = None,
        vertexai: bool | None = None,
        project: str | None = None,
        location: str | None = None,
        credentials: Any = None,
        base_url: str | None = None,
        api_version: str | None = None,
        timeout_s: float = 60.0,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        verify: bool | str | ssl.SSLContext = True,
        retry: RetryPolicy | None = None,
        concurrency: int = 8,
        batch_size: int | None = None,
        rate_limits: RateLimits | str | None = None,
        facts: ModelFacts | Mapping[str, Any] | None = None,
        allow_private_urls: bool = False,
        max_media_bytes: int = 20 * 2**20,
    ) -> None:
        self._connection = connect(
            api_key=api_key,
            vertexai=vertexai,
            project=project,
            location=location,
            credentials=credentials,
            base_url=base_url,
            api_version=api_version,
        )
        self.facts = facts_for(model, self._connection.backend, facts)
        self.task: Task = parse_task(task)
        self.dimensions = checked_dimensions(dimensions, self.facts)
        self.overflow = one_of("overflow", overflow, Overflow)
        self.condition_media = one_of("condition_media", condition_media, ConditionMedia)
        self.normalize = None if normalize is None else switch("normalize", normalize)
        self.batch_size = whole("batch_size", batch_size)
        if not isinstance(retry, RetryPolicy | None):
            raise ConfigurationError(f"retry={retry!r} must be a RetryPolicy")
        self.retry = retry or RetryPolicy()
        self._http = HttpOptions(
            timeout_s=positive_number("timeout_s", timeout_s),
            headers=dict(headers or {}),
            proxy=proxy,
            verify=verify,
            concurrency=whole("concurrency", concurrency) or HttpOptions.concurrency,
        )
        self._fetch = FetchPolicy(
            allow_private_urls=switch("allow_private_urls", allow_private_urls),
            max_bytes=whole("max_media_bytes", max_media_bytes) or FetchPolicy.max_bytes,
            timeout_s=self._http.timeout_s,
        )
        self.rate_limits = RateLimits.of(rate_limits)
        self._engine = self._new_engine()
        self._warn_of_lifecycle()

    @property
    def model(self) -> str:
        """Bare name of the model."""
        return self.facts.name

    @property
    def backend(self) -> Backend:
        """Which API: "developer" or "vertex"."""
        return self.facts.backend

    @property
    def fingerprint(self) -> Fingerprint:
        """What vectors of this embedder have in common; an index keeps it and refuses others.

        Raises:
            ConfigurationError: the model's size is not known; pass dimensions=.
        """
        dimensions = self.dimensions or self.facts.default_dimensions
        if dimensions is None:
            raise ConfigurationError(f"the size of {self.model}'s vectors is not known here: pass dimensions=")
        way = self.facts.conditioning
        # What is kept is how documents are conditioned: all asymmetric tasks do that alike, and may query one index.
        kind = self.task if is_symmetric(self.task) else "retrieval"
        conditioning = "raw" if self.task == "raw" or way == "none" else f"{way}:{kind}"
        if way == "prefix" and self.task != "raw" and self.condition_media != "query":
            conditioning += f";media={self.condition_media}"
        unit = self._unit_length(dimensions) or self._served_with_unit_length(dimensions)
        return Fingerprint(self.model, dimensions, conditioning, "unit" if unit else "as_served")

    def embed_documents(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        *,
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
    ) -> EmbeddingResult:
        """Vectors of documents, shape (len(texts), d). `titles[i]`, if any, goes with `texts[i]`.

        Raises:
            InputError: an empty text, a wrong type, another number of titles; before any request.
            RequestError: after the retries; `.completed` holds what was finished.
        """
        plan = self._plan(document_contents(texts, titles), "document", task, dimensions, batch_size)
        return self._engine.run(self._job(plan))

    async def aembed_documents(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        *,
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
    ) -> EmbeddingResult:
        """`embed_documents`, awaited."""
        plan = self._plan(document_contents(texts, titles), "document", task, dimensions, batch_size)
        return await self._engine.arun(self._job(plan))

    def embed_query(self, text: str, *, task: str | None = None, dimensions: int | None = None) -> EmbeddingResult:
        """The vector of a query, shape (1, d); `.vector` is the row."""
        return self._engine.run(self._job(self._plan([query_content(text)], "query", task, dimensions)))

    async def aembed_query(
        self, text: str, *, task: str | None = None, dimensions: int | None = None
    ) -> EmbeddingResult:
        """`embed_query`, awaited."""
        return await self._engine.arun(self._job(self._plan([query_content(text)], "query", task, dimensions)))

    def embed(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
    ) -> EmbeddingResult:
        """Vectors of contents, shape (len(contents), d): each element, however many parts it has, is one vector.

        An element is a str, a part (`Text`, `Image`), a `Content`, a PIL image, or a sequence of such parts.
        """
        return self._engine.run(self._job(self._plan(contents_of(contents), side, task, dimensions, batch_size)))

    async def aembed(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
    ) -> EmbeddingResult:
        """`embed`, awaited."""
        plan = self._plan(contents_of(contents), side, task, dimensions, batch_size)
        return await self._engine.arun(self._job(plan))

    def close(self) -> None:
        """Cancel what runs and close the connections. Later calls raise `EngineError`."""
        self._engine.close()

    async def aclose(self) -> None:
        """`close`, awaited without blocking the loop."""
        await asyncio.to_thread(self._engine.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        size = self.dimensions or self.facts.default_dimensions or "?"
        return f"Embedder({self.model!r}, {self.backend}, {size} dimensions, task={self.task!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_engine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._connection = self._connection.with_key_from_environment()
        self._engine = self._new_engine()

    def _new_engine(self) -> Engine[HttpSession]:
        return Engine(partial(_session, self._connection, self._http, self.model, self.rate_limits))

    def _plan(
        self,
        contents: Sequence[Content],
        side: Side,
        task: str | None,
        dimensions: int | None,
        batch_size: int | None = None,
    ) -> _Plan:
        """Check and condition everything, in the caller's thread: bad input raises before any request."""
        how = Conditioning(parse_task(task) if task else self.task, one_of("side", side, Side), self.condition_media)
        size = checked_dimensions(dimensions, self.facts) or self.dimensions
        items = prepare(contents, how, self.facts, self._fetch.max_bytes)
        if self.overflow == "warn":
            warn_of_long_texts(items, self.facts)
        if not uses_titles(how.task, "document") and any(content.title for content in contents):
            warn(f"task={how.task!r} has no place for titles, so they are not used; asymmetric tasks ('search') have")
        request = Request(
            connection=self._connection,
            facts=self.facts,
            options=Options(
                model=self.facts.name,
                dimensions=size,
                auto_truncate=False if self.overflow == "error" and self.facts.endpoint == "predict" else None,
            ),
            retry=self.retry,
            fetch=self._fetch,
            max_items=self._max_items(whole("batch_size", batch_size)),
            max_tokens=self.rate_limits.max_tokens if self.rate_limits else None,
            unit_length=self._unit_length(size),
        )
        return _Plan(items, request)

    def _job(self, plan: _Plan) -> Callable[[HttpSession], Coroutine[Any, Any, EmbeddingResult]]:
        return partial(_embed, plan=plan, exact=self.overflow == "error", lookahead=self._http.concurrency + 1)

    def _max_items(self, batch_size: int | None) -> int | None:
        """Contents a call: as asked for, and no more than a minute's quota has room for."""
        wanted = (batch_size or self.batch_size, self.rate_limits.max_items if self.rate_limits else None)
        return min(filter(None, wanted), default=None)

    def _unit_length(self, dimensions: int | None) -> bool:
        """Whether vectors of this size are made unit length here."""
        if self.normalize is not None:
            return self.normalize
        return dimensions is not None and not self._served_with_unit_length(dimensions)

    def _served_with_unit_length(self, dimensions: int) -> bool:
        return self.facts.shortened_unit_length or dimensions == self.facts.max_dimensions

    def _warn_of_lifecycle(self) -> None:
        facts, location = self.facts, self._connection.location
        if facts.retired and facts.is_retired():
            where = "the Gemini Developer API" if facts.backend == "developer" else "Vertex AI"
            warn(
                f"{facts.name} was shut down on {where} on {facts.retired:%Y-%m-%d}; use {facts.successor} and embed "
                "your documents anew (their vectors are not comparable). It is still sent, for proxies that serve it"
            )
        if facts.locations and location and location not in facts.locations:
            served = ", ".join(sorted(facts.locations))
            warn(f"{facts.name} is known to be served at {served}; location={location!r} is sent, and may be refused")
        if not facts.known:
            logger.warning(
                "nothing is known of %s on the %s backend: careful defaults are sent (see Embedder.facts); "
                "facts={...} overrides them",
                facts.name,
                facts.backend,
            )


def _session(connection: Connection, http: HttpOptions, model: str, limits: RateLimits | None) -> HttpSession:
    """What requests share, at the pace that the project has for this model."""
    pace = shared_pace((*connection.project_key, model))
    if limits:
        pace.tell(limits, time.monotonic())
    return HttpSession(connection, http, pace)


async def _embed(session: HttpSession, *, plan: _Plan, exact: bool, lookahead: int) -> EmbeddingResult:
    """One call on the engine's loop."""
    if exact:
        await refuse_long_texts(session, plan.request, plan.items)
    rows = await Job(session, plan.request, plan.items, lookahead).run()
    return EmbeddingResult(rows.values(), usage=rows.usage, model=plan.request.facts.name)
