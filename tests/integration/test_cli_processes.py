"""The command as real processes: stopped, killed, two at once, and what a search loads."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_cli import Command
from gemini_embed_emulator import Emulator

pytestmark = pytest.mark.slow
Started = Callable[..., "subprocess.Popen[str]"]
TEXTS, FEWER = 1000, 150
PATIENCE_S = 60

HOLDER = """
import sys, time
from pathlib import Path
from gemini_embed_cli.folder import OpenFolder, settings

with OpenFolder(settings({"folder": Path(sys.argv[1]), "emulator": True})) as opened, opened.index() as index:
    with index.store.turns.use():
        print("held", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def start(home: Path) -> Started:
    """Starts the command in the folder, with what it prints in pipes."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "gemini_embed_cli", *arguments],
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def many_texts(home: Path, count: int = TEXTS) -> None:
    for number in range(count):
        (home / f"text-{number}.md").write_text(f"Glacier {number} grinds valley {number * 7}.", "utf-8")


def until(what: Callable[[], bool], every_s: float = 0.02) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(every_s)


def slow_service(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator in this process, that the command takes for the service, and that takes its time."""
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-for-tests")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", emulator.base_url)
    emulator.latency_s = 0.3


def test_what_ctrl_c_leaves_is_kept(
    start: Started, home: Path, command: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 130, a sentence, and the next sync embeds the rest only."""
    many_texts(home)
    slow_service(emulator, monkeypatch)
    process = start("sync", "--yes")
    until(lambda: len(emulator.requests) >= 9)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert (code, "what was finished is kept" in err, "Traceback" in err) == (130, True, False)

    emulator.latency_s = 0
    kept = json.loads(command("status", "--json").out)["records"]
    assert 0 < kept < TEXTS + 7
    report = json.loads(command("sync", "--yes", "--json").out)
    assert (report["reused"], report["added"]) == (kept, TEXTS + 7 - kept)


def test_a_search_comes_through_while_a_sync_runs(
    start: Started, home: Path, command: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a second sync at the same time loses nothing."""
    slow_service(emulator, monkeypatch)
    assert command("sync", "--yes").code == 0
    many_texts(home, FEWER)
    syncs = [start("sync", "--yes", "--json") for _ in range(2)]
    seen = len(emulator.requests)
    until(lambda: len(emulator.requests) >= seen + 2)
    code, out, err = ended(start("search", "water shut-off", "--json"))
    assert (code, err) == (0, "")
    assert json.loads(out)["hits"][0]["source"] == "house-manual.pdf"

    reports = [json.loads(ended(sync)[1]) for sync in syncs]
    assert [report["added"] + report["reused"] for report in reports] == [FEWER + 7] * 2
    assert json.loads(command("status", "--json").out)["records"] == FEWER + 7


def test_a_folder_is_watched_until_ctrl_c(start: Started, home: Path, command: Command) -> None:
    """While searches come through."""
    process = start("sync", "--watch", "--emulator", "--json")
    until(lambda: command("status", "--emulator").code == 0, every_s=0.2)
    (home / "new.md").write_text("Copper turns green.", "utf-8")
    until(lambda: "new.md" in command("search", "copper", "--emulator").out, every_s=0.2)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, out.count('"added": 1,'), "Traceback" in err) == (130, 1, False)


def test_a_holder_that_is_killed_leaves_the_index_free(
    home: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not hand it over is named after the wait, and its kill frees the index."""
    command("sync", "--emulator")
    monkeypatch.setenv("GEMINI_EMBED_WAIT_S", "1")
    holder = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        ran = command("search", "bees", "--emulator")
        assert (ran.code, f"process {holder.pid}" in ran.err, "within 1 s" in ran.err) == (4, True, True)
        holder.kill()
    assert command("search", "bees", "--emulator").code == 0


def test_a_search_loads_nothing_that_it_does_not_need(home: Path, command: Command) -> None:
    """Which is what its start-up is made of."""
    command("sync", "--emulator")
    script = (
        "import sys; from gemini_embed_cli.commands import run; run(['search', 'bees', '--emulator', '--json']); "
        "print([name for name in ('google', 'PIL', 'av', 'pypdfium2', 'mcp', 'starlette', 'uvicorn', 'pydantic', "
        "'rich', 'click', 'cyclopts', 'pymilvus', 'qdrant_client', 'tomllib', 'sqlite3', 'gemini_embed.describing', "
        "'gemini_embed.readers.table', 'gemini_embed.indexing.adding') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], cwd=home, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
