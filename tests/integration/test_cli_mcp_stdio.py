"""`gemini-embed mcp` as clients start it: a process of its own, which the SDK's client speaks to over its streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from fix_cli import Command
from fix_mcp import Asking, opened_folder
from gemini_embed_cli.folder import OpenFolder

PIPES: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
COMMAND = [sys.executable, "-m", "gemini_embed_cli", "mcp"]
REQUESTS = [
    {
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "by hand", "version": "1"},
        },
    },
    {"method": "tools/list", "params": {}},
    {"method": "tools/call", "params": {"name": "search", "arguments": {"query": "pump", "pictures": 0}}},
]


def environment(**more: str) -> dict[str, str]:
    """As a client gives it: no key, nothing of this machine's settings."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | more


def lines() -> str:
    """What a client of 2025 writes."""
    numbered = [{"jsonrpc": "2.0", "id": number, **one} for number, one in enumerate(REQUESTS)]
    numbered.insert(1, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    return "".join(json.dumps(one) + "\n" for one in numbered)


@asynccontextmanager
async def started(*arguments: str, **environ: str) -> AsyncIterator[Asking]:
    """A client of the SDK, and the server that it has started."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    command = StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], *arguments], env=environment(**environ))
    async with Client(stdio_client(command)) as client:
        yield Asking(client)


@pytest.mark.slow
def test_stdout_is_the_protocol(mcp_house: OpenFolder) -> None:
    """Whatever a library prints: at import, in a call, from C, in a child, after the end, with and without a flush."""
    script = textwrap.dedent("""
        import atexit, os, subprocess, sys

        def noise(when):
            print("printed", when)                        # stays in Python's buffer
            sys.__stdout__.write(f"written {when}\\n")
            os.write(1, f"from C {when}\\n".encode())
            subprocess.run(["echo", "from a child", when])

        import gemini_embed_cli.serving.mcp.transports as transports
        from gemini_embed_cli.serving.mcp import searching
        serve, search = transports.serve_stdio, searching.search

        def noisily(make):
            def made():
                noise("while it is made")
                return make()
            serve(made)

        def searched(*given):
            noise("in a call")
            return search(*given)

        transports.serve_stdio, searching.search = noisily, searched
        atexit.register(lambda: noise("at the end"))
        from gemini_embed_cli.__main__ import main
        main()
    """)
    command = [sys.executable, "-c", script, "mcp", str(mcp_house.settings.folder), "--emulator"]
    with subprocess.Popen(command, env=environment(), text=True, **PIPES) as server:  # noqa: S603 - our own interpreter
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(lines())
        server.stdin.flush()
        said = [server.stdout.readline() for _ in REQUESTS]
        last, errors = server.communicate(timeout=30)
    answers = [json.loads(line) for line in said]
    assert ([one["id"] for one in answers], last, server.returncode) == ([0, 1, 2], "", 0)
    assert answers[-1]["result"]["content"][0]["text"].startswith("[1] ")
    for when in ("while it is made", "in a call", "at the end"):
        assert all(f"{how} {when}" in errors for how in ("printed", "written", "from C", "from a child"))


@pytest.mark.slow
async def test_every_tool(tmp_path: Path) -> None:
    """From no index to a search, as an agent would get there."""
    (tmp_path / "pump.md").write_text("The pump is bled in May.\n", "utf-8")
    async with started(str(tmp_path), "--emulator", "--allow-writes", "--max-cost", "0.1") as ask:
        assert "nothing is indexed" in (await ask("search", query="pump")).words
        assert (await ask("sync")).json["added"] == 1
        assert (await ask("search", query="When is the pump bled?")).words.startswith("[1] text pump.md")
        assert "in May" in (await ask("fetch", id="1")).words
        assert (await ask("list_sources")).words == "text pump.md"
        assert (await ask("add", text="The key hangs in the shed.", title="Keys")).json["added"] == 1
    assert (tmp_path / ".gemini-embed" / ".gitignore").read_text("utf-8") == "*\n"


@pytest.mark.slow
async def test_beside_a_sync_of_another_process(tmp_path: Path) -> None:
    """The index is handed over between calls, both ways."""
    for number in range(10):
        (tmp_path / f"{number}.md").write_text(f"Note {number} is of the pump.\n", "utf-8")
    with opened_folder(tmp_path):
        pass
    async with started(str(tmp_path), "--emulator") as ask:
        assert not (await ask("search", query="pump")).is_error
        for number in range(10, 30):
            (tmp_path / f"{number}.md").write_text(f"Note {number} is of the pump.\n", "utf-8")
        command = [*COMMAND[:-1], "sync", str(tmp_path), "--emulator"]
        async with await anyio.open_process(command, env=environment()) as sync:
            while sync.returncode is None:
                assert not (await ask("search", query="pump")).is_error
                await anyio.sleep(0.05)
        assert sync.returncode == 0
        assert len((await ask("search", query="pump", k=50)).json["results"]) == 30
        assert len((await ask("list_sources", name="29")).json["sources"]) == 1


@pytest.mark.slow
def test_a_client_that_goes_away(mcp_house: OpenFolder) -> None:
    """Before its answers: the process ends, and says no more than that."""
    command = [*COMMAND, str(mcp_house.settings.folder), "--emulator"]
    with subprocess.Popen(command, env=environment(), text=True, **PIPES) as server:  # noqa: S603 - our own interpreter
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdout.close()
        server.stdin.write(lines())
        server.stdin.flush()
        _, said = server.communicate(timeout=30)
    assert (server.returncode, "Traceback" in said) == (0, False)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a process there, whatever it would do")
def test_sigterm_ends_it_cleanly(mcp_house: OpenFolder) -> None:
    """With an index open, and a request half written: the store is let go of, and it says what was kept."""
    command = [*COMMAND, str(mcp_house.settings.folder), "--emulator"]
    with subprocess.Popen(command, env=environment(), text=True, **PIPES) as server:  # noqa: S603 - our own interpreter
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(lines() + '{"jsonrpc"')
        server.stdin.flush()
        said = [json.loads(server.stdout.readline())["id"] for _ in REQUESTS]
        server.terminate()
        assert server.wait(timeout=30) == 130
        assert server.stderr is not None
        errors = server.stderr.read()
    assert (said, errors) == ([0, 1, 2], "stopped; what was finished is kept\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([".", "--max-cost", "1"], "--max-cost is what --allow-writes may spend", id="cost-of-nothing"),
        pytest.param([".", "--http", "--host", "203.0.113.7"], "cannot listen on 203.0.113.7", id="another-machine"),
    ],
)
def test_what_does_not_start(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """Is said on stderr, by an exit code, and not on stdout."""
    monkeypatch.chdir(tmp_path)
    ran = command("mcp", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.slow
async def test_over_http(mcp_house: OpenFolder) -> None:
    """The command prints the address and the token that its clients need."""
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    command = [*COMMAND, str(mcp_house.settings.folder), "--emulator", "--http", "--port", "0"]
    async with await anyio.open_process(command, env=environment()) as server:
        assert server.stderr is not None
        said = BufferedByteReceiveStream(server.stderr)
        url, header = [(await said.receive_until(b"\n", 10_000)).decode() for _ in range(2)]
        name, _, value = header.partition(": ")
        async with (
            httpx2.AsyncClient(headers={name: value}) as sending,
            Client(streamable_http_client(url, http_client=sending)) as client,
        ):
            assert (await Asking(client)("search", query="pump")).words.startswith("[1] ")
        server.terminate()
        assert await server.wait() == 130
        assert b"stopped; what was finished is kept" in said.buffer + await said.receive()
