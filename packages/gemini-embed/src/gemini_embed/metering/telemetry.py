"""Spans and metrics by OpenTelemetry, after its semantic conventions for GenAI; `docs/production.md` lists them.

OpenTelemetry is never imported here unless the program has imported it, since without a provider, which only the
program can set, nothing would come of it. Contents, keys and the words of errors are not recorded.

Conventions: https://opentelemetry.io/docs/specs/semconv/gen-ai/, 1.37 and later. They are in development: the draft of
2026 (open-telemetry/semantic-conventions-genai) gives embeddings metrics of their own; these are the released names.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

from gemini_embed.errors import ApiError
from gemini_embed.metering.tracking import count
from gemini_embed.models import Backend, ModelFacts
from gemini_embed.result import Usage
from gemini_embed.tasks import Side, Task

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from opentelemetry.trace import Span

logger = logging.getLogger(__name__)

Attributes: TypeAlias = dict[str, str | int | float]
Record: TypeAlias = Callable[[Usage, BaseException | None], None]
S = TypeVar("S")
T = TypeVar("T")
Job: TypeAlias = Callable[[S], Coroutine[Any, Any, T]]

DURATION_BUCKETS_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS = tuple(4**n for n in range(14))
"""Both as the conventions advise."""

_PROVIDERS: Mapping[Backend, str] = {"developer": "gcp.gemini", "vertex": "gcp.vertex_ai"}


@dataclass(frozen=True)
class ObservedCall:
    """What is known of a public call before it begins. A batch job that is collected is one, too; the task and the side
    of one that was found again are not known."""

    facts: ModelFacts
    base_url: str
    task: Task | None
    side: Side | None
    dimensions: int | None
    inputs: int
    is_batch: bool = False
    operation: str = "embeddings"
    """`gen_ai.operation.name`."""


class Spent(Protocol):
    """Who knows, once the job has ended in any way, what it has used."""

    usage: Usage


def observed(call: ObservedCall, job: Job[S, T], spent: Spent) -> Job[S, T]:
    """The job of one call with a span around it, its figures told, and its usage to the trackers of its context.

    A job runs in a copy of its caller's context, so the span is a child of the caller's, whichever door it came by.
    """

    async def run(session: S) -> T:
        if _is_in_use() and not _instruments.cache_info().currsize:
            await asyncio.to_thread(_instruments)  # imports, and reads our version from a file
        with watched(call, spent):
            return await job(session)

    return run


@contextmanager
def watched(call: ObservedCall, spent: Spent) -> Iterator[None]:
    """A block that is one call, told as `observed` does."""
    with _spanned(call) as record:
        error = None
        try:
            yield
        except BaseException as e:
            error = e
            raise
        finally:
            count(call.facts.name, spent.usage)
            record(spent.usage, error)


def _is_in_use() -> bool:
    return bool(sys.modules.get("opentelemetry.trace") or sys.modules.get("opentelemetry.metrics"))


def _spanned(call: ObservedCall) -> AbstractContextManager[Record]:
    instruments = _instruments() if _is_in_use() else None
    return instruments.spanned(call) if instruments else nullcontext(_record_nothing)


def _record_nothing(usage: Usage, error: BaseException | None) -> None:
    """There is nobody to tell."""


@cache
def _instruments() -> _Instruments | None:
    try:
        return _Instruments()
    except (ImportError, TypeError) as e:  # what is missing there is no reason to fail here
        logger.warning("OpenTelemetry is told nothing: opentelemetry-api 1.30 or later is needed (%s)", e)
        return None


class _Instruments:
    """OpenTelemetry's tracer and instruments, made once: a provider that is set later is found by them."""

    def __init__(self) -> None:
        from importlib.metadata import version

        from opentelemetry import metrics, trace

        ours = version("gemini-embed")
        self._client = trace.SpanKind.CLIENT
        self._failed = trace.StatusCode.ERROR
        self._tracer = trace.get_tracer("gemini_embed", ours)
        meter = metrics.get_meter("gemini_embed", ours)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS_S,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=TOKEN_BUCKETS,
        )
        self._inputs = meter.create_counter("gemini_embed.inputs", "{input}", "Inputs of calls that succeeded.")
        self._cached = meter.create_counter("gemini_embed.cached", "{input}", "Inputs answered by the cache.")
        self._requests = meter.create_counter("gemini_embed.requests", "{request}", "Requests that were answered.")
        self._retries = meter.create_counter("gemini_embed.retries", "{retry}", "Attempts after a request's first.")
        self._waited = meter.create_counter("gemini_embed.wait.duration", "s", "Seconds waited, by reason.")

    @contextmanager
    def spanned(self, call: ObservedCall) -> Iterator[Record]:
        """The call's span, current in the block; what is yielded records how it went."""
        known = _known(call)
        began = time.perf_counter()
        with self._tracer.start_as_current_span(
            f"{call.operation} {call.facts.name}",
            kind=self._client,
            attributes=known | _asked(call),
            record_exception=False,  # its text and traceback may hold what was embedded
            set_status_on_exception=False,
        ) as span:

            def record(usage: Usage, error: BaseException | None) -> None:
                self._measure(known, call, usage, error, time.perf_counter() - began)
                self._describe(span, usage, error)

            yield record

    def _measure(
        self, known: Attributes, call: ObservedCall, usage: Usage, error: BaseException | None, seconds: float
    ) -> None:
        self._duration.record(seconds, known | ({"error.type": _kind(error)} if error else {}))
        if usage.prompt_tokens is not None:
            self._tokens.record(usage.prompt_tokens, known | {"gen_ai.token.type": "input"})
        if usage.output_tokens:
            self._tokens.record(usage.output_tokens, known | {"gen_ai.token.type": "output"})
        if error is None:
            self._inputs.add(call.inputs, known)
        for counter, number in (
            (self._cached, usage.cached),
            (self._requests, usage.requests),
            (self._retries, usage.retries),
        ):
            if number:
                counter.add(number, known)
        for reason, waited_s in usage.waited_s.items():
            self._waited.add(waited_s, known | {"gemini_embed.wait.reason": reason})

    def _describe(self, span: Span, usage: Usage, error: BaseException | None) -> None:
        if not span.is_recording():
            return
        span.set_attributes(_used(usage))
        if error is not None:
            span.set_attribute("error.type", _kind(error))
            span.set_status(self._failed, type(error).__name__)


