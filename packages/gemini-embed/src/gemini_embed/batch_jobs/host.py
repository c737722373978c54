"""What batch jobs are handed of the embedder that stands above them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gemini_embed.batch_jobs.ledger import Ledger
from gemini_embed.batch_jobs.limits import BatchLimits
from gemini_embed.batch_jobs.service import JobService
from gemini_embed.batch_jobs.staging import Staging
from gemini_embed.cache import VectorCache
from gemini_embed.calls import Submitted
from gemini_embed.calls.attempts import Request
from gemini_embed.calls.call import Call
from gemini_embed.calls.recall import of_service
from gemini_embed.engine import Engine
from gemini_embed.errors import ConfigurationError
from gemini_embed.metering import Budget
from gemini_embed.models import ModelFacts
from gemini_embed.service import HttpSession
from gemini_embed.service.address import USUAL_VERSIONS, usual_address
from gemini_embed.transport import HttpOptions

NO_CACHE = (
    "batch jobs need cache=: their answers come hours later, perhaps to another process, and go into the cache, where "
    "every other call finds them; what is under way is noted there too, so that no text is paid twice: "
    "Embedder(..., cache='vectors.db')"
)
NO_STAGING = (
    "batch jobs of Vertex AI read and write Cloud Storage: say where with staging='gs://bucket/prefix', a place that "
    "the project may write to"
)


@dataclass(frozen=True, kw_only=True)
class Host:
    """An embedder, as batch jobs see it.

    Attributes:
        engine: where their work runs.
        prepared: (contents, side, task, dimensions, on_error) -> a `Call`; bad input raises. It reads files, so it is
            not for the loop.
        request: what holds for every request of a call, the cache and the connection among it.
        warn_of: tells of titles that are not used and texts that are too long, on the caller's line.
        start: embeds a call as every other call does, on the engine: what the cache has is not asked for.
    """

    engine: Engine[HttpSession]
    http: HttpOptions
    facts: ModelFacts
    cache: VectorCache | None
    budget: Budget
    limits: BatchLimits
    staging: str | None
    prepared: Callable[..., Call]
    request: Callable[..., Request]
    start: Callable[..., Submitted]
    warn_of: Callable[[Call], None]

    @property
    def vectors(self) -> VectorCache:
        """The cache. ConfigurationError: there is none; the message says why one is needed."""
        if self.cache is None:
            raise ConfigurationError(NO_CACHE)
        return self.cache

    @property
    def ledger(self) -> Ledger:
        """What is under way, in the cache's file."""
        return Ledger(self.vectors)

    def plain_request(self) -> Request:
        """What holds for requests that are about jobs and no content."""
        return self.request(self.prepared((), "document", None, None))

    def service_name(self, request: Request) -> str:
        """Whose vectors they are, as keys of the cache have it. It may ask an http address once: not for the loop."""
        return of_service(request.connection, request.service.get())

    def line_to_go_on(self, run: str) -> str:
        """A line of Python that collects a run in another process, where the key or the credentials are found."""
        request = self.plain_request()
        connection, service = request.connection, request.service.told
        told: dict[str, str | int] = {"cache": str(self.vectors.path)}
        if (size := self.facts.size(request.options.dimensions)) not in (None, self.facts.default_dimensions):
            told["dimensions"] = size
        if self.staging is not None:
            told |= {"project": str(connection.project), "location": str(connection.location), "staging": self.staging}
        if connection.base_url != usual_address(connection.backend, connection.location):
            told["base_url"] = connection.base_url
        if connection.api_version != USUAL_VERSIONS[connection.backend]:
            told["api_version"] = connection.api_version
        if service is not None:
            told["service"] = service
        options = ", ".join(f"{name}={value!r}" for name, value in told.items())
        embedder = f"Embedder({self.facts.name!r}, {options})"
        return f"from gemini_embed import Embedder; {embedder}.batches.get({run!r}).wait()"

    def check(self) -> None:
        """Raise ConfigurationError where something is missing that jobs need."""
        _ = self.vectors
        if self.facts.backend == "vertex":
            self._check_vertex()

    def _check_vertex(self) -> None:
        from gemini_embed.batch_jobs.vertex import check_place

        if self.staging is None:
            raise ConfigurationError(NO_STAGING)
        connection = self.plain_request().connection
        check_place(connection, self.facts)
        Staging.of(self.staging, connection)

    def service(self, session: HttpSession, request: Request) -> JobService:
        """The service that has the jobs."""
        if self.staging is not None:
            from gemini_embed.batch_jobs.vertex import VertexJobs

            return VertexJobs(session, request, Staging.of(self.staging, request.connection))
        from gemini_embed.batch_jobs.developer import DeveloperJobs

        return DeveloperJobs(session, request, self.http)
