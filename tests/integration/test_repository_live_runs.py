"""`make test-live` holds to its price limit, asks before it sends, deletes what it made, and tells no key."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fix_capture import Answer, CaptureServer
from fix_live import LARGE, asked_of, probes_named
from gemini_embed_emulator import Emulator, Fault
from live import __main__ as program
from live import congruence
from live.asking import Service
from live.congruence import Case, cases
from live.facts import Backend
from live.running import PROBES, Purse, Row, asked, side_by_side
from live.stand_in import second_emulator


def test_the_price_limit_holds(emulator: Emulator, live_services: dict[Backend, Service]) -> None:
    """What does not fit is not asked, and the report says so."""
    rows: list[Row] = []
    purse = Purse(0.0001)
    asked(
        dict(live_services),
        purse,
        rows.append,
        probes_named("title-ignored", "cut-at-8192", "video-120-s", "job-taken"),
    )
    assert {row.name: row.verdict for row in rows} == {
        "title-ignored": "confirmed",
        "cut-at-8192": "not asked",
        "video-120-s": "not asked",
        "job-taken": "not asked",
    }
    assert purse.spent_usd <= 0.0001
    assert {request.action for request in emulator.requests} == {"embedContent"}
    assert "of the limit are left" in rows[-1].seen


def test_jobs_and_files_are_deleted(emulator: Emulator, live_services: dict[Backend, Service]) -> None:
    """Also of a job that never ends."""
    emulator.batch_s = 1000
    live_services["developer"].wait_s = 0.1
    rows = asked_of(live_services, "job-taken", "job-media", "job-cancelled")
    assert rows["job-media"].verdict == "not decidable"
    assert emulator.jobs() == []
    assert live_services["developer"].ask("GET", "/v1beta/files").json.get("files", []) == []


def test_replies_are_compared_side_by_side(emulator: Emulator, live_services: dict[Backend, Service]) -> None:
    """Equal, and different in words."""
    few = [case for case in cases() if case.name in ("countTokens", "no parts", "ours: predict", "ours: one-text")]
    rows: list[Row] = []
    emulator.faults.push(Fault(edit=lambda told: told.update(totalTokens=50)), action="countTokens")
    with Emulator() as other, ExitStack() as stack:
        emulators = program.emulators_at(other.base_url)
        for one in emulators.values():
            stack.callback(one.close)
        side_by_side(dict(live_services), emulators, few, Purse(1.0), rows.append)
    seen = {row.name: (row.verdict, row.seen) for row in rows}
    assert seen.pop("countTokens") == ("refuted", "totalTokens: emulator 5, service 50")
    assert set(seen.values()) == {("confirmed", "equal")}
    assert len(seen) == 3


@pytest.fixture
def real(make_server: Callable[..., CaptureServer], monkeypatch: pytest.MonkeyPatch) -> CaptureServer:
    """A service that is no emulator: it takes the key, refuses everything else, and repeats the key each time."""

    def respond(request: Any) -> Answer:
        if request.path == "/v1beta/models":
            return Answer({"models": []})
        return Answer(
            {"error": {"code": 400, "status": "X", "message": f"{request.headers.get('x-goog-api-key')}"}}, 400
        )

    server = make_server(respond)
    monkeypatch.setenv("GEMINI_API_KEY", "the-key-of-somebody")
    monkeypatch.setenv("GEMINI_EMBED_LIVE_URL", server.base_url)
    monkeypatch.setattr(
        program, "PROBES", probes_named("title-ignored", "auto-truncate", "job-taken", "vertex-2-predict")
    )
    monkeypatch.setattr(congruence, "cases", lambda: [Case("one", "/v1beta/models/m:embedContent", {})])
    return server


def test_nothing_is_sent_before_somebody_agrees(real: CaptureServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody can be asked, too; the price stands there first."""
    assert program.main([]) == 2
    told = capsys.readouterr().out
    assert re.search(r"At most \$0\.\d\d, and no more than the limit of \$0\.50", told)
    assert "YES=1" in told
    assert [request.path for request in real.requests] == ["/__emulator__/health"]


def test_somebody_may_say_no(real: CaptureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal."""
    answer = io.StringIO("n\n")
    monkeypatch.setattr(answer, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", answer)
    assert program.main([]) == 2
    assert len(real.requests) == 1


def test_no_key_in_the_report(real: CaptureServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even where the service repeats it."""
    assert program.main(["--yes", "--out", str(tmp_path)]) == 1
    told = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert {row["name"]: row["verdict"] for row in told["facts"]} == {
        "title-ignored": "not decidable",
        "auto-truncate": "refuted",
        "vertex-2-predict": "not asked",
        "job-taken": "not decidable",
    }
    assert "GOOGLE_CLOUD_PROJECT is not set" in (tmp_path / "report.md").read_text("utf-8")
    for text in (*(path.read_text("utf-8") for path in tmp_path.iterdir()), capsys.readouterr().out):
        assert "the-key-of-somebody" not in text


@pytest.mark.slow
def test_against_a_second_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make test-live` without a key, without what is large; the report says that it was not the service."""
    monkeypatch.setattr(program, "PROBES", [probe for probe in PROBES if probe.name not in LARGE])
    assert program.main(["--out", str(tmp_path)]) == 0
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "This was not the real service" in text
    assert "REFUTED" not in text
    monkeypatch.setattr(program, "PROBES", probes_named("pretty-print"))
    monkeypatch.setattr(congruence, "cases", list)
    with second_emulator("--refuse-pretty-print") as address:
        monkeypatch.setenv("GEMINI_EMBED_LIVE_URL", address)
        assert program.main(["--out", str(tmp_path)]) == 1
    assert "**REFUTED**" in (tmp_path / "report.md").read_text("utf-8")
