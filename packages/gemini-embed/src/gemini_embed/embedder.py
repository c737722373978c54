"""`Embedder`, the facade: texts and contents in, vectors out, through either door."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from gemini_embed.batch_jobs.limits import BatchLimits, staging_place
from gemini_embed.calls import Overflow, RetryPolicy, Submitted, embed
from gemini_embed.calls.advice import warn_of_lifecycle
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.call import Call
from gemini_embed.calls.overflow import warn_of_long_texts
from gemini_embed.calls.refused import RefusedItems
from gemini_embed.calls.rows import Rows
from gemini_embed.calls.uploads import KeptFiles, Uploads
from gemini_embed.checks import absolute_path, one_of, positive_number, switch, whole
from gemini_embed.content import (
    Content,
    ContentLike,
    Media,
    contents_of,
    document_contents,
    query_content,
    refuse_title,
    said_of_flat_mix,
)
from gemini_embed.engine import Closing, Engine
from gemini_embed.fingerprint import Fingerprint, fingerprint_of, scaled_to_unit
from gemini_embed.media import FetchPolicy, fetch
from gemini_embed.metering import Budget, Estimate, ObservedCall, Price, estimate, observed
from gemini_embed.models import Backend, ModelFacts, checked_dimensions, facts_for
from gemini_embed.notices import warn
from gemini_embed.preparing import Prepared, Purpose, prepare, without_twins
from gemini_embed.quota import RateLimits, shared_pace
from gemini_embed.result import EmbeddingResult, OnError
from gemini_embed.secret import Secret, hides_arguments
from gemini_embed.service import HttpSession, ServiceName, connect, open_session
from gemini_embed.tasks import ConditionMedia, Side, Task, parse_task
from gemini_embed.transport import HttpOptions
from gemini_embed.wire import Options

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.batches import Batches
    from gemini_embed.cache import VectorCache
    from gemini_embed.describing import Host as DescribingHost
    from gemini_embed.metering.batch_estimates import BatchEstimate

DEFAULT_MODEL = "gemini-embedding-2"
_ADDED_LATER = {"_has_warned_of_mix": False, "batch_limits": BatchLimits(), "staging": None}
"""What pickles of earlier versions lack."""


class Embedder(Closing):
    """Gemini embeddings of any modality: one vector per input, conditioned for the task, in the order given.

    Args:
        model: with or without `models/` or `publishers/google/models/`.
        dimensions: length of the vectors; None is the model's own (3072 for gemini-embedding-2).
        task: what the vectors are for, see `Task`; the API's enum names are understood too.
        normalize: None makes vectors unit length where the service should but does not (gemini-embedding-001 below
            3072); True always, False never.
        overflow: what to do about text that is too long: "warn", "error" or "truncate", see `Overflow`.
        condition_media: where text beside media gets the task's prefix: "query", "both" or "none".
        api_key: else `GOOGLE_API_KEY` or `GEMINI_API_KEY`, in this order, as google-genai looks for them.
        vertexai: None decides by `GOOGLE_GENAI_USE_VERTEXAI`, else by whether `project` or `credentials` is given.
        project, location, credentials: for Vertex AI; location is "global" unless told otherwise, and without
            credentials Application Default Credentials are used.
        base_url, api_version: for proxies; versions are pinned to v1beta (Developer API) and v1beta1 (Vertex AI).
        service: whose vectors these are, where `base_url` is not Google's; vectors of different services never meet in
            an index or a cache. None is "emulator" for the emulator on any port, and else host, port and path. Say
            "google" of a proxy that leads there.
        timeout_s: seconds for one attempt of one request, and for fetching one medium.
        headers: sent with every request. proxy: URL; else the environment's. verify: False, or a CA file, or a context.
        retry: a `RetryPolicy`, or its fields in a mapping. concurrency: requests in flight.
        batch_size: contents a call, at most the model's.
        rate_limits: the project's quotas for the model, as `RateLimits` or a tier's name ("free", "tier1"); what is not
            told is learned from the service. One pace serves all objects of a process with the same project and model.
        cache: a file that keeps finished vectors, so that what was paid for once is not paid for again, by a call that
            failed or by another process; see `VectorCache`.
        facts: overrides for what is known of the model, see `ModelFacts`.
        root: a folder that files must lie in, symbolic links followed; None reads files anywhere. Set it where paths
            come from outsiders.
        allow_private_urls: whether media may be fetched from private and loopback addresses.
        max_media_bytes: the largest medium that is read from a file or fetched; the default is 20 MiB. What an index
            cuts into windows may be of any size.
        keep_uploads: media too large to be sent inline go through the Files API and are deleted there after use; True
            leaves them for the 48 hours they live, and this object uses them again meanwhile.
        max_cost_usd: the most that this object may spend; a call that would exceed it is not sent, see `BudgetError`.
            `.budget` tells what is spent. None: no limit.
        batch_limits: what jobs of `.batches` may be, as `BatchLimits` or a mapping of its fields.
        staging: where batch jobs of Vertex AI put their files, "gs://bucket/prefix"; needed there and only there. With
            an address of its own, as of a private endpoint: "https://host/bucket/prefix".

    Nothing is sent, started or looked up on the network before the first call. Thread-safe, usable from several
    event loops, safe across a fork; a pickle leaves the key and credentials behind, and what is unpickled looks for a
    key in the environment when it is first used.

    Raises:
        ConfigurationError: arguments that cannot be honoured; no key and no project of Vertex AI.
    """

    @hides_arguments
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
        service: str | None = None,
        timeout_s: float = 60.0,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        verify: bool | str | ssl.SSLContext = True,
        retry: RetryPolicy | Mapping[str, Any] | None = None,
        concurrency: int = 8,
        batch_size: int | None = None,
        rate_limits: RateLimits | str | None = None,
        cache: str | os.PathLike[str] | VectorCache | None = None,
        facts: ModelFacts | Mapping[str, Any] | None = None,
        root: str | os.PathLike[str] | None = None,
        allow_private_urls: bool = False,
        max_media_bytes: int = 20 * 2**20,
        keep_uploads: bool = False,
        max_cost_usd: float | None = None,
        batch_limits: BatchLimits | Mapping[str, Any] | None = None,
        staging: str | None = None,
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
        self._service = ServiceName(self._connection.base_url, service)
        self.facts = facts_for(model, self._connection.backend, facts)
        self.task: Task = parse_task(task)
        self.dimensions = checked_dimensions(dimensions, self.facts)
        self.overflow = one_of("overflow", overflow, Overflow)
        self.condition_media = one_of("condition_media", condition_media, ConditionMedia)
        self.normalize = None if normalize is None else switch("normalize", normalize)
        self.batch_size = whole("batch_size", batch_size)
        self.retry = RetryPolicy.of(retry)
        self._http = HttpOptions(
            timeout_s=positive_number("timeout_s", timeout_s),
            headers={name: Secret(value) for name, value in dict(headers or {}).items()},
            proxy=Secret(proxy) if proxy else None,
            verify=verify,
            concurrency=whole("concurrency", concurrency) or HttpOptions.concurrency,
        )
        self._fetch = FetchPolicy(
            root=absolute_path("root", root),
            allow_private_urls=switch("allow_private_urls", allow_private_urls),
            max_bytes=whole("max_media_bytes", max_media_bytes) or FetchPolicy.max_bytes,
            timeout_s=self._http.timeout_s,
        )
        self.rate_limits = RateLimits.of(rate_limits)
        self.budget = Budget(self.facts, max_cost_usd)
        self.batch_limits = BatchLimits.of(batch_limits)
        self.staging = staging_place(staging, self._connection.backend)
        self.cache = _cache_of(cache)
        self._kept_files = KeptFiles() if switch("keep_uploads", keep_uploads) else None
        self._has_warned_of_mix = False
        self._engine = self._new_engine()
        warn_of_lifecycle(self.facts, self._connection.location)

    @property
    def model(self) -> str:
        """Bare name of the model."""
        return self.facts.name

    @property
    def backend(self) -> Backend:
        """Which API: "developer" or "vertex"."""
        return self.facts.backend

    @property
    def root(self) -> str | None:
        """The folder that files must lie in, as an absolute path."""
        return self._fetch.root

    @property
    def fingerprint(self) -> Fingerprint:
        """What vectors of this embedder have in common; an index keeps it and refuses others.

        A `base_url` that begins with http:// is asked once whether it is an emulator's.

        Raises:
            ConfigurationError: the model's size is not known; pass dimensions=.
        """
        how = self.dimensions, self.task, self.condition_media, self.normalize
        return fingerprint_of(self.facts, *how, self._service.get())

    def embed_documents(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        *,
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
        on_error: OnError = "raise",
        title: None = None,
    ) -> EmbeddingResult:
        """Vectors of documents, shape (len(texts), d). `titles[i]`, if any, goes with `texts[i]`.

        `on_error="skip"` leaves NaN where a text cannot be embedded, see `OnError`. Equal texts are sent once. `title`
        is refused: the titles are `titles`.

        Raises:
            InputError: an empty text, a wrong type, another number of titles; before any request.
            RefusedItemsError: the service refused some texts; `.completed` holds all others.
            RequestError: after the retries; `.completed` holds what was finished.
        """
        refuse_title(title)
        prepared = self._prepared(document_contents(texts, titles), "document", task, dimensions, on_error)
        return self._submit(prepared, batch_size).pending.result()

    async def aembed_documents(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None = None,
        *,
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
        on_error: OnError = "raise",
        title: None = None,
    ) -> EmbeddingResult:
        """`embed_documents`, awaited."""
        refuse_title(title)
        prepared = self._prepared(document_contents(texts, titles), "document", task, dimensions, on_error)
        return await self._submit(prepared, batch_size).pending

    def embed_query(
        self, text: ContentLike, *, task: str | None = None, dimensions: int | None = None
    ) -> EmbeddingResult:
        """The vector of a query, shape (1, d); `.vector` is the row. A query is a text, a part such as
        `Image("a.png")`, or a list of parts, which is one query."""
        return self._submit(self._prepared([query_content(text)], "query", task, dimensions)).pending.result()

    async def aembed_query(
        self, text: ContentLike, *, task: str | None = None, dimensions: int | None = None
    ) -> EmbeddingResult:
        """`embed_query`, awaited."""
        return await self._submit(await self._aprepared([query_content(text)], "query", task, dimensions)).pending

    def embed(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
        on_error: OnError = "raise",
        title: None = None,
    ) -> EmbeddingResult:
        """Vectors of contents, shape (len(contents), d): each element, however many parts it has, is one vector.

        An element is a str, a part (`Text`, `Image`), a `Content`, a PIL image, or a sequence of such parts. Of a list
        that holds bare texts beside bare media google-genai makes one vector; here it warns, once an object.
        """
        refuse_title(title)
        given = contents_of(contents)
        prepared = self._prepared(given, side, task, dimensions, on_error)
        self._warn_of_flat_mix(contents, given)
        return self._submit(prepared, batch_size).pending.result()

    async def aembed(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        task: str | None = None,
        dimensions: int | None = None,
        batch_size: int | None = None,
        on_error: OnError = "raise",
        title: None = None,
    ) -> EmbeddingResult:
        """`embed`, awaited."""
        refuse_title(title)
        given = contents_of(contents)
        prepared = await self._aprepared(given, side, task, dimensions, on_error)
        self._warn_of_flat_mix(contents, given)
        return await self._submit(prepared, batch_size).pending

    def submit(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        task: str | None = None,
        on_error: OnError = "raise",
        budget: Budget | None = None,
    ) -> Submitted:
        """`embed`, started and not waited for; `budget` takes the place of the embedder's, which it should be within.

        Bad input raises here, what comes later from `.pending`.
        """
        return self._submit(self._prepared(contents_of(contents), side, task, None, on_error), budget=budget)

    def ready(
        self, contents: Sequence[ContentLike], *, side: Side = "document", task: str | None = None
    ) -> Callable[[], Submitted]:
        """`submit` in two steps, for who starts several: bad input raises here, and calling what comes back starts."""
        return partial(self._submit, self._prepared(contents_of(contents), side, task, None))

    @overload
    def estimate(
        self, contents: Sequence[ContentLike], *, side: Side = ..., on_error: OnError = ..., price: Literal["batch"]
    ) -> BatchEstimate: ...

    @overload
    def estimate(
        self, contents: Sequence[ContentLike], *, side: Side = ..., on_error: OnError = ..., price: Price = ...
    ) -> Estimate: ...

    def estimate(
        self,
        contents: Sequence[ContentLike],
        *,
        side: Side = "document",
        on_error: OnError = "raise",
        price: Price = "online",
    ) -> Estimate:
        """Items, files, likely tokens and price of embedding `contents`; nothing is sent. Equal contents count once.

        What a cache would answer is counted; with `on_error="skip"`, what cannot be embedded is not. `price="batch"` is
        the price by jobs of the Batch API, with how many of them go in turn, see `BatchEstimate`.
        """
        given = contents_of(contents)
        files = sum(any(isinstance(p, Media) and p.location for p in content.parts) for content in given)
        purpose = Purpose(self.task, one_of("side", side, Side), self.condition_media)
        refused = RefusedItems(one_of("on_error", on_error, OnError))
        prepared = prepare(given, purpose, self.facts, self._fetch, refused.bad_input)
        _warn_of(prepared)
        items = without_twins(prepared.entries)
        online = estimate(items, files, self.facts)
        if one_of("price", price, Price) == "online":
            return online
        from gemini_embed.batch_jobs.planning import in_jobs

        return in_jobs(online, items, self.batch_limits.known(self.facts, self.rate_limits), self.facts)

    @property
    def batches(self) -> Batches:
        """Jobs of the Batch API, at half price: what they embed goes into the cache, where all other calls find it."""
        from gemini_embed.batch_jobs.batches import Batches
        from gemini_embed.batch_jobs.host import Host

        host = Host(
            engine=self._engine,
            http=self._http,
            facts=self.facts,
            cache=self.cache,
            budget=self.budget,
            limits=self.batch_limits.known(self.facts, self.rate_limits),
            staging=self.staging,
            prepared=self._prepared,
            request=self._request,
            start=self._submit,
            warn_of=self._warn_of_call,
        )
        return Batches(host)

    def lent(self, budget: Budget, *, hears_videos: bool = True) -> DescribingHost:
        """What a `GeminiDescriber` works with: this address and key, the cache, and `budget`."""
        from gemini_embed.describing import Host as DescribingHost

        return DescribingHost(
            connection=self._connection, http=self._http, cache=self.cache, budget=budget, hears_videos=hears_videos
        )

    def keep_share(self, limits: RateLimits) -> int:
        """Keep this share of the project's quotas from now on, of which other processes have the rest: all objects of
        this process do, with the same project and model. Returns how often calls were refused so far."""
        self.rate_limits = limits
        connection = self._connection.with_key_from_environment()
        return shared_pace(connection.project_key, self.model).share(limits, time.monotonic())

    def fetch(self, url: str) -> bytes:
        """The bytes of a medium at an http(s) URL, under the rules that hold for embedding it.

        Raises:
            InputError: a private address, an error status, too large, too slow, unreachable.
        """

        async def job(session: HttpSession) -> bytes:
            return await fetch(url, self._fetch)

        return self._engine.run(job)

    def close(self) -> None:
        """Cancel what runs and close the connections. Later calls raise `EngineError`."""
        self._engine.close()
        if self.cache is not None:  # one that others share opens again
            self.cache.close()

    def __repr__(self) -> str:
        size = self.facts.size(self.dimensions) or "?"
        return f"Embedder({self.model!r}, {self.backend}, {size} dimensions, task={self.task!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_engine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**_ADDED_LATER, **state})
        self._engine = self._new_engine()

    def _new_engine(self) -> Engine[HttpSession]:
        return Engine(partial(open_session, self._connection, self._http, self.model, self.rate_limits))

    def _prepared(
        self,
        contents: Iterable[Content],
        side: Side,
        task: str | None,
        dimensions: int | None,
        on_error: OnError = "raise",
    ) -> Call:
        """Check and condition everything, in the caller's thread: bad input raises before any request."""
        self._connection = self._connection.ready()
        purpose = Purpose(parse_task(task) if task else self.task, one_of("side", side, Side), self.condition_media)
        size = checked_dimensions(dimensions, self.facts) or self.dimensions
        refused = RefusedItems(one_of("on_error", on_error, OnError))
        prepared = prepare(contents, purpose, self.facts, self._fetch, refused.bad_input)
        return Call(prepared, purpose, size, refused)

    async def _aprepared(self, contents: list[Content], *how: Any) -> Call:
        """`_prepared`, off the caller's loop where media are looked into: files are read."""
        if any(content.has_media for content in contents):
            return await asyncio.to_thread(self._prepared, contents, *how)
        return self._prepared(contents, *how)

    def _warn_of_flat_mix(self, likes: Sequence[ContentLike], contents: Sequence[Content]) -> None:
        if not self._has_warned_of_mix and (said := said_of_flat_mix(likes, contents)):
            self._has_warned_of_mix = True
            warn(said)

    def _submit(self, call: Call, batch_size: int | None = None, budget: Budget | None = None) -> Submitted:
        """Start a call."""
        size, items, count = call.dimensions, call.prepared.entries, call.prepared.count
        self._warn_of_call(call)
        uploads = Uploads(self._connection, self._http, self._kept_files)
        request = self._request(call, batch_size, budget)
        rows = Rows(
            count,
            dimensions=self.facts.size(size),
            unit_length=scaled_to_unit(self.facts, size, self.normalize),
            model=self.facts.name,
        )
        job = partial(embed, request=request, items=items, rows=rows, refused=call.refused, uploads=uploads)
        told = ObservedCall(self.facts, self._connection.base_url, call.purpose.task, call.purpose.side, size, count)
        return Submitted(self._engine.start(observed(told, job, rows)), rows)

    def _warn_of_call(self, call: Call) -> None:
        _warn_of(call.prepared)
        if self.overflow == "warn":
            warn_of_long_texts(call.prepared.entries, self.facts)

    def _request(self, call: Call, batch_size: int | None = None, budget: Budget | None = None) -> Request:
        """What holds for every request of a call."""
        return Request(
            connection=self._connection,
            service=self._service,
            facts=self.facts,
            options=Options(
                model=self.facts.name,
                dimensions=call.dimensions,
                auto_truncate=False if self.overflow == "error" and self.facts.endpoint == "predict" else None,
            ),
            retry=self.retry,
            fetch=self._fetch,
            cache=self.cache,
            budget=budget or self.budget,
            max_items=self._max_items(whole("batch_size", batch_size)),
            max_tokens=self.rate_limits.max_tokens if self.rate_limits else None,
            lookahead=self._http.concurrency + 1,
            task=call.purpose.task,
            count_tokens=self.overflow == "error",
        )

    def _max_items(self, batch_size: int | None) -> int | None:
        """Contents a call: as asked for, and no more than a minute's quota has room for."""
        wanted = (batch_size or self.batch_size, self.rate_limits.max_items if self.rate_limits else None)
        return min(filter(None, wanted), default=None)


def _warn_of(prepared: Prepared) -> None:
    for warning in prepared.warnings:
        warn(warning)


def _cache_of(cache: Any) -> VectorCache | None:
    if cache is None:
        return None
    from gemini_embed.cache import VectorCache  # SQLite comes with it

    return VectorCache.of(cache)
