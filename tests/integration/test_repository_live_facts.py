"""`make test-live` finds out what differs: each probe is refuted where the service differs in its fact."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_live import LARGE, asked_of
from gemini_embed_emulator import Emulator, Fault, JobPlan, ReceivedRequest
from live.asking import Service
from live.facts import Backend
from live.report import Report
from live.running import PROBES, Purse, Row, asked
from live.unasked import UNASKED

ROOT = Path(__file__).parents[2]
UNDECIDED_HERE = {"preview-space", "audio-track", "alt-proto", "no-retry-after"}
"""What the emulator does not do, and what a run without refusals cannot tell."""
OTHER = [1.0, *[0.0] * 3071]
GOOD = {"embedding": {"values": OTHER}, "usageMetadata": {"promptTokenCount": 9999}}
NEWER = {"name": "models/gemini-embedding-3", "supportedGenerationMethods": ["embedContent"]}
PROTO = {"content-type": "application/x-protobuf"}

Setting = Callable[[Emulator], object]


def answering(reply: Any = GOOD, *, where: Callable[[ReceivedRequest], object] = lambda request: True) -> Setting:
    """Requests of a kind are answered with this; a status with a refusal."""
    fault = Fault.status(reply, "It differs.") if isinstance(reply, int) else Fault.raw_body(json.dumps(reply).encode())
    return scripted(lambda request: fault if where(request) else None)


def edited(change: Callable[[Any], object], *, where: Callable[[ReceivedRequest], object]) -> Setting:
    """Replies to requests of a kind are changed."""

    def edit(payload: dict[str, Any]) -> None:
        change(payload)

    return scripted(lambda request: Fault(edit=edit) if where(request) else None)


def scripted(rule: Callable[[ReceivedRequest], Fault | None]) -> Setting:
    def script(server: Emulator) -> None:
        server.faults.rule = rule

    return script


def of(action: str, method: str = "POST") -> Callable[[ReceivedRequest], bool]:
    return lambda request: request.path.endswith(action) and request.method == method


def has(word: str) -> Callable[[ReceivedRequest], bool]:
    return lambda request: word.encode() in json.dumps([request.query, request.json]).encode()


def a_job(method: str) -> Callable[[ReceivedRequest], bool]:
    return lambda request: bool(re.search(r"/batches/\w+$", request.path)) and request.method == method


def setting(**values: Any) -> Setting:
    def script(server: Emulator) -> None:
        for name, value in values.items():
            setattr(server, name, value)

    return script


def planned(**plan: Any) -> Setting:
    def script(server: Emulator) -> None:
        server.batches.rule = lambda job: JobPlan(**plan)

    return script


def drawn_backwards(line: dict[str, Any]) -> None:
    line["response"]["embedding"]["values"] = line["response"]["embedding"]["values"][::-1]


def failed(job: dict[str, Any]) -> None:
    job["metadata"]["state"] = "BATCH_STATE_FAILED"


DIFFERENT: dict[str, Setting] = {
    "newest-model": edited(lambda told: told["models"].append(NEWER), where=of("/models", "GET")),
    "batch-listed": edited(lambda told: told["supportedGenerationMethods"].clear(), where=of("embedding-2", "GET")),
    "preview-space": answering(where=of("2-preview:embedContent")),
    "auto-truncate": answering(400),
    "document-ocr": answering(400),
    "audio-track": answering(400),
    "title-ignored": answering(where=has("Recipes")),
    "task-type-ignored": answering(where=has("RETRIEVAL_QUERY")),
    "gs-refused": answering(),
    "pretty-print": setting(pretty_print="refuse"),
    "alt-proto": scripted(lambda request: Fault.raw_body(b"\x0a\x02", headers=PROTO)),
    "count-tokens": answering({"totalTokens": 99}, where=of("countTokens")),
    "cut-at-8192": answering(),
    "small-sizes": answering(400, where=has("127")),
    "openai-form": answering({"object": "list", "data": []}),
    "prefix-on-images": edited(lambda told: told["embeddings"].reverse(), where=has("task: search")),
    "vertex-batch-embed-contents": answering(404),
    "vertex-001-several-texts": setting(vertex_001_batch_limit=1),
    "vertex-001-embed-content": setting(vertex_001_embed_content=True),
    "vertex-2-predict": answering(),
    "vertex-express-key": answering(401),
    "text-4-mb": setting(max_payload_bytes=2**20),
    "text-over-4-mib": setting(max_payload_bytes=2**24),
    "media-over-4-mib": setting(max_media_payload_bytes=2**22),
    "media-19-mb": setting(max_media_payload_bytes=2**22),
    "media-over-20-mib": setting(max_media_payload_bytes=2**25),
    "images-per-item": answering(400),
    "pdfs-per-item": answering(400),
    "seven-images": answering(),
    "seven-pages": answering(),
    "audio-180-s": answering(400),
    "audio-over-180-s": answering(),
    "video-120-s": answering(400),
    "video-over-120-s": answering(),
    "job-taken": answering(403, where=of("asyncBatchEmbedContent")),
    "job-in-list": setting(batch_listed_after_s=100),
    "job-cancelled": edited(failed, where=a_job("GET")),
    "job-fields": answering(400, where=has("metadata.state")),
    "job-media": planned(edit=lambda line: line.pop("response") if line["key"] != "text" else None),
    "job-usage": planned(edit=lambda line: line["response"].pop("usageMetadata", None)),
    "job-equals-online": planned(edit=drawn_backwards),
    "job-failed-line": planned(end="FAILED"),
    "job-results-kept": setting(file_lifetime_s=3600),
    "job-deleted": answering({}, where=a_job("DELETE")),
}  # fmt: skip
"""How a service could differ in each fact."""


def test_every_fact_can_be_refuted() -> None:
    """By the tests below."""
    assert [probe.name for probe in PROBES if probe.name not in {*DIFFERENT, "no-retry-after"}] == []


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in DIFFERENT]
)
def test_a_service_that_differs_refutes_the_fact(
    name: str, emulator: Emulator, live_services: dict[Backend, Service]
) -> None:
    """With what was seen."""
    if name == "job-in-list":
        live_services["developer"].wait_s = 0.3
    DIFFERENT[name](emulator)
    if name == "preview-space":
        emulator.retired = "serve"
    row = asked_of(live_services, name)[name]
    assert (row.verdict, bool(row.seen), bool(row.requests)) == ("refuted", True, True)


@pytest.mark.parametrize(
    ("headers", "delay", "verdict"),
    [
        pytest.param({}, "0.01s", "confirmed", id="as-recorded"),
        pytest.param({"retry-after": "1"}, "0.01s", "refuted", id="a-header"),
        pytest.param({}, None, "refuted", id="no-RetryInfo"),
    ],
)
def test_refusals_on_the_way_are_looked_at(
    headers: dict[str, str],
    delay: str | None,
    verdict: str,
    emulator: Emulator,
    live_services: dict[Backend, Service],
) -> None:
    """A refusal that names a short wait is waited out, and the question asked again."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}] if delay else []
    body = json.dumps({"error": {"code": 429, "message": "too many", "status": "R", "details": details}}).encode()
    emulator.faults.push(Fault.raw_body(body, status=429, headers={"content-type": "application/json", **headers}))
    rows = asked_of(live_services, "auto-truncate", "no-retry-after")
    assert rows["auto-truncate"].verdict == ("confirmed" if delay else "not decidable")
    assert rows["no-retry-after"].verdict == verdict


