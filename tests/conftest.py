"""Fixtures live in the named plugins beside this file."""

import gc
from pathlib import Path

import pytest

pytest_plugins = sorted(path.stem for path in Path(__file__).parent.glob("fix_*.py"))
pytest.register_assert_rewrite(*pytest_plugins)  # all before the first: they import one another


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: a collection of garbage need not look through them each time."""
    gc.collect()
    gc.freeze()
