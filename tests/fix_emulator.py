"""A fresh emulator per test, embedders that talk to it, and the folder of real recordings."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Embedder, RetryPolicy
from gemini_embed.quota import forget_paces
from gemini_embed_emulator import Emulator

KEY = "a-key-for-tests"
QUICK = RetryPolicy(first_wait_s=0.01, max_wait_s=0.05, max_elapsed_s=20)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, projects and proxies of the machine stay out of the tests."""
    for name in list(os.environ):
        if name.startswith(("GEMINI_API", "GOOGLE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_quota_of_another_test() -> None:
    """A process remembers paces by address and key, and a port may come back."""
    forget_paces()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A running emulator."""
    with Emulator() as server:
        yield server


@pytest.fixture
def make_embedder(emulator: Emulator) -> Iterator[Callable[..., Embedder]]:
    """Makes embedders on the emulator, with quick retries; they are closed after the test."""
    made: list[Embedder] = []

    def make(model: str = "gemini-embedding-2", **options: Any) -> Embedder:
        # verify=False: a context of all CAs takes 0.1 s to make, and nothing here is encrypted
        options = {"base_url": emulator.base_url, "retry": QUICK, "verify": False, **options}
        if not options.get("vertexai"):
            options.setdefault("api_key", KEY)
        made.append(Embedder(model, **options))
        return made[-1]

    yield make
    for embedder in made:
        embedder.close()


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of public recordings of real traffic, named by GEMINI_EMBED_RECORDINGS."""
    folder = os.environ.get("GEMINI_EMBED_RECORDINGS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GEMINI_EMBED_RECORDINGS names no folder: the real recordings are not part of this repository")
    return Path(folder)
