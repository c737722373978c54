"""Readers that misbehave, found by name by the child process that a test isolates."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path


def crashing(path: Path) -> str:
    """A segmentation fault, as a decoder's."""
    ctypes.string_at(0)
    return path.name


def endless(path: Path) -> str:
    """Never done."""
    while True:
        time.sleep(0.01)


def raising(path: Path) -> str:
    """A bare exception."""
    raise ZeroDivisionError(path.name)


def telling(path: Path) -> str:
    """In which process it runs; what it prints is nobody's."""
    os.write(1, b"not for the parent")
    return f"read by {os.getpid()}"


def greedy(path: Path) -> str:
    """Calls a program that reads all of its input."""
    code = "import sys; print(len(sys.stdin.read()))"
    held = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own
    return f"{path.name}: {held.stdout.decode()}"


class Pupil:
    """What a child is, asked for what it should do."""

    def answer(self, what: str) -> int:
        """Its id, or its end."""
        if what == "crash":
            ctypes.string_at(0)
        while what == "loop":
            time.sleep(0.01)
        return os.getpid()