def _known(call: ObservedCall) -> Attributes:
    """What tells one series of metrics from another, and spans too."""
    url = urlsplit(call.base_url)
    known: Attributes = {
        "gen_ai.operation.name": call.operation,
        "gen_ai.provider.name": _PROVIDERS[call.facts.backend],
        "gen_ai.request.model": call.facts.name,
        "server.address": url.hostname or "",
        "server.port": url.port or (80 if url.scheme == "http" else 443),
    }
    return known | {"gemini_embed.price": "batch"} if call.is_batch else known


def _asked(call: ObservedCall) -> Attributes:
    asked = {
        "gemini_embed.inputs": call.inputs,
        "gemini_embed.task": call.task,
        "gemini_embed.side": call.side,
        "gen_ai.embeddings.dimension.count": call.dimensions,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _used(usage: Usage) -> Attributes:
    used: Attributes = {
        "gemini_embed.requests": usage.requests,
        "gemini_embed.retries": usage.retries,
        "gemini_embed.cached": usage.cached,
    }
    if usage.prompt_tokens is not None:
        used["gen_ai.usage.input_tokens"] = usage.prompt_tokens
    if usage.output_tokens:
        used["gen_ai.usage.output_tokens"] = usage.output_tokens
    return used | {f"gemini_embed.waited_s.{reason}": seconds for reason, seconds in usage.waited_s.items()}


def _kind(error: BaseException) -> str:
    """A class of errors with few members: the HTTP status that the service gave, else the name of the exception."""
    return str(error.code) if isinstance(error, ApiError) else type(error).__name__
