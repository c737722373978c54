"""`Embedder`, the facade: texts and contents in, vectors out, through either door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from gemini_embed.calls.refused import RefusedItems
from gemini_embed.checks import one_of
from gemini_embed.content import (
    ContentLike,
    Media,
    contents_of,
    document_contents,
    query_content,
    refuse_title,
)
from gemini_embed.embedder.starting import Starting, warn_of
from gemini_embed.metering import Estimate, Price, estimate
from gemini_embed.preparing import Purpose, prepare, without_twins
from gemini_embed.result import EmbeddingResult, OnError
from gemini_embed.tasks import Side

if TYPE_CHECKING:
    from gemini_embed.batch_jobs.batches import Batches
    from gemini_embed.describing import Host as DescribingHost
    from gemini_embed.metering import Budget
    from gemini_embed.metering.batch_estimates import BatchEstimate


class Embedder(Starting):
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
        project: of Google Cloud, for Vertex AI.
        location: of Vertex AI; "global" unless told otherwise.
        credentials: for Vertex AI; without them Application Default Credentials are used.
        base_url: of a proxy, a private endpoint or the emulator; it may end in the API's version.
        api_version: v1beta (Developer API) and v1beta1 (Vertex AI) unless told otherwise.
        service: whose vectors these are, where `base_url` is not Google's; vectors of different services never meet in
            an index or a cache. None is "emulator" for the emulator on any port, and else host, port and path. Say
            "google" of a proxy that leads there.
        timeout_s: seconds for one attempt of one request, and for fetching one medium.
        headers: sent with every request.
        proxy: its URL; else the environment's.
        verify: False, a file of certificates, or an SSL context.
        retry: a `RetryPolicy`, or its fields in a mapping.
        concurrency: requests in flight.
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
        warn_of(prepared)
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

    def __repr__(self) -> str:
        size = self.facts.size(self.dimensions) or "?"
        return f"Embedder({self.model!r}, {self.backend}, {size} dimensions, task={self.task!r})"
