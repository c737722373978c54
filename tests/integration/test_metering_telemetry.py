"""Spans and metrics of real calls, as OpenTelemetry's SDK receives them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from fix_capture import Answer, CaptureServer
from fix_emulator import KEY
from fix_telemetry import Told
from gemini_embed import Embedder, GeminiEmbedError, InputError, QuotaError, RetryPolicy
from gemini_embed_emulator import Emulator, Fault
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

MakeEmbedder = Callable[..., Embedder]

DOORS = [
    pytest.param(lambda e: e.embed_documents(["cat", "dog"]), "document", 2, id="embed_documents"),
    pytest.param(lambda e: asyncio.run(e.aembed_documents(["cat", "dog"])), "document", 2, id="aembed_documents"),
    pytest.param(lambda e: e.embed_query("cat"), "query", 1, id="embed_query"),
    pytest.param(lambda e: asyncio.run(e.aembed_query("cat")), "query", 1, id="aembed_query"),
    pytest.param(lambda e: e.embed(["cat"], side="query"), "query", 1, id="embed"),
    pytest.param(lambda e: asyncio.run(e.aembed(["cat"])), "document", 1, id="aembed"),
]


@pytest.mark.parametrize(("call", "side", "inputs"), DOORS)
def test_one_span_a_call(
    make_embedder: MakeEmbedder, emulator: Emulator, told: Told, call: Any, side: str, inputs: int
) -> None:
    """However many requests it makes."""
    result = call(make_embedder(dimensions=24, batch_size=1))

    (span,) = told.spans
    assert (span.name, span.kind) == ("embeddings gemini-embedding-2", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-embedding-2",
        "gen_ai.embeddings.dimension.count": 24,
        "gen_ai.usage.input_tokens": result.usage.prompt_tokens,
        "server.address": "127.0.0.1",
        "server.port": emulator.port,
        "gemini_embed.task": "search",
        "gemini_embed.side": side,
        "gemini_embed.inputs": inputs,
        "gemini_embed.requests": inputs,
        "gemini_embed.retries": 0,
        "gemini_embed.cached": 0,
    }


def test_vertex_is_another_provider(
    make_embedder: MakeEmbedder, capture: CaptureServer, fake_credentials: Any, told: Told
) -> None:
    options = {"vertexai": True, "project": "p", "credentials": fake_credentials, "base_url": capture.base_url}
    make_embedder("gemini-embedding-001", **options).embed_query("cat")

    (span,) = told.spans
    assert (span.attributes or {})["gen_ai.provider.name"] == "gcp.vertex_ai"
    assert "gen_ai.embeddings.dimension.count" not in (span.attributes or {})


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda e: e.embed_query("cat"), id="sync"),
        pytest.param(lambda e: asyncio.run(e.aembed_query("cat")), id="async"),
    ],
)
def test_the_callers_span_is_the_parent(make_embedder: MakeEmbedder, told: Told, call: Any) -> None:
    """Though the work is done on another thread."""
    with trace.get_tracer("test").start_as_current_span("caller") as caller:
        call(make_embedder())

    ours, outer = told.spans
    assert (ours.parent and ours.parent.span_id) == caller.get_span_context().span_id
    assert outer.name == "caller"


async def test_concurrent_calls_are_siblings(make_embedder: MakeEmbedder, told: Told) -> None:
    embedder = make_embedder()
    with trace.get_tracer("test").start_as_current_span("caller") as caller:
        await asyncio.gather(*(embedder.aembed_query(text) for text in "abc"))

    *ours, _ = told.spans
    assert [span.parent and span.parent.span_id for span in ours] == [caller.get_span_context().span_id] * 3


def test_retries_and_waits_are_told(make_embedder: MakeEmbedder, emulator: Emulator, told: Told) -> None:
    emulator.faults.push(Fault.status(503), Fault.rate_limited(retry_delay_s=0.1), Fault.drop_before())
    make_embedder(dimensions=24).embed_query("cat")

    attributes = told.spans[0].attributes or {}
    waited = {name for name in attributes if name.startswith("gemini_embed.waited_s.")}
    assert attributes["gemini_embed.retries"] == 3
    assert {"gemini_embed.waited_s.server", "gemini_embed.waited_s.quota", "gemini_embed.waited_s.connection"} <= waited
    seconds = attributes["gemini_embed.waited_s.quota"]
    assert isinstance(seconds, float)
    assert seconds >= 0.1
    metrics = told.metrics()
    assert metrics["gemini_embed.retries"][0][1].value == 3
    reasons = {given["gemini_embed.wait.reason"]: point.value for given, point in metrics["gemini_embed.wait.duration"]}
    assert reasons["quota"] == seconds


FAILURES = [
    pytest.param(Fault.rate_limited("day"), "429", "QuotaUsedUpError", id="a-status"),
    pytest.param(Fault.bad_key(), "400", "AuthenticationError", id="a-bad-key"),
    pytest.param(Fault.drop_before(), "ConnectionFailedError", "ConnectionFailedError", id="no-status"),
    pytest.param(Fault.garbage(), "UnreadableReplyError", "UnreadableReplyError", id="a-bad-reply"),
]


@pytest.mark.parametrize(("fault", "kind", "name"), FAILURES)
def test_errors_are_told_without_their_words(
    make_embedder: MakeEmbedder, emulator: Emulator, told: Told, fault: Fault, kind: str, name: str
) -> None:
    emulator.faults.push(fault)
    embedder = make_embedder(retry=RetryPolicy(max_attempts=1))
    with pytest.raises(GeminiEmbedError):
        embedder.embed_query("a secret thought")

    (span,) = told.spans
    assert (span.attributes or {})["error.type"] == kind
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, name)
    assert span.events == ()
    ((attributes, _),) = told.metrics()["gen_ai.client.operation.duration"]
    assert attributes["error.type"] == kind


def test_a_failed_call_tells_what_it_cost(make_embedder: MakeEmbedder, emulator: Emulator, told: Told) -> None:
    emulator.faults.push(None, Fault.rate_limited("day"))
    with pytest.raises(QuotaError) as caught:
        make_embedder(dimensions=24, concurrency=1, batch_size=1).embed_documents(["cat", "dog"])

    assert caught.value.completed is not None
    tokens = caught.value.completed.usage.prompt_tokens
    assert tokens
    assert (told.spans[0].attributes or {})["gen_ai.usage.input_tokens"] == tokens


def test_a_call_that_had_nothing_tells_its_retries(make_embedder: MakeEmbedder, emulator: Emulator, told: Told) -> None:
    emulator.faults.rule = lambda request: Fault.status(503)
    with pytest.raises(GeminiEmbedError):
        make_embedder(retry=RetryPolicy(max_attempts=3, first_wait_s=0.01)).embed_query("cat")
    attributes = told.spans[0].attributes or {}
    assert (attributes["gemini_embed.requests"], attributes["gemini_embed.retries"]) == (0, 2)
    assert "gemini_embed.waited_s.server" in attributes


async def test_a_cancelled_call_is_told(make_embedder: MakeEmbedder, emulator: Emulator, told: Told) -> None:
    emulator.faults.push(Fault.latency(30))
    embedder = make_embedder()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(embedder.aembed_query("cat"), 0.2)
    await embedder.aclose()  # the engine has cancelled it by then
    assert (told.spans[0].attributes or {})["error.type"] == "CancelledError"


def test_neither_contents_nor_keys_are_told(make_embedder: MakeEmbedder, make_server: Any, told: Told) -> None:
    """A service may say again what it was sent."""
    server = make_server(lambda r: Answer({"error": {"code": 400, "message": f"bad: {r.body!r} {r.headers}"}}, 400))
    embedder = make_embedder(base_url=f"{server.base_url}/a-path", api_key=KEY, headers={"x-team": "Sesame"})
    with pytest.raises(GeminiEmbedError):
        embedder.embed_documents(["a secret thought"], titles=["of mine"])

    recorded = "".join(span.to_json() for span in told.spans)
    assert '"error.type": "400"' in recorded
    assert not [word for word in ("secret", "of mine", KEY, "Sesame", "a-path") if word in recorded]


def test_metrics_are_the_conventions(make_embedder: MakeEmbedder, emulator: Emulator, told: Told) -> None:
    usage = make_embedder(batch_size=2).embed_documents(["a", "b", "c"]).usage

    known = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-embedding-2",
        "server.address": "127.0.0.1",
        "server.port": emulator.port,
    }
    metrics = told.metrics()
    ((attributes, duration),) = metrics["gen_ai.client.operation.duration"]
    assert (attributes, duration.count, duration.explicit_bounds[:2]) == (known, 1, (0.01, 0.02))
    ((attributes, tokens),) = metrics["gen_ai.client.token.usage"]
    assert attributes == known | {"gen_ai.token.type": "input"}
    assert (tokens.sum, tokens.explicit_bounds[:3]) == (usage.prompt_tokens, (1, 4, 16))
    ours = {name: points[0][1].value for name, points in metrics.items() if name.startswith("gemini_embed.")}
    assert {"gemini_embed.inputs": 3, "gemini_embed.requests": 2}.items() <= ours.items()


def test_bad_input_is_no_call(make_embedder: MakeEmbedder, told: Told) -> None:
    with pytest.raises(InputError):
        make_embedder().embed_documents(["a", ""])
    assert told.spans == []


SILENT = """
import sys
{before}
from gemini_embed import Embedder
with Embedder(dimensions=8, api_key="k", base_url={url!r}, verify=False) as embedder:
    embedder.embed_query("cat")
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="not-used-by-the-program"),
        pytest.param("sys.modules['opentelemetry'] = None", id="not-installed"),
        pytest.param("sys.modules['opentelemetry.trace'] = None", id="shut-out"),
    ],
)
def test_it_is_not_imported_unless_the_program_does(emulator: Emulator, before: str) -> None:
    program = SILENT.format(before=before, url=emulator.base_url)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.count("opentelemetry") == before.count("opentelemetry")
    assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    ("before", "logged"),
    [
        pytest.param("import opentelemetry.trace, opentelemetry.metrics", "", id="the-api-without-a-provider"),
        pytest.param(
            "import opentelemetry.trace; sys.modules['opentelemetry.metrics'] = None",
            "OpenTelemetry is told nothing: opentelemetry-api 1.30 or later is needed",
            id="an-old-or-broken-api",
        ),
    ],
)
def test_a_call_never_fails_for_its_sake(emulator: Emulator, before: str, logged: str) -> None:
    program = SILENT.format(before=before, url=emulator.base_url)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stderr.startswith(logged)
    assert bool(done.stderr) == bool(logged)
    assert len(emulator.requests) == 1
