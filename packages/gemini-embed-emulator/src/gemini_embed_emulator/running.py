"""A program that is run with the emulator in place of the Gemini API, without a change to it and without a key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
VERTEX = ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE")


def run(program: Sequence[str], base_url: str) -> int:
    """Run `program` (a `.py` file with this Python) to its end, with the API at `base_url`; return its exit code.

    Raises:
        OSError: it cannot be started.
    """
    command = [sys.executable, *program] if program[0].endswith(".py") else program
    child = subprocess.Popen(command, env=environment(os.environ, base_url))  # noqa: S603 - the user's own program
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal tells the program too, which decides for itself
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    code = child.wait()
    return 128 - code if code < 0 else code  # ended by a signal: as a shell says it


def environment(given: Mapping[str, str], base_url: str) -> dict[str, str]:
    """`given` with the API of every Gemini client at `base_url`. No real key goes along, and nothing asks Google for a
    token, unless the program itself says so."""
    kept = {name: value for name, value in given.items() if name not in (*KEYS, *VERTEX)}
    return kept | {
        "GEMINI_API_KEY": "emulator",
        "GOOGLE_GEMINI_BASE_URL": base_url,
        "GOOGLE_VERTEX_BASE_URL": base_url,
    }
