"""Fixtures live in the named plugins beside this file."""

import gc
import signal
from pathlib import Path

import pytest

pytest_plugins = sorted(path.stem for path in Path(__file__).parent.glob("fix_*.py"))
pytest.register_assert_rewrite(*pytest_plugins)  # all before the first: they import one another


def pytest_configure() -> None:
    """What a shell starts in the background has Ctrl-C ignored, and so have its children; tests press it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: a collection of garbage need not look through them each time."""
    gc.collect()
    gc.freeze()
