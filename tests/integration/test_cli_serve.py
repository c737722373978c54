"""`gemini-embed serve` as a person starts and ends it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fix_cli import Command

SERVE = [sys.executable, "-m", "gemini_embed_cli", "serve", "--emulator", "--port", "0"]


@contextmanager
def serving(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it prints."""
    process = subprocess.Popen([*SERVE, *flags], stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    try:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found, process.stderr.read()
        yield process, found[0]
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def rest(process: subprocess.Popen[str]) -> str:
    """What it says until it ends, with what came along with the line that was read: `communicate` would lose that."""
    process.wait(timeout=60)
    assert process.stderr is not None
    with process.stderr as errors:
        return errors.read()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child")
def test_it_prints_its_address_answers_and_ends_with_ctrl_c(command: Command, home: Path) -> None:
    command("sync", "--emulator")
    with serving(str(home)) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(address).status_code == 200
        found = httpx.post(f"{address}search", data={"words": "Where do I shut off the water?"}, timeout=30).json()
        assert found["hits"][0]["link"] == "house-manual.pdf#page=2"
        process.send_signal(signal.SIGINT)
        said = rest(process)
        assert (process.returncode, "Traceback" in said) == (0, False), said


@pytest.mark.slow
def test_beyond_this_machine_the_address_has_a_token(home: Path) -> None:
    """And without an index the page says what to do, as the terminal does. SIGTERM is as good as Ctrl-C."""
    with serving(str(home), "--host", "0.0.0.0") as (process, address):  # noqa: S104 - with a token
        here = re.sub("//[^:]+:", "//127.0.0.1:", address)
        assert httpx.get(here.partition("?")[0]).status_code == 401
        with httpx.Client(follow_redirects=True) as browser:
            assert browser.get(here).status_code == 200
            answer = browser.get(f"{here.partition('?')[0]}about", timeout=30)
            assert (answer.status_code, "gemini-embed sync" in answer.text) == (400, True)
        process.terminate()
        said = rest(process)
        assert sys.platform == "win32" or (process.returncode, "Traceback" in said) == (0, False), said
        assert f"But nothing is indexed in {home} yet: gemini-embed sync {home} --emulator" in said


def test_a_port_that_is_taken_is_told(command: Command, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = command("serve", "--emulator", "--port", taken.getsockname()[1])
    assert (ran.code, "--port 0 takes any" in ran.err) == (2, True)


def test_a_token_that_is_soon_guessed_is_refused(command: Command, home: Path) -> None:
    ran = command("serve", "--emulator", "--port", 0, "--token", "secret")
    assert (ran.code, "16 or more" in ran.err, "http://" in ran.err) == (2, True, False)