def test_the_emulator_is_what_we_take_for_granted(live_services: dict[Backend, Service]) -> None:
    """All is confirmed but what it does not do; and nothing costs more than was told, by the usage in replies."""
    rows: list[tuple[Row, float]] = []

    def told(row: Row) -> None:
        usage = sum((service.usage for service in live_services.values()), Counter[str]())
        rows.append((row, Report("", "", True, 1, 1, [], [], dict(usage)).seen_usd))

    asked(dict(live_services), Purse(1.0), told, [probe for probe in PROBES if probe.name not in LARGE])
    assert {row.name: row.verdict for row, _ in rows if row.verdict != "confirmed"} == dict.fromkeys(
        UNDECIDED_HERE, "not decidable"
    )
    before = 0.0
    for row, usd in rows:
        assert all((row.fact, row.sends, row.seen)), row.name
        assert usd - before <= row.usd + 1e-12, row.name
        before = usd


def test_what_is_taken_for_granted_stands_where_it_is_said_to() -> None:
    """So that who reads `refuted` finds the place."""
    lost = []
    for name, assumed in [(one.name, one.assumed) for one in PROBES] + [(one.name, one.assumed) for one in UNASKED]:
        file, _, word = assumed.partition(": ")
        if not any(word in found.read_text("utf-8") for found in ROOT.glob(f"packages/*/src/{file}")):
            lost.append(name)
    assert lost == []
