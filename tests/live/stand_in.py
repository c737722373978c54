"""A second emulator, in a process of its own, in the place of the service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def second_emulator(*options: str) -> Iterator[str]:
    """Its address. Batch jobs take a second there, so that they are seen to run."""
    command = [sys.executable, "-m", "gemini_embed_emulator", "--port", "0", "--batch-s", "1", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            told = process.stdout.readline() if process.stdout else ""
            if "listens on" not in told:
                raise RuntimeError(f"the second emulator did not start: {told!r}")
            yield told.split()[-1]
        finally:
            process.terminate()
