"""What an `Embedder` is set up with: arguments checked, defaults found, nothing sent."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_embed.batch_jobs.limits import BatchLimits, staging_place
from gemini_embed.calls import Overflow, RetryPolicy
from gemini_embed.calls.advice import warn_of_lifecycle
from gemini_embed.calls.uploads import KeptFiles
from gemini_embed.checks import absolute_path, one_of, positive_number, switch, whole
from gemini_embed.engine import Closing, Engine
from gemini_embed.fingerprint import Fingerprint, fingerprint_of
from gemini_embed.media import FetchPolicy, fetch
from gemini_embed.metering import Budget
from gemini_embed.models import Backend, ModelFacts, checked_dimensions, facts_for
from gemini_embed.quota import RateLimits, shared_pace
from gemini_embed.secret import Secret, hides_arguments
from gemini_embed.service import HttpSession, ServiceName, connect, open_session
from gemini_embed.tasks import ConditionMedia, Task, parse_task
from gemini_embed.transport import HttpOptions

if TYPE_CHECKING:
    from gemini_embed.cache import VectorCache

DEFAULT_MODEL = "gemini-embedding-2"
"""What embeds unless told otherwise."""
_ADDED_LATER = {"_has_warned_of_mix": False, "batch_limits": BatchLimits(), "staging": None}
"""What pickles of earlier versions lack."""


class Configured(Closing):
    """The settings of an `Embedder`, which describes them, and the engine that its calls run on."""

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
        concurrency: int = 16,
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

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_engine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**_ADDED_LATER, **state})
        self._engine = self._new_engine()

    def _new_engine(self) -> Engine[HttpSession]:
        return Engine(partial(open_session, self._connection, self._http, self.model, self.rate_limits))


def _cache_of(cache: Any) -> VectorCache | None:
    if cache is None:
        return None
    from gemini_embed.cache import VectorCache  # SQLite comes with it

    return VectorCache.of(cache)
