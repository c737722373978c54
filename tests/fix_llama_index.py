"""LlamaIndex classes that talk to the emulator, what they report, and pictures on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gemini_embed_emulator import Emulator
from PIL import Image as Pillow

if TYPE_CHECKING:
    from llama_index.embeddings.gemini_embed import GeminiEmbedding

KEY = "a-key-for-tests"


@pytest.fixture
def make_llama_index(emulator: Emulator) -> Iterator[Callable[..., GeminiEmbedding]]:
    """Makes `GeminiEmbedding`s on the emulator, with quick retries; closed after the test."""
    from llama_index.embeddings.gemini_embed import GeminiEmbedding

    made: list[GeminiEmbedding] = []

    def make(model_name: str = "gemini-embedding-2", **options: Any) -> GeminiEmbedding:
        options = {"base_url": emulator.base_url, **options}
        if "retries" not in options:
            options.setdefault("retry", {"first_wait_s": 0.01, "max_wait_s": 0.05, "max_elapsed_s": 20})
        if not (options.get("vertexai") or "vertexai_config" in options):
            options.setdefault("api_key", KEY)
        made.append(GeminiEmbedding(model_name, **options))
        return made[-1]

    yield make
    for model in made:
        model.embedder.close()


class Seen:
    """Embedding events, in the order they came."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    @property
    def ended(self) -> list[list[str]]:
        """The labels of each end event."""
        return [event.chunks for event in self.events if event.class_name() == "EmbeddingEndEvent"]

    @property
    def names(self) -> list[str]:
        """Kinds of events, in order."""
        return [event.class_name() for event in self.events]


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Collects what LlamaIndex's dispatcher tells its listeners about embeddings."""
    from llama_index.core.instrumentation.event_handlers import BaseEventHandler
    from llama_index_instrumentation import root_dispatcher as root

    record = Seen()

    class Listener(BaseEventHandler):
        @classmethod
        def class_name(cls) -> str:
            return "Listener"

        def handle(self, event: Any, **kwargs: Any) -> None:
            if event.class_name().startswith("Embedding"):
                record.events.append(event)

    listener = Listener()
    root.add_event_handler(listener)
    yield record
    root.event_handlers.remove(listener)


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[[str], Path]:
    """`pictures("red")` is the path of a small picture of that colour."""

    def draw(colour: str) -> Path:
        path = tmp_path / f"{colour}.png"
        Pillow.new("RGB", (32, 32), colour).save(path)
        return path

    return draw
