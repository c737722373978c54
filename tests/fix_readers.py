"""The three readers of replies, each as where the faster ones have no wheel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

import pytest
from gemini_embed.wire import replies

FASTER = {"simdjson": (), "orjson": ("simdjson",), "json": ("simdjson", "orjson")}
"""Each reader, and what must be missing for it. orjson is in every environment: langsmith and pymilvus ask for it."""
READERS = [reader for reader in FASTER if find_spec(reader)]
"""Those that can be had here."""


@contextmanager
def reading_by(reader: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for faster in FASTER[reader]:
            patch.setattr(replies, faster, None)
        patch.setattr(replies, reader, import_module(reader))  # what is slower is not imported where it is not needed
        yield


@pytest.fixture(params=FASTER)
def reader(request: pytest.FixtureRequest) -> Iterator[str]:
    """A test that asks for it runs with each reader."""
    pytest.importorskip(request.param)
    with reading_by(request.param):
        yield request.param
